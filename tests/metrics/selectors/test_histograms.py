"""A window cut into whole weeks and a few days is the same days."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from metrics.selectors.histograms import cut_by_weeks
from pmo_portal.lib.windows import Window

MONDAY = date(2026, 3, 2)
days = st.integers(-40, 60).map(lambda number: MONDAY + timedelta(days=number))


@given(start=days, length=st.integers(0, 60), today=days)
@example(start=MONDAY, length=10, today=MONDAY + timedelta(days=9))
def test_cut_by_weeks_covers_every_day_once_and_counts_few_one_by_one(start: date, length: int, today: date) -> None:
    window = Window(start, start + timedelta(days=length))
    cut = cut_by_weeks(window, today=today)
    assert cut.weeks.start.weekday() == cut.weeks.end.weekday() == 0
    covered = Counter(cut.weeks)
    for part, sign in cut.days:
        covered.update(dict.fromkeys(part, sign))
        assert sum(day <= today for day in part) <= (3 if cut.weeks.days else 6)
    assert {day for day, times in covered.items() if times} == set(window)
    assert set(covered.values()) <= {0, 1}


def test_cut_by_weeks_up_to_today_reads_the_running_week_as_it_is() -> None:
    """The days that have not come yet are looked up, in case something is dated ahead; there is nothing to read."""
    friday = MONDAY + timedelta(days=4)
    cut = cut_by_weeks(Window(MONDAY - timedelta(weeks=12), friday + timedelta(days=1)), today=friday)
    assert cut.weeks == Window(MONDAY - timedelta(weeks=12), MONDAY + timedelta(weeks=1))
    assert cut.days == ((Window(friday + timedelta(days=1), MONDAY + timedelta(weeks=1)), -1),)
