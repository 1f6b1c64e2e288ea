"""Units as trees, heads of pages and steps of a path."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from django.db.models import Q, QuerySet
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from organization.models import Unit, UnitClosure, UnitKind, UnitParent
from organization.querysets import UnitQuerySet, valid_on
from organization.services.units import Stay
from organization.terms import named
from pmo_portal.lib import registry
from pmo_portal.lib.access import Action, Actor, policy_for, visible
from pmo_portal.lib.registry import UnitPage
from pmo_portal.lib.windows import BEGINNING, FOREVER, local_day

OWN_PAGES: Final = frozenset({"overview", "people", "placements", "periods", "history"})
"""The pages about a unit; all others are where its work is."""


@dataclass(slots=True)
class Node:
    """A unit in a tree of those somebody may see; ``depth`` counts from their topmost."""

    unit: Unit
    depth: int
    since: date | None = None
    until: date | None = None
    children: list[Node] = field(default_factory=list)


def unit_forest(actor: Actor, *, day: date, with_closed: bool = False) -> list[Node]:
    """The units ``actor`` may see as they stand on ``day``, in the order one reads a tree. Two statements.

    A unit whose parent is beyond what the actor sees stands at the top.
    """
    units = visible(actor, Unit)
    if not with_closed:
        units = units.filter(Q(closed_on__isnull=True) | Q(closed_on__gt=day))
    nodes = {unit.pk: Node(unit, 0) for unit in units.order_by("name")}
    tops = []
    placements = {
        placement.unit_id: placement for placement in UnitParent.objects.filter(valid_on(day), unit__any_of=list(nodes))
    }
    for node in nodes.values():
        placement = placements.get(node.unit.pk)
        if placement is None or placement.parent_id not in nodes:
            tops.append(node)
            continue
        node.since = placement.valid_from if placement.valid_from > BEGINNING else None
        node.until = placement.valid_to if placement.valid_to < FOREVER else None
        nodes[placement.parent_id].children.append(node)
    tops.sort(key=lambda node: (node.unit.get_kind().rank, node.unit.name))
    return list(_walk(tops, 0))


def _walk(nodes: Iterable[Node], depth: int) -> Iterable[Node]:
    for node in nodes:
        node.depth = depth
        yield node
        yield from _walk(node.children, depth + 1)


def path_to(actor: Actor, unit: Unit, *, day: date | None = None) -> list[Unit]:
    """The units above and the unit itself, from the top, as far as the actor may see them. One statement."""
    on = day or local_day(timezone.now())
    closure = UnitClosure.objects.filter(valid_on(on), descendant=unit).select_related("ancestor").order_by("-depth")
    policy = policy_for(Unit)
    return [row.ancestor for row in closure if policy.allows(actor, Action.VIEW, row.ancestor)]


def unit_crumbs(actor: Actor, unit: Unit, *here: str) -> list[tuple[str, str]]:
    """The breadcrumb of a page of a unit: the path to it, and what stands below it."""
    crumbs = [(one.name, unit_url(one)) for one in path_to(actor, unit)]
    return [*crumbs, *((label, "") for label in here)]


def unit_why(actor: Actor, unit: Unit) -> list[dict[str, str]]:
    """The same path for components/why.html: what stands above a thing of the unit where there is no breadcrumb."""
    return [
        {"label": one.name, "url": unit_url(one), "icon": "building-2", "kind": named(one.kind.capitalize())}
        for one in path_to(actor, unit)
    ]


def unit_url(unit: Unit) -> str:
    """The overview of a unit."""
    return reverse("organization:unit_detail", args=[unit.code])


def unit_pages_of(actor: Actor, unit: Unit) -> list[UnitPage]:
    """The pages of this unit that the actor may open, those of every app, in their order."""
    return [
        page
        for page in registry.unit_pages
        if unit.kind in page.kinds and (actor.is_system or actor.can(page.permission, unit.pk))
    ]


def unit_tabs(actor: Actor, unit: Unit, current: str) -> list[dict[str, object]]:
    """The tabs in the head of a unit's pages, for components/tabs.html."""
    return [
        {"label": page.label, "url": page.url(unit), "icon": page.icon, "is_current": page.code == current}
        for page in unit_pages_of(actor, unit)
    ]


def tiles_url(actor: Actor, unit: Unit) -> str:
    """Where the unit's numbers come from, for those who may see them; they belong to a higher app and are fetched by
    address. Empty where there are none."""
    if not (actor.is_system or actor.can("metrics.view", unit.pk)):
        return ""
    try:
        return reverse("metrics:unit_tiles", args=[unit.code])
    except NoReverseMatch:
        return ""


@dataclass(frozen=True, slots=True)
class ShownStay:
    """A unit stands under another one for some days; the other is nameless to those who may not see it."""

    parent: Unit | None
    valid_from: date
    valid_to: date


def placements_of(actor: Actor, unit: Unit) -> list[ShownStay]:
    """Where a unit stood, stands and will stand, the latest first."""
    return shown_stays(actor, unit.placements.select_related("parent").order_by("-valid_from"))


def shown_stays(actor: Actor, stays: Iterable[UnitParent | Stay]) -> list[ShownStay]:
    """Placements as far as the actor may know them: a parent beyond their sight has no name."""
    policy = policy_for(Unit)
    return [
        ShownStay(
            stay.parent if policy.allows(actor, Action.VIEW, stay.parent) else None, stay.valid_from, stay.valid_to
        )
        for stay in stays
    ]


def units_holding(actor: Actor, permission: str, *, day: date) -> UnitQuerySet:
    """The open units on which the actor holds a permission, by name: what forms offer."""
    units = Unit.objects.open(day=day).order_by("name")
    return units if actor.is_system else units.filter(pk__any_of=actor.units(permission))


def parents_for(actor: Actor, unit: Unit | None, permission: str, *, day: date) -> UnitQuerySet:
    """The open units under which the actor may put ``unit``, or some unit or other when None."""
    rank = unit.get_kind().rank if unit is not None else UnitKind.TEAM.rank
    higher = [kind for kind in UnitKind if kind.rank < rank]
    return units_holding(actor, permission, day=day).filter(kind__in=higher)


def portfolios_seen(actor: Actor, *, day: date) -> QuerySet[Unit]:
    """The open portfolios the actor may see, by name."""
    portfolios = Unit.objects.open(day=day).filter(kind=UnitKind.PORTFOLIO)
    return policy_for(Unit).visible(actor, portfolios).order_by("name")
