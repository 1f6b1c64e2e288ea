"""Sprints as their pages show them: what they promised, what they kept, and the team's velocity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from teams.models import Sprint, SprintOutcome, SprintOutcomeKind, SprintState, Team, WorkItem

VELOCITY_SPRINTS: Final = 6
"""The team's velocity is the mean of up to so many closed sprints (docs/metrics.md)."""

VELOCITY_LEAST: Final = 3


@dataclass(frozen=True, slots=True)
class Velocity:
    """The mean of the last closed sprints with its range; in items for a team that does not estimate."""

    sprints: int
    mean: Decimal
    lowest: Decimal
    highest: Decimal
    is_in_points: bool


@dataclass(frozen=True, slots=True)
class OutcomeGroup:
    """Items of a closed sprint with one outcome."""

    kind: SprintOutcomeKind
    outcomes: tuple[SprintOutcome, ...]

    @property
    def label(self) -> str:
        """The outcome in words."""
        return str(self.kind.label)

    @property
    def points(self) -> Decimal:
        """The sum of estimates as at the completion."""
        return sum((each.estimate_at_end for each in self.outcomes if each.estimate_at_end is not None), Decimal(0))


def closed_sprints(team: Team) -> list[Sprint]:
    """Newest first."""
    closed = Sprint.objects.filter(team=team, state=SprintState.CLOSED)
    return list(closed.order_by("-completed_at", "-pk"))


def velocity_of(closed: Sequence[Sprint], *, is_in_points: bool) -> Velocity | None:
    """The velocity of the newest closed sprints; None while there are fewer than three."""
    values = [
        (sprint.completed_points if is_in_points else Decimal(sprint.completed_count or 0)) or Decimal(0)
        for sprint in closed[:VELOCITY_SPRINTS]
        if sprint.completed_count is not None
    ]
    if len(values) < VELOCITY_LEAST:
        return None
    return Velocity(len(values), sum(values, Decimal(0)) / len(values), min(values), max(values), is_in_points)


def say_do_ratio(sprint: Sprint, *, is_in_points: bool) -> float | None:
    """Of what was committed, the share that was completed; None when nothing was committed."""
    if is_in_points:
        committed, kept = sprint.committed_points, sprint.committed_completed_points
    else:
        committed, kept = _decimal(sprint.committed_count), _decimal(sprint.committed_completed_count)
    return float(kept / committed) if committed and kept is not None else None


def outcome_groups(sprint: Sprint) -> list[OutcomeGroup]:
    """What became of each item of a closed sprint, as known at its close."""
    rows = SprintOutcome.objects.filter(sprint=sprint).select_related("item__state").order_by("item__rank", "item_id")
    by_kind: dict[str, list[SprintOutcome]] = {}
    for row in rows:
        by_kind.setdefault(row.kind, []).append(row)
    return [OutcomeGroup(kind, tuple(by_kind[kind])) for kind in SprintOutcomeKind if kind in by_kind]


def sprint_items(sprint: Sprint) -> list[WorkItem]:
    """What is in an open sprint now, in rank order."""
    found = WorkItem.objects.present().filter(sprint=sprint, parent__isnull=True)
    return list(found.select_related("state", "assignee").ranked())


def unfinished_items(sprint: Sprint) -> list[WorkItem]:
    """What would have to go on if the sprint were completed now."""
    return [item for item in sprint_items(sprint) if item.state.category not in {"DONE", "CANCELLED"}]


def _decimal(value: int | None) -> Decimal | None:
    return None if value is None else Decimal(value)
