"""What items contribute to the days of their units: the step from facts and intervals to roll-up rows.

Contributions add up, so the difference between what items contributed before and after a change is all
that has to be written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection

from pmo_portal.lib.windows import portal_zone, week_start


class DayKey(NamedTuple):
    """A unit, a metric day and an item type."""

    unit_id: int
    day: date
    item_type: str


class CycleKey(NamedTuple):
    """A unit, the day of the finish, an item type and a cycle time."""

    unit_id: int
    day: date
    item_type: str
    cycle_days: int


@dataclass(slots=True)
class Counts:
    """What is counted on a day, as in `metrics.Rollup`."""

    created: int = 0
    started: int = 0
    finished: int = 0
    finished_start_not_seen: int = 0
    cancelled: int = 0
    finished_estimate: Decimal = Decimal(0)
    finished_without_estimate: int = 0
    wip_delta: int = 0


MEASURES = tuple(each.name for each in fields(Counts))


@dataclass(slots=True)
class Contributions:
    """Sums by unit, day and type, and the histogram of cycle times. `parts` names (feature, team) where work was done:
    how far they are is counted anew, never added up."""

    days: dict[DayKey, Counts]
    cycles: dict[CycleKey, int]
    parts: set[tuple[int, int]] = field(default_factory=set)

    @classmethod
    def none(cls) -> Contributions:
        """Nothing contributed."""
        return cls(days=defaultdict(Counts), cycles=defaultdict(int))

    def add(self, other: Contributions, *, sign: int = 1) -> None:
        """Add (or with sign -1 take away) what others contribute."""
        for key, counts in other.days.items():
            mine = self.days[key]
            for measure in MEASURES:
                setattr(mine, measure, getattr(mine, measure) + sign * getattr(counts, measure))
        for cycle_key, count in other.cycles.items():
            self.cycles[cycle_key] += sign * count
        self.parts |= other.parts

    def without_zeros(self) -> Contributions:
        """Leave out the rows in which nothing is left to write."""
        return Contributions(
            days={key: counts for key, counts in self.days.items() if counts != Counts()},
            cycles={key: count for key, count in self.cycles.items() if count},
        )

    def cycles_by_week(self) -> dict[CycleKey, int]:
        """The histogram as it is stored: the Monday stands for the days of its week."""
        weeks: defaultdict[CycleKey, int] = defaultdict(int)
        for key, count in self.cycles.items():
            weeks[key._replace(day=week_start(key.day))] += count
        return {key: count for key, count in weeks.items() if count}

    def unit_ids(self) -> frozenset[int]:
        """Return the units that have rows here."""
        return frozenset(key.unit_id for key in self.days) | frozenset(key.unit_id for key in self.cycles)


# {of_items} restricts facts, and intervals, to some items; {of_unit} is one unit's share of each branch.
_BRANCHES = """
    SELECT created_unit_id AS unit_id, created_on AS day, item_type,
           1 AS created, 0 AS started, 0 AS finished, 0 AS not_seen, 0 AS cancelled,
           0::numeric AS estimate, 0 AS unestimated, 0 AS wip
      FROM metrics_itemfact WHERE is_counted AND {created}
    UNION ALL
    SELECT started_unit_id, started_on, item_type, 0, 1, 0, 0, 0, 0, 0, 0
      FROM metrics_itemfact WHERE is_counted AND started_on IS NOT NULL AND {started}
    UNION ALL
    SELECT finished_unit_id, finished_on, item_type, 0, 0, 1, (NOT is_start_seen)::int, 0,
           coalesce(finished_estimate, 0), (finished_estimate IS NULL)::int, 0
      FROM metrics_itemfact WHERE is_counted AND finished_on IS NOT NULL AND {finished}
    UNION ALL
    SELECT cancelled_unit_id, cancelled_on, item_type, 0, 0, 0, 0, 1, 0, 0, 0
      FROM metrics_itemfact WHERE is_counted AND cancelled_on IS NOT NULL AND {cancelled}
    UNION ALL
    SELECT unit_id, (from_at AT TIME ZONE %(zone)s)::date, item_type, 0, 0, 0, 0, 0, 0, 0, 1
      FROM metrics_iteminterval WHERE is_wip AND {wip}
    UNION ALL
    SELECT unit_id, (to_at AT TIME ZONE %(zone)s)::date, item_type, 0, 0, 0, 0, 0, 0, 0, -1
      FROM metrics_iteminterval WHERE is_wip AND to_at IS NOT NULL AND {wip}
"""

_DAYS = """
    SELECT unit_id, day, item_type, sum(created)::int, sum(started)::int, sum(finished)::int, sum(not_seen)::int,
           sum(cancelled)::int, sum(estimate), sum(unestimated)::int, sum(wip)::int
      FROM ({branches}) AS contributed
     GROUP BY unit_id, day, item_type
"""

_CYCLES = """
    SELECT finished_unit_id, finished_on, item_type, cycle_days, count(*)
      FROM metrics_itemfact
     WHERE is_counted AND is_start_seen AND cycle_days IS NOT NULL AND {finished}
     GROUP BY finished_unit_id, finished_on, item_type, cycle_days
"""

_FLOWS = ("created", "started", "finished", "cancelled")
_OF_ITEMS = dict.fromkeys((*_FLOWS, "wip"), "item_id = ANY(%(items)s)")
_OF_UNIT = {flow: f"{flow}_unit_id = %(unit)s" for flow in _FLOWS} | {"wip": "unit_id = %(unit)s"}

PARTS_OF_ITEMS = """
    SELECT DISTINCT feature_id, unit_id FROM metrics_itemfact
     WHERE item_id = ANY(%(items)s) AND is_counted AND feature_id IS NOT NULL
"""

DAYS_OF_ITEMS = _DAYS.format(branches=_BRANCHES.format(**_OF_ITEMS))
CYCLES_OF_ITEMS = _CYCLES.format(**_OF_ITEMS)
DAYS_OF_UNIT = _DAYS.format(branches=_BRANCHES.format(**_OF_UNIT))
CYCLES_OF_UNIT = _CYCLES.format(**_OF_UNIT)


def contributions_of_items(*, item_ids: Sequence[int]) -> Contributions:
    """Sum what these items contribute, as their stored facts and intervals say."""
    items = list(item_ids)
    result = _contributions(DAYS_OF_ITEMS, CYCLES_OF_ITEMS, items=items)
    with connection.cursor() as cursor:
        cursor.execute(PARTS_OF_ITEMS, {"items": items})
        result.parts.update(cursor.fetchall())
    return result


def contributions_of_team(*, team_id: int) -> Contributions:
    """Sum everything that was ever contributed to a team's days, by whichever items."""
    return _contributions(DAYS_OF_UNIT, CYCLES_OF_UNIT, unit=team_id)


def _contributions(days: str, cycles: str, **parameters: Any) -> Contributions:
    result = Contributions.none()
    parameters["zone"] = portal_zone().key
    with connection.cursor() as cursor:
        cursor.execute(days, parameters)
        _add_days(result, cursor.fetchall())
        cursor.execute(cycles, parameters)
        for *key, count in cursor.fetchall():
            result.cycles[CycleKey(*key)] += count
    return result


def _add_days(result: Contributions, rows: Iterable[tuple[Any, ...]]) -> None:
    for unit_id, day, item_type, *counts in rows:
        result.days[DayKey(unit_id, day, item_type)] = Counts(*counts)
