"""The dashboards somebody may open, and what they can put on one."""

from __future__ import annotations

from datetime import date

from django.db.models import Count, QuerySet

from collaboration.saved_view_rights import SHARE
from metrics.models import Dashboard, Kpi, Rollup
from metrics.selectors.value import kpis_seen
from organization.models import Unit
from organization.selectors.units import units_holding
from pmo_portal.lib.access import Action, Actor, policy_for, visible


def dashboards_seen(actor: Actor) -> QuerySet[Dashboard]:
    """The dashboards that exist for somebody, with how many tiles they have, by name."""
    found = visible(actor, Dashboard).select_related("owner", "shared_with").annotate(tile_count=Count("tiles"))
    return found.order_by("name", "pk")


def dashboards_named(actor: Actor, text: str) -> QuerySet[Dashboard]:
    """The dashboards in use that have this text in their names, by name."""
    found = visible(actor, Dashboard).filter(archived_at__isnull=True, name__icontains=text.replace("\x00", ""))
    return found.select_related("owner").order_by("name", "pk")


def units_to_show(actor: Actor, *, day: date) -> QuerySet[Unit]:
    """The open units whose numbers somebody may put on a dashboard, by name."""
    return units_holding(actor, policy_for(Rollup).permission(Action.VIEW), day=day)


def units_to_share_with(actor: Actor, *, day: date, keep: int | None = None) -> QuerySet[Unit]:
    """The open units somebody works in; and the one a dashboard is shared with already."""
    works_in = frozenset().union(*(actor.units(permission) for permission in SHARE))
    wanted = works_in | ({keep} if keep is not None else set())
    return Unit.objects.open(day=day).filter(pk__any_of=wanted).order_by("name", "pk")


def kpis_to_show(actor: Actor, *, day: date) -> QuerySet[Kpi]:
    """The KPIs somebody may put on a dashboard, by name."""
    return kpis_seen(actor, day=day)
