"""How numbers, money, dates and durations are written, for both template engines.

The locale is the active language's; days are metric days; times of day are in the person's zone.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

NOTHING = "–"
"""What stands where there is no value: never an empty cell, never a zero."""


def number(value: Decimal | float | None, places: int = 0) -> str:
    """A number with the locale's separators, such as 12,480 or 12.5."""
    if value is None:
        return NOTHING
    rounded = round(value, places) if isinstance(value, Decimal) else round(float(value), places)
    return str(number_format(rounded, decimal_pos=places, use_l10n=True, force_grouping=True))


def points(value: Decimal | float | None) -> str:
    """An estimate: at most one decimal, none when it is whole."""
    if value is None:
        return NOTHING
    whole = value == int(value)
    return number(value, 0 if whole else 1)


def money(value: Decimal | None, currency: str) -> str:
    """An amount with its currency code, whole above 1,000, such as EUR 420,000."""
    if value is None:
        return NOTHING
    return f"{currency} {number(value, 0 if abs(value) >= 1000 else 2)}"


def ratio(value: float | None, places: int = 0) -> str:
    """A ratio 0..1 as a percentage."""
    if value is None:
        return NOTHING
    return f"{number(value * 100, places)} %"


def day(value: date | None) -> str:
    """A day, such as 4 Nov 2026."""
    if value is None:
        return NOTHING
    if isinstance(value, datetime):
        raise TypeError("A moment is not a day: ask lib.windows.local_day first.")
    return str(date_format(value, "j M Y"))


def day_range(first: date | None, last: date | None) -> str:
    """Two days as one range, such as 12–24 Mar 2027; what they share is said once."""
    if first is None or last is None or first == last:
        return day(last or first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{day(last)}"
    if first.year == last.year:
        return f"{date_format(first, 'j M')} – {day(last)}"
    return f"{day(first)} – {day(last)}"


def moment(value: datetime | None) -> str:
    """A moment in the reader's own zone, such as 4 Nov 2026, 14:05."""
    if value is None:
        return NOTHING
    return str(date_format(timezone.localtime(value), "j M Y, H:i"))


def days(value: float | int | None) -> str:
    """A duration in days, such as 5 days or 6.5 days."""
    if value is None:
        return NOTHING
    whole = float(value).is_integer()
    text = number(value, 0 if whole else 1)
    return ngettext("%(n)s day", "%(n)s days", 1 if value == 1 else 2) % {"n": text}


def ago(value: datetime | None, *, now: datetime) -> str:
    """How long ago, in the largest sensible unit: just now, 5 min ago, 3 h ago, 4 d ago."""
    if value is None:
        return _("never")
    seconds = (now - value).total_seconds()
    if seconds < 60:
        return _("just now")
    if seconds < 3600:
        return _("%(n)s min ago") % {"n": int(seconds // 60)}
    if seconds < 86400:
        return _("%(n)s h ago") % {"n": int(seconds // 3600)}
    return _("%(n)s d ago") % {"n": int(seconds // 86400)}
