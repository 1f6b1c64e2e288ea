"""The numbers of units, read from roll-ups: the same few statements for one unit and for fifty.

No statement here touches events, items or facts; each is bounded by the window, whatever the number of items.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from metrics.calculations.percentiles import CycleTimes, cycle_times
from metrics.calculations.series import Velocity, per_week, running_stock, velocity
from metrics.models import ScopeKind
from metrics.selectors.selection import Period
from pmo_portal.lib.windows import Window

_DAYS = """
    SELECT scope_id, day, sum(finished)::int, sum(finished_start_not_seen)::int, sum(started)::int, sum(created)::int,
           sum(cancelled)::int, sum(wip_delta)::int
      FROM metrics_rollup
     WHERE scope_kind = %(kind)s AND scope_id = ANY(%(units)s) AND day >= %(before)s AND day < %(end)s
       AND (%(type)s = '' OR item_type = %(type)s)
     GROUP BY scope_id, day
"""

# The stock as the first day began: the last checkpoint before it, and what changed since. And since when there are
# numbers at all.
_OPENING = """
    SELECT u.id,
           coalesce((SELECT sum(s.wip) FROM metrics_stockcheckpoint s
                      WHERE s.scope_kind = %(kind)s AND s.scope_id = u.id AND s.day = c.day
                        AND (%(type)s = '' OR s.item_type = %(type)s)), 0)
         + coalesce((SELECT sum(r.wip_delta) FROM metrics_rollup r
                      WHERE r.scope_kind = %(kind)s AND r.scope_id = u.id
                        AND r.day >= coalesce(c.day, '-infinity') AND r.day < %(before)s
                        AND (%(type)s = '' OR r.item_type = %(type)s)), 0),
           (SELECT min(day) FROM metrics_rollup WHERE scope_kind = %(kind)s AND scope_id = u.id)
      FROM unnest(%(units)s::bigint[]) AS u (id)
      LEFT JOIN LATERAL (
           SELECT max(day) AS day FROM metrics_stockcheckpoint
            WHERE scope_kind = %(kind)s AND scope_id = u.id AND day <= %(before)s) AS c ON true
"""

_CYCLES = """
    SELECT scope_id, day >= %(start)s, cycle_days, sum(count)::int
      FROM unnest(%(units)s::bigint[], %(firsts)s::date[]) AS u (id, first)
      JOIN metrics_cyclecount ON scope_id = u.id AND day >= u.first
     WHERE scope_kind = %(kind)s AND day < %(end)s
       AND (%(type)s = '' OR item_type = %(type)s)
     GROUP BY 1, 2, 3
"""

_SPRINTS = """
    SELECT team_id, id, name, completed_at, completed_points, committed_points, unestimated_count
      FROM (SELECT s.*, row_number() OVER (PARTITION BY team_id ORDER BY completed_at DESC, id DESC) AS place
              FROM teams_sprint s
             WHERE s.team_id = ANY(%(units)s) AND s.state = 'CLOSED' AND s.completed_at < %(end_at)s
               AND s.completed_points IS NOT NULL) AS closed
     WHERE place <= 6
     ORDER BY team_id, place DESC
"""

# A line in the outbox of any team below is a change that is not in the numbers yet.
_WAITING = """
    SELECT m.ancestor_id, min(o.recorded_at)
      FROM portfolio_outbox o
      JOIN (SELECT ancestor_id, team_id FROM metrics_rollupmembership
             WHERE ancestor_id = ANY(%(units)s) AND valid_from < %(end)s AND valid_to >= %(end)s
             UNION ALL SELECT id, id FROM unnest(%(units)s::bigint[]) AS own (id)) AS m
        ON m.team_id = o.unit_id
     GROUP BY m.ancestor_id
"""


@dataclass(frozen=True, slots=True)
class ClosedSprint:
    """A closed sprint as it was frozen; points are the team's own."""

    pk: int
    name: str
    completed_at: datetime
    completed_points: Decimal
    committed_points: Decimal | None
    unestimated_count: int


@dataclass(slots=True)
class Flow:
    """What happened in a window, summed."""

    finished: int = 0
    finished_start_not_seen: int = 0
    started: int = 0
    created: int = 0
    cancelled: int = 0


