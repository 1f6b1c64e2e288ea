"""The items behind a number: the same filter, so the same total."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db.models import DurationField, ExpressionWrapper, F, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from metrics.models import ItemFact
from metrics.selectors.columns import columns_of
from metrics.selectors.finding import Scope, count_behind, facts_behind, scope_of, stays_in
from metrics.selectors.narrowing import ALL, EVERYTHING, Datum, ItemFilter
from metrics.selectors.selection import Period
from organization.models import Unit
from pmo_portal.lib.access import Action, Actor, policy_for
from teams.models import ItemType, WorkItem

PAGE_ROWS: Final = 50
FILE_CHUNK: Final = 1000

SORTS: Final[Mapping[str, str]] = {
    "key": "item__key",
    "title": "item__title",
    "team": "item__team__unit__name",
    "type": "item_type",
    "started": "started_on",
    "finished": "finished_on",
    "days": "cycle_days",
    "lead": "lead_days",
    "active": "active_seconds",
    "waiting": "waiting_seconds",
    "blocked": "blocked_seconds",
}
"""Columns a list may be sorted by, and what they are in `ItemFact`. Nothing else from an address reaches the order."""


@dataclass(frozen=True, slots=True)
class Behind:
    """A kind of list: what it is called, and which of its columns say something."""

    code: str
    title: Any
    sort: str
    columns: tuple[str, ...]


BEHIND: Final = {
    behind.code: behind
    for behind in (
        Behind("throughput", _("Finished items"), "-finished", ("started", "finished", "days")),
        Behind("wip", _("Items in progress"), "started", ("started", "age", "state")),
        Behind("cycle_time", _("Items with a cycle time"), "-days", ("started", "finished", "days")),
        Behind("start_not_seen", _("Items whose start was not seen"), "-finished", ("finished",)),
        Behind("started", _("Started items"), "-started", ("started", "state")),
        Behind("created", _("Created items"), "key", ("created", "state")),
        Behind("cancelled", _("Cancelled items"), "key", ("cancelled",)),
        Behind("lead_time", _("Items with a lead time"), "-lead", ("created", "finished", "lead")),
        Behind(
            "flow_efficiency",
            _("Items with time between start and finish"),
            "-waiting",
            ("finished", "active", "waiting"),
        ),
        Behind("blocked_time", _("Finished items that were blocked"), "-blocked", ("finished", "days", "blocked")),
        Behind("time_in_column", _("Finished items that were in the column"), "-finished", ("finished", "spent")),
        Behind("cumulative_flow", _("Items that had come this far"), "key", ("created", "started", "finished")),
        Behind("unaligned", _("Finished items that serve no theme"), "-finished", ("finished",)),
        Behind("no_feature", _("Finished items without a feature"), "-finished", ("finished",)),
        Behind("no_epic", _("Finished items whose feature has no epic"), "-finished", ("finished",)),
        Behind("no_theme", _("Finished items whose epic has no theme"), "-finished", ("finished",)),
        Behind("no_estimate", _("Open items without an estimate"), "key", ("created", "state")),
        Behind("stale", _("Items in progress that have not moved lately"), "started", ("started", "state")),
        Behind("orphan", _("Open items without a feature"), "key", ("created", "state")),
        Behind("unmapped", _("Open items in an archived column"), "key", ("created", "state")),
        Behind("no_owner", _("Items in progress that nobody works on"), "started", ("started", "state")),
    )
}


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One item behind a number. Days are metric days; `age_days` only while it is in progress.

    `spent_seconds` is its time in the column the list is about.
    """

    key: str
    title: str
    item_type: str
    team: str
    state: str
    created_on: date
    started_on: date | None
    finished_on: date | None
    cancelled_on: date | None
    cycle_days: int | None
    is_start_seen: bool
    lead_days: int | None
    active_seconds: int | None
    waiting_seconds: int | None
    blocked_seconds: int | None
    age_days: int | None
    spent_seconds: float | None = None

    @property
    def type_label(self) -> str:
        """The type in the reader's language."""
        return str(ItemType(self.item_type).label)


_CELLS: Final = {
    "key": "key",
    "title": "title",
    "item_type": "fact__item_type",
    "team": "team__unit__name",
    "state": "state__name",
    "created_on": "fact__created_on",
    "started_on": "fact__started_on",
    "finished_on": "fact__finished_on",
    "cancelled_on": "fact__cancelled_on",
    "cycle_days": "fact__cycle_days",
    "is_start_seen": "fact__is_start_seen",
    "lead_days": "fact__lead_days",
    "active_seconds": "fact__active_seconds",
    "waiting_seconds": "fact__waiting_seconds",
    "blocked_seconds": "fact__blocked_seconds",
}
"""Where the cells of a row stand, from the item."""


