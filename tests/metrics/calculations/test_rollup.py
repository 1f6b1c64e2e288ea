"""The plain roll-up: days, units above, teams that change their program, sums that add up."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given

from metrics.calculations.rollup import Key, Membership, RolledUp, Row, roll_up
from metrics.calculations.timeline import Change, Kind, item_fact, item_intervals
from pmo_portal.lib.windows import week_start
from tests.metrics.calculations.histories import (
    BACKLOG,
    BUILD,
    CANCELLED,
    DONE,
    RULES,
    history,
    with_change,
)
from tests.metrics.calculations.strategies import worlds

FIRST, LAST = date(1900, 1, 1), date(9999, 12, 31)
PROGRAM, OTHER_PROGRAM, PORTFOLIO = 10, 11, 20
TEAM, OTHER_TEAM = 1, 2
STANDING = [
    Membership(PROGRAM, TEAM, FIRST, LAST),
    Membership(PORTFOLIO, TEAM, FIRST, LAST),
    Membership(OTHER_PROGRAM, OTHER_TEAM, FIRST, LAST),
    Membership(PORTFOLIO, OTHER_TEAM, FIRST, LAST),
]


def rolled(histories: dict[int, list[Change]], memberships: list[Membership]) -> RolledUp:
    facts = [fact for item_id, changes in histories.items() if (fact := item_fact(item_id, changes, RULES))]
    intervals = [
        interval for item_id, changes in histories.items() for interval in item_intervals(item_id, changes, RULES)
    ]
    return roll_up(facts, intervals, memberships, RULES)


def day(number: int) -> date:
    return date(2026, 1, number)


def wip(result: RolledUp, unit_id: int, on: date) -> int:
    return sum(row.wip_delta for key, row in result.rows.items() if key.unit_id == unit_id and key.day <= on)


def test_a_finished_item_counts_once_in_every_unit_above() -> None:
    result = rolled({1: history((1, BACKLOG), (2, BUILD), (4, DONE))}, STANDING)
    for unit_id in (TEAM, PROGRAM, PORTFOLIO):
        assert result.rows[Key(unit_id, day(4), "STORY")] == Row(finished=1, finished_without_estimate=1, wip_delta=-1)
        assert result.cycles[unit_id, week_start(day(4)), "STORY", 3] == 1
    assert OTHER_PROGRAM not in {key.unit_id for key in result.rows}


def test_estimates_are_summed_and_missing_ones_counted() -> None:
    sized = with_change(history((1, BUILD), (4, DONE)), Kind.ESTIMATE, 1, Decimal(8))
    result = rolled({1: sized, 2: history((1, BUILD), (4, DONE))}, STANDING)
    row = result.rows[Key(PROGRAM, day(4), "STORY")]
    assert row.finished_estimate == Decimal(8)
    assert row.finished_without_estimate == 1


def test_a_reopened_item_leaves_its_old_day() -> None:
    result = rolled({1: history((1, BUILD), (3, DONE), (5, BUILD), (7, DONE))}, STANDING)
    finished = {key.day: row.finished for key, row in result.rows.items() if key.unit_id == TEAM and row.finished}
    assert finished == {day(7): 1}


def test_a_cancelled_item_leaves_work_in_progress_and_is_not_finished() -> None:
    result = rolled({1: history((1, BUILD), (3, CANCELLED))}, STANDING)
    assert result.rows[Key(PORTFOLIO, day(3), "STORY")] == Row(cancelled=1, wip_delta=-1)
    assert not result.cycles


def test_what_starts_and_finishes_on_one_day_leaves_no_stock() -> None:
    result = rolled({1: history((1, BACKLOG), (2, BUILD), (2, DONE))}, STANDING)
    assert result.rows[Key(TEAM, day(2), "STORY")].wip_delta == 0


def test_a_team_that_changes_its_program_takes_its_open_work_along_and_not_its_past() -> None:
    moved = [
        Membership(PROGRAM, TEAM, FIRST, day(10)),
        Membership(OTHER_PROGRAM, TEAM, day(10), LAST),
        Membership(PORTFOLIO, TEAM, FIRST, LAST),
    ]
    result = rolled({1: history((1, BUILD), (4, DONE)), 2: history((2, BUILD), (12, DONE))}, moved)
    assert [wip(result, PROGRAM, day(n)) for n in (9, 10, 12)] == [1, 0, 0]
    assert [wip(result, OTHER_PROGRAM, day(n)) for n in (9, 10, 12)] == [0, 1, 0]
    assert [wip(result, PORTFOLIO, day(n)) for n in (9, 10, 12)] == [1, 1, 0]
    assert result.rows[Key(PROGRAM, day(4), "STORY")].finished == 1
    assert result.rows[Key(OTHER_PROGRAM, day(12), "STORY")].finished == 1
    assert Key(PROGRAM, day(12), "STORY") not in result.rows


@given(worlds())
def test_a_unit_above_all_teams_counts_every_item_exactly_once(histories: dict[int, list[Change]]) -> None:
    result = rolled(histories, STANDING)
    teams = {TEAM, OTHER_TEAM}
    for measure in ("created", "started", "finished", "cancelled", "wip_delta"):
        of_teams = sum(getattr(row, measure) for key, row in result.rows.items() if key.unit_id in teams)
        above = sum(getattr(row, measure) for key, row in result.rows.items() if key.unit_id == PORTFOLIO)
        assert of_teams == above


@given(worlds())
def test_work_in_progress_is_never_negative_and_ends_at_what_is_open(
    histories: dict[int, list[Change]],
) -> None:
    result = rolled(histories, STANDING)
    days = sorted({key.day for key in result.rows})
    for unit_id in (TEAM, OTHER_TEAM, PORTFOLIO):
        assert all(wip(result, unit_id, on) >= 0 for on in days)
    open_now = sum(
        interval.is_wip and interval.until_at is None
        for item_id, changes in histories.items()
        for interval in item_intervals(item_id, changes, RULES)
    )
    assert wip(result, PORTFOLIO, LAST) == open_now


@given(worlds())
def test_the_histogram_holds_every_finished_item_whose_start_was_seen(
    histories: dict[int, list[Change]],
) -> None:
    result = rolled(histories, STANDING)
    finished = sum(row.finished for key, row in result.rows.items() if key.unit_id == PORTFOLIO)
    unseen = sum(row.finished_start_not_seen for key, row in result.rows.items() if key.unit_id == PORTFOLIO)
    in_histogram = sum(count for key, count in result.cycles.items() if key[0] == PORTFOLIO)
    errors = sum(
        fact.is_data_error and fact.is_counted and fact.is_start_seen
        for item_id, changes in histories.items()
        if (fact := item_fact(item_id, changes, RULES))
    )
    assert in_histogram == finished - unseen - errors
