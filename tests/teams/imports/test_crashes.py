"""An import that is killed, and one that is run twice at once, come to the same as one that is left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from collaboration.models import Job, JobState
from collaboration.services.jobs import job_run
from organization.access import SYSTEM
from organization.models import Person, Unit
from portfolio.models import Feature, FeatureEvent, Outbox
from teams.models import ItemEvent, Sprint, SprintOutcome, Team, WorkItem
from teams.services.imports.jira import ImportRequest, jira_import_start
from tests.teams.imports.exports import change, issue, portfolio_make, run_import, sprint, write_lines

ROOT = Path(__file__).parents[3]
ISSUES = 400

pytestmark = pytest.mark.django_db(transaction=True)


def export(folder: Path) -> Path:
    """Two teams with epics, sub-tasks, histories and sprints."""
    rows: list[Any] = [issue(number, issuetype={"name": "Epic"}) for number in range(1, 6)]
    for number in range(6, ISSUES + 1):
        moved = change(number, "2026-01-06T09:00:00.000+0000", status=("Open", "In Progress"))
        fields: dict[str, Any] = {"epic": {"key": f"PAY-{number % 5 + 1}"}, "closedSprints": [sprint(1)]}
        if number % 10 == 0:
            fields = {"issuetype": {"name": "Sub-task", "subtask": True}, "parent": {"key": f"PAY-{number - 1}"}}
        rows.append(issue(number, status="In Progress", changes=[moved] if number % 2 else None, **fields))
    return write_lines(folder, rows)


def counts() -> dict[str, int]:
    """How many rows of everything there are, and how many versions their items have gone through."""
    found = {
        model.__name__: model._default_manager.count()
        for model in (
            WorkItem, ItemEvent, Feature, FeatureEvent, Outbox, Sprint, SprintOutcome, Person, Unit, Team,
        )
    }  # fmt: skip
    found["versions"] = sum(WorkItem.objects.values_list("version", flat=True))
    found["parents"] = WorkItem.objects.filter(parent__isnull=False).count()
    return found


def start(unit: Unit, path: Path) -> Job:
    request = ImportRequest(files=(str(path),), source="tests")
    return jira_import_start(actor=SYSTEM, unit=unit, request=request, at=timezone.now(), is_sent=False)


def worker(job: Job, *, chunk: int) -> subprocess.Popen[bytes]:
    """Another process that does the job in small chunks."""
    database = connection.settings_dict["NAME"]
    return subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("worker.py")), str(database), str(job.pk), str(chunk)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


@pytest.fixture
def undisturbed(tmp_path: Path) -> dict[str, int]:
    """What one quiet import comes to; taken back afterwards."""
    run_import(portfolio_make("QUIET"), export(tmp_path))
    found = counts()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE organization_unit, organization_person, portfolio_outbox RESTART IDENTITY CASCADE")
    return found


@pytest.mark.fault
def test_an_import_killed_in_the_middle_is_finished_by_the_next_worker(
    undisturbed: dict[str, int], tmp_path: Path
) -> None:
    job = start(portfolio_make("KILLED"), export(tmp_path))
    process = worker(job, chunk=10)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        job.refresh_from_db()
        if job.progress >= 100:
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    job.refresh_from_db()
    assert job.state == JobState.RUNNING
    assert 100 <= WorkItem.objects.count() + Feature.objects.count() < ISSUES, "it was killed in the middle"

    # What is committed is exactly what the cursor says.
    assert WorkItem.objects.count() + Feature.objects.count() == job.progress
    Job.objects.filter(pk=job.pk).update(leased_until=timezone.now() - timedelta(seconds=1))
    ended = job_run(job.pk)

    assert ended is not None
    assert ended.state == JobState.DONE
    assert ended.progress == ISSUES
    assert counts() == undisturbed


@pytest.mark.fault
def test_two_imports_of_one_file_at_once_equal_one(undisturbed: dict[str, int], tmp_path: Path) -> None:
    unit, path = portfolio_make("TWICE"), export(tmp_path)
    jobs = [start(unit, path), start(unit, path)]

    processes = [worker(job, chunk=15) for job in jobs]

    assert [process.wait(timeout=120) for process in processes] == [0, 0]
    for job in jobs:
        job.refresh_from_db()
    assert [job.state for job in jobs] == [JobState.DONE, JobState.DONE]
    created = [job.result["items_created"] for job in jobs]
    assert sum(created) == undisturbed["WorkItem"]
    assert counts() == undisturbed