@dataclass(frozen=True, slots=True)
class ItemList:
    """The items behind a number: `total` is the number, `found` the items of it that this person may see."""

    behind: Behind
    total: int
    found: QuerySet[ItemFact]
    hidden_count: int
    scope: Scope
    column: int | None = None

    @property
    def as_of(self) -> date:
        """The day at whose end ages are counted."""
        return self.scope.period.as_of

    @property
    def column_name(self) -> str:
        """The column the list is about, if it is about one."""
        names = columns_of(self.scope.unit).names if self.column is not None else []
        return names[self.column] if self.column is not None and self.column < len(names) else ""

    def rows(self, actor: Actor, first: int, last: int) -> list[ItemRow]:
        """Read the rows from one place of `found` to before another: two statements."""
        return self._read(actor, list(self.found.values_list("pk", flat=True)[first:last]))

    def all_rows(self, actor: Actor) -> Iterator[ItemRow]:
        """Read all rows, some at a time, so that a file of any length costs the same memory."""
        ids = list(self.found.values_list("pk", flat=True))
        for first in range(0, len(ids), FILE_CHUNK):
            yield from self._read(actor, ids[first : first + FILE_CHUNK])

    def _read(self, actor: Actor, ids: list[int]) -> list[ItemRow]:
        # SECURITY: facts may be a second older than a transfer; what is shown of an item goes through its policy.
        seen = policy_for(WorkItem).visible(actor, WorkItem.objects.filter(pk__any_of=ids))
        found = list(seen.annotate(item_id=F("pk")).values("item_id", *_CELLS.values()))
        spent = self._spent(ids)
        days = self.scope.day_count(min((row["fact__created_on"] for row in found), default=self.as_of))
        rows = {}
        for row in found:
            cells: dict[str, Any] = {name: row[path] for name, path in _CELLS.items()}
            created_on, started_on, finished_on = cells["created_on"], cells["started_on"], cells["finished_on"]
            if self.scope.is_worked is not None and finished_on and cells["cycle_days"] is not None:
                cells["cycle_days"] = days.between(started_on or finished_on, finished_on)
                cells["lead_days"] = days.between(created_on, finished_on)
            is_open = self.behind.code == "wip" and started_on
            age_days = days.between(started_on, self.as_of) if is_open else None
            rows[row["item_id"]] = ItemRow(**cells, age_days=age_days, spent_seconds=spent.get(row["item_id"]))
        return [rows[pk] for pk in ids if pk in rows]

    def _spent(self, ids: list[int]) -> dict[int, float]:
        """How long each item was in the column: one statement, and only where the list is about one."""
        if self.behind.code != "time_in_column" or self.column is None:
            return {}
        stays = stays_in(columns_of(self.scope.unit), self.column).filter(item__any_of=ids)
        length = ExpressionWrapper(F("to_at") - F("from_at"), output_field=DurationField())
        sums = stays.order_by().values("item_id").annotate(spent=Sum(length))
        return {row["item_id"]: row["spent"].total_seconds() for row in sums}


def items_behind(
    actor: Actor,
    unit: Unit,
    selection: Period,
    *,
    code: str,
    sort: str = "",
    item_filter: ItemFilter = EVERYTHING,
    datum: Datum = ALL,
) -> ItemList:
    """Find the items behind one number of a unit, or behind one datum of its chart.

    Items that have since moved to a team this person may not look into are counted and not listed.
    """
    behind = BEHIND[code]
    scope = scope_of(unit, selection, item_filter)
    visible_units = None if actor.is_system else actor.units(policy_for(WorkItem).permission(Action.VIEW))
    found = facts_behind(scope, code, datum)
    if visible_units is not None:
        found = found.filter(unit__any_of=visible_units)
    counted = count_behind(scope, code, datum, visible_units=visible_units)
    return ItemList(
        behind,
        counted.total,
        found.order_by(*_order(sort or behind.sort)),
        counted.total - counted.visible,
        scope.at(datum),
        datum.column,
    )


def _order(sort: str) -> list[Any]:
    """Turn a sort of the address into an order; ties by id, so that pages do not overlap."""
    column = F(SORTS[sort.removeprefix("-")])
    return [column.desc(nulls_last=True) if sort.startswith("-") else column.asc(nulls_last=True), "pk"]


def is_sort(sort: str) -> bool:
    """Say whether a list may be sorted so."""
    return sort.removeprefix("-") in SORTS
