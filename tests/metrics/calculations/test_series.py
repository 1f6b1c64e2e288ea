"""Weeks, stocks and velocity."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from metrics.calculations.series import compare, per_week, running_stock, velocity, week_of


def test_weeks_begin_on_monday_and_empty_ones_are_zero() -> None:
    counts = {date(2026, 1, 1): 2, date(2026, 1, 4): 1, date(2026, 1, 20): 4, date(2026, 2, 1): 9}
    assert per_week(counts, date(2026, 1, 1), date(2026, 1, 26)) == [
        (date(2025, 12, 29), 3),
        (date(2026, 1, 5), 0),
        (date(2026, 1, 12), 0),
        (date(2026, 1, 19), 4),
    ]
    assert week_of(date(2026, 1, 4)) == date(2025, 12, 29)


def test_running_stock_is_the_stock_at_each_days_end() -> None:
    assert running_stock(3, [1, 0, -2]) == [4, 4, 2]
    assert running_stock(3, []) == []


def test_velocity_is_the_mean_of_the_last_six_sprints_with_its_range() -> None:
    result = velocity([Decimal(100), *map(Decimal, (10, 20, 30, 20, 10, 30))])
    assert (result.mean, result.low, result.high) == (Decimal(20), Decimal(10), Decimal(30))
    assert result.sprint_count == 6


def test_velocity_of_two_sprints_is_not_enough_data() -> None:
    result = velocity([Decimal(10), Decimal(20)])
    assert result.mean is None
    assert result.sprint_count == 2


def test_compare_has_no_ratio_when_there_was_nothing_before() -> None:
    assert compare(4, 0).ratio is None
    assert compare(3, 4).ratio == -0.25
