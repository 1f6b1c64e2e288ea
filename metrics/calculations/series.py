"""Series over days and weeks: empty periods are zeros, a week begins on Monday."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate

MINIMUM_SPRINTS = 3
MAXIMUM_SPRINTS = 6


def days_of(start: date, end: date) -> list[date]:
    """Return the days from `start` to before `end`."""
    return [start + timedelta(days=offset) for offset in range(max((end - start).days, 0))]


def week_of(day: date) -> date:
    """Return the Monday of the ISO week."""
    return day - timedelta(days=day.weekday())


def per_day(counts: Mapping[date, int], start: date, end: date) -> list[int]:
    """Return one number a day of the window, zeros included."""
    return [counts.get(day, 0) for day in days_of(start, end)]


def per_week(counts: Mapping[date, int], start: date, end: date) -> list[tuple[date, int]]:
    """Return (Monday, sum) for every ISO week the window touches, zeros included.

    Only days inside the window count, so a first or last week may be a part of one.
    """
    weeks = {week_of(day): 0 for day in days_of(start, end)}
    for day, count in counts.items():
        if start <= day < end:
            weeks[week_of(day)] += count
    return sorted(weeks.items())


def running_stock(opening: int, changes: Sequence[int]) -> list[int]:
    """Return the stock at the end of each day from the stock before the first and the daily changes."""
    return list(accumulate(changes, initial=opening))[1:]


def cumulative_flow(
    entries: Iterable[Mapping[str, date]], columns: Sequence[str], start: date, end: date
) -> dict[date, tuple[int, ...]]:
    """Return per day how many items have entered each column or a later one.

    `entries` holds the first entry of each item into each column it entered; `columns` are in the
    order of the flow. An item that skipped a column counts there from its entry into a later one.
    Lines never fall: moving back changes nothing, the first entries stay.
    """
    reached: list[list[date]] = [[] for _ in columns]
    for item in entries:
        earliest: date | None = None
        for position in reversed(range(len(columns))):
            entered = item.get(columns[position])
            if entered is not None:
                earliest = entered if earliest is None else min(earliest, entered)
            if earliest is not None:
                reached[position].append(earliest)
    return {day: tuple(sum(entered <= day for entered in column) for column in reached) for day in days_of(start, end)}


@dataclass(frozen=True, slots=True)
class Velocity:
    """A team's velocity over its last closed sprints, in the team's own points.

    `mean` is None below `MINIMUM_SPRINTS` sprints. Points of two teams are never added or compared.
    """

    sprint_count: int
    mean: Decimal | None
    low: Decimal | None
    high: Decimal | None


def velocity(completed: Sequence[Decimal]) -> Velocity:
    """Return the mean of the last 3 to 6 closed sprints with its range; `completed` is oldest first."""
    last = completed[-MAXIMUM_SPRINTS:]
    if len(last) < MINIMUM_SPRINTS:
        return Velocity(sprint_count=len(last), mean=None, low=None, high=None)
    return Velocity(
        sprint_count=len(last),
        mean=sum(last, Decimal(0)) / len(last),
        low=min(last),
        high=max(last),
    )


@dataclass(frozen=True, slots=True)
class Comparison:
    """A number beside the one of the window before it. `ratio` is None when there was nothing before."""

    before: float
    difference: float
    ratio: float | None


def compare(now: float, before: float) -> Comparison:
    """Return how much a number grew or fell against the window before."""
    difference = now - before
    return Comparison(before=before, difference=difference, ratio=difference / before if before else None)
