"""What an address asks of a list: search, filters, order, columns, group, page. Nonsense is left out, never an error.

Everything is canonical: the same question has one address, which is also what a saved view keeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from django.http import QueryDict

from pmo_portal.lib.lists.filters import Filter
from pmo_portal.lib.lists.lookups import clean_text
from pmo_portal.lib.lists.spec import WORDS, Offer
from pmo_portal.lib.parameters import whole_number

MOST_SORTS: Final = 3
SIZES: Final = (50, 100, 200)
MOST_PAGES: Final = 100_000
NARROWEST, WIDEST = 60, 900
MOST_STAYING: Final = 4


@dataclass(frozen=True, slots=True)
class ListState:
    """One question to a list. ``sorts`` holds column codes, with "-" for descending; ``filters`` clean values;
    ``widths`` pixels by column code; ``staying`` how many columns stay in sight while the others scroll."""

    q: str = ""
    sorts: tuple[str, ...] = ()
    filters: Mapping[str, str] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    group: str = ""
    widths: Mapping[str, int] = field(default_factory=dict)
    staying: int = 1
    since: date | None = None
    size: int = SIZES[0]
    page: int = 1
    view: int = 0

    @classmethod
    def read(cls, query: QueryDict, offer: Offer) -> ListState:
        """The question an address asks, as far as ``offer`` allows it."""
        filters = {
            code: value
            for code, each in offer.filters.items()
            if (value := each.clean(_asked(query, code))) and value != each.default
        }
        group = query.get("group", "")
        size = whole_number(query.get("size", "")) or SIZES[0]
        return cls(
            q=clean_text(query.get("q", "")) if offer.spec.search else "",
            sorts=_sorts(query.get("sort", ""), offer),
            filters=filters,
            columns=_columns(query, offer),
            group=group if group in offer.columns and offer.columns[group].can_group else "",
            widths=_widths(query.get("wide", ""), offer),
            staying=min(max(whole_number(query.get("freeze", "")) or 1, 1), MOST_STAYING),
            since=_day(query.get("since", "")),
            size=size if size in SIZES else SIZES[0],
            page=min(max(whole_number(query.get("page", "")) or 1, 1), MOST_PAGES),
            view=min(whole_number(query.get("view", "")) or 0, 2**62),
        )

    @staticmethod
    def says_nothing(query: QueryDict, offer: Offer) -> bool:
        """Whether an address asks nothing of its own, so that a saved or default view may speak."""
        unasked = {"page", "view", "format", "facet", "tool", "text", "panel", "field", "ids", "all"}
        asked = WORDS - unasked | set(offer.filters)
        return not asked & {name.partition(".")[0] for name in query}

    # -- other questions, one step away ------------------------------------------------------------------------------

    def changed(self, **changes: Any) -> ListState:
        """The same question otherwise, from its first page."""
        return replace(self, **{"page": 1, **changes})

    def with_filter(self, code: str, value: str) -> ListState:
        """With a filter set to a value; off when there is none."""
        rest = {name: each for name, each in self.filters.items() if name != code}
        return self.changed(filters={**rest, code: value} if value else rest)

    def toggled(self, each: Filter, value: str) -> ListState:
        """With one value of a filter put on, or taken off."""
        on = [one for one in self.filters.get(each.code, "").split(",") if one]
        left = [one for one in on if one != value] if value in on else [*on, value]
        return self.with_filter(each.code, each.clean(",".join(left)))

    def sorted_by(self, code: str, *, is_down_first: bool = False) -> ListState:
        """By one column; the other way round when it is sorted by it already."""
        first, second = (f"-{code}", code) if is_down_first else (code, f"-{code}")
        return self.changed(sorts=(second if self.sorts[:1] == (first,) else first,))

    def also_sorted_by(self, code: str, *, is_down_first: bool = False) -> ListState:
        """By one more column after the others; turned round when it is among them, gone after both ways."""
        first, second = (f"-{code}", code) if is_down_first else (code, f"-{code}")
        if first in self.sorts:
            return self.changed(sorts=tuple(second if each == first else each for each in self.sorts))
        if second in self.sorts:
            return self.changed(sorts=tuple(each for each in self.sorts if each != second))
        return self.changed(sorts=(*self.sorts, first)[-MOST_SORTS:])

    # -- as an address -----------------------------------------------------------------------------------------------

    def pairs(self, *, with_page: bool = True, with_view: bool = True) -> list[tuple[str, str]]:
        """The parameters that ask this again; what is as it always is is not among them."""
        found = [
            ("q", self.q),
            *sorted(self.filters.items()),
            ("sort", ",".join(self.sorts)),
            ("group", self.group),
            ("cols", ",".join(self.columns)),
            ("wide", ",".join(f"{code}.{width}" for code, width in sorted(self.widths.items()))),
            ("freeze", str(self.staying) if self.staying > 1 else ""),
            ("since", self.since.isoformat() if self.since else ""),
            ("size", str(self.size) if self.size != SIZES[0] else ""),
            ("view", str(self.view) if with_view and self.view else ""),
            ("page", str(self.page) if with_page and self.page > 1 else ""),
        ]
        return [(name, value) for name, value in found if value]

    def query(self, **how: bool) -> str:
        """The same, written out; "" when nothing is asked."""
        return urlencode(self.pairs(**how), safe=",.:")


def _asked(query: QueryDict, code: str) -> str:
    """What an address says of one filter: at once, value by value, or as the two ends of a range, as forms send it."""
    ends = (query.get(f"{code}.from", ""), query.get(f"{code}.to", ""))
    return f"{ends[0]}..{ends[1]}" if any(ends) else ",".join(query.getlist(code))


def _sorts(text: str, offer: Offer) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for each in text.split(","):
        code = each.removeprefix("-")
        if code in offer.columns and offer.columns[code].can_sort and code not in found:
            found[code] = each
    return tuple(found.values())[:MOST_SORTS]


def _columns(query: QueryDict, offer: Offer) -> tuple[str, ...]:
    """The columns asked for, the leading one first; () for those that are always shown."""
    asked: Iterable[str] = query.getlist("col") if "col" in query else query.get("cols", "").split(",")
    known = dict.fromkeys(code for code in asked if code in offer.columns and not offer.columns[code].is_folded)
    if not known:
        return ()
    shown = (offer.lead.code, *(code for code in known if code != offer.lead.code))
    return () if shown == default_columns(offer) else shown


def _widths(text: str, offer: Offer) -> dict[str, int]:
    """The widths somebody gave to columns, as "code.pixels" with commas between them."""
    found = {}
    for each in text.split(","):
        code, _dot, width = each.rpartition(".")
        if code in offer.columns and not offer.columns[code].is_folded and (pixels := whole_number(width)) is not None:
            found[code] = min(max(pixels, NARROWEST), WIDEST)
    return found


def default_columns(offer: Offer) -> tuple[str, ...]:
    """The columns of a list that nobody chose."""
    return tuple(column.code for column in offer.choosable if column.is_default)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    return day if day is not None and 1900 <= day.year < 3000 else None
