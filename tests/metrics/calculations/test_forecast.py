"""Cases 6 to 8 of docs/metrics.md, and what must hold of any forecast."""

from __future__ import annotations

import gzip
import json
import time
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.calculations.forecast import (
    MAXIMUM_DAYS,
    TRIALS,
    Concern,
    Trials,
    backtest_how_many,
    backtest_when,
    concerns,
    days_until_done,
    finished_within,
    how_many_at,
    items_with_growth,
    when_at,
)

TITANIUM = Path(__file__).parents[2] / "data" / "titanium" / "issues.jsonl.gz"
PERCENTS = (50, 70, 85, 95)
past = st.lists(st.integers(0, 5), min_size=1, max_size=40)


def trials_of(counts: Mapping[int, int]) -> Trials:
    return np.repeat(list(counts), list(counts.values()))


def test_case_6_when() -> None:
    trials = trials_of({3: 1, 4: 2, 5: 3, 6: 2, 7: 1, 9: 1})
    assert [when_at(trials, percent) for percent in PERCENTS] == [5, 6, 7, 9]
    assert float((trials <= 5).mean()) == 0.6
    assert when_at(trials, 60) == 5
    assert when_at(trials, 61) == 6


def test_case_7_how_many() -> None:
    trials = trials_of({9: 1, 7: 2, 5: 4, 4: 2, 3: 1})
    assert [how_many_at(trials, percent) for percent in (10, 30, 50, 85)] == [9, 7, 5, 4]


@pytest.fixture(scope="module")
def titanium_days() -> list[int]:
    """Resolved issues a day of project TIMOB, of all issues created from 2017-01-01."""
    resolved: Counter[date] = Counter()
    with gzip.open(TITANIUM, "rt", encoding="utf-8") as file:
        for line in file:
            if '"key":"TIMOB-' not in line:
                continue
            issue = json.loads(line)
            fields = issue["fields"]
            is_one = issue["key"].startswith("TIMOB-") and fields["created"] >= "2017-01-01"
            if is_one and fields.get("resolutiondate"):
                resolved[date.fromisoformat(fields["resolutiondate"][:10])] += 1
    first, last = min(resolved), max(resolved)
    return [resolved[first + timedelta(days=n)] for n in range((last - first).days + 1)]


@pytest.mark.parametrize(("days", "expected"), [(30, [45, 39, 33, 27]), (14, [20, 16, 13, 9])])
def test_case_8_sampling_agrees_with_exact_convolution(
    titanium_days: list[int], days: int, expected: list[int]
) -> None:
    assert (sum(titanium_days), len(titanium_days)) == (2720, 1778)
    day = np.bincount(titanium_days) / len(titanium_days)
    exact = np.ones(1)
    for _ in range(days):
        exact = np.convolve(exact, day)
    at_least = exact[::-1].cumsum()[::-1]
    assert [int(np.flatnonzero(at_least >= percent / 100).max()) for percent in PERCENTS] == expected

    trials = finished_within(titanium_days, days=days, seed=1)
    for count in range(expected[-1], expected[0] + 1):
        chance = at_least[count]
        error = (chance * (1 - chance) / TRIALS) ** 0.5
        assert abs(float((trials >= count).mean()) - chance) < 4 * error
    assert [how_many_at(trials, percent) for percent in PERCENTS] == pytest.approx(expected, abs=1)


def test_both_questions_have_one_answer(titanium_days: list[int]) -> None:
    # Done by day 30 means that 30 days bring at least as many.
    when = float((days_until_done(titanium_days, items=45, seed=2) <= 30).mean())
    how_many = float((finished_within(titanium_days, days=30, seed=3) >= 45).mean())
    assert when == pytest.approx(how_many, abs=0.03)


def test_five_hundred_items_take_well_under_a_second(titanium_days: list[int]) -> None:
    began = time.process_time()
    days_until_done(titanium_days, items=500, seed=1)
    assert time.process_time() - began < 1


def test_a_day_like_all_others_leaves_no_doubt() -> None:
    assert set(days_until_done([2] * 30, items=9, seed=1)) == {5}
    assert set(finished_within([2] * 30, days=5, seed=1)) == {10}


