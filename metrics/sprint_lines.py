"""A sprint's lines (burndown, burnup, scope changes): read from its items' intervals, or from what was kept of them.

Two statements for the items of one sprint and of many, whatever the number of items; no event is read. A page asks
for a running sprint's lines; the worker that freezes a closed one asks for the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import Q

from metrics.calculations.burn import Amount, BurnKind, BurnStep, GuidePoint, burn_steps, guideline
from metrics.calculations.sprints import ScopeChange, ScopeEvent, scope_changes
from metrics.calculations.timeline import Category, Interval
from metrics.models import ItemInterval
from organization.working_days import WorkingDays
from pmo_portal.lib.windows import local_day
from teams.models import Sprint

_FIELDS: Final = (
    "item_id",
    "item_type",
    "unit_id",
    "state_id",
    "category",
    "is_wip",
    "is_blocked",
    "sprint_id",
    "estimate",
    "from_at",
    "to_at",
)


@dataclass(frozen=True, slots=True)
class SprintLines:
    """How a sprint went. `steps` begins with its start; `guide` is empty for a sprint without a planned end.

    `until` is its completion, or the moment it was looked at.
    """

    began_at: datetime
    until: datetime
    is_frozen: bool
    steps: Sequence[BurnStep]
    changes: Sequence[ScopeEvent]
    guide: Sequence[GuidePoint]

    @property
    def has_points(self) -> bool:
        """Whether anything in it had an estimate."""
        return any(step.scope.points for step in self.steps)


def began_at(sprint: Sprint) -> datetime | None:
    """When a sprint really began, or was planned to."""
    return sprint.started_at or sprint.starts_at


def lines_of(sprint: Sprint, *, now: datetime, days: WorkingDays) -> SprintLines | None:
    """Read a sprint's lines from intervals; None for one that has not begun."""
    began = began_at(sprint)
    until = sprint.completed_at or now
    if began is None or began > until:
        return None
    histories = _histories(sprint.pk, began, until)
    ends_at = sprint.ends_at
    return SprintLines(
        began_at=began,
        until=until,
        is_frozen=False,
        steps=burn_steps(
            histories,
            sprint_id=sprint.pk,
            starts_at=began,
            until=until,
            is_completed=sprint.completed_at is not None,
        ),
        changes=scope_changes(histories, sprint_id=sprint.pk, starts_at=began, completed_at=until),
        # The planned end is the first moment after the last day.
        guide=[]
        if ends_at is None
        else guideline(local_day(began), local_day(ends_at - timedelta(microseconds=1)), days.is_working),
    )


def _histories(sprint_id: int, began: datetime, until: datetime) -> dict[int, list[Interval]]:
    """The intervals, during a sprint, of everything that was ever in it and counts."""
    members = ItemInterval.objects.filter(sprint_id=sprint_id, item__fact__is_counted=True).values("item_id")
    rows: Iterable[dict[str, Any]] = (
        ItemInterval.objects.filter(Q(to_at__isnull=True) | Q(to_at__gt=began), item_id__in=members, from_at__lte=until)
        .order_by("item_id", "from_at")
        .values(*_FIELDS)
    )
    histories: defaultdict[int, list[Interval]] = defaultdict(list)
    for row in rows:
        row["team_id"], row["until_at"] = row.pop("unit_id"), row.pop("to_at")
        histories[row["item_id"]].append(Interval(**{**row, "category": Category(row["category"])}))
    return dict(histories)


def as_rows(lines: SprintLines) -> dict[str, list[list[Any]]]:
    """What is kept of a closed sprint's lines (`metrics.models.SprintBurn`)."""
    return {
        "steps": [
            [
                step.at.isoformat(),
                step.kind,
                step.item_id,
                *(_pair(each) for each in (step.size, step.scope, step.done)),
            ]
            for step in lines.steps
        ],
        "changes": [
            [change.at.isoformat(), change.kind, change.item_id, str(change.points)] for change in lines.changes
        ],
        "guide": [[point.at.isoformat(), point.left_ratio] for point in lines.guide],
    }


def from_rows(
    *, began: datetime, until: datetime, steps: list[Any], changes: list[Any], guide: list[Any]
) -> SprintLines:
    """The lines of a closed sprint as they were kept."""
    return SprintLines(
        began_at=began,
        until=until,
        is_frozen=True,
        steps=[
            BurnStep(datetime.fromisoformat(at), BurnKind(kind), item_id, *(_amount(each) for each in amounts))
            for at, kind, item_id, *amounts in steps
        ],
        changes=[
            ScopeEvent(item_id, ScopeChange(kind), datetime.fromisoformat(at), Decimal(points))
            for at, kind, item_id, points in changes
        ],
        guide=[GuidePoint(date.fromisoformat(day), ratio) for day, ratio in guide],
    )


def _pair(amount: Amount) -> list[Any]:
    return [str(amount.points), amount.items]


def _amount(pair: Sequence[Any]) -> Amount:
    return Amount(Decimal(pair[0]), pair[1])
