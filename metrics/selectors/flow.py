"""How work flows through the columns: what has entered them by each day, and what is in them and how old.

Read from the intervals of items, in one statement each, whatever the number of items.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet

from metrics.calculations.series import running_stock
from metrics.models import ItemInterval
from metrics.models.facts import ENDS_AT_SQL
from metrics.selectors.columns import FLOW, Columns, columns_of
from metrics.selectors.entries import entries_by_day, moved_back
from metrics.selectors.finding import Scope, intervals_as_of, scope_of, team_spans
from metrics.selectors.selection import Period
from organization.models import Unit, UnitKind
from pmo_portal.lib.windows import day_bounds

__all__ = ["cumulative_flow", "cumulative_flow_of", "open_items", "team_spans", "teams_on", "unfinished_count"]


@dataclass(frozen=True, slots=True)
class CumulativeFlow:
    """By day: how many items had entered each column, or a later one, by its end. Lines never fall.

    `moved_count` items entered a column in the period, `back_count` of them one that lies before one they had been in.
    """

    columns: Sequence[str]
    days: Sequence[date]
    counts: Sequence[tuple[int, ...]]
    moved_count: int = 0
    back_count: int = 0

    @property
    def back_ratio(self) -> float | None:
        """The share of the items that moved which moved back."""
        return self.back_count / self.moved_count if self.moved_count else None


def teams_on(unit: Unit, day: date) -> list[int]:
    """The teams that belonged to a unit on a day."""
    return [pk for pk, spans in team_spans(unit).items() if any(since <= day < until for since, until in spans)]


def cumulative_flow_of(unit: Unit, period: Period) -> CumulativeFlow:
    """Count first entries into columns by day, for a file: above a team the categories keep their codes."""
    columns = columns_of(unit)
    flow = cumulative_flow(scope_of(unit, period), columns, with_moves=False)
    names = columns.names if unit.kind == UnitKind.TEAM else [category.value for category in FLOW]
    return CumulativeFlow(names, flow.days, flow.counts)


def cumulative_flow(scope: Scope, columns: Columns, *, with_moves: bool = True) -> CumulativeFlow:
    """Count first entries into columns by day. An item that came with its team entered on the team's first day."""
    window = scope.period.window
    asked = (columns, scope.members, scope.period, scope.item_filter)
    settled, entries = entries_by_day(*asked)
    days = list(window)
    lines = []
    for place in range(len(columns.names)):
        before = sum(count for (at, day), count in entries.items() if at == place and day < window.start)
        lines.append(running_stock(settled + before, [entries.get((place, day), 0) for day in days]))
    moved, back = moved_back(*asked) if with_moves else (0, 0)
    return CumulativeFlow(columns.names, days, list(zip(*lines, strict=True)), moved, back)


@dataclass(frozen=True, slots=True)
class OpenItem:
    """An item in progress at the end of the as-of day, and the column it was in then."""

    key: str
    item_type: str
    team: str
    column: str
    started_on: date
    age_days: int


def _as_of(unit: Unit, period: Period) -> QuerySet[ItemInterval]:
    """What was true at the end of the as-of day of the items of a unit's teams of that day."""
    rows = intervals_as_of(scope_of(unit, period))
    return rows.filter(item_type=period.item_type) if period.item_type else rows


def open_items(unit: Unit, period: Period) -> list[OpenItem]:
    """Everything in progress at the end of the as-of day, oldest first. Blocked work ages too."""
    rows = _as_of(unit, period).filter(is_wip=True)
    values: QuerySet[Any, tuple[Any, ...]] = rows.order_by("item__fact__started_on", "item__key").values_list(
        "item__key", "item_type", "unit__name", "state__name", "item__fact__started_on"
    )
    return [
        OpenItem(key, item_type, team, column, started_on, (period.as_of - started_on).days + 1)
        for key, item_type, team, column, started_on in values
    ]


# Apart, as the indexes are. What is in progress counts; of all else its facts say so, looked up one by one: a planner
# that joins them reads everybody's.
_UNFINISHED: Final = """
SELECT (SELECT count(*) FROM metrics_iteminterval i WHERE i.is_wip AND {there})
     + (SELECT count(*) FROM metrics_itemfact f
         WHERE f.is_counted AND f.item_id = ANY(ARRAY(
               SELECT i.item_id FROM metrics_iteminterval i
                WHERE NOT i.is_wip AND i.category IN ('BACKLOG', 'COMMITTED', 'ACTIVE', 'WAITING') AND {there})))
"""
_THERE: Final = f"""
    i.unit_id = ANY(%(teams)s::bigint[]) AND {ENDS_AT_SQL} >= %(end_at)s AND i.from_at < %(end_at)s
    AND (%(type)s = '' OR i.item_type = %(type)s)
"""


def unfinished_count(unit: Unit, period: Period) -> int:
    """How many items were there at the end of the as-of day, neither finished nor cancelled, started or not."""
    _start, end_at = day_bounds(period.as_of)
    teams = scope_of(unit, period).teams_on(period.as_of)
    with connection.cursor() as cursor:
        cursor.execute(_UNFINISHED.format(there=_THERE), {"teams": teams, "end_at": end_at, "type": period.item_type})
        (count,) = cursor.fetchone()
    return int(count)
