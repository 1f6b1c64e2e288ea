"""What a list is: its columns, its filters, its order. Declared once, in a few lines; see docs/lists.md."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final
from urllib.parse import quote

from django.db.models import Q
from django.urls import reverse

from pmo_portal.lib.lists.columns import Column
from pmo_portal.lib.lists.filters import Filter, Label, Quick
from pmo_portal.lib.lists.lookups import like_pattern
from pmo_portal.lib.lists.scope import Scope

WORDS: Final = frozenset(
    {
        *("q", "sort", "cols", "col", "group", "page", "size", "since", "view", "format", "facet", "tool", "text"),
        *("panel", "wide", "freeze", "field", "ids", "all"),
    }
)
"""Parameters of the engine itself; no filter may have one of these names."""


@cache
def _address(name: str) -> str:
    return reverse(name, args=["0"])


def leads_to(name: str, attribute: str = "key") -> Callable[[Any], str]:
    """The address of a row's page, by the name of the URL and the attribute it takes; resolved once, not row by row."""

    def url(row: Any) -> str:
        return _address(name).replace("/0/", f"/{quote(str(getattr(row, attribute)), safe='')}/")

    return url


@dataclass(frozen=True, kw_only=True)
class ListSpec:
    """A list. The first column stays in sight when the others scroll and cannot be put away.

    ``code`` names it in saved views. ``url`` is the page of a row. ``select`` is what is read with the rows beyond what
    their columns refer to, ``defer`` what is not read. ``order`` is the order nobody asked for; it also decides between
    equals and therefore ends in something unique. ``search`` are the paths of its search field, "^" before what is
    looked for by its beginning. ``filters`` are those that no column has. ``pulse`` says in one cheap statement
    whether any row may have changed: with it, counts and totals of long lists are kept (kept.py). ``has_panel``
    opens the page of a row beside the list. ``depth`` says how
    far a row stands in, as in a tree, while the whole list is in its own order. ``prepare`` reads at once what columns
    show of some rows beyond their own fields, and puts it on them.
    """

    code: str
    label: Label
    columns: tuple[Column, ...]
    url: Callable[[Any], str]
    order: tuple[str, ...] = ("rank", "pk")
    order_code: str = "rank"
    select: tuple[str, ...] = ()
    defer: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    quick: tuple[Quick, ...] = ()
    row_version: str = ""
    has_panel: bool = False
    live_kinds: str = ""
    pulse: Callable[[Scope], str] | None = None
    depth: Callable[[Any, Scope], int] | None = None
    prepare: Callable[[Sequence[Any], Scope], None] | None = None

    def __post_init__(self) -> None:
        codes = {column.filter_code or column.code for column in self.columns} | {each.code for each in self.filters}
        if taken := codes & WORDS:
            raise ValueError(f"{self.code}: {sorted(taken)} mean something else in the address of a list")

    def with_columns(self, more: Sequence[Column]) -> ListSpec:
        """The same list with further columns, such as the organisation's own fields of a unit."""
        return replace(self, columns=(*self.columns, *more)) if more else self

    def without(self, *codes: str) -> ListSpec:
        """The same list without some columns, where they make no sense."""
        return replace(self, columns=tuple(column for column in self.columns if column.code not in codes))

    def offer(self, scope: Scope) -> Offer:
        """What this actor may see and ask of the list."""
        columns = {column.code: column for column in self.columns if scope.sees_group(column.field_group)}
        made = [each for column in columns.values() if (each := column.make_filter()) is not None]
        filters = {each.code: each for each in [*self.filters, *made] if scope.sees_group(each.field_group)}
        return Offer(self, columns, filters)

    def searched(self, text: str) -> Q:
        """Where any of the searched fields contains the text, or begins with it in capitals: both served by indexes."""
        pattern, found = like_pattern(text), Q()
        for path in self.search:
            begins = path.startswith("^")
            found |= Q(**{f"{path[1:]}__startswith": text.upper()} if begins else {f"{path}__ilike": pattern})
        return found


@dataclass(frozen=True, slots=True)
class Offer:
    """The columns and filters of a list that one actor may use. SECURITY: the only door from an address to a field."""

    spec: ListSpec
    columns: dict[str, Column]
    filters: dict[str, Filter]

    @property
    def lead(self) -> Column:
        """The column that never goes: the first one with a place of its own."""
        return next(column for column in self.columns.values() if not column.is_folded)

    @property
    def folded(self) -> list[Column]:
        """What stands in the cell of the leading column."""
        return [column for column in self.columns.values() if column.is_folded]

    @property
    def choosable(self) -> list[Column]:
        """The columns one may show, put away and reorder."""
        return [column for column in self.columns.values() if not column.is_folded]

    @property
    def quick(self) -> list[Quick]:
        """The one-click chips that make sense."""
        return [each for each in self.spec.quick if each.filter in self.filters]
