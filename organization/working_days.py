"""Which days are worked, and how many there are between two days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

import holidays

from organization.models import Calendar


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """A calendar read once and asked often: the week's pattern, a country's holidays, the days that differ."""

    workdays: frozenset[int] = frozenset({1, 2, 3, 4, 5})
    country: str = ""
    subdivision: str = ""
    special: Mapping[date, tuple[bool, str]] = field(default_factory=dict)

    def is_working(self, day: date) -> bool:
        """Whether ``day`` is worked. A day that differs beats a holiday, a holiday beats the pattern."""
        if day in self.special:
            return self.special[day][0]
        return day.isoweekday() in self.workdays and day not in self.holidays_of(day.year)

    def working_days(self, start: date, end: date) -> int:
        """How many days in the half-open ``[start, end)`` are worked."""
        return sum(self.is_working(start + timedelta(days=n)) for n in range((end - start).days))

    def holidays_of(self, year: int) -> Mapping[date, str]:
        """The public holidays of a year with their names; none without a country."""
        return _public_holidays(self.country, self.subdivision, year)


STANDARD = WorkingDays()
"""Monday to Friday, no holidays: what holds where no calendar is chosen."""


def working_days_of(calendar: Calendar | None) -> WorkingDays:
    """The working days of a calendar (one statement for its special days); the standard week without one."""
    if calendar is None:
        return STANDARD
    return WorkingDays(
        workdays=frozenset(calendar.workdays),
        country=calendar.country,
        subdivision=calendar.subdivision,
        special={special.day: (special.is_working, special.label) for special in calendar.days.all()},
    )


@lru_cache(maxsize=256)
def _public_holidays(country: str, subdivision: str, year: int) -> Mapping[date, str]:
    if not country:
        return {}
    # Asked by one year at a time: the library grows a calendar by itself when asked for a day outside of it,
    # which would make the cached object differ from call to call.
    found = holidays.country_holidays(country, subdiv=subdivision or None, years=year)
    return {day: name for day, name in sorted(found.items()) if day.year == year}
