"""Scores and verdicts: the cases people would work out by hand, and what must hold for any numbers."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.calculations.value import (
    Aim,
    Direction,
    Frequency,
    Verdict,
    aim_verdict,
    closed_periods,
    due_on,
    elapsed_ratio,
    key_result_score,
    late_days,
    objective_score,
    pace_verdict,
    period_start,
    way_of,
    whole_verdict,
)

UP, DOWN, RANGE = Direction.UP, Direction.DOWN, Direction.RANGE
ON, RISK, OFF, NONE = Verdict.ON_TRACK, Verdict.AT_RISK, Verdict.OFF_TRACK, Verdict.NO_DATA
numbers = st.decimals(min_value=-1_000_000, max_value=1_000_000, places=2)


def d(value: float) -> Decimal:
    return Decimal(str(value))


@pytest.mark.parametrize(
    ("start", "current", "target", "direction", "score"),
    [
        (0, 25, 100, UP, 0.25),
        (100, 70, 40, DOWN, 0.5),
        (0, 150, 100, UP, 1.0),
        (50, 40, 100, UP, 0.0),
        (99, 99.5, 99, UP, 1.0),
        (99, 98, 99, UP, 0.0),
        (5, 4, 5, DOWN, 1.0),
        (0, None, 100, UP, None),
    ],
)
def test_a_key_result_is_scored_in_its_direction(
    start: float, current: float | None, target: float, direction: Direction, score: float | None
) -> None:
    now = None if current is None else d(current)
    assert key_result_score(start=d(start), current=now, target=d(target), direction=direction) == score


@given(numbers, numbers, numbers)
def test_a_score_is_between_0_and_1_and_never_falls_towards_the_target(
    start: Decimal, current: Decimal, target: Decimal
) -> None:
    direction = UP if target >= start else DOWN
    score = key_result_score(start=start, current=current, target=target, direction=direction)
    assert score is not None
    assert 0 <= score <= 1
    nearer = current + (target - current) / 2 if abs(target - current) > 1 else target
    assert (key_result_score(start=start, current=nearer, target=target, direction=direction) or 0) >= score
    assert key_result_score(start=start, current=target, target=target, direction=direction) == 1


def test_an_objective_is_the_weighted_mean_of_what_is_known() -> None:
    assert objective_score([(1.0, 1), (0.0, 3)]) == 0.25
    assert objective_score([(0.5, 1), (None, 5)]) == 0.5
    assert objective_score([(None, 1)]) is None
    assert objective_score([]) is None


@given(st.lists(st.tuples(st.one_of(st.none(), st.floats(0, 1)), st.integers(1, 100)), max_size=8))
def test_a_mean_lies_between_its_parts(parts: list[tuple[float | None, int]]) -> None:
    known = [score for score, _weight in parts if score is not None]
    score = objective_score(parts)
    assert (score is None) == (not known)
    if score is not None:
        assert min(known) - 1e-9 <= score <= max(known) + 1e-9


@pytest.mark.parametrize(
    ("aim", "values"),
    [
        (Aim(UP, target=d(100), at_risk_at=d(80), off_at=d(60)), {100: ON, 80: ON, 79: RISK, 60: RISK, 59: OFF}),
        (Aim(DOWN, target=d(5), at_risk_at=d(6), off_at=d(8)), {5: ON, 6: ON, 7: RISK, 8: RISK, 9: OFF}),
        (Aim(UP, baseline=d(10), target=d(20)), {20: ON, 15: RISK, 10: OFF, 5: OFF}),
        (Aim(UP, target=d(20)), {20: ON, 19: OFF}),
        (Aim(RANGE, target=d(10), high=d(20), tolerance=d(2)), {10: ON, 20: ON, 9: RISK, 22: RISK, 7: OFF, 23: OFF}),
        (Aim(UP), {5: NONE}),
    ],
)
def test_a_value_is_held_against_its_aim(aim: Aim, values: dict[int, Verdict]) -> None:
    assert {value: aim_verdict(d(value), aim) for value in values} == values
    assert aim_verdict(None, aim) == NONE


@given(st.sampled_from([UP, DOWN]), st.lists(numbers, min_size=4, max_size=4), numbers, numbers)
def test_a_better_value_never_has_a_worse_verdict(
    direction: Direction, marks: list[Decimal], one: Decimal, other: Decimal
) -> None:
    off_at, baseline, at_risk_at, target = sorted(marks, reverse=direction == DOWN)
    aim = Aim(direction, baseline=baseline, target=target, at_risk_at=at_risk_at, off_at=off_at)
    worse, better = sorted([one, other], reverse=direction == DOWN)
    order = [OFF, RISK, ON]
    assert order.index(aim_verdict(worse, aim)) <= order.index(aim_verdict(better, aim))
    assert way_of(worse, better, direction) == (worse != better)


def test_pace_is_the_score_against_the_time_that_has_passed() -> None:
    start, end = date(2026, 1, 1), date(2026, 1, 11)
    assert elapsed_ratio(start, end, date(2026, 1, 5)) == 0.5
    assert elapsed_ratio(start, end, date(2025, 12, 1)) == 0.0
    assert elapsed_ratio(start, end, date(2026, 3, 1)) == 1.0
    assert elapsed_ratio(None, end, start) is None
    assert [pace_verdict(score, 0.5) for score in (0.4, 0.39, 0.2, 0.19, None)] == [ON, RISK, RISK, OFF, NONE]
    assert [pace_verdict(score, None) for score in (1.0, 0.3, 0.0)] == [ON, RISK, OFF]


def test_a_whole_is_off_when_a_third_of_its_parts_is() -> None:
    assert whole_verdict([ON, ON, ON, OFF]) == RISK
    assert whole_verdict([ON, ON, OFF]) == OFF
    assert whole_verdict([ON, NONE]) == ON
    assert whole_verdict([RISK]) == RISK
    assert whole_verdict([NONE]) == NONE


def test_a_value_is_late_after_some_days_of_grace() -> None:
    last = date(2026, 1, 31)
    assert due_on(last, Frequency.MONTHLY) == date(2026, 2, 28)
    assert late_days(last, Frequency.MONTHLY, day=date(2026, 3, 7)) == 0
    assert late_days(last, Frequency.MONTHLY, day=date(2026, 3, 8)) == 8


@given(st.sampled_from(list(Frequency)), st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(1, 8))
def test_closed_periods_follow_each_other_and_end_before_today(frequency: Frequency, day: date, count: int) -> None:
    periods = closed_periods(day, frequency, count=count)
    assert len(periods) == count
    assert periods[-1][1] == period_start(day, frequency) <= day
    assert all(end == start for (_start, end), (start, _end) in itertools.pairwise(periods))
    assert all(period_start(end - timedelta(days=1), frequency) == start for start, end in periods)
