"""Long work as a row with a lease: started, claimed, carried on by another worker when its own died, cancelled, ended.

A job's runner does its work in chunks; the transaction of a chunk also advances the job's cursor
(:meth:`JobRun.checkpoint`). So a chunk is done wholly or not at all, and whoever takes over goes on where it stopped.
Nothing here needs Redis: a message only makes a job begin at once instead of within ten seconds.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from collaboration.models import Job, JobError
from collaboration.models.jobs import JobState
from collaboration.services.job_files import job_files_expire
from collaboration.services.job_kinds import job_kind
from collaboration.services.notifications import notify, thread_read
from organization.access import SYSTEM
from organization.models import AuditAction, Unit
from organization.services.audit import audit_record
from pmo_portal.lib.access import Action, Actor, require, require_within
from pmo_portal.lib.errors import DomainError, Refused

logger = logging.getLogger(__name__)

LEASE: Final = timedelta(seconds=15)
"""With the ten seconds between two looks of the beat, a killed worker's job is taken over within half a minute."""

RENEW_SECONDS: Final = 5
MAX_ATTEMPTS: Final = 3
"""After this many tries without any progress a job is parked: it must not take its workers down one by one."""

MESSAGE_SECONDS: Final = 60

MAX_ERRORS: Final = 1000
"""More rows with errors than this are only counted."""


class LeaseLost(Exception):
    """Somebody else has taken the job over; whoever gets this stops at once, its transaction undone."""


class JobCancelled(Exception):
    """The job was asked to stop."""


class JobFailure(DomainError):
    """The job cannot go on, and trying again would not help; ``str()`` is what its owner reads."""


class JobLater(Exception):
    """What the job needs is away: it goes on by itself, from its last checkpoint, when the pause is over."""

    def __init__(self, pause: timedelta) -> None:
        super().__init__(str(pause))
        self.pause = pause


@dataclass(frozen=True, slots=True)
class Problem:
    """One row of the input that could not be taken as it was: where it stands, what is wrong, what it says."""

    place: str
    message: str
    row: str = ""


class JobRun:
    """A job in the hands of the worker that runs it."""

    def __init__(self, job: Job) -> None:
        self.job = job

    @property
    def cursor(self) -> dict[str, Any]:
        """How far it has come, in the runner's own terms."""
        cursor: dict[str, Any] = self.job.cursor
        return cursor

    def checkpoint(
        self, *, cursor: Mapping[str, Any], progress: int, total: int | None = None, problems: Iterable[Problem] = ()
    ) -> None:
        """Note, in the transaction of a chunk, that the chunk is done; renews the lease.

        Raises :class:`LeaseLost` when the job is no longer ours and :class:`JobCancelled` when somebody wants it to
        stop; either way the chunk is undone.
        """
        now = timezone.now()
        row = (
            Job.objects.select_for_update()
            .filter(pk=self.job.pk, state=JobState.RUNNING, lease_holder=self.job.lease_holder)
            .first()
        )
        if row is None:
            raise LeaseLost(f"job {self.job.pk}")
        if row.is_cancel_requested:
            raise JobCancelled(f"job {self.job.pk}")
        row.cursor, row.progress, row.leased_until = dict(cursor), progress, now + LEASE
        # It came on, so whatever happens next is not the same crash again.
        row.attempts = 1
        if total is not None:
            row.total = total
        row.save(update_fields=["cursor", "progress", "total", "leased_until", "attempts"])
        self._note(problems)
        self.job = row

    def _note(self, problems: Iterable[Problem]) -> None:
        """Keep what is wrong with rows, as far as anybody would read it."""
        found = list(problems)
        if not found:
            return
        room = MAX_ERRORS - JobError.objects.filter(job=self.job).count()
        JobError.objects.bulk_create(
            (
                JobError(job=self.job, place=problem.place[:200], message=problem.message, row=problem.row)
                for problem in found[: max(room, 0)]
            ),
            ignore_conflicts=True,
        )


Runner = Callable[[JobRun], Mapping[str, Any]]
"""Does a job's work and returns its result. May be run again after a crash, from the last checkpoint."""

_runners: dict[str, Runner] = {}


def register_runner(kind: str, runner: Runner) -> None:
    """Say how jobs of a kind are done; called when the apps are ready."""
    _runners[kind] = runner


