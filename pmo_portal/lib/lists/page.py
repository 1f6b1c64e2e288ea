"""A list as a page shows it: heads, rows, chips, menus, each with the address it leads to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pmo_portal.lib import format as formatting
from pmo_portal.lib.documents import schedule_url
from pmo_portal.lib.lists.columns import Cell, Column
from pmo_portal.lib.lists.filters import Options
from pmo_portal.lib.lists.parts import Compared, Doors, Head, Link, ShownGroup, ShownRow
from pmo_portal.lib.lists.saved import SavedQuery, view_source
from pmo_portal.lib.lists.state import MOST_STAYING, SIZES, ListState, default_columns
from pmo_portal.lib.lists.table import Group, ListTable

PICK_WIDTH, LEAD_WIDTH, STAYING_WIDTH = 36, 320, 150
"""Pixels: of the boxes, of the first column and of others that stay in sight, where nobody gave them a width."""


class ListPage:
    """Everything templates/components/list/ draws. ``path`` is the list's own address."""

    def __init__(
        self, table: ListTable, *, path: str, doors: Doors, view: SavedQuery | None = None, opens_whole: bool = False
    ) -> None:
        self.table, self.path, self.doors = table, path, doors
        self.spec, self.offer, self.state, self.scope = table.spec, table.offer, table.state, table.scope
        self.view, self.opens_whole = view, opens_whole

    # -- addresses ---------------------------------------------------------------------------------------------------

    def href(self, state: ListState, **more: str) -> str:
        """The address that asks ``state``."""
        query = state.query()
        for name, value in more.items():
            query = f"{query}&{name}={value}" if query else f"{name}={value}"
        if query:
            return f"{self.path}?{query}"
        # Where a list may open with a saved view, nothing at all must be asked for by name.
        return self.path if self.opens_whole else f"{self.path}?view=0"

    @cached_property
    def here(self) -> str:
        """The address of this very page."""
        return self.href(self.state)

    def tool_url(self, tool: str) -> str:
        """Where one of the tools is fetched from when it is opened."""
        return self.href(self.state, tool=tool)

    def hidden(self, *names: str) -> list[tuple[str, str]]:
        """What a form of this list sends along unsaid: the whole question but ``names`` and the page."""
        skipped = {*names, "page"}
        return [pair for pair in self.state.pairs() if pair[0] not in skipped] or [("view", "0")]

    @property
    def search_hidden(self) -> list[tuple[str, str]]:
        """For the search field."""
        return self.hidden("q")

    # -- above the table ---------------------------------------------------------------------------------------------

    @cached_property
    def chips(self) -> list[Link]:
        """The one-click filters, with how many rows each would leave."""
        counts = self.table.counts
        found = []
        for each in self.offer.quick:
            owner = self.offer.filters[each.filter]
            is_on = each.value in self.table.value_of(each.filter).split(",")
            if owner.default:
                other = each.value if not is_on else owner.default
                state = self.state.with_filter(each.filter, "" if other == owner.default else other)
            else:
                state = self.state.toggled(owner, each.value)
            count = counts.get(f"{each.filter} {each.value}")
            found.append(Link(str(each.label), self.href(state), is_on, count, each.icon))
        return found

    @cached_property
    def active(self) -> list[Link]:
        """The filters that are on and no chip of :attr:`chips`; each link takes its value off."""
        quick = {(each.filter, each.value) for each in self.offer.quick}
        found = []
        for on in self.table.filters_on:
            values = on.value.split(",") if isinstance(on.filter, Options) else [on.value]
            for value, part in zip(values, on.parts, strict=True):
                if (on.filter.code, value) not in quick:
                    state = self.state.with_filter(on.filter.code, part.rest)
                    found.append(Link(f"{on.filter.label}: {part.label}", self.href(state), is_on=True))
        return found

    @property
    def clear_url(self) -> str:
        """Without search and filters; columns, order and groups stay."""
        return self.href(self.state.changed(q="", filters={}))

    @property
    def filter_menu(self) -> list[Link]:
        """Every filter, with the address that opens it."""
        return [
            Link(str(each.label), self.href(self.state, facet=each.code), code in self.state.filters)
            for code, each in self.offer.filters.items()
        ]

    @property
    def sort_menu(self) -> list[Link]:
        """Every column one may also sort by, after those that are sorted by already."""
        found = [
            Link(
                str(column.label),
                self.href(self.state.also_sorted_by(column.code, is_down_first=column.is_down_first)),
                is_on=bool(self._direction(column.code)),
                icon={"ascending": "arrow-up", "descending": "arrow-down"}.get(self._direction(column.code), ""),
                count=self._place(column.code) or None,
            )
            for column in self.offer.columns.values()
            if column.can_sort
        ]
        return sorted(found, key=lambda link: link.count or 99)

    @property
    def unsort_url(self) -> str:
        """In the list's own order."""
        return self.href(self.state.changed(sorts=())) if self.state.sorts else ""

    @property
    def group_menu(self) -> list[Link]:
        """What rows can be grouped by."""
        found = [
            Link(str(column.label), self.href(self.state.changed(group=code)), self.state.group == code)
            for code, column in self.offer.columns.items()
            if column.can_group
        ]
        return [Link(_("No groups"), self.href(self.state.changed(group="")), not self.state.group), *found]

    @property
    def column_choices(self) -> list[dict[str, Any]]:
        """The columns for the dialog that chooses them: those shown in their order, then the others."""
        shown = self.state.columns or default_columns(self.offer)
        rest = [column.code for column in self.offer.choosable if column.code not in shown]
        return [
            {
                "code": code,
                "label": str(self.offer.columns[code].label),
                "is_on": code in shown,
                "is_lead": code == self.offer.lead.code,
            }
            for code in (*shown, *rest)
        ]

    @property
    def column_hidden(self) -> list[tuple[str, str]]:
        """For the dialog of columns."""
        return self.hidden("cols", "freeze")

    @property
    def columns_reset_url(self) -> str:
        """With the columns nobody chose."""
        is_usual = not (self.state.columns or self.state.widths or self.state.staying > 1)
        return "" if is_usual else self.href(self.state.changed(columns=(), widths={}, staying=1))

    @property
    def staying_choices(self) -> list[tuple[int, str, bool]]:
        """How many columns may stay in sight: number, words, whether it is so."""
        return [
            (n, ngettext("the first column", "the first %(n)s columns", n) % {"n": n}, n == self.state.staying)
            for n in range(1, MOST_STAYING + 1)
        ]

    @property
    def exports(self) -> list[Link]:
        """The files one may take away, of exactly what is shown; the last choice has them sent again and again."""
        files = [
            Link(label, self.href(self.state, format=code), icon=icon)
            for code, label, icon in (
                ("xlsx", _("Excel"), "file-spreadsheet"),
                ("csv", _("CSV"), "download"),
                ("pdf", _("PDF"), "file-text"),
            )
        ]
        # A saved view goes along by name: what is made of it later is what will be sent.
        query = self.href(self.state).partition("?")[2]
        title = self.view.name if self.view else str(self.spec.label)
        return [*files, Link(_("Send by mail…"), schedule_url(self.path, query, title), icon="send")]

    @property
    def views_url(self) -> str:
        """Where the menu of saved views comes from; it is told what is shown now."""
        source = view_source()
        if source is None:
            return ""
        url = source.menu_url(list_code=self.spec.code, unit_id=self.scope.unit_id)
        told = {"path": self.path, "query": self.question, "view": self.view.pk if self.view else 0}
        return f"{url}&{urlencode(told)}"

    @property
    def question(self) -> str:
        """What is asked now, as a saved view keeps it."""
        return self.state.query(with_page=False, with_view=False)

    @property
    def is_view_changed(self) -> bool:
        """Whether something else is shown than the saved view it began with."""
        return self.view is not None and self.view.query != self.question

    # -- the table ---------------------------------------------------------------------------------------------------

    @cached_property
    def heads(self) -> list[Head]:
        """The heads of the shown columns."""
        folded = [self._head(column) for column in self.offer.folded]
        lead = self.offer.lead.code
        heads = [self._head(column, folded if column.code == lead else ()) for column in self.table.columns]
        return [
            replace(head, look=look, width=self.state.widths.get(head.code, 0))
            for head, look in zip(heads, self.looks, strict=True)
        ]

    @cached_property
    def looks(self) -> list[str]:
        """How each shown column stands, as attributes of its cells: a width somebody gave it, and where it stays in
        sight. Columns that stay beside the first one need a width, for each begins where the one before it ends."""
        found, left = [], PICK_WIDTH if self.can_pick else 0
        for place, column in enumerate(self.table.columns):
            stays = place < self.state.staying
            width = self.state.widths.get(column.code, 0)
            if stays and self.state.staying > 1:
                width = width or (LEAD_WIDTH if place == 0 else STAYING_WIDTH)
            said = [f"--w: {width}px"] * bool(width) + [f"--left: {left}px"] * (stays and place > 0)
            found.append("; ".join(said))
            left += width
        return found

    def _head(self, column: Column, folded: Sequence[Head] = ()) -> Head:
        label = str(column.label)
        if not column.can_sort:
            return Head(column.code, label, column.is_number, folded=folded)
        down = column.is_down_first
        return Head(
            column.code,
            label,
            column.is_number,
            self.href(self.state.sorted_by(column.code, is_down_first=down)),
            self.href(self.state.also_sorted_by(column.code, is_down_first=down)),
            self._direction(column.code),
            self._place(column.code) if len(self.state.sorts) > 1 else 0,
            folded,
        )

    def _direction(self, code: str) -> str:
        if code in self.state.sorts:
            return "ascending"
        return "descending" if f"-{code}" in self.state.sorts else ""

    def _place(self, code: str) -> int:
        found = [number for number, each in enumerate(self.state.sorts, start=1) if each.removeprefix("-") == code]
        return found[0] if found else 0

    @cached_property
    def rows(self) -> list[ShownRow]:
        """The rows of the page as they are drawn."""
        return list(self._rows())

    def _rows(self) -> Iterator[ShownRow]:
        group_column, last = self.table.group_column, object()
        for number, row in enumerate(self.table.page_rows):
            shown = self.shown_row(row)
            if group_column is not None:
                key = group_column.group_of(row, self.scope)
                key = tuple(key) if isinstance(key, list) else key
                if number == 0 or key != last:
                    shown.group = self._shown_group(key, is_first=number == 0)
                    last = key
            yield shown

    def shown_row(self, row: Any, *, depth: int = 0) -> ShownRow:
        """One row as it is drawn."""
        cells = [column.cell(row, self.scope) for column in self.table.columns]
        for cell, label, look in zip(cells, self._labels, self.looks, strict=True):
            cell.label, cell.look = label, look
        cells[0].key = " ".join(column.text(column.value(row, self.scope)) for column in self._folded)
        if not self.doors.cell_url or (self.doors.may_edit is not None and not self.doors.may_edit(row)):
            for cell in cells:
                cell.edit = ""
        compared = self.compared
        if compared is not None:
            for cell in cells:
                cell.old = compared.old.get(row.pk, {}).get(cell.code)
        return ShownRow(
            pk=row.pk,
            url=self.spec.url(row),
            cells=cells,
            version=getattr(row, self.spec.row_version) if self.spec.row_version else "",
            depth=depth or self._depth(row),
            expand_url=self.doors.tree_url(row) if self.doors.tree_url is not None else "",
            is_new=compared is not None and row.pk in compared.added,
        )

    def _depth(self, row: Any) -> int:
        is_whole = not (self.state.sorts or self.state.group or self.table.is_narrowed)
        return self.spec.depth(row, self.scope) if self.spec.depth is not None and is_whole else 0

    @cached_property
    def _labels(self) -> list[str]:
        """Translated once a page, not once a cell."""
        return [str(column.label) for column in self.table.columns]

    @cached_property
    def _folded(self) -> list[Column]:
        return self.offer.folded

    def _shown_group(self, key: Any, *, is_first: bool) -> ShownGroup:
        group = self.table.groups.get(key) or Group(key, "", 0, {})
        name = group.name or _("None")
        is_continued = is_first and self.table.page_number > 1 and key != next(iter(self.table.groups), None)
        return ShownGroup(name, group.count, self._sum_cells(group.sums), is_continued)

    def _sum_cells(self, sums: Mapping[str, Any]) -> list[Cell]:
        return [
            Cell(column.code, "sum", column.text(sums.get(column.code)) if column.total else "", label, look=look)
            for column, label, look in list(zip(self.table.columns, self._labels, self.looks, strict=True))[1:]
        ]

    @property
    def total_cells(self) -> list[Cell]:
        """The totals of all rows that fit; none when no column is added up."""
        return self._sum_cells(self.table.sums) if self.table.sum_columns else []

    @cached_property
    def compared(self) -> Compared | None:
        """How the rows of this page were on the day they are compared with."""
        if self.state.since is None or self.doors.compare is None:
            return None
        found: Compared = self.doors.compare(self.table.page_rows, self.table.columns, self.state.since, self.scope)
        return found

    @property
    def since_hidden(self) -> list[tuple[str, str]]:
        """For the form that asks for a day to compare with."""
        return self.hidden("since")

    @property
    def uncompare_url(self) -> str:
        """Without a comparison."""
        return self.href(self.state.changed(since=None))

    @property
    def width(self) -> int:
        """How many columns the table has, the one with the boxes included."""
        return len(self.heads) + (1 if self.can_pick else 0)

    @property
    def can_pick(self) -> bool:
        """Whether rows can be picked, because something can be done to many."""
        return bool(self.doors.bulk_fields)

    # -- below the table ---------------------------------------------------------------------------------------------

    @property
    def first(self) -> int:
        """The number of the first row of the page."""
        return (self.table.page_number - 1) * self.state.size + 1 if self.table.shown else 0

    @property
    def last(self) -> int:
        """The number of the last one."""
        return min(self.table.page_number * self.state.size, self.table.shown)

    def _page_url(self, number: int) -> str:
        return self.href(self.state.changed(page=number)) if 1 <= number <= self.table.pages else ""

    @property
    def previous_url(self) -> str:
        """The page before."""
        return self._page_url(self.table.page_number - 1)

    @property
    def next_url(self) -> str:
        """The page after."""
        return self._page_url(self.table.page_number + 1)

    @property
    def size_links(self) -> list[Link]:
        """How many rows a page may have."""
        if self.table.shown <= SIZES[0]:
            return []
        return [
            Link(formatting.number(size), self.href(self.state.changed(size=size)), size == self.state.size)
            for size in SIZES
        ]
