"""Bands of age."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.calculations.aging import percentile_band

BANDS = {50: 5.5, 70: 7.3, 85: 8.65, 95: 9.55}


@pytest.mark.parametrize(("age_days", "band"), [(1, "50"), (5, "50"), (6, "70"), (8, "85"), (9, "95"), (10, "over 95")])
def test_band_of_an_age(age_days: int, band: str) -> None:
    assert percentile_band(age_days, BANDS) == band


def test_no_band_without_percentiles() -> None:
    assert percentile_band(3, {50: None, 70: None, 85: None, 95: None}) == ""


@given(ages=st.lists(st.integers(1, 400), min_size=2), days=st.lists(st.floats(1, 400), min_size=4, max_size=4))
def test_older_work_is_never_in_a_lower_band(ages: list[int], days: list[float]) -> None:
    bands: dict[int, float | None] = dict(zip((50, 70, 85, 95), sorted(days), strict=True))
    order = ["50", "70", "85", "95", "over 95"]
    found = [order.index(percentile_band(age, bands)) for age in sorted(ages)]
    assert found == sorted(found)
