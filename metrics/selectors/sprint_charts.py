"""What the pages about sprints show: the lines of one, the records of a team's last ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db.models import Count, Q, Sum

from metrics.calculations.burn import Amount
from metrics.calculations.series import Velocity, velocity
from metrics.models import SprintBurn
from metrics.sprint_lines import SprintLines, from_rows, lines_of
from organization.selectors.calendars import working_days_for
from pmo_portal.lib.access import Actor, visible
from pmo_portal.lib.windows import local_day
from teams.models import Sprint, SprintOutcomeKind, SprintState, Team, WorkItem

LAST_SPRINTS: Final = 12


def sprint_lines(sprint: Sprint, *, now: datetime) -> SprintLines | None:
    """The lines of a sprint: as they were kept, or read from intervals while it runs and until they are kept."""
    kept = SprintBurn.objects.filter(sprint=sprint).first() if sprint.state == SprintState.CLOSED else None
    began = sprint.started_at or sprint.starts_at
    if kept is not None and began is not None and sprint.completed_at is not None:
        return from_rows(
            began=began, until=sprint.completed_at, steps=kept.steps, changes=kept.changes, guide=kept.guide
        )
    return lines_of(sprint, now=now, days=working_days_for(sprint.team_id, day=local_day(now)))


@dataclass(frozen=True, slots=True)
class NamedItem:
    """An item as a list names it."""

    key: str
    title: str


def items_named(actor: Actor, ids: Iterable[int]) -> dict[int, NamedItem]:
    """Key and title of the items that this person may see; one statement."""
    rows = visible(actor, WorkItem).filter(pk__any_of=list(set(ids))).values_list("pk", "key", "title")
    return {pk: NamedItem(key, title) for pk, key, title in rows}


@dataclass(frozen=True, slots=True)
class SprintRecord:
    """A closed sprint as it was frozen. `kept` is what was committed and completed; all in points and items."""

    pk: int
    name: str
    completed_at: datetime | None
    committed: Amount
    kept: Amount
    completed: Amount
    outside: Amount
    again: Amount
    not_completed: Amount
    unestimated_count: int

    def say_do_ratio(self, *, in_points: bool) -> float | None:
        """Of what was committed the share that was completed; None where nothing was."""
        if in_points:
            return float(self.kept.points / self.committed.points) if self.committed.points else None
        return self.kept.items / self.committed.items if self.committed.items else None


def sprint_records(team_id: int, *, before: datetime, most: int = LAST_SPRINTS) -> list[SprintRecord]:
    """The last closed sprints of a team, oldest first, with what became of their items; two statements."""
    closed = list(
        Sprint.objects.filter(
            team=team_id, state=SprintState.CLOSED, completed_at__lt=before, completed_points__isnull=False
        ).order_by("-completed_at", "-pk")[:most]
    )
    sums: dict[int, dict[str, Amount]] = {}
    rows = (
        Sprint.objects.filter(pk__any_of=[sprint.pk for sprint in closed])
        .values_list("pk", "outcomes__kind")
        .annotate(outcome_points=Sum("outcomes__estimate_at_end"), outcome_count=Count("outcomes"))
    )
    for pk, kind, points, count in rows:
        sums.setdefault(pk, {})[kind] = Amount(points or Decimal(0), count)
    return [_record(sprint, sums.get(sprint.pk, {})) for sprint in reversed(closed)]


def _record(sprint: Sprint, sums: dict[str, Amount]) -> SprintRecord:
    return SprintRecord(
        pk=sprint.pk,
        name=sprint.name,
        completed_at=sprint.completed_at,
        committed=Amount(sprint.committed_points or Decimal(0), sprint.committed_count or 0),
        kept=Amount(sprint.committed_completed_points or Decimal(0), sprint.committed_completed_count or 0),
        completed=Amount(sprint.completed_points or Decimal(0), sprint.completed_count or 0),
        outside=sums.get(SprintOutcomeKind.COMPLETED_OUTSIDE, Amount()),
        again=sums.get(SprintOutcomeKind.FINISHED_AGAIN, Amount()),
        not_completed=sums.get(SprintOutcomeKind.NOT_COMPLETED, Amount()),
        unestimated_count=sprint.unestimated_count or 0,
    )


def velocity_of(records: Iterable[SprintRecord], *, in_points: bool) -> Velocity:
    """The velocity over the last 3 to 6 of these sprints."""
    return velocity([record.completed.points if in_points else Decimal(record.completed.items) for record in records])


def running_sprint(team: Team) -> Sprint | None:
    """The sprint a team is in; where an import brought several at once, the one that began first."""
    running = Sprint.objects.filter(team=team, state=SprintState.ACTIVE).select_related("team__unit")
    return running.order_by("starts_at", "pk").first()


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The sprints before and after one, by the day they began."""

    before: Sprint | None
    after: Sprint | None


def neighbours_of(sprint: Sprint) -> Neighbours:
    """The team's sprints beside this one, among those that have begun; two statements."""
    began = Sprint.objects.filter(team=sprint.team_id).exclude(state=SprintState.FUTURE)
    if sprint.starts_at is None:
        return Neighbours(None, None)
    at = (sprint.starts_at, sprint.pk)
    before = began.filter(Q(starts_at__lt=at[0]) | Q(starts_at=at[0], pk__lt=at[1])).order_by("-starts_at", "-pk")
    after = began.filter(Q(starts_at__gt=at[0]) | Q(starts_at=at[0], pk__gt=at[1])).order_by("starts_at", "pk")
    return Neighbours(before.first(), after.first())
