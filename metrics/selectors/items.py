"""The items behind a number: the same filter, so the same total."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from metrics.models import ItemFact, ItemInterval, RollupMembership
from metrics.selectors.selection import Period
from organization.models import Unit, UnitKind
from pmo_portal.lib.access import Action, Actor, policy_for
from pmo_portal.lib.windows import day_bounds
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
    )
}


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One item behind a number. Days are metric days; `age_days` only while it is in progress."""

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
    age_days: int | None

    @property
    def type_label(self) -> str:
        """The type in the reader's language."""
        return str(ItemType(self.item_type).label)


@dataclass(frozen=True, slots=True)
class ItemList:
    """The items behind a number: `total` is the number, `found` the items of it that this person may see."""

    behind: Behind
    total: int
    found: QuerySet[ItemFact]
    hidden_count: int
    as_of: date

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
        values: QuerySet[Any, tuple[Any, ...]] = seen.values_list(
            "pk",
            "key",
            "title",
            "fact__item_type",
            "team__unit__name",
            "state__name",
            "fact__created_on",
            "fact__started_on",
            "fact__finished_on",
            "fact__cancelled_on",
            "fact__cycle_days",
            "fact__is_start_seen",
        )
        is_open = self.behind.code == "wip"
        rows = {}
        for pk, *cells in values:
            started_on = cells[6]
            age_days = (self.as_of - started_on).days + 1 if is_open and started_on else None
            rows[pk] = ItemRow(*[*cells, age_days])
        return [rows[pk] for pk in ids if pk in rows]


def items_behind(actor: Actor, unit: Unit, selection: Period, *, code: str, sort: str = "") -> ItemList:
    """Find the items behind one number of a unit.

    Items that have since moved to a team this person may not look into are counted and not listed.
    """
    behind = BEHIND[code]
    facts = _FINDERS[code](unit, selection)
    if selection.item_type:
        facts = facts.filter(item_type=selection.item_type)
    found = facts
    if not actor.is_system:
        found = facts.filter(unit__any_of=actor.units(policy_for(WorkItem).permission(Action.VIEW)))
    total = facts.count()
    visible_count = total if actor.is_system else found.count()
    return ItemList(behind, total, found.order_by(*_order(sort or behind.sort)), total - visible_count, selection.as_of)


def _order(sort: str) -> list[Any]:
    """Turn a sort of the address into an order; ties by id, so that pages do not overlap."""
    column = F(SORTS[sort.removeprefix("-")])
    return [column.desc(nulls_last=True) if sort.startswith("-") else column.asc(nulls_last=True), "pk"]


def is_sort(sort: str) -> bool:
    """Say whether a list may be sorted so."""
    return sort.removeprefix("-") in SORTS


def _flow(flow: str) -> Callable[[Unit, Period], QuerySet[ItemFact]]:
    """Find counted items by the unit and the day of a flow, as the tree stood on that day."""

    def find(unit: Unit, selection: Period) -> QuerySet[ItemFact]:
        window = selection.window
        of_day = {f"{flow}_on__gte": window.start, f"{flow}_on__lt": window.end}
        return ItemFact.objects.filter(_within(unit, flow, window.start, window.end), is_counted=True, **of_day)

    return find


def _within(unit: Unit, flow: str, start: date, end: date) -> Q:
    """The teams that lay under a unit in a window; those that came or left, only on their days."""
    if unit.kind == UnitKind.TEAM:
        return Q(**{f"{flow}_unit_id": unit.pk})
    throughout: list[int] = []
    partly = Q(pk__in=[])
    rows = RollupMembership.objects.filter(ancestor=unit, valid_from__lt=end, valid_to__gt=start)
    for team_id, valid_from, valid_to in rows.values_list("team_id", "valid_from", "valid_to"):
        if valid_from <= start and valid_to >= end:
            throughout.append(team_id)
        else:
            partly |= Q(**{f"{flow}_unit_id": team_id, f"{flow}_on__gte": valid_from, f"{flow}_on__lt": valid_to})
    return partly | Q(**{f"{flow}_unit__any_of": throughout})


def _in_progress(unit: Unit, selection: Period) -> QuerySet[ItemFact]:
    """Find the items in progress at the end of the as-of day, in the teams of that day."""
    _start, end_at = day_bounds(selection.as_of)
    teams = [unit.pk]
    if unit.kind != UnitKind.TEAM:
        rows = RollupMembership.objects.filter(
            ancestor=unit, valid_from__lte=selection.as_of, valid_to__gt=selection.as_of
        )
        teams = list(rows.values_list("team_id", flat=True))
    open_then = ItemInterval.objects.filter(
        Q(to_at__isnull=True) | Q(to_at__gte=end_at), is_wip=True, unit__any_of=teams, from_at__lt=end_at
    )
    return ItemFact.objects.filter(pk__in=open_then.values("item_id"))


def _with_cycle_time(unit: Unit, selection: Period) -> QuerySet[ItemFact]:
    return _flow("finished")(unit, selection).filter(is_start_seen=True, cycle_days__isnull=False)


def _without_start(unit: Unit, selection: Period) -> QuerySet[ItemFact]:
    return _flow("finished")(unit, selection).filter(is_start_seen=False)


_FINDERS: Final[Mapping[str, Callable[[Unit, Period], QuerySet[ItemFact]]]] = {
    "throughput": _flow("finished"),
    "wip": _in_progress,
    "cycle_time": _with_cycle_time,
    "start_not_seen": _without_start,
    "started": _flow("started"),
    "created": _flow("created"),
    "cancelled": _flow("cancelled"),
}