def job_start(
    *,
    actor: Actor,
    kind: str,
    unit: Unit | None,
    title: str,
    parameters: Mapping[str, Any],
    at: datetime,
    is_sent: bool = True,
    is_deed: bool = True,
) -> Job:
    """Put work into the queue. ``is_sent`` False leaves it to the caller to run it, as a command does;
    ``is_deed`` False says that the clock asked for it, not the person it is done for."""
    if job_kind(kind).is_personal:
        if unit is not None:
            require(actor, Action.VIEW, unit)
    else:
        require_within(actor, Action.CREATE, Job, unit.pk if unit else None)
    if kind not in _runners:
        raise ValueError(f"nobody knows how to do {kind}")
    with transaction.atomic():
        job = Job.objects.create(
            kind=kind,
            unit=unit,
            requested_by_id=actor.person_id,
            title=title[:200],
            parameters=dict(parameters),
            # A caller that runs it itself has as long as a lease to begin; then it is anybody's.
            leased_until=None if is_sent else at + LEASE,
            created_at=at,
        )
        if is_deed and actor.person_id is not None:
            audit_record(action=AuditAction.JOB_STARTED, at=at, person_id=actor.person_id, about=job.title)
        if is_sent:
            transaction.on_commit(partial(_send, job.pk))
    return job


def job_cancel(*, actor: Actor, job: Job, at: datetime) -> Job:
    """Ask a job to stop. A queued one ends at once, a running one after its current chunk; what is done stays done."""
    require(actor, Action.EDIT, job)
    with transaction.atomic():
        job = Job.objects.select_for_update().get(pk=job.pk)
        if job.state == JobState.RUNNING:
            job.is_cancel_requested = True
        elif job.state == JobState.QUEUED:
            job.state, job.ended_at = JobState.CANCELLED, at
        else:
            raise Refused(_("It has ended already."))
        job.save(update_fields=["state", "ended_at", "is_cancel_requested"])
        audit_record(action=AuditAction.JOB_STOPPED, at=at, person_id=actor.person_id, about=job.title)
    return job


def job_retry(*, actor: Actor, job: Job, at: datetime) -> Job:
    """Try a failed or cancelled job again, from where it stopped."""
    require(actor, Action.EDIT, job)
    with transaction.atomic():
        job = Job.objects.select_for_update().get(pk=job.pk)
        if job.state not in {JobState.FAILED, JobState.CANCELLED}:
            raise Refused(_("Only a job that failed or was cancelled can be tried again."))
        job.state, job.failure, job.attempts, job.ended_at, job.seen_at = JobState.QUEUED, "", 0, None, None
        job.is_cancel_requested, job.leased_until, job.expires_at = False, None, None
        job.save()
        transaction.on_commit(partial(_send, job.pk))
    return job


def job_seen(*, actor: Actor, job: Job, at: datetime) -> None:
    """Note that whoever asked for an ended job knows how it ended; anybody else's look counts for nothing."""
    require(actor, Action.VIEW, job)
    if actor.person_id is not None:
        mine = Job.objects.filter(pk=job.pk, requested_by_id=actor.person_id, seen_at__isnull=True)
        mine.filter(ended_at__isnull=False).update(seen_at=at)
        thread_read(person_id=actor.person_id, subject=("job", job.pk), at=at)


def job_claim(job_id: int, *, at: datetime, holder: str = "", take_over: bool = False) -> JobRun | None:
    """Take a queued job, or one whose lease has lapsed; None when it is somebody else's or has ended.

    ``take_over`` takes a queued job whose starter still has its grace, too: the starter itself does so.
    """
    with transaction.atomic():
        job = Job.objects.select_for_update(skip_locked=True).filter(pk=job_id).first()
        if job is None or job.state not in {JobState.QUEUED, JobState.RUNNING}:
            return None
        is_leased = job.leased_until is not None and job.leased_until > at
        if is_leased and not (take_over and job.state == JobState.QUEUED):
            return None
        if job.is_cancel_requested:
            _end(job, JobState.CANCELLED, at=at)
            return None
        if job.attempts >= MAX_ATTEMPTS:
            _end(
                job,
                JobState.FAILED,
                at=at,
                failure=_("Its worker died %(count)s times at the same place. It is parked; an operator must look.")
                % {"count": job.attempts},
            )
            return None
        job.state = JobState.RUNNING
        job.attempts += 1
        job.lease_holder = holder or _holder()
        job.leased_until = at + LEASE
        job.started_at = job.started_at or at
        job.save(update_fields=["state", "attempts", "lease_holder", "leased_until", "started_at"])
    return JobRun(job)


