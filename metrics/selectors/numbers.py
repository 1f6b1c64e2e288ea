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
from metrics.selectors.histograms import Wanted, cycle_histograms
from metrics.selectors.selection import Period
from pmo_portal.lib.windows import Window

_DAYS = """
    SELECT scope_id, day, sum(finished)::int, sum(finished_start_not_seen)::int, sum(started)::int, sum(created)::int,
           sum(cancelled)::int, sum(wip_delta)::int
      FROM metrics_rollup
     WHERE scope_kind = %(kind)s AND scope_id = ANY(%(units)s) AND day >= %(start)s AND day < %(end)s
       AND (%(type)s = '' OR item_type = %(type)s)
     GROUP BY scope_id, day
"""

# Of the window it is compared with only sums are shown.
_BEFORE = """
    SELECT scope_id, sum(finished)::int, sum(finished_start_not_seen)::int, sum(started)::int, sum(created)::int,
           sum(cancelled)::int
      FROM metrics_rollup
     WHERE scope_kind = %(kind)s AND scope_id = ANY(%(units)s) AND day >= %(before)s AND day < %(before_end)s
       AND (%(type)s = '' OR item_type = %(type)s)
     GROUP BY scope_id
"""

# A stock as a day began: the last checkpoint before it, and what changed since. And since when there are numbers at
# all.
_STOCKS = """
    SELECT u.id, d.day,
           coalesce((SELECT sum(s.wip) FROM metrics_stockcheckpoint s
                      WHERE s.scope_kind = %(kind)s AND s.scope_id = u.id AND s.day = c.day
                        AND (%(type)s = '' OR s.item_type = %(type)s)), 0)
         + coalesce((SELECT sum(r.wip_delta) FROM metrics_rollup r
                      WHERE r.scope_kind = %(kind)s AND r.scope_id = u.id
                        AND r.day >= coalesce(c.day, '-infinity') AND r.day < d.day
                        AND (%(type)s = '' OR r.item_type = %(type)s)), 0),
           (SELECT min(day) FROM metrics_rollup WHERE scope_kind = %(kind)s AND scope_id = u.id)
      FROM unnest(%(units)s::bigint[]) AS u (id)
      CROSS JOIN unnest(%(stock_days)s::date[]) AS d (day)
      LEFT JOIN LATERAL (
           SELECT max(day) AS day FROM metrics_stockcheckpoint
            WHERE scope_kind = %(kind)s AND scope_id = u.id AND day <= d.day) AS c ON true
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

    `compared` is the window it is compared with, if any, `flow_before` and `cycles_before` what happened in it and
    `wip_before` the stock at its end. `wip` is the stock at the end of each day of the window, `wip_opening` as its
    first day began. `known_since` is the first day with a number. `waiting_since` is set while a change is not in the
    numbers yet.
    """

    unit_id: int
    window: Window
    compared: Window | None = None
    flow: Flow = field(default_factory=Flow)
    flow_before: Flow = field(default_factory=Flow)
    finished_by_week: list[tuple[date, int]] = field(default_factory=list)
    started_by_week: list[tuple[date, int]] = field(default_factory=list)
    wip_opening: int = 0
    wip_before: int = 0
    wip: list[int] = field(default_factory=list)
    cycle_counts: dict[int, int] = field(default_factory=dict)
    cycles: CycleTimes = field(default_factory=lambda: cycle_times({}, start_not_seen_count=0))
    cycles_before: CycleTimes = field(default_factory=lambda: cycle_times({}, start_not_seen_count=0))
    sprints: list[ClosedSprint] = field(default_factory=list)
    waiting_since: datetime | None = None
    known_since: date | None = None

    @property
    def is_comparable(self) -> bool:
        """Whether there were numbers through the whole window it is compared with, give or take its first week."""
        if self.compared is None or self.known_since is None:
            return False
        return self.known_since < self.compared.start + timedelta(days=7)

    @property
    def is_stock_comparable(self) -> bool:
        """Whether there were numbers by the end of the window it is compared with."""
        return self.compared is not None and self.known_since is not None and self.known_since < self.compared.end

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
    against: Window | None = None,
    with_sprints: bool = False,
    not_compared: Collection[int] = (),
) -> dict[int, UnitNumbers]:
    """Read the numbers of some units over a selection: four statements, one more to compare, one more with sprints.

    `against` is the window to compare with. `not_compared` names units whose cycle times in it nobody asks for:
    histograms are the widest rows.
    """
    window = selection.window
    result = {unit_id: UnitNumbers(unit_id, window, against) for unit_id in unit_ids}
    parameters: dict[str, Any] = {
        "kind": ScopeKind.UNIT.value,
        "units": list(unit_ids),
        "start": window.start,
        "end": window.end,
        "before": against.start if against else None,
        "before_end": against.end if against else None,
        "stock_days": sorted({window.start, *([against.end] if against else [])}),
        "end_at": selection.end_at,
        "type": selection.item_type,
    }
    with connection.cursor() as cursor:
        cursor.execute(_STOCKS, parameters)
        _add_stocks(result, cursor.fetchall())
        cursor.execute(_DAYS, parameters)
        _add_days(result, cursor.fetchall())
        if against is not None:
            cursor.execute(_BEFORE, parameters)
            for unit_id, *sums in cursor.fetchall():
                result[unit_id].flow_before = Flow(*sums)
        cursor.execute(_WAITING, parameters)
        for unit_id, since in cursor.fetchall():
            result[unit_id].waiting_since = since
        if with_sprints:
            cursor.execute(_SPRINTS, parameters)
            for unit_id, *sprint in cursor.fetchall():
                result[unit_id].sprints.append(ClosedSprint(*sprint))
    compared = () if against is None else [unit_id for unit_id in unit_ids if unit_id not in not_compared]
    _add_cycles(result, window, against, compared, item_type=selection.item_type)
    return result


