"""When epics and features are likely to be done, as far as a person may know."""

from __future__ import annotations

from pmo_portal.lib.access import Actor
from portfolio.models import Epic, EpicForecast, Feature, FeatureForecast, Forecast


def forecast_seen(actor: Actor, thing: Epic | Feature) -> Forecast | None:
    """The kept forecast of an epic or feature; None without one, or when it is drawn from units that this person may
    not look into: a date would tell of them. One statement."""
    found: Forecast | None
    if isinstance(thing, Epic):
        found = EpicForecast.objects.filter(epic=thing).first()
    else:
        found = FeatureForecast.objects.filter(feature=thing).first()
    if found is None or not (actor.is_system or actor.units("metrics.view").issuperset(found.unit_ids)):
        return None
    return found
