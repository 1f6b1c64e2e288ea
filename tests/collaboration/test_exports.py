"""Large files are made by a job that asks the page itself, as the person who asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from collaboration.models import Job, JobState
from collaboration.services.jobs import job_run
from organization.models import RoleAssignment
from pmo_portal.lib import exports
from teams.models import TeamMethod
from tests.factories.teams import item_make, team_make
from tests.personas import World

pytestmark = pytest.mark.django_db
Browser = Callable[[str], Client]


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def items(world: World) -> str:
    team = team_make(world.harbour, method=TeamMethod.SCRUM)
    for number in range(5):
        item_make(team, title=f"=Item {number}")
    return f"/teams/{world.harbour.code}/items/"


def ask(client: Client, path: str, query: str) -> Job | None:
    response = client.post("/exports/new/", {"path": path, "query": query, "title": "Items"})
    assert response.status_code == 303
    job = Job.objects.order_by("-pk").first()
    return job_run(job.pk) if job else None


def test_a_large_list_is_offered_as_a_job_and_comes_with_the_same_rows(
    items: str, client_as: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_as("developer")
    at_once = b"".join(client.get(f"{items}?format=csv"))
    monkeypatch.setattr(exports, "AT_ONCE_ROWS", 3)
    offered = client.get(f"{items}?format=csv").content.decode()
    assert "This export has 5 rows" in offered
    job = ask(client, items, "format=csv")
    assert job is not None
    assert job.state == JobState.DONE, job.failure
    file = job.files.get()
    assert b"".join(client.get(f"/jobs/{job.pk}/files/{file.pk}/")) == at_once
    assert at_once.count(b"\r\n") == 6
    assert file.name == "har-items.csv"
    # An operator sees that there is such work, and could stop it; what it made is its requester's alone.
    operator = client_as("administrator")
    assert operator.get(f"/jobs/{job.pk}/").status_code == 200
    assert operator.get(f"/jobs/{job.pk}/files/{file.pk}/").status_code == 403


def test_the_job_may_what_its_person_may_at_that_moment(world: World, items: str, client_as: Browser) -> None:
    stranger = ask(client_as("south_developer"), items, "format=csv")
    assert stranger is not None
    assert stranger.state == JobState.FAILED
    client = client_as("developer")
    client.post("/exports/new/", {"path": items, "query": "format=xlsx", "title": "Items"})
    RoleAssignment.objects.filter(person=world.persona("developer").person).delete()
    ended = job_run(Job.objects.latest("pk").pk)
    assert ended is not None
    assert "You may not see this page" in ended.failure


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/healthz", "format=csv"),
        ("/nowhere/", "format=csv"),
        ("http://192.0.2.1/", "format=csv"),
        ("/teams/", ""),
        ("/teams/", "format=exe"),
        ("/teams/", f"format=csv&q={'x' * 5000}"),
    ],
)
def test_only_addresses_of_files_are_taken(world: World, client_as: Browser, path: str, query: str) -> None:
    assert ask(client_as("developer"), path, query) is None


def test_a_page_that_sends_no_file_fails_with_a_sentence(world: World, client_as: Browser) -> None:
    job = ask(client_as("developer"), "/", "format=csv")
    assert job is not None
    assert (job.state, job.failure) == (JobState.FAILED, "The page sent no file.")
