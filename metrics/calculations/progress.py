"""How far a piece of work was on a past day, from the facts and intervals of its items: the plain reference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from metrics.calculations.timeline import Category, Fact, Interval

Life = tuple[Fact, Sequence[Interval]]
"""An item: what its history says of it now, and the stretches it is made of."""


@dataclass(slots=True)
class ProgressThen:
    """What there was at the end of a day: items, those begun and not finished, those finished, and their points."""

    item_count: int = 0
    started_count: int = 0
    finished_count: int = 0
    points: Decimal = Decimal(0)
    finished_points: Decimal = Decimal(0)
    unestimated_count: int = 0


def progress_then(lives: Iterable[Life], *, last: date, end_at: datetime) -> ProgressThen:
    """Add up what was there at the end of the day `last`, whose end is the moment `end_at`.

    An item counts from its creation until its cancellation. Its last finish counts: until then it is begun, unless it
    lay in the backlog. What was finished has the estimate of its finish, all else the one it had then.
    """
    found = ProgressThen()
    for fact, intervals in lives:
        is_gone = fact.cancelled_on is not None and fact.cancelled_on <= last
        if not fact.is_counted or fact.created_on > last or is_gone:
            continue
        standing = _at_the_end(intervals, end_at)
        is_finished = fact.finished_on is not None and fact.finished_on <= last
        estimate = fact.finished_estimate if is_finished else standing.estimate
        found.item_count += 1
        found.finished_count += is_finished
        found.started_count += not is_finished and standing.category is not Category.BACKLOG
        found.unestimated_count += estimate is None
        found.points += estimate or 0
        found.finished_points += (estimate or 0) if is_finished else 0
    return found


def _at_the_end(intervals: Iterable[Interval], end_at: datetime) -> Interval:
    """The stretch that was running just before a moment."""
    return next(
        each for each in intervals if each.from_at < end_at and (each.until_at is None or each.until_at >= end_at)
    )
