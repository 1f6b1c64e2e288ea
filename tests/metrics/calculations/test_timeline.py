"""Facts and intervals of single items: the cases with known answers, and the edge cases by name."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from metrics.calculations.timeline import (
    Category,
    Change,
    Fact,
    Kind,
    Meaning,
    item_fact,
    item_intervals,
)
from tests.metrics.calculations.histories import (
    ALWAYS,
    BACKLOG,
    BUILD,
    CANCELLED,
    COMMITTED,
    DONE,
    RELEASED,
    RULES,
    TEAM,
    TEST,
    history,
    moment,
    with_change,
)


def fact_of(changes: list[Change]) -> Fact:
    fact = item_fact(7, changes, RULES)
    assert fact is not None
    return fact


def day(number: int) -> date:
    return date(2026, 1, number)


@pytest.mark.parametrize(
    ("moves", "start", "cycle"),
    [
        pytest.param([(1, BACKLOG), (2, COMMITTED), (4, DONE)], 2, 3, id="case-1-through-committed"),
        pytest.param([(1, BACKLOG), (2, BUILD), (4, DONE)], 2, 3, id="case-1-committed-skipped"),
        pytest.param([(3, COMMITTED), (4, BUILD), (5, TEST), (6, DONE)], 3, 4, id="case-2"),
        pytest.param([(4, COMMITTED), (4, DONE)], 4, 1, id="same-day-is-one"),
        pytest.param([(2, BUILD), (3, BACKLOG), (8, BUILD), (9, DONE)], 2, 8, id="first-start-stays"),
        pytest.param([(2, BUILD), (3, DONE), (5, BUILD), (9, DONE)], 2, 8, id="reopened-last-finish"),
        pytest.param([(2, BUILD), (4, DONE), (9, RELEASED)], 2, 3, id="move-inside-done-changes-nothing"),
    ],
)
def test_cycle_time_counts_both_ends(moves: list[tuple[int, int]], start: int, cycle: int) -> None:
    fact = fact_of(history(*moves))
    assert fact.started_on == day(start)
    assert fact.cycle_days == cycle
    assert fact.is_start_seen


def test_case_2_a_flag_never_cleared_runs_to_the_finish() -> None:
    changes = history((3, COMMITTED), (4, BUILD), (5, TEST), (6, DONE))
    fact = fact_of(with_change(changes, Kind.BLOCKED, 4, True))
    assert fact.blocked_seconds == 2 * 24 * 3600
    assert fact.active_seconds == 0
    assert fact.waiting_seconds == 3 * 24 * 3600


def test_case_3_moved_back_is_not_finished_and_keeps_its_start() -> None:
    fact = fact_of(history((4, COMMITTED), (5, BUILD), (6, COMMITTED)))
    assert fact.finished_at is None
    assert fact.cycle_days is None
    assert fact.started_on == day(4)


def test_never_started_takes_the_finish_for_the_start_and_is_marked() -> None:
    fact = fact_of(history((1, BACKLOG), (5, DONE)))
    assert not fact.is_start_seen
    assert fact.started_on is None
    assert fact.cycle_days == 1
    assert fact.lead_days == 5


def test_cancelled_has_no_finish() -> None:
    fact = fact_of(history((1, BACKLOG), (2, BUILD), (3, DONE), (4, CANCELLED)))
    assert fact.finished_at is None
    assert fact.cancelled_on == day(4)
    assert fact.cycle_days is None
    assert fact.reopened_count == 1


def test_finished_before_created_is_a_data_error_without_spans() -> None:
    changes = history((9, BACKLOG), (5, DONE))
    fact = fact_of(changes)
    assert fact.is_data_error
    assert fact.finished_on == day(5)
    assert (fact.cycle_days, fact.lead_days, fact.active_seconds) == (None, None, None)


def test_an_undone_move_is_skipped_with_its_undoing() -> None:
    changes = history((1, BACKLOG), (2, BUILD), (3, DONE))
    undone = with_change(changes, Kind.STATE, 4, BUILD, voids=3)
    assert fact_of(undone).category is Category.ACTIVE
    assert fact_of(undone).finished_at is None
    assert fact_of(undone) == fact_of(changes[:2])


def test_a_late_event_takes_its_place_by_the_time_at_which_it_was_true() -> None:
    changes = history((1, BACKLOG), (5, DONE))
    fact = fact_of(with_change(changes, Kind.STATE, 3, BUILD))
    assert fact.started_on == day(3)
    assert fact.cycle_days == 3


def test_a_meaning_counts_from_the_moment_the_item_entered_the_state() -> None:
    changed = datetime(2026, 1, 5, tzinfo=UTC)
    rules = replace(
        RULES,
        meanings={
            **RULES.meanings,
            TEST: [Meaning(Category.WAITING, ALWAYS, changed), Meaning(Category.DONE, changed)],
        },
    )
    early = item_fact(1, history((1, BACKLOG), (4, TEST)), rules)
    late = item_fact(1, history((1, BACKLOG), (6, TEST)), rules)
    assert early is not None
    assert late is not None
    assert early.finished_at is None
    assert late.finished_on == day(6)


def test_a_team_that_starts_at_active_does_not_count_committed() -> None:
    rules = replace(RULES, started_from={TEAM: Category.ACTIVE})
    changes = history((1, BACKLOG), (2, COMMITTED), (4, BUILD), (6, DONE))
    fact = item_fact(1, changes, rules)
    assert fact is not None
    assert fact.started_on == day(4)
    assert fact.cycle_days == 3
    assert [interval.is_wip for interval in item_intervals(1, changes, rules)] == [False, False, True, False]


def test_a_metric_day_is_the_local_day() -> None:
    changes = history((1, BACKLOG), (2, BUILD))
    changes.append(Change(3, Kind.STATE, datetime(2026, 1, 4, 23, 30, tzinfo=UTC), DONE))
    assert fact_of(changes).finished_on == day(5)


def test_the_estimate_of_the_finish_stays() -> None:
    changes = history((1, BACKLOG), (2, BUILD), (4, DONE))
    changes = with_change(changes, Kind.ESTIMATE, 1, Decimal(5), hour=15)
    changes = with_change(changes, Kind.ESTIMATE, 6, Decimal(13))
    assert fact_of(changes).finished_estimate == Decimal(5)


@pytest.mark.parametrize(
    ("kind", "value"),
    [(Kind.TYPE, "SUBTASK"), (Kind.PARENT, 3), (Kind.DELETED, True)],
    ids=["sub-task", "has-a-parent", "deleted"],
)
def test_what_does_not_count_is_neither_wip_nor_counted(kind: Kind, value: int | str | bool) -> None:
    changes = with_change(history((1, BACKLOG), (2, BUILD)), kind, 3, value)
    assert not fact_of(changes).is_counted
    assert not any(interval.is_wip for interval in item_intervals(7, changes, RULES))


def test_a_restored_item_counts_again() -> None:
    changes = with_change(history((1, BACKLOG), (2, BUILD)), Kind.DELETED, 3, True)
    assert fact_of(with_change(changes, Kind.DELETED, 4, False)).is_counted


def test_flow_belongs_to_the_team_of_the_moment() -> None:
    changes = history((1, BACKLOG), (2, BUILD), (8, DONE))
    changes = with_change(changes, Kind.TEAM, 5, 2)
    fact = fact_of(changes)
    assert (fact.created_team_id, fact.started_team_id, fact.finished_team_id) == (TEAM, TEAM, 2)


def test_intervals_leave_out_what_lasted_no_time() -> None:
    changes = history((1, BACKLOG), (2, COMMITTED), (2, BUILD), (3, DONE))
    intervals = item_intervals(7, changes, RULES)
    assert [interval.state_id for interval in intervals] == [BACKLOG, BUILD, DONE]
    assert intervals[1].from_at == moment(2)
    assert intervals[-1].until_at is None
    assert fact_of(changes).started_at == moment(2)


def test_no_creation_no_fact() -> None:
    assert item_fact(7, [], RULES) is None
