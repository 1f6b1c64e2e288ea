"""The demo's numbers: nothing is made up here, its history is read like anybody's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from metrics.dashboard_tiles import UNITS
from metrics.models import Kpi, TileKind
from metrics.services.dashboards import Wish, dashboard_create
from metrics.services.sweeping import sweep
from organization.access import actor_for
from organization.models import Role, UnitKind

if TYPE_CHECKING:
    from organization.demo import DemoWorld

VIEW: Final = "metrics.view"


def numbers(world: DemoWorld) -> None:
    """Take the whole history of the demo into the roll-ups, so that the first page shows them."""
    sweep(at=world.now)


def dashboards(world: DemoWorld) -> None:
    """What the PMO office looks at on Mondays, shared with its portfolio."""
    actor = actor_for(world.people[Role.PMO_STAFF].user)
    staff = [unit for unit in world.units.values() if unit.kind == UnitKind.PORTFOLIO and actor.can(VIEW, unit.pk)]
    if not staff:
        return
    portfolio = staff[0]
    below = [unit for unit in world.units.values() if unit.kind == UnitKind.PROGRAM and actor.can(VIEW, unit.pk)]
    kpis = Kpi.objects.filter(unit=portfolio, archived_at__isnull=True).order_by("name", "pk")
    dashboard_create(
        actor=actor,
        values={"name": "Monday round", "shared_with": portfolio},
        wishes=[
            *(Wish(TileKind.NUMBER, portfolio, code) for code in ("throughput", "wip", "cycle_time", "started")),
            *(Wish(TileKind.KPI, kpi=kpi) for kpi in kpis[:4]),
            Wish(TileKind.CHART, portfolio, "throughput"),
            Wish(TileKind.CHART, portfolio, UNITS),
            *(Wish(TileKind.CHART, unit, "wip") for unit in below[:2]),
        ],
        at=world.now,
    )
