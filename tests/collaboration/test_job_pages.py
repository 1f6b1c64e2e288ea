"""The jobs page: mine and those of my units, progress, stop and again, remarks as a file, results for their owner."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from collaboration.models import Job, JobError, JobFile, JobState
from collaboration.services.job_files import (
    FileGone,
    job_file_keep,
    job_file_make,
    job_files_expire,
    job_input,
    shown_name,
    stored_path,
)
from collaboration.services.job_kinds import JobKind
from organization.models import RoleAssignment
from pmo_portal.lib.access import Denied
from pmo_portal.lib.errors import Refused
from tests.personas import World

pytestmark = pytest.mark.django_db
Browser = Callable[[str], Client]


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path / "jobs"


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    from collaboration.services import job_kinds

    monkeypatch.setitem(job_kinds._kinds, "private", JobKind("Export", is_personal=True))
    monkeypatch.setitem(job_kinds._kinds, "counted", JobKind("Count", facts=lambda result: [("Counted", result["n"])]))


def job_make(world: World, who: str, unit: Any = None, **values: Any) -> Job:
    return Job.objects.create(
        **{
            "kind": "counted",
            "title": "Count",
            "unit": unit,
            "requested_by": world.persona(who).person,
            "result": {"n": 7},
            **values,
        }
    )


def page_of(client: Client, url: str, **extra: Any) -> str:
    response = client.get(url, **extra)
    assert response.status_code == 200
    return str(response.content.decode())


def test_everybody_sees_their_own_work_and_staff_that_of_their_units(world: World, client_as: Browser) -> None:
    job_make(world, "developer", world.harbour, title="Mine as a developer")
    job_make(world, "pmo_staff", world.coast, title="Of the staff")
    job_make(world, "developer", world.harbour, title="Export for myself", kind="private")
    job_make(world, "south_staff", world.valley, title="Of the south")
    mine = page_of(client_as("developer"), "/jobs/?whose=all")
    assert "Mine as a developer" in mine
    assert "Export for myself" in mine
    assert "Of the staff" not in mine
    staff = client_as("pmo_staff")
    assert "Mine as a developer" not in page_of(staff, "/jobs/")
    everything = page_of(staff, "/jobs/?whose=all")
    assert "Mine as a developer" in everything
    assert "Export for myself" not in everything
    assert "Of the south" not in everything
    operator = page_of(client_as("administrator"), "/jobs/?whose=all")
    assert "Export for myself" in operator, "what stands still must be seen by somebody"
    assert "Of the south" in operator


def test_what_waits_and_what_is_no_longer_kept_is_said(world: World, client_as: Browser) -> None:
    later = timezone.now() + timedelta(minutes=30)
    waits = job_make(world, "developer", kind="private", started_at=timezone.now(), leased_until=later, attempts=0)
    client = client_as("developer")
    assert "tries again at" in page_of(client, f"/jobs/{waits.pk}/")
    ended = {"state": JobState.DONE, "ended_at": timezone.now(), "result": {"name": "items.csv"}}
    gone = job_make(world, "developer", kind="private", **ended)
    assert "no longer kept" in page_of(client, f"/jobs/{gone.pk}/")


def test_a_role_taken_away_takes_the_results_along(world: World, client_as: Browser) -> None:
    job = job_make(world, "developer", world.harbour, state=JobState.DONE, ended_at=timezone.now())
    client = client_as("developer")
    assert "Count" in page_of(client, f"/jobs/{job.pk}/")
    RoleAssignment.objects.filter(person=world.persona("developer").person).delete()
    assert client.get(f"/jobs/{job.pk}/").status_code == 404
    assert "No job here" in page_of(client, "/jobs/")


def test_the_part_that_moves_is_asked_for_until_the_end_which_is_told_once(world: World, client_as: Browser) -> None:
    job = job_make(world, "pmo_staff", world.coast, state=JobState.RUNNING, progress=1200, total=29057)
    client = client_as("pmo_staff")
    page = page_of(client, f"/jobs/{job.pk}/", headers={"HX-Request": "true"})
    assert "1,200 of 29,057" in page
    assert 'hx-trigger="every 2s"' in page
    assert "<html" not in page
    Job.objects.filter(pk=job.pk).update(state=JobState.DONE, ended_at=timezone.now())
    ended = client.get(f"/jobs/{job.pk}/", headers={"HX-Request": "true"})
    assert b"every 2s" not in ended.content
    assert b"<dt>Counted</dt><dd>7</dd>" in ended.content
    assert "is done" in ended["HX-Trigger"]
    again = client.get(f"/jobs/{job.pk}/", headers={"HX-Request": "true"})
    assert "HX-Trigger" not in again


def test_stop_and_again(world: World, client_as: Browser) -> None:
    job = job_make(world, "pmo_staff", world.coast)
    client = client_as("pmo_staff")
    assert client.post(f"/jobs/{job.pk}/stop/").status_code == 303
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert client.post(f"/jobs/{job.pk}/stop/", follow=True).status_code == 200
    assert client.post(f"/jobs/{job.pk}/again/").status_code == 303
    job.refresh_from_db()
    assert (job.state, job.ended_at, job.expires_at) == (JobState.QUEUED, None, None)
    assert client_as("south_staff").post(f"/jobs/{job.pk}/stop/").status_code == 404
    assert client_as("developer").post(f"/jobs/{job.pk}/stop/").status_code == 404


def test_remarks_are_shown_and_come_as_a_file(world: World, client_as: Browser) -> None:
    job = job_make(world, "pmo_staff", world.coast, state=JobState.DONE, ended_at=timezone.now())
    JobError.objects.bulk_create(
        JobError(job=job, place=f"issues.csv, row {n}", message="No title", row="=1+1") for n in range(60)
    )
    client = client_as("pmo_staff")
    page = page_of(client, f"/jobs/{job.pk}/")
    assert "issues.csv, row 49" in page
    assert "issues.csv, row 50" not in page
    assert "issues.csv, row 59" in page_of(client, f"/jobs/{job.pk}/?page=2")
    lines = b"".join(client.get(f"/jobs/{job.pk}/errors/")).decode().splitlines()
    assert len(lines) == 61
    assert lines[1] == '"issues.csv, row 0",No title,\'=1+1'


def test_a_result_is_for_whoever_asked_for_it(world: World, client_as: Browser) -> None:
    now = timezone.now()
    job = job_make(world, "pmo_staff", world.coast, state=JobState.DONE, ended_at=now)
    file = job_file_make(job=job, name="<b>.html", write=lambda out: out.write(b"<script>"), at=now)
    url = f"/jobs/{job.pk}/files/{file.pk}/"
    response = client_as("pmo_staff").get(url)
    assert b"".join(response) == b"<script>"
    assert response["Content-Disposition"].startswith("attachment")
    assert response["Content-Type"] == "application/octet-stream"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert client_as("administrator").get(f"/jobs/{job.pk}/").status_code == 200
    assert client_as("administrator").get(url).status_code == 403
    other = job_make(world, "pmo_staff", world.coast)
    assert client_as("pmo_staff").get(f"/jobs/{other.pk}/files/{file.pk}/").status_code == 404
    JobFile.objects.update(expires_at=now)
    assert client_as("pmo_staff").get(url).status_code == 404


def test_uploads_are_kept_apart_and_read_by_their_owners_jobs_only(world: World, folder: Path) -> None:
    now, staff = timezone.now(), world.persona("pmo_staff")
    content = ContentFile(b"{}", name="ignored")
    file = job_file_keep(
        actor=staff.actor, unit=world.coast, file=content, name="../../etc/pass\x00wd\u202e.json", at=now
    )
    assert file.name == "passwd.json"
    assert stored_path(file).parent == folder
    assert folder.stat().st_mode & 0o077 == 0
    mine = job_make(world, "pmo_staff", world.coast)
    assert job_input(mine, file.pk) == ("passwd.json", stored_path(file))
    for other in (job_make(world, "administrator", world.coast), job_make(world, "pmo_staff", world.inland)):
        with pytest.raises(FileGone):
            job_input(other, file.pk)
    with pytest.raises(Denied):
        job_file_keep(actor=staff.actor, unit=world.valley, file=content, name="x", at=now)
    orphan = folder / "orphan"
    orphan.write_bytes(b"left by a crash")
    os.utime(orphan, (time.time() - 2 * 86400,) * 2)
    assert job_files_expire(at=now) == 0
    assert not orphan.exists()
    assert stored_path(file).exists()
    assert job_files_expire(at=now + timedelta(days=31)) == 1
    assert list(folder.iterdir()) == []
    with pytest.raises(FileGone):
        job_input(mine, file.pk)


def test_a_full_disk_is_said_and_leaves_nothing(world: World, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(out: Any) -> None:
        out.write(b"half")
        raise OSError(28, "No space left on device")

    job = job_make(world, "pmo_staff", world.coast)
    with pytest.raises(Refused, match="No space left on device"):
        job_file_make(job=job, name="x.csv", write=full, at=timezone.now())
    assert list(folder.iterdir()) == []


def test_names_of_files_are_plain() -> None:
    assert shown_name("a\\b\\c.csv") == "c.csv"
    assert shown_name("\x00/") == "file"
    assert len(shown_name(f"{'x' * 500}.jsonl")) <= 200
    assert shown_name(f"{'x' * 500}.jsonl").endswith(".jsonl")


def test_job_list_asks_the_same_for_many_rows(world: World, client_as: Browser) -> None:
    client = client_as("pmo_staff")
    counts = []
    for wanted in (3, 30):
        for _n in range(wanted):
            job = job_make(world, "pmo_staff", world.coast)
            JobError.objects.create(job=job, place="row 1", message="No title")
        page_of(client, "/jobs/?whose=all")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page_of(client, "/jobs/?whose=all")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12
