"""Teams at a glance."""

from __future__ import annotations

from datetime import date

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery

from organization.models import UnitKind, UnitParent
from organization.querysets import UnitQuerySet, valid_on
from organization.selectors.units import units_holding
from pmo_portal.lib.access import Actor, visible
from portfolio.models.workflow import STARTED_CATEGORIES
from teams.models import Sprint, SprintState, Team


def units_without_board(actor: Actor, *, today: date) -> UnitQuerySet:
    """The open units of kind TEAM that this person may give a board and that have none yet."""
    return units_holding(actor, "team.configure", day=today).filter(kind=UnitKind.TEAM, team__isnull=True)


def teams_overview(actor: Actor, *, today: date) -> QuerySet[Team]:
    """The teams a person sees, by program and name, with open, running and blocked items and the running sprint."""
    present = Q(items__deleted_at__isnull=True, items__parent__isnull=True)
    started = Q(items__state__category__in=STARTED_CATEGORIES)
    sprint = Sprint.objects.filter(team=OuterRef("pk"), state=SprintState.ACTIVE).order_by("-starts_at", "-pk")
    placement = UnitParent.objects.filter(valid_on(today), unit=OuterRef("pk"))
    return (
        visible(actor, Team)
        .filter(Q(unit__closed_on__isnull=True) | Q(unit__closed_on__gt=today))
        .select_related("unit")
        .annotate(
            wip_count=Count("items", filter=present & started),
            waiting_count=Count("items", filter=present & Q(items__state__category="BACKLOG")),
            blocked_count=Count("items", filter=present & started & Q(items__blocked_at__isnull=False)),
            sprint_name=Subquery(sprint.values("name")[:1]),
            sprint_ends_at=Subquery(sprint.values("ends_at")[:1]),
            parent_name=Subquery(placement.values("parent__name")[:1]),
        )
        .order_by(F("parent_name").asc(nulls_last=True), "unit__name", "pk")
    )