def test_where_nothing_was_finished_there_is_no_forecast() -> None:
    assert set(days_until_done([0] * 30, items=1, seed=1)) == {MAXIMUM_DAYS + 1}
    assert set(days_until_done([0] * 30, items=0, seed=1)) == {0}
    assert set(finished_within([0] * 30, days=10, seed=1)) == {0}
    assert set(finished_within([], days=10, seed=1)) == {0}
    assert concerns([0] * 30) == (Concern.NOTHING_FINISHED,)


def test_concerns_about_a_history() -> None:
    assert concerns([1] * 28) == ()
    assert concerns([1] * 27) == (Concern.THIN,)
    assert concerns([1, 0, 0] * 9 + [0]) == (Concern.THIN,)
    assert concerns([1] * 14 + [3] * 14) == (Concern.UNSTABLE,)
    assert concerns([1] * 14 + [2] * 14) == ()
    assert concerns([1] * 10 + [9] + [1] * 10 + [0] * 10) == (Concern.UNSTABLE,)


def test_growth() -> None:
    assert items_with_growth(10, growth=1.0) == 10
    assert items_with_growth(10, growth=1.1) == 11
    assert items_with_growth(3, growth=1.5) == 5


@settings(max_examples=40, deadline=None)
@given(history=past, items=st.integers(1, 60), seed=st.integers(0, 99))
def test_higher_confidence_is_later_and_fewer(history: list[int], items: int, seed: int) -> None:
    when = days_until_done(history, items=items, seed=seed, trials=200, limit=400)
    dates = [when_at(when, percent) for percent in range(5, 100, 5)]
    assert dates == sorted(dates)
    numbers = [how_many_at(finished_within(history, days=items, seed=seed, trials=200), p) for p in range(5, 100, 5)]
    assert numbers == sorted(numbers, reverse=True)


@settings(max_examples=40, deadline=None)
@given(history=past, items=st.integers(1, 60), more=st.integers(1, 20), seed=st.integers(0, 99))
def test_more_items_never_come_earlier(history: list[int], items: int, more: int, seed: int) -> None:
    few = days_until_done(history, items=items, seed=seed, trials=200, limit=130)
    many = days_until_done(history, items=items + more, seed=seed, trials=200, limit=130)
    assert (few <= many).all()
    # Nor before the best day repeated would allow.
    assert few.min() >= (-(-items // max(history)) if any(history) else 131)


@settings(max_examples=20, deadline=None)
@given(history=past, seed=st.integers(0, 99))
def test_the_same_seed_gives_the_same_forecast(history: list[int], seed: int) -> None:
    when = [days_until_done(history, items=9, seed=seed, trials=50, limit=200) for _ in range(2)]
    how_many = [finished_within(history, days=9, seed=seed, trials=50) for _ in range(2)]
    assert (when[0] == when[1]).all()
    assert (how_many[0] == how_many[1]).all()


def test_backtest_of_a_steady_past_holds_always() -> None:
    steady = [1] * 60
    when = backtest_when(steady, sample_days=20, items=5, percents=PERCENTS, seed=1)
    # The last days' forecasts have not come due.
    assert (when.tested_days, set(when.held_ratio.values())) == (36, {1.0})
    how_many = backtest_how_many(steady, sample_days=20, days=5, percents=PERCENTS, seed=1)
    assert (how_many.tested_days, set(how_many.held_ratio.values())) == (36, {1.0})


def test_backtest_of_a_past_that_slowed_down_does_not_hold() -> None:
    slowed = [4] * 30 + [1] * 10
    how_many = backtest_how_many(slowed, sample_days=30, days=10, percents=PERCENTS, seed=1)
    assert (how_many.tested_days, set(how_many.held_ratio.values())) == (1, {0.0})


def test_nothing_to_test_says_so() -> None:
    assert backtest_how_many([1] * 10, sample_days=30, days=10, percents=PERCENTS, seed=1).held_ratio == {}
    assert backtest_when([0] * 90, sample_days=30, items=1, percents=PERCENTS, seed=1).tested_days == 0


def test_backtest_over_chance_holds_about_as_often_as_it_says() -> None:
    days = [int(count) for count in np.random.default_rng(7).poisson(1.4, size=500)]
    how_many = backtest_how_many(days, sample_days=91, days=14, percents=PERCENTS, seed=1)
    when = backtest_when(days, sample_days=91, items=20, percents=PERCENTS, seed=1)
    for percent in PERCENTS:
        assert how_many.held_ratio[percent] == pytest.approx(percent / 100, abs=0.15)
        assert when.held_ratio[percent] == pytest.approx(percent / 100, abs=0.15)
