"""The plain reference of the roll-ups: what every unit may count on every day.

Written as a person would do it on paper, day by day and unit by unit. The database stores the same
rows and keeps them up to date by differences; a property test compares the two.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from metrics.calculations.timeline import Fact, Interval, Rules


@dataclass(frozen=True, slots=True)
class Membership:
    """`unit_id` lies below `ancestor_id` on the days from `start` to before `end`."""

    ancestor_id: int
    unit_id: int
    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Key:
    """One roll-up row: a unit, a metric day and an item type."""

    unit_id: int
    day: date
    item_type: str


@dataclass(slots=True)
class Row:
    """What happened on that day; `wip_delta` is the change of the number of items in progress."""

    created: int = 0
    started: int = 0
    finished: int = 0
    finished_start_not_seen: int = 0
    cancelled: int = 0
    finished_estimate: Decimal = Decimal(0)
    finished_without_estimate: int = 0
    wip_delta: int = 0

    @property
    def is_empty(self) -> bool:
        """Say whether nothing happened: such rows are not stored."""
        return self == Row()


@dataclass(frozen=True, slots=True)
class RolledUp:
    """All roll-up rows, and the histogram {(unit, Monday of the finish, type, cycle time in days): items}."""

    rows: dict[Key, Row]
    cycles: dict[tuple[int, date, str, int], int]


def roll_up(
    facts: Iterable[Fact],
    intervals: Iterable[Interval],
    memberships: Sequence[Membership],
    rules: Rules,
) -> RolledUp:
    """Count what happened in every unit, its own items and those of the units below it on that day.

    Flows (created, started, finished, cancelled) belong to the team the item was in at that
    moment and to all units that team lay under on that day. A stock, the work in progress, is
    counted at the end of each day over the teams that belonged to the unit on that day, so a team
    that changes its program takes its open work along.
    """
    rows: defaultdict[Key, Row] = defaultdict(Row)
    cycles: Counter[tuple[int, date, str, int]] = Counter()
    for fact in facts:
        if fact.is_counted:
            _count_flows(fact, memberships, rows, cycles)
    _count_stock(list(intervals), memberships, rules, rows)
    return RolledUp(rows={key: row for key, row in rows.items() if not row.is_empty}, cycles=dict(cycles))


def _holders(team_id: int, day: date, memberships: Sequence[Membership]) -> set[int]:
    """Return the team itself and every unit it lay under on that day."""
    above = {m.ancestor_id for m in memberships if m.unit_id == team_id and m.start <= day < m.end}
    return above | {team_id}


def _count_flows(
    fact: Fact,
    memberships: Sequence[Membership],
    rows: defaultdict[Key, Row],
    cycles: Counter[tuple[int, date, str, int]],
) -> None:
    """Add one item's creation, start, finish and cancellation to the days on which they happened."""
    for unit_id in _holders(fact.created_team_id, fact.created_on, memberships):
        rows[Key(unit_id, fact.created_on, fact.item_type)].created += 1
    if fact.started_on and fact.started_team_id is not None:
        for unit_id in _holders(fact.started_team_id, fact.started_on, memberships):
            rows[Key(unit_id, fact.started_on, fact.item_type)].started += 1
    if fact.cancelled_on and fact.cancelled_team_id is not None:
        for unit_id in _holders(fact.cancelled_team_id, fact.cancelled_on, memberships):
            rows[Key(unit_id, fact.cancelled_on, fact.item_type)].cancelled += 1
    if fact.finished_on and fact.finished_team_id is not None:
        for unit_id in _holders(fact.finished_team_id, fact.finished_on, memberships):
            row = rows[Key(unit_id, fact.finished_on, fact.item_type)]
            row.finished += 1
            row.finished_start_not_seen += not fact.is_start_seen
            row.finished_estimate += fact.finished_estimate or Decimal(0)
            row.finished_without_estimate += fact.finished_estimate is None
            if fact.is_start_seen and fact.cycle_days is not None:
                monday = fact.finished_on - timedelta(days=fact.finished_on.weekday())
                cycles[unit_id, monday, fact.item_type, fact.cycle_days] += 1


def _count_stock(
    intervals: Sequence[Interval],
    memberships: Sequence[Membership],
    rules: Rules,
    rows: defaultdict[Key, Row],
) -> None:
    """Count the items in progress at the end of every day and note each change from the day before."""
    wip = [interval for interval in intervals if interval.is_wip]
    if not wip:
        return
    days = {rules.day(interval.from_at) for interval in wip}
    days |= {rules.day(interval.until_at) for interval in wip if interval.until_at}
    teams = {interval.team_id for interval in wip}
    near = [membership for membership in memberships if membership.unit_id in teams]
    # Parentage from the beginning of time or without an end changes nothing on a day that matters.
    days |= {m.start for m in near if m.start > min(days)} | {m.end for m in near if m.end.year < 9999}
    before: Counter[tuple[int, str]] = Counter()
    day = min(days)
    while day <= max(days):
        today: Counter[tuple[int, str]] = Counter()
        for interval in wip:
            is_over = interval.until_at is not None and rules.day(interval.until_at) <= day
            if rules.day(interval.from_at) <= day and not is_over:
                for unit_id in _holders(interval.team_id, day, memberships):
                    today[unit_id, interval.item_type] += 1
        for unit_id, item_type in today.keys() | before.keys():
            change = today[unit_id, item_type] - before[unit_id, item_type]
            if change:
                rows[Key(unit_id, day, item_type)].wip_delta += change
        before = today
        day += timedelta(days=1)
