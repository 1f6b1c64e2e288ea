"""How many days lie between two days: all of them, or only those that are worked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from itertools import accumulate


class CalendarDays:
    """Calendar days, both ends counted: the same day is one day (Kanban Guide)."""

    def between(self, first: date, last: date) -> int:
        """Return the days from `first` to `last`, both included."""
        return (last - first).days + 1


class WorkedDays:
    """Only days that are worked, both ends counted, and at least one: work done on a Sunday took a day.

    Knows the days from `start` to `end`, both included; asks `is_worked` once for each of them.
    """

    def __init__(self, is_worked: Callable[[date], bool], start: date, end: date) -> None:
        self._start = start
        days = (is_worked(start + timedelta(days=n)) for n in range((end - start).days + 1))
        self._before = list(accumulate(map(int, days), initial=0))

    def between(self, first: date, last: date) -> int:
        """Return the worked days from `first` to `last`, both included."""
        return max(self._at((last - self._start).days + 1) - self._at((first - self._start).days), 1)

    def _at(self, place: int) -> int:
        return self._before[min(max(place, 0), len(self._before) - 1)]


DayCount = CalendarDays | WorkedDays


def histogram_of(spans: Iterable[tuple[date, date, int]], days: DayCount) -> dict[int, int]:
    """Return {length in days: items} of (first day, last day, items)."""
    counts: dict[int, int] = {}
    for first, last, items in spans:
        length = days.between(first, last)
        counts[length] = counts.get(length, 0) + items
    return counts


def moving_spread(
    by_day: Mapping[date, Mapping[int, int]], days: Iterable[date], *, length: int, minimum: int
) -> list[tuple[date, float, float]]:
    """Return (day, mean, standard deviation) of the values of the `length` days up to and including each day.

    `by_day` holds {value: items} of a day. Days whose stretch has fewer than `minimum` items are left out. The
    deviation is that of the whole stretch (divided by n), as a control chart takes it.
    """
    sums = {
        day: (
            sum(counts.values()),
            sum(value * count for value, count in counts.items()),
            sum(value * value * count for value, count in counts.items()),
        )
        for day, counts in by_day.items()
    }
    result = []
    items = total = squares = 0
    for day in days:
        for sign, at in ((1, day), (-1, day - timedelta(days=length))):
            if at in sums:
                items += sign * sums[at][0]
                total += sign * sums[at][1]
                squares += sign * sums[at][2]
        if items >= minimum:
            mean = total / items
            result.append((day, mean, max(squares / items - mean * mean, 0.0) ** 0.5))
    return result
