"""Rehearsals: the very work of a job in one transaction that is undone at its end.

What it would come to, and what it would complain about, is exactly what the real run does. The job's own row is kept
up to date from outside that transaction, so that progress is seen and a wish to stop is heard.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from django.db import connection, transaction
from django.utils import timezone

from collaboration.models import Job
from collaboration.models.jobs import JobState
from collaboration.services.jobs import LEASE, JobCancelled, JobRun, LeaseLost, Problem

TELL_SECONDS: Final = 1.0


class RehearsalRun(JobRun):
    """A job whose chunks leave nothing behind: its checkpoints are kept in memory and told from outside."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self.problems: list[Problem] = []
        self._told_at = time.monotonic()

    def checkpoint(
        self, *, cursor: Mapping[str, Any], progress: int, total: int | None = None, problems: Iterable[Problem] = ()
    ) -> None:
        """Note how far it has come; raises LeaseLost and JobCancelled as a real run does."""
        self.job.cursor, self.job.progress = dict(cursor), progress
        self.job.total = self.job.total if total is None else total
        self.problems += problems
        if time.monotonic() - self._told_at >= TELL_SECONDS:
            self._told_at = time.monotonic()
            _outside(self._tell)

    def _tell(self) -> None:
        held = Job.objects.filter(pk=self.job.pk, state=JobState.RUNNING, lease_holder=self.job.lease_holder)
        if not held.update(
            progress=self.job.progress, total=self.job.total, leased_until=timezone.now() + LEASE, attempts=1
        ):
            raise LeaseLost(f"job {self.job.pk}")
        if held.filter(is_cancel_requested=True).exists():
            raise JobCancelled(f"job {self.job.pk}")


def rehearse(run: JobRun, work: Callable[[JobRun], dict[str, Any]]) -> dict[str, Any]:
    """Do ``work`` as if for real, undo it, keep its result and its problems."""
    rehearsal = RehearsalRun(Job.objects.get(pk=run.job.pk))
    # Nobody begins a rehearsal half-way: what came before was undone.
    rehearsal.job.cursor = {}
    with transaction.atomic():
        result = work(rehearsal)
        transaction.set_rollback(True)
    with transaction.atomic():
        run.checkpoint(
            cursor={}, progress=rehearsal.job.progress, total=rehearsal.job.total, problems=rehearsal.problems
        )
    return result


def _outside(tell: Callable[[], None]) -> None:
    """Run ``tell`` on a connection of its own and hand on what it raises."""
    raised: list[LeaseLost | JobCancelled] = []

    def run() -> None:
        try:
            tell()
        except (LeaseLost, JobCancelled) as error:
            raised.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run, name="rehearsal", daemon=True)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]
