"""The filter chips of a board or list, as links that put a filter on or take it off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from organization.terms import named, words
from teams.models import ItemType, Team
from teams.selectors.board import Column
from teams.selectors.filters import ME, NOBODY, ItemFilter, toggled


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter (components/chip.html)."""

    label: str
    url: str
    is_on: bool = False
    count: int | None = None
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Menu:
    """A filter with many values: they are fetched when the menu opens."""

    code: str
    label: str
    url: str


FACETS: Mapping[str, str] = {"who": "users", "epic": "zap", "type": "shapes", "label": "tag"}
"""Filters with many values, each with its icon."""


def facet_label(code: str) -> str:
    """What a filter with many values is called."""
    return {"who": _("Person"), "epic": named("Epic"), "type": _("Type"), "label": _("Label")}[code]


def query_url(query: Mapping[str, str]) -> str:
    """The address of the same page under another query."""
    return f"?{urlencode(query)}" if query else "?"


def board_chips(current: ItemFilter, columns: Sequence[Column]) -> list[Chip]:
    """The chips of a board: mine, blocked, stale with their counts, and each chosen value of the others."""
    query = current.as_query()
    chips = [
        _toggle(query, "who", ME, _("Mine"), sum(column.mine for column in columns)),
        _toggle(query, "blocked", "1", _("Blocked"), sum(column.blocked for column in columns)),
        _toggle(query, "stale", "1", _("Stale"), sum(column.stale for column in columns)),
    ]
    return chips + chosen_chips(
        current,
        person=next((column.person for column in columns if column.person), ""),
        epic=next((column.epic for column in columns if column.epic), ""),
    )


def chosen_chips(current: ItemFilter, *, person: str, epic: str) -> list[Chip]:
    """One chip for each value that was chosen from a menu."""
    query = current.as_query()
    names = {
        "who": "" if current.who == ME else (_("Nobody") if current.who == NOBODY else person or _("Person")),
        "epic": words(_("No {epic}")) if current.epic == NOBODY else epic or named("Epic"),
        "type": dict(ItemType.choices).get(current.type, ""),
        "label": current.label,
    }
    return [
        Chip(str(names[code]), query_url(toggled(query, code, query[code])), is_on=True)
        for code in FACETS
        if code in query and names[code]
    ]


def board_menus(team: Team, current: ItemFilter) -> list[Menu]:
    """The menus of the filters that are not chosen yet."""
    query = current.as_query()
    return [
        Menu(code, facet_label(code), f"{reverse('teams:board_facet', args=[team.unit.code, code])}{query_url(query)}")
        for code in FACETS
        if code not in query or query[code] == ME
    ]


def facet_chips(team: Team, current: ItemFilter, code: str, values: Iterable[tuple[str, str, int]]) -> list[Chip]:
    """The values of one filter as links to the board."""
    query = current.as_query()
    board = reverse("teams:board", args=[team.unit.code])
    empty = {"who": _("Nobody"), "epic": words(_("No {epic}"))}
    types = dict(ItemType.choices)
    return [
        Chip(
            label=str(types.get(value, value)) if code == "type" else label or str(empty.get(code, "–")),
            url=f"{board}{query_url(toggled(query, code, value))}",
            count=count,
        )
        for value, label, count in values
    ]


def _toggle(query: Mapping[str, str], name: str, value: str, label: str, count: int) -> Chip:
    return Chip(label, query_url(toggled(query, name, value)), is_on=query.get(name) == value, count=count)
