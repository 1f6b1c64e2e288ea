"""How somebody is told."""

from __future__ import annotations

from collaboration.models import MutedUnit, NotificationChoice
from organization.models import Unit
from pmo_portal.lib.access import Actor, visible


def ways_of(actor: Actor) -> dict[str, str]:
    """What somebody chose, by kind; the other kinds reach them in the usual way."""
    if actor.person_id is None:
        return {}
    return dict(NotificationChoice.objects.filter(person_id=actor.person_id).values_list("kind", "way"))


def muted_units(actor: Actor) -> list[Unit]:
    """The units somebody wants to hear nothing of, as far as they may see them."""
    if actor.person_id is None:
        return []
    muted = MutedUnit.objects.filter(person_id=actor.person_id).values("unit")
    return list(visible(actor, Unit).filter(pk__in=muted).order_by("name", "pk"))
