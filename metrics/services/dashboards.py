"""Dashboards of one's own: made, named, shared, copied, put away; their tiles added, moved, made wider, taken off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from collaboration.saved_view_rights import may_share
from metrics.dashboard_tiles import codes_of
from metrics.models import Dashboard, DashboardTile, Kpi, Rollup, TileKind
from metrics.services.versions import merged
from organization.models import Unit
from pmo_portal.lib.access import Action, Actor, Denied, require, require_within
from pmo_portal.lib.errors import Conflict, FieldConflict, Refused, field_error

EDITABLE: Final = frozenset({"name", "shared_with"})
MOST_TILES: Final = 24
"""Tiles of one dashboard: what still fits into one look and a few statements."""
MOST_DASHBOARDS: Final = 50
"""One person keeps at most so many."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A tile to put on a dashboard: a number or chart of a unit, or a KPI."""

    kind: TileKind
    unit: Unit | None = None
    code: str = ""
    kpi: Kpi | None = None
    is_wide: bool = False


@transaction.atomic
def dashboard_create(
    *, actor: Actor, values: Mapping[str, Any], wishes: Sequence[Wish] = (), at: datetime
) -> Dashboard:
    """A dashboard of one's own with its first tiles. ``values`` holds any of :data:`EDITABLE`."""
    if actor.person_id is None:
        raise Denied(Action.CREATE, "Dashboard")
    _check_names(values)
    if Dashboard.objects.filter(owner=actor.person_id, archived_at__isnull=True).count() >= MOST_DASHBOARDS:
        raise Refused(_("You keep %(n)s dashboards already; put one away first.") % {"n": MOST_DASHBOARDS})
    dashboard = Dashboard(owner_id=actor.person_id, created_at=at, **values)
    _clean(actor, dashboard, is_shared_anew=True)
    dashboard.save(force_insert=True)
    for position, wish in enumerate(wishes[:MOST_TILES]):
        _put(actor, dashboard, wish, position)
    return dashboard


@transaction.atomic
def dashboard_edit(
    *, actor: Actor, dashboard: Dashboard, values: Mapping[str, Any], seen_version: int | None, at: datetime
) -> Dashboard:
    """Name a dashboard, share it with a unit or keep it to oneself again."""
    require(actor, Action.EDIT, dashboard)
    _check_names(values)
    dashboard = _present(dashboard)
    wanted = merged(dashboard, values, seen_version)
    for name, value in wanted.items():
        setattr(dashboard, name, value)
    if wanted:
        _clean(actor, dashboard, is_shared_anew="shared_with" in wanted)
        _count(dashboard)
    return dashboard


@transaction.atomic
def dashboard_copy(*, actor: Actor, dashboard: Dashboard, at: datetime) -> Dashboard:
    """A private copy for the actor, of the tiles that they may see."""
    require(actor, Action.VIEW, dashboard)
    name = _("Copy of %(name)s") % {"name": dashboard.name}
    tiles = DashboardTile.objects.filter(dashboard=dashboard).select_related("unit", "kpi").order_by("position", "pk")
    wishes = [Wish(TileKind(one.kind), one.unit, one.code, one.kpi, one.is_wide) for one in tiles]
    seen = [wish for wish in wishes if _may_put(actor, wish)]
    return dashboard_create(actor=actor, values={"name": name[:80]}, wishes=seen, at=at)


@transaction.atomic
def dashboard_archive(*, actor: Actor, dashboard: Dashboard, is_archived: bool, at: datetime) -> Dashboard:
    """Put a dashboard away, or take it back."""
    require(actor, Action.DELETE, dashboard)
    dashboard = _locked(dashboard)
    if is_archived != (dashboard.archived_at is not None):
        dashboard.archived_at = at if is_archived else None
        _count(dashboard)
    return dashboard


@transaction.atomic
def tile_add(
    *, actor: Actor, dashboard: Dashboard, wish: Wish, seen_version: int | None, at: datetime
) -> DashboardTile:
    """Put a tile at the end. Only what the actor sees is put anywhere."""
    require(actor, Action.EDIT, dashboard)
    dashboard = _present(dashboard, seen_version)
    tiles = list(dashboard.tiles.order_by("position", "pk"))
    if len(tiles) >= MOST_TILES:
        raise Refused(_("A dashboard has at most %(n)s tiles; take one off first.") % {"n": MOST_TILES})
    tile = _put(actor, dashboard, wish, tiles[-1].position + 1 if tiles else 0)
    _count(dashboard)
    return tile


