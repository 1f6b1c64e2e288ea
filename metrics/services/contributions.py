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

from metrics.services.reading import items_array
from pmo_portal.lib.windows import portal_zone, week_start


class DayKey(NamedTuple):
    """A unit, a metric day and an item type."""

    unit_id: int
    day: date
    item_type: str


class CycleKey(NamedTuple):
    """A unit, the day of the finish or the Monday of its week, an item type and a cycle time."""

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

    def add(self, other: Counts, *, sign: int) -> None:
        """Add (or with sign -1 take away) what another counts. Written out: a rebuild comes here for every day."""
        self.created += sign * other.created
        self.started += sign * other.started
        self.finished += sign * other.finished
        self.finished_start_not_seen += sign * other.finished_start_not_seen
        self.cancelled += sign * other.cancelled
        self.finished_estimate += sign * other.finished_estimate
        self.finished_without_estimate += sign * other.finished_without_estimate
        self.wip_delta += sign * other.wip_delta


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
            self.days[key].add(counts, sign=sign)
        for cycle_key, count in other.cycles.items():
            self.cycles[cycle_key] += sign * count
        self.parts |= other.parts

    def without_zeros(self) -> Contributions:
        """Leave out the rows in which nothing is left to write."""
        nothing = Counts()
        return Contributions(
            days={key: counts for key, counts in self.days.items() if counts != nothing},
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


# {facts} and {intervals} say which rows are read, {rows} which of what they contribute. A fact is read once for its up
# to four days.
_CONTRIBUTED = """
    SELECT v.unit_id, v.day, f.item_type, v.created, v.started, v.finished,
           CASE WHEN v.finished = 1 AND NOT f.is_start_seen THEN 1 ELSE 0 END AS not_seen, v.cancelled,
           CASE WHEN v.finished = 1 THEN coalesce(f.finished_estimate, 0) ELSE 0 END AS estimate,
           CASE WHEN v.finished = 1 AND f.finished_estimate IS NULL THEN 1 ELSE 0 END AS unestimated, 0 AS wip
      FROM metrics_itemfact f
     CROSS JOIN LATERAL (VALUES
           (f.created_unit_id, f.created_on, 1, 0, 0, 0), (f.started_unit_id, f.started_on, 0, 1, 0, 0),
           (f.finished_unit_id, f.finished_on, 0, 0, 1, 0), (f.cancelled_unit_id, f.cancelled_on, 0, 0, 0, 1))
           AS v (unit_id, day, created, started, finished, cancelled)
     WHERE f.is_counted AND v.day IS NOT NULL AND {facts} AND {rows}
    UNION ALL
    SELECT i.unit_id, (v.at AT TIME ZONE %(zone)s)::date, i.item_type, 0, 0, 0, 0, 0, 0, 0, v.wip
      FROM metrics_iteminterval i
     CROSS JOIN LATERAL (VALUES (i.from_at, 1), (i.to_at, -1)) AS v (at, wip)
     WHERE i.is_wip AND v.at IS NOT NULL AND {intervals}
"""

_DAYS = """
    SELECT unit_id, day, item_type, sum(created)::int, sum(started)::int, sum(finished)::int, sum(not_seen)::int,
           sum(cancelled)::int, sum(estimate), sum(unestimated)::int, sum(wip)::int
      FROM ({contributed}) AS contributed
     GROUP BY unit_id, day, item_type
"""

# The Monday stands for its week, except where a membership begins or ends within it: there every day is its own.
_CYCLES = """
    WITH cut AS (
        SELECT DISTINCT m.team_id, date_trunc('week', d.day)::date AS week
          FROM metrics_rollupmembership m CROSS JOIN LATERAL (VALUES (m.valid_from), (m.valid_to)) AS d (day)
         WHERE d.day <> date_trunc('week', d.day)::date
    )
    SELECT f.finished_unit_id, CASE WHEN c.week IS NULL THEN w.week ELSE f.finished_on END AS day, f.item_type,
           f.cycle_days, count(*)::int
      FROM metrics_itemfact f
     CROSS JOIN LATERAL (SELECT date_trunc('week', f.finished_on)::date AS week) AS w
      LEFT JOIN cut c ON c.team_id = f.finished_unit_id AND c.week = w.week
     WHERE f.is_counted AND f.is_start_seen AND f.cycle_days IS NOT NULL AND {finished}
     GROUP BY 1, 2, 3, 4
"""

PARTS_OF_ITEMS = """
    SELECT DISTINCT feature_id, unit_id FROM metrics_itemfact
     WHERE item_id = ANY(%(items)s::bigint[]) AND is_counted AND feature_id IS NOT NULL
"""

_ITEMS = "{}.item_id = ANY(%(items)s::bigint[])"
_ANY_FLOW = " OR ".join(f"f.{flow}_unit_id = %(unit)s" for flow in ("created", "started", "finished", "cancelled"))

DAYS_OF_ITEMS = _DAYS.format(
    contributed=_CONTRIBUTED.format(facts=_ITEMS.format("f"), intervals=_ITEMS.format("i"), rows="true")
)
CYCLES_OF_ITEMS = _CYCLES.format(finished=_ITEMS.format("f"))
DAYS_OF_UNIT = _DAYS.format(
    contributed=_CONTRIBUTED.format(
        facts=f"({_ANY_FLOW})", intervals="i.unit_id = %(unit)s", rows="v.unit_id = %(unit)s"
    )
)
CYCLES_OF_UNIT = _CYCLES.format(finished="f.finished_unit_id = %(unit)s")


def contributions_of_items(*, item_ids: Sequence[int]) -> Contributions:
    """Sum what these items contribute, as their stored facts and intervals say."""
    items = items_array(item_ids)
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
