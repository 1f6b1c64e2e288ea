"""What a sprint promised and what it kept, read from the intervals of its items."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from metrics.calculations.timeline import Category, Interval


class ScopeChange(StrEnum):
    """How a running sprint's content changed."""

    ADDED = "ADDED"
    REMOVED = "REMOVED"
    REESTIMATED = "REESTIMATED"


@dataclass(frozen=True, slots=True)
class ScopeEvent:
    """One change of scope after the start; `points` is the change of the sum."""

    item_id: int
    kind: ScopeChange
    at: datetime
    points: Decimal


@dataclass(frozen=True, slots=True)
class Basket:
    """Some items and the sum of their estimates; items without an estimate count 0 and are listed."""

    items: tuple[int, ...]
    points: Decimal
    unestimated: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SprintSummary:
    """A sprint at its completion. Velocity is `completed.points`; all or nothing, no partial credit."""

    committed: Basket
    completed: Basket
    completed_outside: Basket
    finished_again: Basket
    carried_over: Basket
    scope_changes: tuple[ScopeEvent, ...]
    say_do_items_ratio: float | None
    say_do_points_ratio: float | None

    @property
    def velocity(self) -> Decimal:
        """Return the sum of the estimates of what the sprint finished."""
        return self.completed.points


def sprint_summary(
    histories: Mapping[int, Sequence[Interval]],
    *,
    sprint_id: int,
    starts_at: datetime,
    completed_at: datetime,
    counted_before: Collection[int] = (),
) -> SprintSummary:
    """Sum a sprint up as it stood at its completion.

    `histories` holds each item's intervals in order. Committed: in the sprint at its start, with the estimates of
    that moment. Completed: in the sprint until its completion and DONE then, finished after the start, with the
    estimates of the finish. Finished before the start: shown as completed outside, not counted. In
    `counted_before` (an earlier sprint counted it, then it was re-opened): shown as finished again, not counted.
    Carried over: in the sprint until its completion, neither DONE nor CANCELLED then.
    """
    committed: dict[int, Decimal | None] = {}
    completed: dict[int, Decimal | None] = {}
    outside: dict[int, Decimal | None] = {}
    again: dict[int, Decimal | None] = {}
    carried: dict[int, Decimal | None] = {}
    for item_id, intervals in sorted(histories.items()):
        opening = interval_at(intervals, starts_at)
        closing = interval_at(intervals, completed_at)
        last = _interval_before(intervals, completed_at)
        if opening and opening.sprint_id == sprint_id:
            committed[item_id] = opening.estimate
        if closing is None or last is None or last.sprint_id != sprint_id:
            continue
        if closing.category is Category.DONE:
            finished = _finish_before(intervals, completed_at)
            if finished.from_at < starts_at:
                outside[item_id] = finished.estimate
            elif item_id in counted_before:
                again[item_id] = finished.estimate
            else:
                completed[item_id] = finished.estimate
        elif closing.category is not Category.CANCELLED:
            carried[item_id] = closing.estimate
    changes = scope_changes(histories, sprint_id=sprint_id, starts_at=starts_at, completed_at=completed_at)
    kept = {item_id: estimate for item_id, estimate in committed.items() if item_id in completed}
    committed_points = _points(committed)
    return SprintSummary(
        committed=_basket(committed),
        completed=_basket(completed),
        completed_outside=_basket(outside),
        finished_again=_basket(again),
        carried_over=_basket(carried),
        scope_changes=changes,
        say_do_items_ratio=len(kept) / len(committed) if committed else None,
        say_do_points_ratio=float(_points(kept) / committed_points) if committed_points else None,
    )


def scope_changes(
    histories: Mapping[int, Sequence[Interval]], *, sprint_id: int, starts_at: datetime, completed_at: datetime
) -> tuple[ScopeEvent, ...]:
    """List what came into a sprint, left it or changed its size after the start, in the order of time."""
    changes = [
        change
        for intervals in histories.values()
        for change in _scope_events(intervals, sprint_id, starts_at, completed_at)
    ]
    return tuple(sorted(changes, key=lambda change: (change.at, change.item_id)))


def interval_at(intervals: Sequence[Interval], at: datetime) -> Interval | None:
    """Return what was true of an item at a moment; None before it existed."""
    for interval in intervals:
        if interval.from_at <= at and (interval.until_at is None or at < interval.until_at):
            return interval
    return None


def _interval_before(intervals: Sequence[Interval], at: datetime) -> Interval | None:
    """Return what was true of an item up to a moment: what happens at the very completion comes after the sprint."""
    for interval in intervals:
        if interval.from_at < at and (interval.until_at is None or at <= interval.until_at):
            return interval
    return None


def _finish_before(intervals: Sequence[Interval], at: datetime) -> Interval:
    """Return the interval with which the run of DONE that the item is in at `at` began."""
    known = [interval for interval in intervals if interval.from_at <= at]
    finish = known[-1]
    for interval in reversed(known):
        if interval.category is not Category.DONE:
            break
        finish = interval
    return finish


def _scope_events(
    intervals: Sequence[Interval], sprint_id: int, starts_at: datetime, completed_at: datetime
) -> list[ScopeEvent]:
    """List how an item entered, left or changed its size in the sprint after the start."""
    events = []
    opening = interval_at(intervals, starts_at)
    was_in = opening is not None and opening.sprint_id == sprint_id
    size = (opening.estimate or Decimal(0)) if opening is not None and was_in else Decimal(0)
    for interval in intervals:
        # At the very completion what is not finished leaves: that is carry-over, no change of scope.
        if not starts_at < interval.from_at < completed_at:
            continue
        is_in = interval.sprint_id == sprint_id
        new_size = interval.estimate or Decimal(0)
        if is_in and not was_in:
            events.append(ScopeEvent(interval.item_id, ScopeChange.ADDED, interval.from_at, new_size))
        elif was_in and not is_in:
            events.append(ScopeEvent(interval.item_id, ScopeChange.REMOVED, interval.from_at, -size))
        elif is_in and new_size != size:
            events.append(ScopeEvent(interval.item_id, ScopeChange.REESTIMATED, interval.from_at, new_size - size))
        was_in, size = is_in, new_size
    return events


def _points(estimates: Mapping[int, Decimal | None]) -> Decimal:
    """Sum estimates; no estimate counts 0."""
    return sum((estimate for estimate in estimates.values() if estimate is not None), Decimal(0))


def _basket(estimates: Mapping[int, Decimal | None]) -> Basket:
    """Put items and the sum of their estimates together."""
    return Basket(
        items=tuple(estimates),
        points=_points(estimates),
        unestimated=tuple(item_id for item_id, estimate in estimates.items() if estimate is None),
    )
