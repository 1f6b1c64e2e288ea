"""What a sprint promised and kept, item by item."""

from __future__ import annotations

from decimal import Decimal

from metrics.calculations.sprints import ScopeChange, SprintSummary, sprint_summary
from metrics.calculations.timeline import Change, Kind, item_intervals
from tests.metrics.calculations.histories import (
    BACKLOG,
    BUILD,
    CANCELLED,
    DONE,
    RULES,
    history,
    moment,
    with_change,
)

SPRINT = 51


def planned(*moves: tuple[int, int], points: int | None, day: int = 2) -> list[Change]:
    """An item put into the sprint on `day` with an estimate from its creation on."""
    changes = history(*moves)
    if points is not None:
        changes = with_change(changes, Kind.ESTIMATE, moves[0][0], Decimal(points))
    return with_change(changes, Kind.SPRINT, day, SPRINT)


def summary(*items: list[Change], counted_before: tuple[int, ...] = ()) -> SprintSummary:
    """Close a sprint that ran from the 5th to the 19th."""
    return sprint_summary(
        {number: item_intervals(number, changes, RULES) for number, changes in enumerate(items, start=1)},
        sprint_id=SPRINT,
        starts_at=moment(5),
        completed_at=moment(19),
        counted_before=counted_before,
    )


def test_velocity_is_all_or_nothing() -> None:
    result = summary(
        planned((1, BACKLOG), (6, BUILD), (10, DONE), points=5),
        planned((1, BACKLOG), (6, BUILD), points=8),
    )
    assert result.velocity == Decimal(5)
    assert result.committed.points == Decimal(13)
    assert result.carried_over.items == (2,)
    assert result.say_do_items_ratio == 0.5
    assert result.say_do_points_ratio == 5 / 13


def test_later_reestimation_changes_velocity_and_not_the_commitment() -> None:
    grown = with_change(planned((1, BACKLOG), (6, BUILD), (10, DONE), points=5), Kind.ESTIMATE, 8, Decimal(8))
    result = summary(grown)
    assert result.committed.points == Decimal(5)
    assert result.completed.points == Decimal(8)
    assert [(change.kind, change.points) for change in result.scope_changes] == [(ScopeChange.REESTIMATED, Decimal(3))]


def test_removed_and_put_back_shows_both() -> None:
    changes = planned((1, BACKLOG), (6, BUILD), points=3)
    changes = with_change(changes, Kind.SPRINT, 8, None)
    changes = with_change(changes, Kind.SPRINT, 9, SPRINT)
    result = summary(changes)
    assert [(change.kind, change.points) for change in result.scope_changes] == [
        (ScopeChange.REMOVED, Decimal(-3)),
        (ScopeChange.ADDED, Decimal(3)),
    ]


def test_added_after_the_start_counts_in_velocity_and_not_in_say_do() -> None:
    result = summary(planned((1, BACKLOG), (10, DONE), points=2, day=7))
    assert result.committed.items == ()
    assert result.velocity == Decimal(2)
    assert result.say_do_points_ratio is None


def test_finished_before_the_start_is_shown_and_not_counted() -> None:
    result = summary(planned((1, BACKLOG), (3, DONE), points=5))
    assert result.completed_outside.items == (1,)
    assert result.velocity == 0


def test_finished_again_is_shown_outside_velocity() -> None:
    again = planned((1, BACKLOG), (3, DONE), (7, BUILD), (9, DONE), points=5)
    result = summary(again, counted_before=(1,))
    assert result.finished_again.items == (1,)
    assert result.velocity == 0


def test_no_estimate_counts_nothing_and_is_listed() -> None:
    result = summary(planned((1, BACKLOG), (9, DONE), points=None))
    assert result.completed.points == 0
    assert result.completed.unestimated == (1,)


def test_cancelled_is_neither_completed_nor_carried_over() -> None:
    result = summary(planned((1, BACKLOG), (9, CANCELLED), points=3))
    assert result.completed.items == ()
    assert result.carried_over.items == ()


def test_what_a_closed_sprint_knew_is_not_changed_by_a_later_reopening() -> None:
    finished = planned((1, BACKLOG), (9, DONE), points=3)
    assert summary(finished) == summary(with_change(finished, Kind.STATE, 25, BUILD))