def _add_stocks(result: dict[int, UnitNumbers], rows: Iterable[tuple[int, date, int, date | None]]) -> None:
    for unit_id, day, stock, known_since in rows:
        numbers = result[unit_id]
        numbers.known_since = known_since
        if day == numbers.window.start:
            numbers.wip_opening = int(stock)
        if numbers.compared is not None and day == numbers.compared.end:
            numbers.wip_before = int(stock)


def _add_days(result: dict[int, UnitNumbers], rows: Iterable[tuple[int, date, int, int, int, int, int, int]]) -> None:
    """Sum flows over the window, and let stocks run from day to day."""
    finished: defaultdict[int, dict[date, int]] = defaultdict(dict)
    begun: defaultdict[int, dict[date, int]] = defaultdict(dict)
    deltas: defaultdict[int, dict[date, int]] = defaultdict(dict)
    for unit_id, day, done, not_seen, started, created, cancelled, wip_delta in rows:
        flow = result[unit_id].flow
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
        numbers.wip = running_stock(numbers.wip_opening, [changes.get(day, 0) for day in window])


def _add_cycles(
    result: dict[int, UnitNumbers],
    window: Window,
    against: Window | None,
    compared: Collection[int],
    *,
    item_type: str,
) -> None:
    """Read percentiles from histograms."""
    wanted = [Wanted(unit_id, window) for unit_id in result]
    if against is not None:
        wanted += [Wanted(unit_id, against) for unit_id in compared]
    found = cycle_histograms(wanted, item_type=item_type)
    before = dict(zip(compared, found[len(result) :], strict=True))
    for numbers, counts in zip(result.values(), found, strict=False):
        numbers.cycle_counts = counts
        numbers.cycles = cycle_times(counts, start_not_seen_count=numbers.flow.finished_start_not_seen)
        numbers.cycles_before = cycle_times(
            before.get(numbers.unit_id, {}), start_not_seen_count=numbers.flow_before.finished_start_not_seen
        )
