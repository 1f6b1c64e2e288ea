"""Features as pages show them, with their epic as far as a person may see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, Case, Count, F, Q, QuerySet, Value, When
from django.db.models.functions import Round

from organization.models import Unit
from pmo_portal.lib.access import Actor, visible
from portfolio.models import Epic, Feature
from portfolio.selectors.filters import life_condition


def features_of(unit: Unit, *, actor: Actor) -> QuerySet[Any]:
    """The features of a program in their order, each with ``sees_epic`` and ``cd3``.

    Cost of delay divided by duration (CD3, Reinertsen): the higher, the sooner. Short features that cost much while
    they wait come first. None where either is not said: such a feature is listed, not ranked.
    """
    features = visible(actor, Feature).filter(deleted_at__isnull=True, unit=unit)
    features = features.annotate(cd3=Round(F("cost_of_delay") / F("duration_months"), precision=2))
    return with_epic_seen(features, actor=actor).order_by("rank", "pk")


def features_of_epic(epic: Epic, *, actor: Actor) -> QuerySet[Any]:
    """The features of an epic that the actor may see, program by program, each program in its own order."""
    features: QuerySet[Any] = (
        visible(actor, Feature)
        .filter(deleted_at__isnull=True, epic=epic)
        .select_related("unit", "state", "owner", "period")
        .order_by("unit__name", "unit_id", "rank", "pk")
    )
    return features


def with_epic_seen(features: QuerySet[Any], *, actor: Actor) -> QuerySet[Any]:
    """Adds ``sees_epic``: whether the epic exists for the actor, who may see the program and not the portfolio."""
    seen = Q(epic__isnull=False, epic__deleted_at__isnull=True)
    if not actor.is_system:
        seen &= Q(epic__unit__any_of=actor.units("epic.view"))
    annotated: QuerySet[Any] = features.annotate(
        sees_epic=Case(When(seen, then=Value(True)), default=Value(False), output_field=BooleanField())
    )
    return annotated


@dataclass(frozen=True, slots=True)
class FeatureCounts:
    """How many features each filter would leave, whatever else is on."""

    total: int
    mine: int
    mvp: int
    without_epic: int
    open: int


def feature_counts(features: QuerySet[Any], *, actor: Actor) -> FeatureCounts:
    """Count what the chips beside the board offer; one statement."""
    found = features.order_by().aggregate(
        total=Count("pk"),
        mine=Count("pk", filter=Q(owner_id=actor.person_id or 0)),
        mvp=Count("pk", filter=Q(is_mvp=True)),
        without_epic=Count("pk", filter=Q(epic__isnull=True)),
        open=Count("pk", filter=life_condition("open")),
    )
    return FeatureCounts(**found)


def epics_in(features: QuerySet[Any]) -> Sequence[tuple[int, str, int]]:
    """The epics these features belong to, as far as seen: (id, title, count); one statement."""
    return list(
        features.filter(sees_epic=True)
        .order_by()
        .values_list("epic_id", "epic__title")
        .annotate(Count("pk"))
        .order_by("epic__title", "epic_id")
    )


def periods_in(features: QuerySet[Any]) -> Sequence[tuple[int, str, int]]:
    """The program increments these features are planned for: (id, name, count), the latest first; one statement."""
    return list(
        features.filter(period__isnull=False)
        .order_by()
        .values_list("period_id", "period__name")
        .annotate(n=Count("pk"), starts=F("period__starts_on"))
        .order_by("-starts", "period_id")
        .values_list("period_id", "period__name", "n")
    )
