"""Undoing a whole import: what it made goes to the recycle bin, what it changed is changed back, unless somebody has
worked on it since. What stays is said, one by one.

An import's writes are found by when they were recorded: each run of its job has one such moment. Teams, columns, people
and sprints stay: they are empty then, and closing them is a decision of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from collaboration.models import Job, JobState
from collaboration.services.jobs import JobFailure, JobRun, Problem, job_start, register_runner
from organization.access import SYSTEM
from pmo_portal.lib import locks
from pmo_portal.lib.access import Action, Actor, require
from pmo_portal.lib.errors import DomainError, Refused
from portfolio.models import EventKind, EventSource
from portfolio.services.bulk import BulkEvent, BulkRow, rows_write
from portfolio.services.registration import FEATURE
from portfolio.services.types import TrackedType
from portfolio.services.undoing import undo
from teams.models import ImportPlan, WorkItem
from teams.services.imports.jira import ImportRequest
from teams.services.registration import ITEM

KIND: Final = "import_undo"
CHUNK: Final = 500


def import_undo(*, actor: Actor, plan: ImportPlan, at: datetime) -> ImportPlan:
    """Have everything the latest run of an import did taken back."""
    require(actor, Action.EDIT, plan)
    with transaction.atomic():
        plan = ImportPlan.objects.select_for_update(of=("self",)).get(pk=plan.pk)
        run = plan.run_job
        if run is None or run.is_open:
            raise Refused(_("Only an import that has ended can be undone."))
        if plan.undo_job is not None and plan.undo_job.state != JobState.FAILED:
            raise Refused(_("It has been undone already."))
        plan.undo_job = job_start(
            actor=actor,
            kind=KIND,
            unit=plan.unit,
            title=_("Undo: %(title)s") % {"title": run.title},
            parameters={"job": run.pk},
            at=at,
        )
        plan.version += 1
        plan.updated_at = at
        plan.save()
    return plan


def import_undo_work(run: JobRun) -> dict[str, Any]:
    """Take back what another job wrote, items before the features they belong to."""
    job = Job.objects.filter(pk=run.job.parameters["job"], unit_id=run.job.unit_id or 0).first()
    if job is None:
        raise JobFailure(_("The import is no longer known; its items can be deleted one by one."))
    recorded = job.result.get("recorded") or job.cursor.get("recorded") or []
    return _Undo(
        run, ImportRequest.of(job.parameters).prefix, [datetime.fromisoformat(text) for text in recorded]
    ).work()


class _Undo:
    def __init__(self, run: JobRun, prefix: str, recorded: Sequence[datetime]) -> None:
        self.run = run
        self.prefix = prefix
        self.recorded = list(recorded)
        self.totals: Counter[str] = Counter(run.cursor.get("totals", {}))
        self.at = timezone.now()

    def work(self) -> dict[str, Any]:
        subjects = [(ITEM, pk) for pk in self._subjects(ITEM)] + [(FEATURE, pk) for pk in self._subjects(FEATURE)]
        done = self.run.cursor.get("done", 0)
        total = done + len(subjects)
        for tracked in (ITEM, FEATURE):
            ids = [pk for kind, pk in subjects if kind is tracked]
            for start in range(0, len(ids), CHUNK):
                with transaction.atomic():
                    locks.lock(f"teams.import.{self.prefix}")
                    problems = self._chunk(tracked, ids[start : start + CHUNK])
                    done += len(ids[start : start + CHUNK])
                    self.run.checkpoint(
                        cursor={"totals": dict(self.totals), "done": done},
                        progress=done,
                        total=total,
                        problems=problems,
                    )
        return dict(self.totals)

    def _subjects(self, tracked: TrackedType) -> list[int]:
        """What the import wrote to and that has not been taken back yet, the latest first: children before parents."""
        events, rows = tracked.event_model._meta.db_table, tracked.model._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute(
                f"""SELECT s.id FROM {rows} s
                     WHERE s.source_ref LIKE %s AND s.deleted_at IS NULL
                       AND EXISTS (SELECT FROM {events} e WHERE e.subject_id = s.id AND e.source = 'IMPORT'
                                      AND e.recorded_at = ANY(%s)
                                      AND NOT EXISTS (SELECT FROM {events} v WHERE v.voids_id = e.id))
                     ORDER BY s.id DESC""",  # noqa: S608 - table names
                [f"{self.prefix.replace('_', chr(92) + '_')}:%", self.recorded],
            )
            return [row[0] for row in cursor.fetchall()]

    def _chunk(self, tracked: TrackedType, ids: Sequence[int]) -> list[Problem]:
        problems: list[Problem] = []
        subjects = list(tracked.model._default_manager.filter(pk__in=ids).order_by("pk").select_for_update())
        made, touched = self._standing(tracked, ids)
        rows: list[BulkRow] = []
        for subject in subjects:
            reason = self._kept_because(tracked, subject, touched)
            if reason:
                self.totals["kept"] += 1
                problems.append(Problem(subject.key, reason))
            elif subject.pk in made:
                rows.append(self._binned(tracked, subject))
            else:
                problems += self._changed_back(tracked, subject)
        rows_write(tracked, rows, recorded_at=self.at, source=EventSource.IMPORT)
        self.totals["features_removed" if tracked is FEATURE else "items_removed"] += len(rows)
        return problems

    def _standing(self, tracked: TrackedType, ids: Sequence[int]) -> tuple[set[int], set[int]]:
        """Which of these the import made, and which have been changed by anything else since it wrote to them."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"""SELECT subject_id,
                           bool_or(kind = 'CREATED' AND source = 'IMPORT' AND recorded_at = ANY(%(recorded)s)),
                           max(seq) FILTER (WHERE NOT (source = 'IMPORT' AND recorded_at = ANY(%(recorded)s)))
                             > min(seq) FILTER (WHERE source = 'IMPORT' AND recorded_at = ANY(%(recorded)s))
                      FROM {tracked.event_model._meta.db_table} WHERE subject_id = ANY(%(ids)s) GROUP BY 1""",  # noqa: S608
                {"ids": list(ids), "recorded": self.recorded},
            )
            found = cursor.fetchall()
        return {pk for pk, is_made, _touched in found if is_made}, {pk for pk, _made, touched in found if touched}

    def _kept_because(self, tracked: TrackedType, subject: Any, touched: set[int]) -> str:
        if subject.pk in touched:
            return _("It was changed since, here or by a later import: it stays as it is.")
        if tracked is FEATURE and WorkItem.objects.filter(feature_id=subject.pk, deleted_at__isnull=True).exists():
            return _("Items that stay belong to it: it stays, too.")
        return ""

    def _binned(self, tracked: TrackedType, subject: Any) -> BulkRow:
        unit_id = tracked.unit_id(subject)
        event = BulkEvent(EventKind.DELETED, self.at, unit_id, actor_id=self.run.job.requested_by_id)
        event.source_ref = f"{subject.source_ref}:undone:{self.run.job.pk}"[:200]
        columns = {"deleted_at": self.at, "updated_at": self.at}
        return BulkRow(
            subject.pk, is_new=False, unit_id=unit_id, columns=columns, events=[event], version=subject.version
        )

    def _changed_back(self, tracked: TrackedType, subject: Any) -> list[Problem]:
        """Void, latest first, what the import changed on something that was there before."""
        written = tracked.events(subject).filter(recorded_at__in=self.recorded, source=EventSource.IMPORT)
        events = written.filter(voided_by__isnull=True).order_by("-seq")
        problems: list[Problem] = []
        for event in events:
            try:
                with transaction.atomic():
                    undo(subject, event=event, actor=SYSTEM, at=self.at)
            except DomainError as error:
                label = EventKind(event.kind).label
                problems.append(Problem(subject.key, f"{label}: {error}"))
                subject.refresh_from_db()
        self.totals["partly_changed_back" if problems else "changed_back"] += 1
        return problems


register_runner(KIND, import_undo_work)
