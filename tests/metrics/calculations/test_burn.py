"""Burndown and burnup: what each change does to the lines, and that they end where the sprint's record does."""

from __future__ import annotations

import itertools
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from metrics.calculations.burn import Amount, BurnKind, BurnStep, at_day_ends, burn_steps, guideline
from metrics.calculations.sprints import ScopeChange, sprint_summary
from metrics.calculations.timeline import Change, Kind, item_intervals
from tests.metrics.calculations.histories import BACKLOG, BUILD, CANCELLED, DONE, RULES, history, moment, with_change
from tests.metrics.calculations.strategies import worlds
from tests.metrics.calculations.test_sprints import SPRINT, planned


def burn(*items: list[Change], until: int = 19, is_completed: bool = True) -> list[BurnStep]:
    """The lines of a sprint that began on the 5th."""
    return burn_steps(
        {number: item_intervals(number, changes, RULES) for number, changes in enumerate(items, start=1)},
        sprint_id=SPRINT,
        starts_at=moment(5),
        until=moment(until),
        is_completed=is_completed,
    )


def points(steps: list[BurnStep]) -> list[tuple[BurnKind, int, int]]:
    """(what happened, scope, left) in points."""
    return [(step.kind, int(step.scope.points), int(step.remaining.points)) for step in steps]


def test_a_reopened_item_raises_what_is_left_and_leaves_the_scope() -> None:
    reopened = planned((1, BACKLOG), (6, BUILD), (8, DONE), (10, BUILD), (12, DONE), points=5)
    assert points(burn(reopened, planned((1, BACKLOG), points=3))) == [
        (BurnKind.START, 8, 8),
        (BurnKind.DONE, 8, 3),
        (BurnKind.REOPENED, 8, 8),
        (BurnKind.DONE, 8, 3),
    ]


def test_every_way_in_and_out_moves_the_scope() -> None:
    added = planned((1, BACKLOG), points=2, day=7)
    removed = with_change(planned((1, BACKLOG), points=3), Kind.SPRINT, 8, None)
    grown = with_change(planned((1, BACKLOG), points=5), Kind.ESTIMATE, 9, Decimal(8))
    cancelled = planned((1, BACKLOG), (10, CANCELLED), (11, BUILD), points=1)
    assert points(burn(added, removed, grown, cancelled)) == [
        (BurnKind.START, 9, 9),
        (BurnKind.ADDED, 11, 11),
        (BurnKind.REMOVED, 8, 8),
        (BurnKind.REESTIMATED, 11, 11),
        (BurnKind.CANCELLED, 10, 10),
        (BurnKind.REINSTATED, 11, 11),
    ]


def test_work_done_before_the_start_was_never_left_until_it_is_reopened() -> None:
    before = planned((1, BACKLOG), (3, DONE), (9, BUILD), points=5)
    assert points(burn(before)) == [(BurnKind.START, 0, 0), (BurnKind.REOPENED, 5, 5)]


def test_estimates_of_done_work_are_those_of_its_finish() -> None:
    changed_later = with_change(planned((1, BACKLOG), (8, DONE), points=5), Kind.ESTIMATE, 9, Decimal(13))
    assert points(burn(changed_later)) == [(BurnKind.START, 5, 5), (BurnKind.DONE, 5, 0)]


def test_what_is_sent_on_at_the_completion_is_still_left_in_the_sprint() -> None:
    carried = with_change(planned((1, BACKLOG), (6, BUILD), points=5), Kind.SPRINT, 19, 52)
    assert points(burn(carried)) == [(BurnKind.START, 5, 5)]
    summary = sprint_summary(
        {1: item_intervals(1, carried, RULES)}, sprint_id=SPRINT, starts_at=moment(5), completed_at=moment(19)
    )
    assert summary.scope_changes == ()
    assert summary.carried_over.items == (1,)


def test_a_running_sprint_ends_with_what_is_true_now() -> None:
    left_now = with_change(planned((1, BACKLOG), points=5), Kind.SPRINT, 10, None)
    assert points(burn(left_now, until=10, is_completed=False))[-1] == (BurnKind.REMOVED, 0, 0)


def test_the_guideline_rests_on_days_off() -> None:
    line = guideline(date(2026, 1, 8), date(2026, 1, 13), lambda day: day.isoweekday() < 6)
    assert [(point.at.day, point.left_ratio) for point in line] == [
        (7, 1.0),
        (8, 0.75),
        (9, 0.5),
        (10, 0.5),
        (11, 0.5),
        (12, 0.25),
        (13, 0.0),
    ]
    weekend = guideline(date(2026, 1, 10), date(2026, 1, 11), lambda day: day.isoweekday() < 6)
    assert [point.left_ratio for point in weekend] == [1.0, 1.0, 0.0]
    assert guideline(date(2026, 1, 2), date(2026, 1, 1), lambda _day: True) == []


def test_day_ends_say_what_was_true_then() -> None:
    steps = burn(planned((1, BACKLOG), (8, DONE), points=5))
    ends = at_day_ends(steps, [moment(6, 0), moment(8, 0), moment(9, 0)])
    assert [int(step.remaining.points) for step in ends] == [5, 5, 0]


@given(histories=worlds(), end=st.integers(min_value=9, max_value=27))
def test_lines_end_where_the_sprints_record_does(histories: dict[int, list[Change]], end: int) -> None:
    read = {number: item_intervals(number, changes, RULES) for number, changes in histories.items()}
    steps = burn_steps(read, sprint_id=SPRINT, starts_at=moment(8), until=moment(end), is_completed=True)
    summary = sprint_summary(read, sprint_id=SPRINT, starts_at=moment(8), completed_at=moment(end))
    last = steps[-1]
    assert last.done == Amount(summary.completed.points, len(summary.completed.items))
    assert last.remaining == Amount(summary.carried_over.points, len(summary.carried_over.items))
    for before, after in itertools.pairwise(steps):
        assert before.at <= after.at
        assert (before.scope, before.done) != (after.scope, after.done) or after.kind is BurnKind.REESTIMATED
    kinds = {change.kind for change in summary.scope_changes}
    if BurnKind.ADDED in {step.kind for step in steps}:
        assert ScopeChange.ADDED in kinds


def test_an_item_without_an_estimate_counts_as_an_item_and_no_points() -> None:
    steps = burn(history((1, BACKLOG)), planned((1, BACKLOG), points=None))
    assert steps[0].scope == Amount(Decimal(0), 1)
