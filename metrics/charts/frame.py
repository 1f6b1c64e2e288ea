"""What every chart of a page shares: whose numbers, which days, where a datum leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from metrics.calculations.series import week_of
from metrics.definition_links import definition_url
from metrics.definitions import Metric
from metrics.selectors.selection import Selection
from organization.models import Unit
from pmo_portal.lib.format import day as format_day
from pmo_portal.lib.windows import Window

HOW: Final = frozenset({"by", "days", "unseen"})
"""Parts of an address that say how is counted; the others leave items out."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A unit over a selection. `query` is the page's own, with its filter: lists and definitions keep it."""

    unit: Unit
    selection: Selection
    query: str
    as_of: str = ""

    @classmethod
    def of(cls, unit: Unit, selection: Selection, *, as_of: str = "") -> Frame:
        """Make one; the query is written once, not for each datum."""
        return cls(unit, selection, selection.query(), as_of)

    @property
    def window(self) -> Window:
        """The days that count."""
        return self.selection.window

    @property
    def is_filtered(self) -> bool:
        """Whether only some of the unit's items count."""
        return bool(self.selection.item_type) or any(name not in HOW for name, _value in self.selection.kept)

    @property
    def advice(self) -> str:
        """What to do where nothing is found."""
        if self.is_filtered:
            return _("Take filters away, or choose a longer period.")
        return longer_advice()

    def items(self, code: str, **bounds: object) -> str:
        """The list behind a number, or behind the datum with these bounds (`metrics.selectors.narrowing.Datum`)."""
        own = "&".join(f"{name}={value}" for name, value in bounds.items() if value is not None)
        joint = "&" if len(self.query) > 1 and own else ""
        return f"{_list_path(self.unit.code, code)}{self.query}{joint}{own}"

    def definition(self, metric: Metric) -> str:
        """What a metric means, with what this very number leaves out."""
        return definition_url(metric, self.unit, query=self.query)


def longer_advice() -> str:
    """What to do where too little was finished."""
    return _("Choose a longer period, or one in which work was finished.")


@dataclass(frozen=True, slots=True)
class Step:
    """A day or an ISO week of a window, as far as it lies in it; both ends included."""

    first: date
    last: date

    @property
    def label(self) -> str:
        """As an axis says it."""
        return short_day(self.first)

    @property
    def name(self) -> str:
        """As a table says it."""
        if self.first == self.last:
            return format_day(self.first)
        return f"{format_day(self.first)} – {format_day(self.last)}"


@dataclass(frozen=True, slots=True)
class Steps:
    """A window day by day, or by its ISO weeks; the first and the last week may be parts of one."""

    window: Window
    by_day: bool = False

    def all(self) -> list[Step]:
        """The steps in order."""
        if self.by_day:
            return [Step(day, day) for day in self.window]
        firsts = [day for day in self.window if day == self.window.start or day.weekday() == 0]
        return [Step(first, min(week_of(first) + timedelta(days=6), self.window.last_day)) for first in firsts]

    def place(self, day: date) -> int:
        """The place of the step a day lies in."""
        start = self.window.start
        return (day - start).days if self.by_day else (week_of(day) - week_of(start)).days // 7

    def sums(self, by_day: Mapping[date, int]) -> list[int]:
        """What happened in each step, zeros included."""
        found = [0] * len(self.all())
        for day, count in by_day.items():
            found[self.place(day)] += count
        return found


@lru_cache(maxsize=1024)
def _list_path(unit_code: str, code: str) -> str:
    # One chart names thousands of addresses that differ in their query only.
    return reverse("metrics:unit_items", args=[unit_code, code])


def short_day(day: date) -> str:
    """A day as an axis says it."""
    return str(date_format(day, "j M"))
