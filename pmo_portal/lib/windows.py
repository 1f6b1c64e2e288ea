"""Days, weeks and half-open windows of time, in one place.

A *metric day* is the local day of the portal's zone (``PORTAL_TIME_ZONE``) at every level of the
organisation. Times are stored in UTC; whoever needs a day asks here and never calls ``.date()`` on
an aware datetime. Every period is half-open: its start belongs to it, its end does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.conf import settings

BEGINNING = date(1900, 1, 1)
"""Start of a validity that has no known start."""

FOREVER = date(9999, 12, 31)
"""End of a validity that has no known end."""


@lru_cache(maxsize=8)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def portal_zone() -> ZoneInfo:
    """The zone whose local day is the metric day."""
    return _zone(settings.PORTAL_TIME_ZONE)


def local_day(at: datetime) -> date:
    """The metric day on which the aware moment ``at`` falls."""
    if at.tzinfo is None:
        raise ValueError("A moment without a zone has no day.")
    return at.astimezone(portal_zone()).date()


def day_start(day: date) -> datetime:
    """The first moment of a metric day. On a day whose midnight is skipped by summer time, the zone
    database's next existing moment."""
    return datetime.combine(day, time.min, tzinfo=portal_zone())


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """The half-open moments of a metric day; 23 or 25 hours long when the clocks change."""
    return day_start(day), day_start(day + timedelta(days=1))


def week_start(day: date) -> date:
    """The Monday of the ISO week of ``day``."""
    return day - timedelta(days=day.weekday())


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open range of metric days: ``start`` belongs to it, ``end`` does not."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError("A window cannot end before it starts.")

    @classmethod
    def last_weeks(cls, weeks: int, *, today: date) -> Window:
        """The last ``weeks`` ISO weeks up to and including today."""
        return cls(week_start(today) - timedelta(weeks=weeks - 1), today + timedelta(days=1))

    @property
    def days(self) -> int:
        """Number of days in the window."""
        return (self.end - self.start).days

    @property
    def last_day(self) -> date:
        """The last day that belongs to the window."""
        return self.end - timedelta(days=1)

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    def __iter__(self) -> Iterator[date]:
        return (self.start + timedelta(days=n) for n in range(self.days))

    def before(self) -> Window:
        """The window of the same length that ends where this one starts, for comparison."""
        return Window(self.start - timedelta(days=self.days), self.start)
