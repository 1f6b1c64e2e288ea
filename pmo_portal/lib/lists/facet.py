"""One filter of a list, opened: the values it offers with their counts, or the form that asks for one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pmo_portal.lib.lists.filters import ChoiceFilter, Filter, FlagFilter, NamedFilter
from pmo_portal.lib.lists.page import ListPage
from pmo_portal.lib.lists.parts import Link
from pmo_portal.lib.lists.ranges import DayFilter


@dataclass(frozen=True, slots=True)
class Facet:
    """One filter opened: what it offers or asks for, and what is on."""

    page: ListPage
    filter: Filter
    text: str = ""

    @property
    def kind(self) -> str:
        """Which form it has."""
        return self.filter.kind

    @property
    def value(self) -> str:
        """What is on."""
        return self.page.table.value_of(self.filter.code)

    @property
    def ends(self) -> tuple[str, str]:
        """The two ends of a range; days from today as the day they are."""
        first, _dots, last = self.value.partition("..")
        return (
            first if len(first) == 10 or self.kind != "day" else "",
            last if len(last) == 10 or self.kind != "day" else "",
        )

    @property
    def choices(self) -> list[dict[str, Any]]:
        """The values with their counts; what is on comes first, also when no row has it."""
        on = [value for value in self.value.split(",") if value]
        options = self.page.table.options_of(self.filter, text=self.text)
        known = {option.value for option in options}
        missing = [value for value in on if value not in known]
        parts = self.filter.parts(",".join(missing), self.page.table.all_rows, self.page.scope) if missing else []
        lines = [
            {"value": value, "label": part.label, "count": None, "is_on": True}
            for value, part in zip(missing, parts, strict=True)
        ]
        return lines + [
            {"value": option.value, "label": option.label, "count": option.count, "is_on": option.value in on}
            for option in options
        ]

    @property
    def presets(self) -> list[Link]:
        """Ranges one asks for often."""
        if not isinstance(self.filter, DayFilter):
            return []
        state = self.page.state
        return [
            Link(label, self.page.href(state.with_filter(self.filter.code, value)), value == self.value)
            for value, label in self.filter.presets()
        ]

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """What its form sends along."""
        return self.page.hidden(self.filter.code)

    @property
    def off_url(self) -> str:
        """Without this filter."""
        return self.page.href(self.page.state.with_filter(self.filter.code, ""))

    @property
    def has_text(self) -> bool:
        """Whether one can look for a value: there may be many."""
        return self.kind == "options" and not isinstance(self.filter, (ChoiceFilter, FlagFilter, NamedFilter))

    @property
    def url(self) -> str:
        """Its own address."""
        return self.page.href(self.page.state, facet=self.filter.code)