@dataclass(slots=True)
class UnitNumbers:
    """Everything a page says about one unit over a selection.

    `flow_before` is the window of the same length before. `wip` is the stock at the end of each day of the window,
    `wip_opening` as its first day began. `known_since` is the first day with a number. `waiting_since` is set while
    a change is not in the numbers yet.
    """

    unit_id: int
    window: Window
    flow: Flow = field(default_factory=Flow)
    flow_before: Flow = field(default_factory=Flow)
    finished_by_week: list[tuple[date, int]] = field(default_factory=list)
    started_by_week: list[tuple[date, int]] = field(default_factory=list)
    wip_opening: int = 0
    wip: list[int] = field(default_factory=list)
    cycle_counts: dict[int, int] = field(default_factory=dict)
    cycles: CycleTimes = field(default_factory=lambda: cycle_times({}, start_not_seen_count=0))
    cycles_before: CycleTimes = field(default_factory=lambda: cycle_times({}, start_not_seen_count=0))
    sprints: list[ClosedSprint] = field(default_factory=list)
    waiting_since: datetime | None = None
    known_since: date | None = None

    @property
    def is_comparable(self) -> bool:
        """Whether there were numbers through the whole window before, give or take its first week."""
        return self.known_since is not None and self.known_since < self.window.before().start + timedelta(days=7)

    @property
    def was_known(self) -> bool:
        """Whether there were numbers as the window began, give or take its first week."""
        return self.known_since is not None and self.known_since < self.window.start + timedelta(days=7)

    @property
    def wip_now(self) -> int:
        """Work in progress at the end of the as-of day."""
        return self.wip[-1] if self.wip else self.wip_opening

    @property
    def weekly(self) -> list[int]:
        """Finished items by week, oldest first, for a sparkline."""
        return [count for _week, count in self.finished_by_week]

    @property
    def velocity(self) -> Velocity:
        """The team's velocity over its last closed sprints."""
        return velocity([sprint.completed_points for sprint in self.sprints])


def numbers_of(
    unit_ids: Sequence[int],
    selection: Period,
    *,
    with_sprints: bool = False,
    not_compared: Collection[int] = (),
) -> dict[int, UnitNumbers]:
    """Read the numbers of some units over a selection: four statements, one more with sprints.

    `not_compared` names units whose cycle times of the window before nobody asks for: histograms are the widest rows.
    """
    window, before = selection.window, selection.window.before()
    result = {unit_id: UnitNumbers(unit_id, window) for unit_id in unit_ids}
    parameters: dict[str, Any] = {
        "kind": ScopeKind.UNIT.value,
        "units": list(unit_ids),
        "before": before.start,
        "start": window.start,
        "end": window.end,
        "firsts": [window.start if unit_id in not_compared else before.start for unit_id in unit_ids],
        "end_at": selection.end_at,
        "type": selection.item_type,
    }
    with connection.cursor() as cursor:
        cursor.execute(_OPENING, parameters)
        openings = {}
        for unit_id, opening, known_since in cursor.fetchall():
            openings[unit_id] = opening
            result[unit_id].known_since = known_since
        cursor.execute(_DAYS, parameters)
        _add_days(result, openings, cursor.fetchall())
        cursor.execute(_CYCLES, parameters)
        _add_cycles(result, cursor.fetchall())
        cursor.execute(_WAITING, parameters)
        for unit_id, since in cursor.fetchall():
            result[unit_id].waiting_since = since
        if with_sprints:
            cursor.execute(_SPRINTS, parameters)
            for unit_id, *sprint in cursor.fetchall():
                result[unit_id].sprints.append(ClosedSprint(*sprint))
    return result


def _add_days(
    result: dict[int, UnitNumbers],
    openings: dict[int, int],
    rows: Iterable[tuple[int, date, int, int, int, int, int, int]],
) -> None:
    """Sum flows by window, and let stocks run from day to day."""
    finished: defaultdict[int, dict[date, int]] = defaultdict(dict)
    begun: defaultdict[int, dict[date, int]] = defaultdict(dict)
    deltas: defaultdict[int, dict[date, int]] = defaultdict(dict)
    for unit_id, day, done, not_seen, started, created, cancelled, wip_delta in rows:
        numbers = result[unit_id]
        flow = numbers.flow if day in numbers.window else numbers.flow_before
        flow.finished += done
        flow.finished_start_not_seen += not_seen
        flow.started += started
        flow.created += created
        flow.cancelled += cancelled
        finished[unit_id][day] = done
        begun[unit_id][day] = started
        deltas[unit_id][day] = wip_delta
    for unit_id, numbers in result.items():
        window = numbers.window
        numbers.finished_by_week = per_week(finished[unit_id], window.start, window.end)
        numbers.started_by_week = per_week(begun[unit_id], window.start, window.end)
        changes = deltas[unit_id]
        numbers.wip_opening = int(openings.get(unit_id, 0)) + sum(
            change for day, change in changes.items() if day < window.start
        )
        numbers.wip = running_stock(numbers.wip_opening, [changes.get(day, 0) for day in window])


def _add_cycles(result: dict[int, UnitNumbers], rows: Iterable[tuple[int, bool, int, int]]) -> None:
    """Add histograms up and read percentiles from them."""
    before: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for unit_id, is_in_window, cycle_days, count in rows:
        counts = result[unit_id].cycle_counts if is_in_window else before[unit_id]
        counts[cycle_days] = counts.get(cycle_days, 0) + count
    for unit_id, numbers in result.items():
        numbers.cycles = cycle_times(numbers.cycle_counts, start_not_seen_count=numbers.flow.finished_start_not_seen)
        numbers.cycles_before = cycle_times(
            before[unit_id], start_not_seen_count=numbers.flow_before.finished_start_not_seen
        )