def job_run(job_id: int, *, take_over: bool = False) -> Job | None:
    """Claim a job and do it; returns it as it ended, or None when it was not ours to do."""
    run = job_claim(job_id, at=timezone.now(), take_over=take_over)
    if run is None:
        return None
    try:
        with _renewing(run.job):
            result = _runners[run.job.kind](run)
    except LeaseLost:
        logger.warning("Job %s was taken over by somebody else", job_id)
        return None
    except JobCancelled:
        return _ended(run, JobState.CANCELLED)
    except JobFailure as failure:
        return _ended(run, JobState.FAILED, failure=str(failure))
    except JobLater as later:
        return _put_off(run, later.pause)
    return _ended(run, JobState.DONE, result=result)


def jobs_resume_lapsed(*, at: datetime) -> int:
    """Hand every open job that nobody works on to a worker; returns how many. Safe to run anywhere, any time."""
    lapsed = list(Job.objects.filter(kind__in=_runners).lapsed(at=at).values_list("pk", flat=True))
    for job_id in lapsed:
        _send(job_id)
    return len(lapsed)


def jobs_expire(*, at: datetime) -> int:
    """Delete ended jobs whose result has expired, and files that have."""
    job_files_expire(at=at)
    _rows, by_model = Job.objects.filter(expires_at__lte=at, ended_at__isnull=False).delete()
    return by_model.get(Job._meta.label, 0)


RESULT_KEPT: Final = timedelta(days=90)


def _end(
    job: Job, state: JobState, *, at: datetime, result: Mapping[str, Any] | None = None, failure: str = ""
) -> None:
    job.state, job.ended_at, job.failure = state, at, failure
    job.leased_until, job.expires_at = None, at + RESULT_KEPT
    if result is not None:
        job.result = dict(result)
    job.save(update_fields=["state", "ended_at", "failure", "leased_until", "expires_at", "result"])
    _tell_ended(job, at=at)


def _tell_ended(job: Job, *, at: datetime) -> None:
    """Tell whoever asked for it; not of a job they cancelled, nor that routine went well."""
    if job.requested_by_id is None or job.state == JobState.CANCELLED:
        return
    if job.state == JobState.DONE and job_kind(job.kind).is_routine:
        Job.objects.filter(pk=job.pk).update(seen_at=at)
        return
    notify(
        kind="job_failed" if job.state == JobState.FAILED else "job_done",
        people=[job.requested_by_id],
        actor=SYSTEM,
        at=at,
        title=job.title,
        text=job.failure,
        url=reverse("collaboration:job_detail", args=[job.pk]),
        subject=("job", job.pk),
        unit_id=job.unit_id,
    )


def _put_off(run: JobRun, pause: timedelta) -> Job | None:
    """Let the job wait: nobody takes it before the pause is over, then the beat finds it."""
    with transaction.atomic():
        job = (
            Job.objects.select_for_update()
            .filter(pk=run.job.pk, state=JobState.RUNNING, lease_holder=run.job.lease_holder)
            .first()
        )
        if job is not None:
            job.state, job.attempts, job.leased_until = JobState.QUEUED, 0, timezone.now() + pause
            job.save(update_fields=["state", "attempts", "leased_until"])
    return job


def _ended(run: JobRun, state: JobState, *, result: Mapping[str, Any] | None = None, failure: str = "") -> Job | None:
    """End the job if it is still ours."""
    with transaction.atomic():
        job = (
            Job.objects.select_for_update()
            .filter(pk=run.job.pk, state=JobState.RUNNING, lease_holder=run.job.lease_holder)
            .first()
        )
        if job is not None:
            _end(job, state, at=timezone.now(), result=result, failure=failure)
    return job


def _send(job_id: int) -> None:
    """Tell a worker. A message that is lost, or a dead broker, costs ten seconds: the beat finds the job."""
    from kombu.exceptions import OperationalError  # noqa: PLC0415 - services load without a broker's client

    from collaboration.tasks import job_work  # noqa: PLC0415 - tasks call services

    try:
        # The beat sends another one as long as nobody has begun: old ones need not pile up.
        job_work.apply_async(kwargs={"job_id": job_id}, expires=MESSAGE_SECONDS)
    except (OperationalError, OSError) as error:
        logger.warning("Job %s waits for the beat: %s", job_id, error)


def _holder() -> str:
    """Who holds a lease: unique to one run, so that a second run in the same process is somebody else."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"[:120]


@contextmanager
def _renewing(job: Job) -> Iterator[None]:
    """Keep the lease while one statement takes long. The thread dies with its process, and the lease with it."""
    stop = threading.Event()

    def renew() -> None:
        try:
            while not stop.wait(RENEW_SECONDS):
                held = Job.objects.filter(pk=job.pk, state=JobState.RUNNING, lease_holder=job.lease_holder)
                if not held.update(leased_until=timezone.now() + LEASE):
                    return
        finally:
            connection.close()

    thread = threading.Thread(target=renew, name=f"lease-{job.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
