"""Epics as pages show them: with their themes, features and age, as far as a person may see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, JSONObject

from organization.models import Unit
from pmo_portal.lib.access import Actor, visible
from portfolio.models import BusinessCase, Epic, EpicTheme, EpicType, Feature, StateCategory, StrategicTheme
from portfolio.selectors.filters import life_condition

FINISHED = (StateCategory.DONE, StateCategory.CANCELLED)


def _of_features(value: Count) -> Coalesce:
    rows = Feature.objects.present().filter(epic=OuterRef("pk")).order_by().values("epic")
    return Coalesce(Subquery(rows.annotate(n=value).values("n"), output_field=IntegerField()), 0)


def epics_of(unit: Unit, *, actor: Actor) -> QuerySet[Any]:
    """The epics of a portfolio in their order, each with ``aligned_percent``, ``theme_ids`` and ``theme_shares`` (the
    widest first), ``feature_count`` and ``done_count``."""
    return with_alignment(visible(actor, Epic).filter(deleted_at__isnull=True, unit=unit)).order_by("rank", "pk")


def with_alignment(epics: QuerySet[Any]) -> QuerySet[Any]:
    """Adds what an epic serves and how far its features are, in subqueries: one statement whatever their number."""
    rows = EpicTheme.objects.filter(epic=OuterRef("pk")).order_by().values("epic")
    shares = JSONObject(name=F("theme__name"), id=F("theme_id"), share=F("share_percent"))
    ordering = ["-share_percent", "theme_id"]
    annotated: QuerySet[Any] = epics.annotate(
        aligned_percent=Coalesce(Subquery(rows.annotate(n=Sum("share_percent")).values("n")), 0),
        theme_ids=Coalesce(
            Subquery(rows.annotate(ids=ArrayAgg("theme_id", order_by=ordering)).values("ids")),
            Value([], output_field=ArrayField(BigIntegerField())),
        ),
        theme_shares=Subquery(rows.annotate(all=ArrayAgg(shares, order_by=ordering)).values("all")),
        feature_count=_of_features(Count("pk")),
        done_count=_of_features(Count("pk", filter=Q(state__category=StateCategory.DONE))),
    )
    return annotated


@dataclass(frozen=True, slots=True)
class EpicCounts:
    """How many epics each filter would leave, whatever else is on."""

    total: int
    mine: int
    business: int
    enabler: int
    unaligned: int
    open: int


def epic_counts(epics: QuerySet[Any], *, actor: Actor) -> EpicCounts:
    """Count what the chips beside the board offer; one statement."""
    found = epics.order_by().aggregate(
        total=Count("pk"),
        mine=Count("pk", filter=Q(owner_id=actor.person_id or 0)),
        business=Count("pk", filter=Q(type=EpicType.BUSINESS)),
        enabler=Count("pk", filter=Q(type=EpicType.ENABLER)),
        unaligned=Count("pk", filter=Q(aligned_percent__lt=100)),
        open=Count("pk", filter=life_condition("open")),
    )
    return EpicCounts(**found)


def themes_of(unit: Unit, *, actor: Actor) -> list[StrategicTheme]:
    """The themes of a portfolio in their order, with ``epic_count``."""
    return list(
        visible(actor, StrategicTheme)
        .filter(unit=unit)
        .annotate(epic_count=Count("alignments", filter=Q(alignments__epic__deleted_at__isnull=True)))
        .order_by("position", "pk")
    )


def owners_of(epics: QuerySet[Any]) -> Sequence[tuple[int, str, int]]:
    """Who owns how many of these epics: (person id, name, count), by name; one statement."""
    return list(
        epics.order_by()
        .filter(owner__isnull=False)
        .values_list("owner_id", "owner__name")
        .annotate(Count("pk"))
        .order_by("owner__name", "owner_id")
    )


def alignments_of(epic: Epic) -> list[EpicTheme]:
    """What an epic serves, the widest share first, each with its theme; one statement."""
    return list(EpicTheme.objects.filter(epic=epic).select_related("theme").order_by("-share_percent", "theme_id"))


def epic_tab_counts(epic: Epic, *, actor: Actor) -> tuple[int, int]:
    """How many features and versions of the business case of an epic the actor sees; one statement."""
    features = visible(actor, Feature).filter(epic=OuterRef("pk"), deleted_at__isnull=True).order_by().values("epic")
    cases = visible(actor, BusinessCase).filter(epic=OuterRef("pk")).order_by().values("epic")
    counts = Epic.objects.filter(pk=epic.pk).values_list(
        Coalesce(Subquery(features.annotate(n=Count("pk")).values("n")), 0),
        Coalesce(Subquery(cases.annotate(n=Count("pk")).values("n")), 0),
    )
    feature_count, case_count = counts[0]
    return feature_count, case_count
