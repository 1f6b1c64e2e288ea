"""Predictability of increments: the known answer, and what must hold for any objectives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.calculations.predictability import Health, Predictability, Scored, predictability

scored = st.builds(Scored, st.booleans(), st.integers(1, 10), st.none() | st.integers(0, 10))


def test_the_published_case() -> None:
    # Committed planned 8 + 5 + 10, actual 8 + 3 + 10; an uncommitted one brought 4.
    total = predictability(
        [Scored(True, 8, 8), Scored(True, 5, 3), Scored(True, 10, 10), Scored(is_committed=False, planned=7, actual=4)]
    )
    assert (total.planned, total.actual, total.actual_committed) == (23, 25, 21)
    assert total.ratio == pytest.approx(1.087, abs=0.0005)
    assert total.ratio_of_committed == pytest.approx(0.913, abs=0.0005)
    assert total.health == Health.ABOVE


@pytest.mark.parametrize(
    ("objectives", "ratio", "health"),
    [
        ([], None, None),
        ([Scored(False, 5, 5)], None, None),  # nothing was promised
        ([Scored(True, 5, None)], None, None),  # nothing is known yet
        ([Scored(True, 5, 4), Scored(True, 5, None)], 0.4, Health.BELOW),  # the unscored one counts 0, and is counted
        ([Scored(True, 5, 4)], 0.8, Health.HEALTHY),
        ([Scored(True, 5, 5)], 1.0, Health.HEALTHY),
        ([Scored(True, 5, 0)], 0.0, Health.BELOW),
    ],
)
def test_edges(objectives: list[Scored], ratio: float | None, health: Health | None) -> None:
    total = predictability(objectives)
    assert total.ratio == (None if ratio is None else pytest.approx(ratio))
    assert total.health == health


@given(st.lists(scored), st.lists(scored))
def test_a_program_is_the_sum_of_its_teams(first: list[Scored], second: list[Scored]) -> None:
    assert predictability(first) + predictability(second) == predictability([*second, *first])
    assert predictability(first) + Predictability() == predictability(first)


@given(st.lists(scored))
def test_an_uncommitted_objective_never_lowers_the_ratio(objectives: list[Scored]) -> None:
    total = predictability(objectives)
    assert total.scored + total.unscored == len(objectives)
    if total.ratio is not None and total.ratio_of_committed is not None:
        assert total.ratio >= total.ratio_of_committed >= 0
