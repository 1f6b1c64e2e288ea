"""Teams at a glance."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from organization.models import UnitKind, UnitParent
from organization.querysets import UnitQuerySet, valid_on
from organization.selectors.units import units_holding
from pmo_portal.lib.access import Actor, visible
from portfolio.models import StateCategory
from portfolio.models.workflow import STARTED_CATEGORIES
from teams.models import Sprint, SprintState, Team, WorkItem


def units_without_board(actor: Actor, *, today: date) -> UnitQuerySet:
    """The open units of kind TEAM that this person may give a board and that have none yet."""
    return units_holding(actor, "team.configure", day=today).filter(kind=UnitKind.TEAM, team__isnull=True)


def teams_overview(actor: Actor, *, today: date) -> QuerySet[Team]:
    """The teams a person sees, by program and name, with open, running and blocked items and the running sprint.

    Each count reads only what is open of that team, by the index of its board: finished work costs nothing.
    """
    open_items = (
        WorkItem.objects.present()
        .filter(team=OuterRef("pk"), parent__isnull=True, state__workflow=OuterRef("workflow"))
        .order_by()
        .values("team")
    )
    started = open_items.filter(state__category__in=STARTED_CATEGORIES)
    sprint = Sprint.objects.filter(team=OuterRef("pk"), state=SprintState.ACTIVE).order_by("-starts_at", "-pk")
    placement = UnitParent.objects.filter(valid_on(today), unit=OuterRef("pk"))
    return (
        visible(actor, Team)
        .filter(Q(unit__closed_on__isnull=True) | Q(unit__closed_on__gt=today))
        .select_related("unit")
        .annotate(
            wip_count=_count(started),
            waiting_count=_count(open_items.filter(state__category=StateCategory.BACKLOG)),
            blocked_count=_count(started.filter(blocked_at__isnull=False)),
            sprint_name=Subquery(sprint.values("name")[:1]),
            sprint_ends_at=Subquery(sprint.values("ends_at")[:1]),
            parent_name=Subquery(placement.values("parent__name")[:1]),
        )
        .order_by(F("parent_name").asc(nulls_last=True), "unit__name", "pk")
    )


def _count(items: QuerySet[WorkItem, Any]) -> Coalesce:
    """How many of ``items`` a team has, 0 when none."""
    return Coalesce(Subquery(items.annotate(n=Count("pk")).values("n"), output_field=IntegerField()), 0)
