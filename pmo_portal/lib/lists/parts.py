"""The parts a list is drawn from: links, heads, rows, groups; and what a page gives the list it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pmo_portal.lib.lists.columns import Cell, Column
from pmo_portal.lib.lists.scope import Scope

Compare = Callable[[Sequence[Any], Sequence[Column], date, Scope], "Compared"]


@dataclass(frozen=True, slots=True)
class Empty:
    """What stands where there are no rows at all: what belongs here, why, one thing to do (components/empty_state)."""

    title: str
    text: str
    action_label: str = ""
    action_url: str = ""
    icon: str = "inbox"


@dataclass(frozen=True, slots=True)
class Doors:
    """What a list leads to, as far as this person may go there. Empty ones are not shown.

    ``cell_url`` edits one cell in place, ``bulk_url`` many rows at once; ``bulk_fields`` are the fields one may set
    on many: code and label. ``may_edit`` leaves cells of a row as
    they are. ``compare`` gives for rows and a day what their cells said then.
    """

    name: str
    title: str
    empty: Empty
    unit_name: str = ""
    cell_url: str = ""
    bulk_url: str = ""
    bulk_fields: Sequence[tuple[str, str]] = ()
    may_edit: Callable[[Any], bool] | None = None
    tree_url: Callable[[Any], str] | None = None
    live_units: Sequence[int] = ()
    compare: Compare | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """One choice of a menu or one chip."""

    label: str
    url: str
    is_on: bool = False
    count: int | None = None
    icon: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column: how it is sorted, and where a click leads, with and without Shift."""

    code: str
    label: str
    is_number: bool
    url: str = ""
    also_url: str = ""
    direction: str = ""
    place: int = 0
    folded: Sequence[Head] = ()
    width: int = 0
    look: str = ""


@dataclass(slots=True)
class ShownRow:
    """A row of the table; ``group`` is set on the first row of each group, ``expand_url`` where its parts are."""

    pk: int
    url: str
    cells: list[Cell]
    version: Any = ""
    group: ShownGroup | None = None
    depth: int = 0
    expand_url: str = ""
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """The line above a group: its name, how many rows it has in all, its totals column by column."""

    name: str
    count: int
    cells: Sequence[Cell]
    is_continued: bool = False


@dataclass(frozen=True, slots=True)
class Compared:
    """The cells of a page as they were on a day: row id to column code to words; ``added`` did not exist then."""

    day: date
    old: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    added: frozenset[int] = frozenset()

    @property
    def changed(self) -> int:
        """How many rows say something else now."""
        return len([pk for pk in self.old if pk not in self.added])
