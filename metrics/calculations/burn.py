"""What was left in a sprint, and what was done of how much, after every change: burndown and burnup.

Pure: intervals in, lines out. Points and counts come together, so that a page may show either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from metrics.calculations.timeline import Category, Interval


class BurnKind(StrEnum):
    """What moved the lines."""

    START = "START"
    ADDED = "ADDED"
    REMOVED = "REMOVED"
    REESTIMATED = "REESTIMATED"
    DONE = "DONE"
    REOPENED = "REOPENED"
    CANCELLED = "CANCELLED"
    REINSTATED = "REINSTATED"
    """Cancelled work that was taken up again."""


class Amount(NamedTuple):
    """A sum in the team's points, and in items."""

    points: Decimal = Decimal(0)
    items: int = 0

    def plus(self, other: Amount, sign: int = 1) -> Amount:
        """Add another amount, or take it away."""
        return Amount(self.points + sign * other.points, self.items + sign * other.items)


NOTHING: Final = Amount()


@dataclass(frozen=True, slots=True)
class BurnStep:
    """How the sprint stood after a change of an item, or as it began (`item_id` None).

    `scope` is everything in it, `done` what is done of it. `size` is the item's after the change, or before it when it
    left.
    """

    at: datetime
    kind: BurnKind
    item_id: int | None
    size: Amount
    scope: Amount
    done: Amount

    @property
    def remaining(self) -> Amount:
        """What is left."""
        return self.scope.plus(self.done, -1)


@dataclass(frozen=True, slots=True)
class _Part:
    """What an item contributes to its sprint in an interval."""

    is_member: bool = False
    is_in_scope: bool = False
    is_done: bool = False
    is_cancelled: bool = False
    size: Amount = NOTHING

    @property
    def scope(self) -> Amount:
        return self.size if self.is_in_scope else NOTHING

    @property
    def done(self) -> Amount:
        return self.size if self.is_done else NOTHING


def burn_steps(
    histories: Mapping[int, Sequence[Interval]],
    *,
    sprint_id: int,
    starts_at: datetime,
    until: datetime,
    is_completed: bool,
) -> list[BurnStep]:
    """Return how a sprint stood as it began and after every change up to `until`, its completion or now.

    `histories` holds each item's intervals in order; those that were over as the sprint began may be left out. Work
    done before the sprint began is not in its scope until it is re-opened; cancelled work never is. The estimate of
    done work is that of its finish. At the very completion items are still in the sprint, and finished if they are.
    """
    changes: list[tuple[datetime, int, _Part, _Part]] = []
    scope = done = NOTHING
    for item_id, intervals in sorted(histories.items()):
        parts = _parts(intervals, sprint_id, starts_at, until, is_completed=is_completed)
        before = _Part()
        for at, part in parts:
            if at <= starts_at:
                before = part
                continue
            if part != before:
                changes.append((at, item_id, before, part))
            before = part
        opening = next((part for at, part in reversed(parts) if at <= starts_at), _Part())
        scope, done = scope.plus(opening.scope), done.plus(opening.done)
    steps = [BurnStep(starts_at, BurnKind.START, None, scope, scope, done)]
    for at, item_id, was, now in sorted(changes, key=lambda change: (change[0], change[1])):
        kind = _kind(was, now)
        if kind is None:
            continue
        scope = scope.plus(was.scope, -1).plus(now.scope)
        done = done.plus(was.done, -1).plus(now.done)
        steps.append(BurnStep(at, kind, item_id, now.scope if now.is_in_scope else was.scope, scope, done))
    return steps


def _parts(
    intervals: Sequence[Interval], sprint_id: int, starts_at: datetime, until: datetime, *, is_completed: bool
) -> list[tuple[datetime, _Part]]:
    """What one item contributes, interval by interval."""
    result: list[tuple[datetime, _Part]] = []
    done_since: datetime | None = None
    finished_size = NOTHING
    is_member = False
    for interval in intervals:
        if interval.from_at > until:
            break
        size = Amount(interval.estimate or Decimal(0), 1)
        if interval.category is not Category.DONE:
            done_since = None
        elif done_since is None:
            done_since, finished_size = interval.from_at, size
        # What is sent on as the sprint completes was in it.
        if not is_completed or interval.from_at < until:
            is_member = interval.sprint_id == sprint_id
        is_done = is_member and done_since is not None and done_since >= starts_at
        is_cancelled = interval.category is Category.CANCELLED
        was_done_before = done_since is not None and done_since < starts_at
        result.append(
            (
                interval.from_at,
                _Part(
                    is_member=is_member,
                    is_in_scope=is_member and not is_cancelled and not was_done_before,
                    is_done=is_done,
                    is_cancelled=is_cancelled,
                    size=finished_size if is_done else size,
                ),
            )
        )
    return result


def _kind(was: _Part, now: _Part) -> BurnKind | None:
    """Name a change of what an item contributes; None when the sprint does not notice it."""
    if was.is_in_scope and now.is_in_scope:
        if was.is_done != now.is_done:
            return BurnKind.DONE if now.is_done else BurnKind.REOPENED
        return BurnKind.REESTIMATED if was.size.points != now.size.points else None
    if now.is_in_scope:
        if not was.is_member:
            return BurnKind.ADDED
        # In the sprint and not in its scope: done before it began, or cancelled.
        return BurnKind.REINSTATED if was.is_cancelled else BurnKind.REOPENED
    if was.is_in_scope:
        return BurnKind.CANCELLED if now.is_member else BurnKind.REMOVED
    return None


@dataclass(frozen=True, slots=True)
class GuidePoint:
    """The even pace at the end of a day: the share of the start that is still left then, 1 down to 0."""

    at: date
    left_ratio: float


def guideline(first: date, last: date, is_working: Callable[[date], bool]) -> list[GuidePoint]:
    """Return the even pace from the first to the last planned day: as much each working day, nothing on days off.

    The first point stands before the first day: nothing is done as it begins. A sprint without a working day falls
    on its last one.
    """
    if last < first:
        return []
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    worked = [is_working(day) for day in days]
    if not any(worked):
        worked[-1] = True
    total, passed = sum(worked), 0
    line = [GuidePoint(first - timedelta(days=1), 1.0)]
    for day, is_worked in zip(days, worked, strict=True):
        passed += is_worked
        line.append(GuidePoint(day, 1 - passed / total))
    return line


def at_day_ends(steps: Sequence[BurnStep], ends: Sequence[datetime]) -> list[BurnStep]:
    """Return how the sprint stood at each of some moments in ascending order, none before the first step."""
    result = []
    place = 0
    for end in ends:
        while place + 1 < len(steps) and steps[place + 1].at < end:
            place += 1
        result.append(steps[place])
    return result
