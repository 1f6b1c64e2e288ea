"""Jobs: leases, taking over, parking, cancelling; and what happens when nobody hears of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from collaboration.models import Job, JobState
from collaboration.services import jobs
from collaboration.services.jobs import (
    MAX_ATTEMPTS,
    JobFailure,
    JobRun,
    Problem,
    job_cancel,
    job_claim,
    job_retry,
    job_run,
    job_start,
    jobs_expire,
    jobs_resume_lapsed,
)
from organization.access import NOBODY, SYSTEM
from organization.models import UnitKind
from pmo_portal.lib.access import Denied
from pmo_portal.lib.errors import Refused
from tests.factories.organization import unit_make

pytestmark = pytest.mark.django_db

NUMBERS = 5


def count(run: JobRun) -> Mapping[str, Any]:
    """Counts to five, one number a chunk; dies at the number that its parameters name."""
    for number in range(run.cursor.get("number", 0) + 1, NUMBERS + 1):
        with transaction.atomic():
            run.checkpoint(
                cursor={"number": number},
                progress=number,
                total=NUMBERS,
                problems=[Problem(f"number {number}", "is odd")] if number % 2 else [],
            )
        if number == run.job.parameters.get("dies_at") and run.job.attempts == 1:
            raise KeyboardInterrupt
        if number == run.job.parameters.get("fails_at"):
            raise JobFailure("No further.")
        if number == run.job.parameters.get("cancelled_at"):
            job_cancel(actor=SYSTEM, job=run.job, at=timezone.now())
        if number == run.job.parameters.get("taken_at"):
            Job.objects.filter(pk=run.job.pk).update(lease_holder="somebody else")
    return {"counted": run.cursor["number"]}


@pytest.fixture(autouse=True)
def counting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(jobs._runners, "count", count)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What would have been handed to workers."""
    found: list[int] = []
    monkeypatch.setattr(jobs, "_send", found.append)
    return found


def job_make(**parameters: int) -> Job:
    return job_start(
        actor=SYSTEM,
        kind="count",
        unit=unit_make(UnitKind.PORTFOLIO),
        title="Counting",
        parameters=parameters,
        at=timezone.now(),
        is_sent=False,
    )


def lapse(job: Job) -> None:
    """Let the lease of a job be over, as after the death of its worker."""
    Job.objects.filter(pk=job.pk).update(leased_until=timezone.now() - timedelta(seconds=1))


def test_a_job_runs_once_to_its_end() -> None:
    job = job_make()

    ended = job_run(job.pk, take_over=True)

    assert ended is not None
    assert (ended.state, ended.progress, ended.total, ended.result) == (JobState.DONE, 5, 5, {"counted": 5})
    assert [error.place for error in ended.errors.order_by("pk")] == ["number 1", "number 3", "number 5"]
    assert job_run(job.pk) is None


def test_a_killed_job_goes_on_where_it_stopped() -> None:
    job = job_make(dies_at=3)
    with pytest.raises(KeyboardInterrupt):
        job_run(job.pk, take_over=True)
    job.refresh_from_db()
    assert (job.state, job.cursor) == (JobState.RUNNING, {"number": 3})

    assert job_run(job.pk) is None, "its lease still holds"
    lapse(job)
    ended = job_run(job.pk)

    assert ended is not None
    assert (ended.state, ended.progress) == (JobState.DONE, 5)
    assert ended.errors.count() == 3


def test_lapsed_jobs_are_handed_to_workers(sent: list[int]) -> None:
    waiting, running, held, done = (job_make() for _ in range(4))
    lapse(waiting)
    job_claim(running.pk, at=timezone.now(), take_over=True)
    lapse(running)
    job_claim(held.pk, at=timezone.now(), take_over=True)
    job_run(done.pk, take_over=True)

    assert jobs_resume_lapsed(at=timezone.now()) == 2
    assert sorted(sent) == sorted([waiting.pk, running.pk])


def test_a_job_that_always_kills_its_worker_is_parked() -> None:
    job = job_make()
    for _ in range(MAX_ATTEMPTS):
        assert job_claim(job.pk, at=timezone.now(), take_over=True) is not None
        lapse(job)

    assert job_claim(job.pk, at=timezone.now()) is None

    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert "parked" in job.failure


def test_progress_makes_a_crash_a_new_one() -> None:
    job = job_make()
    for number in range(1, MAX_ATTEMPTS + 3):
        run = job_claim(job.pk, at=timezone.now(), take_over=True)
        assert run is not None
        run.checkpoint(cursor={"number": number}, progress=number)
        lapse(job)

    job.refresh_from_db()
    assert job.state == JobState.RUNNING


def test_who_lost_the_lease_writes_nothing_more() -> None:
    job = job_make(taken_at=2)

    assert job_run(job.pk, take_over=True) is None

    job.refresh_from_db()
    assert (job.state, job.cursor, job.lease_holder) == (JobState.RUNNING, {"number": 2}, "somebody else")


def test_two_workers_cannot_claim_one_job() -> None:
    job = job_make()

    assert job_claim(job.pk, at=timezone.now(), take_over=True) is not None
    assert job_claim(job.pk, at=timezone.now(), take_over=True) is None


def test_a_running_job_stops_after_its_chunk_when_it_is_cancelled() -> None:
    job = job_make(cancelled_at=2)

    ended = job_run(job.pk, take_over=True)

    assert ended is not None
    assert (ended.state, ended.progress) == (JobState.CANCELLED, 2)
    with pytest.raises(Refused):
        job_cancel(actor=SYSTEM, job=ended, at=timezone.now())


def test_a_failed_job_says_why_and_can_be_tried_again(sent: list[int]) -> None:
    job = job_make(fails_at=4)
    failed = job_run(job.pk, take_over=True)
    assert failed is not None
    assert (failed.state, failed.failure) == (JobState.FAILED, "No further.")

    again = job_retry(actor=SYSTEM, job=failed, at=timezone.now())
    ended = job_run(again.pk)

    assert ended is not None
    assert ended.state == JobState.DONE
    with pytest.raises(Refused):
        job_retry(actor=SYSTEM, job=ended, at=timezone.now())


def test_a_job_is_sent_after_the_commit(sent: list[int], django_capture_on_commit_callbacks: Any) -> None:
    unit = unit_make(UnitKind.PORTFOLIO)
    with django_capture_on_commit_callbacks(execute=True):
        job = job_start(actor=SYSTEM, kind="count", unit=unit, title="x", parameters={}, at=timezone.now())
        assert sent == []
    assert sent == [job.pk]


def test_only_who_may_import_starts_a_job() -> None:
    with pytest.raises(Denied):
        job_start(
            actor=NOBODY,
            kind="count",
            unit=unit_make(UnitKind.PORTFOLIO),
            title="x",
            parameters={},
            at=timezone.now(),
        )


def test_ended_jobs_are_forgotten_when_their_result_expires() -> None:
    job = job_make()
    job_run(job.pk, take_over=True)

    assert jobs_expire(at=timezone.now()) == 0
    assert jobs_expire(at=timezone.now() + timedelta(days=91)) == 1
    assert not Job.objects.filter(pk=job.pk).exists()


def test_errors_beyond_the_most_are_not_kept() -> None:
    run = job_claim(job_make().pk, at=timezone.now(), take_over=True)
    assert run is not None

    run.checkpoint(cursor={}, progress=1, problems=[Problem(f"row {n}", "wrong") for n in range(jobs.MAX_ERRORS + 5)])
    run.checkpoint(cursor={}, progress=1, problems=[Problem("one more", "wrong")])

    assert run.job.errors.count() == jobs.MAX_ERRORS
