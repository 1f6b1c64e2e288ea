"""When epics and features are likely to be done, as far as a person may know."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Case, F, Q, QuerySet, When

from pmo_portal.lib.access import Actor
from portfolio.models import Epic, EpicForecast, Feature, FeatureForecast, Forecast

SEES_NUMBERS: Final = "metrics.view"


def forecast_seen(actor: Actor, thing: Epic | Feature) -> Forecast | None:
    """The kept forecast of an epic or feature; None without one, or when it is drawn from units that this person may
    not look into: a date would tell of them. One statement."""
    found: Forecast | None
    if isinstance(thing, Epic):
        found = EpicForecast.objects.filter(epic=thing).first()
    else:
        found = FeatureForecast.objects.filter(feature=thing).first()
    if found is None or not (actor.is_system or actor.units(SEES_NUMBERS).issuperset(found.unit_ids)):
        return None
    return found


def with_forecast(things: QuerySet[Any], *, actor: Actor) -> QuerySet[Any]:
    """Adds ``likely_from`` (an even chance) and ``likely_by`` (85 %) to epics or features: what lists show and sort by.

    None where there is no forecast for this person.
    """
    seen = Q(forecast__isnull=False)
    if not actor.is_system:
        seen &= Q(forecast__unit_ids__contained_by=sorted(actor.units(SEES_NUMBERS)))
    annotated: QuerySet[Any] = things.annotate(
        likely_from=Case(When(seen, then=F("forecast__p50_on"))), likely_by=Case(When(seen, then=F("forecast__p85_on")))
    )
    return annotated
