"""When a scheduled file comes next, on a clock with summer time."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings

from collaboration.models import Rhythm


def zone_named(name: str) -> ZoneInfo:
    """Somebody's own zone; the portal's when it is unset or no longer exists."""
    try:
        return ZoneInfo(name or settings.PORTAL_TIME_ZONE)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(settings.PORTAL_TIME_ZONE)


def next_run(rhythm: str, *, clock: time, weekday: int, month_day: int, zone: ZoneInfo, after: datetime) -> datetime:
    """The first moment after ``after`` that fits.

    A month without the day has it on its last one. An hour that summer time leaves out is the one after it; one that
    comes twice counts once.
    """
    day = after.astimezone(zone).date()
    while True:
        if _fits(rhythm, day, weekday=weekday, month_day=month_day):
            moment = datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)
            if moment > after:
                return moment
        day += timedelta(days=1)


def _fits(rhythm: str, day: date, *, weekday: int, month_day: int) -> bool:
    if rhythm == Rhythm.WORKDAYS:
        return day.weekday() < 5
    if rhythm == Rhythm.WEEKLY:
        return day.weekday() == weekday
    if rhythm == Rhythm.MONTHLY:
        return day.day == min(month_day, calendar.monthrange(day.year, day.month)[1])
    return True
