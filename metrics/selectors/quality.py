"""How far the numbers of a unit can be trusted: checks of its open items, as they are now, and of what was finished.

A check is a share of items that pass. The list behind it holds those that do not, and is what there is to mend.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from django.db import connection
from django.db.models import Count, DateTimeField, ExpressionWrapper, F, Q, QuerySet, Value

from metrics.models import ItemFact, ScopeKind
from metrics.selectors.selection import Selection
from pmo_portal.lib.windows import day_start, local_day
from portfolio.models import STARTED_CATEGORIES, StateCategory
from teams.models import EstimateScale, ItemType, WorkItem

OPEN: Final = (StateCategory.BACKLOG, *STARTED_CATEGORIES)


class Check(StrEnum):
    """What is looked at. The value names the list of items that fail."""

    ESTIMATE = "no_estimate"
    FRESH = "stale"
    FEATURE = "orphan"
    STATE = "unmapped"
    OWNER = "no_owner"
    START = "start_not_seen"


@dataclass(frozen=True, slots=True)
class Passed:
    """How many of the items looked at pass a check."""

    check: Check
    looked_at: int
    failed: int

    @property
    def ratio(self) -> float | None:
        """The share that passes; None when there was nothing to look at."""
        return 1 - self.failed / self.looked_at if self.looked_at else None


@dataclass(frozen=True, slots=True)
class Quality:
    """The checks of a team, or of several from their sums."""

    passed: Sequence[Passed]

    @property
    def score(self) -> float | None:
        """The mean over the checks that apply, 0..1; None when none does."""
        ratios = [each.ratio for each in self.passed if each.ratio is not None]
        return sum(ratios) / len(ratios) if ratios else None

    @property
    def failed_count(self) -> int:
        """How many things there are to mend; an item may be several of them."""
        return sum(each.failed for each in self.passed)


def open_now(prefix: str = "") -> Q:
    """The open items: neither finished nor cancelled, no parts of other items. `prefix` leads to the item."""
    return Q(**{f"{prefix}deleted_at": None, f"{prefix}parent": None, f"{prefix}state__category__in": OPEN}) & ~Q(
        **{f"{prefix}type": ItemType.SUBTASK}
    )


def looked_at_by(check: Check, prefix: str = "") -> Q:
    """The open items a check looks at: those a team estimates, and for age and owner those that have begun."""
    if check == Check.ESTIMATE:
        return ~Q(**{f"{prefix}team__estimate_scale": EstimateScale.NONE})
    if check in {Check.FRESH, Check.OWNER}:
        return Q(**{f"{prefix}state__category__in": STARTED_CATEGORIES})
    return Q()


def failing(check: Check, *, now: datetime, prefix: str = "") -> Q:
    """The items that fail a check, among those it looks at."""
    match check:
        case Check.ESTIMATE:
            fails = Q(**{f"{prefix}estimate__isnull": True})
        case Check.FRESH:
            patience = F(f"{prefix}team__stale_after_days") * Value(timedelta(days=1))
            since = ExpressionWrapper(Value(_end_of_day(now)) - patience, output_field=DateTimeField())
            fails = Q(**{f"{prefix}state_entered_at__lt": since})
        case Check.FEATURE:
            fails = Q(**{f"{prefix}feature__isnull": True})
        case Check.STATE:
            fails = Q(**{f"{prefix}state__is_archived": True})
        case Check.OWNER:
            fails = Q(**{f"{prefix}assignee__isnull": True})
        case _:
            raise ValueError(f"{check} is not about open items.")
    return looked_at_by(check, prefix) & fails


def _end_of_day(now: datetime) -> datetime:
    """Days in a state are whole ones: what is stale does not change within a day."""
    return day_start(local_day(now) + timedelta(days=1))


OPEN_CHECKS: Final = (Check.ESTIMATE, Check.FRESH, Check.FEATURE, Check.STATE, Check.OWNER)

_STARTS = """
    SELECT scope_id, sum(finished)::int, sum(finished_start_not_seen)::int
      FROM metrics_rollup
     WHERE scope_kind = %(kind)s AND scope_id = ANY(%(units)s) AND day >= %(start)s AND day < %(end)s
       AND (%(type)s = '' OR item_type = %(type)s)
     GROUP BY scope_id
"""


def quality_of(team_ids: Sequence[int], selection: Selection, *, now: datetime) -> dict[int, Quality]:
    """The checks of each team; two statements, whatever the number of teams."""
    open_items = WorkItem.objects.filter(open_now(), team__any_of=list(team_ids))
    if selection.item_type:
        open_items = open_items.filter(type=selection.item_type)
    counts: dict[str, Any] = {}
    for check in OPEN_CHECKS:
        counts[f"{check.name}_seen"] = Count("pk", filter=looked_at_by(check))
        counts[f"{check.name}_failed"] = Count("pk", filter=failing(check, now=now))
    found: dict[int, Any] = {row["team_id"]: row for row in open_items.order_by().values("team_id").annotate(**counts)}
    with connection.cursor() as cursor:
        cursor.execute(
            _STARTS,
            {
                "kind": ScopeKind.UNIT.value,
                "units": list(team_ids),
                "start": selection.window.start,
                "end": selection.window.end,
                "type": selection.item_type,
            },
        )
        starts = {team_id: (finished, unseen) for team_id, finished, unseen in cursor.fetchall()}
    return {team_id: Quality(_checks(found.get(team_id, {}), *starts.get(team_id, (0, 0)))) for team_id in team_ids}


def _checks(row: Mapping[str, int], finished: int, unseen: int) -> list[Passed]:
    passed = [
        Passed(check, row.get(f"{check.name}_seen", 0), row.get(f"{check.name}_failed", 0)) for check in OPEN_CHECKS
    ]
    return [*passed, Passed(Check.START, finished, unseen)]


def quality_together(parts: Sequence[Quality]) -> Quality:
    """Several teams as one: items add up, the score is computed from the sums."""
    return Quality(
        [
            Passed(
                check,
                sum(part.passed[at].looked_at for part in parts),
                sum(part.passed[at].failed for part in parts),
            )
            for at, check in enumerate((*OPEN_CHECKS, Check.START))
        ]
    )


def items_failing(team_ids: Sequence[int], check: Check, *, now: datetime) -> QuerySet[ItemFact]:
    """The facts of the open items that fail a check, for the list behind it."""
    found = ItemFact.objects.filter(open_now("item__"), failing(check, now=now, prefix="item__"))
    return found.filter(item__team__any_of=list(team_ids))
