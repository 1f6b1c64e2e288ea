"""Percentiles: interpolation, histograms that add up, and silence below the minimum sample."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.calculations.percentiles import (
    MINIMUM_SAMPLE,
    cycle_times,
    histogram_percentile,
    percentile,
)

days = st.lists(st.integers(min_value=1, max_value=400), min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.1, 5.5), (0.5, 6.0), (0.0, 5.0), (1.0, 6.0)],
)
def test_percentile_interpolates_between_closest_ranks(share: float, expected: float) -> None:
    assert percentile([6, 6, 6, 6, 6, 5], share) == expected


def test_percentile_of_nothing_is_nothing() -> None:
    assert percentile([], 0.5) is None
    assert histogram_percentile({4: 0}, 0.5) is None


def test_percentile_refuses_a_share_outside_0_to_1() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        percentile([1], 85)


@given(days, st.floats(min_value=0, max_value=1))
def test_histogram_percentile_equals_the_percentile_of_the_items(values: list[int], share: float) -> None:
    ordered = sorted(values)
    rank = share * (len(ordered) - 1)
    lower = int(rank)
    upper = min(lower + 1, len(ordered) - 1)
    expected = ordered[lower] + (rank - lower) * (ordered[upper] - ordered[lower])
    assert histogram_percentile(Counter(values), share) == pytest.approx(expected)


@given(days, st.floats(min_value=0, max_value=1), st.floats(min_value=0, max_value=1))
def test_percentiles_never_fall_as_the_share_grows(values: list[int], one: float, other: float) -> None:
    low, high = sorted((one, other))
    at_low, at_high = percentile(values, low), percentile(values, high)
    assert at_low is not None
    assert at_high is not None
    assert at_low <= at_high + 1e-9


@given(days, days)
def test_histograms_of_two_teams_add_up_to_the_programs(first: list[int], second: list[int]) -> None:
    together = Counter(first) + Counter(second)
    assert histogram_percentile(together, 0.85) == percentile([*first, *second], 0.85)


def test_cycle_times_below_the_minimum_sample_say_nothing() -> None:
    few = cycle_times({3: MINIMUM_SAMPLE - 1}, start_not_seen_count=1)
    assert not few.is_enough
    assert few.p50_days is None
    assert few.p85_days is None
    assert few.start_not_seen_ratio == pytest.approx(1 / MINIMUM_SAMPLE)


def test_cycle_times_name_the_share_whose_start_was_not_seen() -> None:
    enough = cycle_times({1: 5, 3: 5}, start_not_seen_count=30)
    assert enough.p50_days == 2.0
    assert enough.sample_size == 10
    assert enough.start_not_seen_ratio == 0.75


def test_cycle_times_of_an_idle_window_have_no_share() -> None:
    assert cycle_times({}, start_not_seen_count=0).start_not_seen_ratio is None
