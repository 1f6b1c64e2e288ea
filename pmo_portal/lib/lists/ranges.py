"""Filters from … to …: numbers, days and moments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from pmo_portal.lib import format as formatting
from pmo_portal.lib.lists.filters import NONE, Filter, Part
from pmo_portal.lib.lists.scope import Scope
from pmo_portal.lib.windows import day_start


@dataclass(frozen=True, kw_only=True)
class RangeFilter(Filter):
    """From … to …, either end open: ``3..8``, ``3..``, ``..8``; "none" for rows without a value."""

    path: str

    def end(self, text: str) -> str | None:
        """One end as addresses hold it; None for nonsense, "" for an open end."""
        raise NotImplementedError

    def clean(self, text: str) -> str:
        if text == NONE:
            return text
        first, dots, last = text.strip().partition("..")
        ends = (self.end(first.strip()), self.end(last.strip() if dots else first.strip()))
        if None in ends or ends == ("", ""):
            return ""
        return f"{ends[0]}..{ends[1]}"


_NUMBER = re.compile(r"-?\d{1,12}(\.\d{1,4})?\Z", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class NumberFilter(RangeFilter):
    """A number between two, both included."""

    kind: ClassVar[str] = "number"

    def end(self, text: str) -> str | None:
        return text if not text or _NUMBER.match(text) else None

    def condition(self, value: str, scope: Scope) -> Q:
        if value == NONE:
            return Q(**{f"{self.path}__isnull": True})
        first, _dots, last = value.partition("..")
        found = Q()
        if first:
            found &= Q(**{f"{self.path}__gte": self.stored(first)})
        if last:
            found &= Q(**{f"{self.path}__lte": self.stored(last)})
        return found

    def stored(self, text: str) -> Any:
        """A number as the column holds it."""
        return Decimal(text)

    def parts(self, value: str, rows: QuerySet[Any], scope: Scope) -> list[Part]:
        if value == NONE:
            return [Part(_("None"), "")]
        first, _dots, last = value.partition("..")
        if first == last:
            return [Part(first, "")]
        return [Part(_said_range(first, last), "")]


_DAYS_FROM_TODAY = re.compile(r"[+-]?\d{1,4}\Z", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class DayFilter(RangeFilter):
    """A day between two, both included; ``-30..0`` counts in days from today, so that a saved view stays current.

    ``is_moment``: the column holds moments, of which the day is asked.
    """

    is_moment: bool = False
    is_nullable: bool = True
    kind: ClassVar[str] = "day"

    def end(self, text: str) -> str | None:
        if not text:
            return ""
        if _DAYS_FROM_TODAY.match(text):
            return str(int(text))
        try:
            day = date.fromisoformat(text) if len(text) == 10 else None
        except ValueError:
            return None
        return day.isoformat() if day is not None and 1900 <= day.year < 3000 else None

    def condition(self, value: str, scope: Scope) -> Q:
        if value == NONE:
            return Q(**{f"{self.path}__isnull": True})
        first, last = (_day_of(end, scope.today) for end in value.split(".."))
        found = Q()
        if first is not None:
            found &= Q(**{f"{self.path}__gte": day_start(first) if self.is_moment else self.stored(first)})
        if last is not None and self.is_moment:
            found &= Q(**{f"{self.path}__lt": day_start(last + timedelta(days=1))})
        elif last is not None:
            found &= Q(**{f"{self.path}__lte": self.stored(last)})
        return found

    def stored(self, day: date) -> Any:
        """A day as the column holds it."""
        return day

    def parts(self, value: str, rows: QuerySet[Any], scope: Scope) -> list[Part]:
        preset = dict(self.presets()).get(value)
        if preset is not None:
            return [Part(preset, "")]
        first, last = (_day_of(end, scope.today) for end in value.split(".."))
        return [Part(_said_range(formatting.day(first) if first else "", formatting.day(last) if last else ""), "")]

    def presets(self) -> list[tuple[str, str]]:
        """Ranges one asks for often, in words."""
        found = [
            ("0..0", _("Today")),
            ("-7..0", _("Last 7 days")),
            ("-30..0", _("Last 30 days")),
            ("..-1", _("Before today")),
        ]
        if not self.is_moment:
            found.append(("0..14", _("Next 14 days")))
        return [*found, (NONE, _("None"))] if self.is_nullable else found


def _day_of(end: str, today: date) -> date | None:
    if not end:
        return None
    return today + timedelta(days=int(end)) if len(end) < 10 else date.fromisoformat(end)


def _said_range(first: str, last: str) -> str:
    if not last:
        return _("from %(first)s") % {"first": first}
    if not first:
        return _("up to %(last)s") % {"last": last}
    return _("%(first)s to %(last)s") % {"first": first, "last": last}
