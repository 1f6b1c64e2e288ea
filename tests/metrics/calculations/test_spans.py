"""Days between two days, all or worked; the moving mean and its deviation."""

from __future__ import annotations

from datetime import date, timedelta
from statistics import fmean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.calculations.spans import CalendarDays, WorkedDays, histogram_of, moving_spread

MONDAY = date(2026, 6, 1)
WORKED = WorkedDays(lambda day: day.weekday() < 5, MONDAY, MONDAY + timedelta(days=60))


@pytest.mark.parametrize(
    ("first", "last", "calendar", "worked"),
    [(0, 0, 1, 1), (0, 4, 5, 5), (4, 7, 4, 2), (5, 6, 2, 1), (5, 7, 3, 1), (0, 13, 14, 10)],
)
def test_both_ends_count_and_work_took_a_day_at_least(first: int, last: int, calendar: int, worked: int) -> None:
    days = (MONDAY + timedelta(days=first), MONDAY + timedelta(days=last))
    assert CalendarDays().between(*days) == calendar
    assert WORKED.between(*days) == worked
    assert histogram_of([(*days, 3), (*days, 2)], WORKED) == {worked: 5}


values = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 50)), min_size=1, max_size=40)


@given(values)
def test_moving_spread_is_that_of_the_items_of_its_days(items: list[tuple[int, int]]) -> None:
    by_day: dict[date, dict[int, int]] = {}
    for offset, value in items:
        counts = by_day.setdefault(MONDAY + timedelta(days=offset), {})
        counts[value] = counts.get(value, 0) + 1
    days = [MONDAY + timedelta(days=offset) for offset in range(21)]
    found = {day: (mean, spread) for day, mean, spread in moving_spread(by_day, days, length=7, minimum=3)}
    for at, day in enumerate(days):
        near = [value for offset, value in items if at - 7 < offset <= at]
        if len(near) < 3:
            assert day not in found
        else:
            assert found[day] == pytest.approx((fmean(near), pstdev(near)), abs=1e-6)