@transaction.atomic
def tile_move(
    *, actor: Actor, dashboard: Dashboard, tile_id: int, steps: int, seen_version: int | None, at: datetime
) -> None:
    """Move a tile forward or back by some places, as far as there are any."""
    require(actor, Action.EDIT, dashboard)
    dashboard = _present(dashboard, seen_version)
    tiles = list(dashboard.tiles.order_by("position", "pk"))
    here = next((place for place, one in enumerate(tiles) if one.pk == tile_id), None)
    if here is None:
        raise Refused(_("This tile is not there any more."))
    tiles.insert(min(max(here + steps, 0), len(tiles) - 1), tiles.pop(here))
    moved = [one for place, one in enumerate(tiles) if one.position != place]
    for place, one in enumerate(tiles):
        one.position = place
    if moved:
        DashboardTile.objects.bulk_update(moved, ["position"])
        _count(dashboard)


@transaction.atomic
def tile_widen(
    *, actor: Actor, dashboard: Dashboard, tile_id: int, is_wide: bool, seen_version: int | None, at: datetime
) -> None:
    """Give a tile twice its room, or its usual room again."""
    require(actor, Action.EDIT, dashboard)
    dashboard = _present(dashboard, seen_version)
    tile = _tile(dashboard, tile_id)
    if tile.is_wide != is_wide:
        tile.is_wide = is_wide
        tile.save(update_fields=["is_wide"])
        _count(dashboard)


@transaction.atomic
def tile_remove(*, actor: Actor, dashboard: Dashboard, tile_id: int, seen_version: int | None, at: datetime) -> None:
    """Take a tile off; what it showed is not touched."""
    require(actor, Action.EDIT, dashboard)
    dashboard = _present(dashboard, seen_version)
    _tile(dashboard, tile_id).delete()
    _count(dashboard)


def _tile(dashboard: Dashboard, tile_id: int) -> DashboardTile:
    tile = DashboardTile.objects.filter(dashboard=dashboard, pk=tile_id).first()
    if tile is None:
        raise Refused(_("This tile is not there any more."))
    return tile


def _put(actor: Actor, dashboard: Dashboard, wish: Wish, position: int) -> DashboardTile:
    if wish.kpi is not None:
        require(actor, Action.VIEW, wish.kpi)
    elif wish.unit is not None:
        require_within(actor, Action.VIEW, Rollup, wish.unit.pk)
        if wish.code not in codes_of(wish.unit, wish.kind):
            raise field_error("what", _("%(unit)s has no such number.") % {"unit": wish.unit.name})
    tile = DashboardTile(
        dashboard=dashboard,
        position=position,
        kind=wish.kind,
        unit=wish.unit,
        code=wish.code,
        kpi=wish.kpi,
        is_wide=wish.is_wide,
    )
    same = DashboardTile.objects.filter(
        dashboard=dashboard, kind=wish.kind, unit=wish.unit, code=wish.code, kpi=wish.kpi
    )
    if same.exists():
        raise field_error("kpi" if wish.kpi else "what", _("It is on this dashboard already."))
    tile.full_clean()
    tile.save(force_insert=True)
    return tile


def _may_put(actor: Actor, wish: Wish) -> bool:
    try:
        if wish.kpi is not None:
            require(actor, Action.VIEW, wish.kpi)
        elif wish.unit is not None:
            require_within(actor, Action.VIEW, Rollup, wish.unit.pk)
    except Denied:
        return False
    return True


def _clean(actor: Actor, dashboard: Dashboard, *, is_shared_anew: bool) -> None:
    dashboard.name = dashboard.name.strip()
    shared_with = dashboard.shared_with_id
    if is_shared_anew and shared_with is not None and not may_share(actor, shared_with):
        raise field_error("shared_with", _("You share dashboards with units you work in."))
    dashboard.full_clean()


def _count(dashboard: Dashboard) -> None:
    """One version more, whatever was changed of it."""
    dashboard.version += 1
    dashboard.save()


def _locked(dashboard: Dashboard) -> Dashboard:
    return Dashboard.objects.select_for_update(of=("self",)).get(pk=dashboard.pk)


def _present(dashboard: Dashboard, seen_version: int | None = None) -> Dashboard:
    """The dashboard as it is now, locked. Tiles are changed on the dashboard one saw: places have no meaning alone."""
    dashboard = _locked(dashboard)
    if dashboard.archived_at is not None:
        raise Refused(_("It is put away. Take it back first."))
    if seen_version is not None and seen_version != dashboard.version:
        raise Conflict([FieldConflict(_("tiles"), seen_version, dashboard.version)])
    return dashboard


def _check_names(values: Mapping[str, Any]) -> None:
    unknown = set(values) - EDITABLE
    if unknown:
        raise ValueError(f"not editable here: {sorted(unknown)}")
