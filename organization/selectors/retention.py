"""Who is proposed to be forgotten, and who was."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Max, OuterRef, QuerySet, Subquery

from organization.models import Erasure, ErasureWish, Person, RetentionRule
from pmo_portal.lib.access import Actor, visible

MOST_LISTED: Final = 200


def retention_rule(actor: Actor) -> RetentionRule:
    """The organisation's rule; the standing one as long as nobody has said another."""
    return visible(actor, RetentionRule).first() or RetentionRule(pk=1)


def people_to_erase(actor: Actor, rule: RetentionRule, *, at: datetime) -> QuerySet[Person]:
    """Inactive people of whom nothing has changed for as long as the rule says, the longest first."""
    if rule.inactive_months is None:
        return visible(actor, Person).none()
    events: Any = Person.pgh_event_model  # type: ignore[attr-defined]
    latest = events._default_manager.filter(pgh_obj=OuterRef("pk")).order_by().values("pgh_obj")
    return (
        visible(actor, Person)
        .filter(is_active=False, erasure__isnull=True)
        .annotate(changed_at=Subquery(latest.annotate(latest=Max("pgh_created_at")).values("latest")))
        .filter(changed_at__lt=at - timedelta(days=30.44 * rule.inactive_months))
        .order_by("changed_at", "pk")[:MOST_LISTED]
    )


def erasures_seen(actor: Actor) -> QuerySet[Erasure]:
    """Who was erased, the latest first: when, by whom, why. Only pseudonyms are left."""
    return (
        Erasure.objects.filter(person__in=visible(actor, Person))
        .select_related("person", "requested_by", "confirmed_by")
        .order_by("-requested_at")[:MOST_LISTED]
    )


def open_erasure_wish(person: Person, *, at: datetime) -> ErasureWish | None:
    """What an administrator asks another one to confirm about this person."""
    waiting = ErasureWish.objects.filter(person=person, ended_at=None, expires_at__gt=at)
    return waiting.select_related("asked_by").first()


def erasures_waiting(actor: Actor, *, at: datetime) -> QuerySet[ErasureWish]:
    """Whose erasure waits for another administrator; what ends first comes first."""
    waiting = ErasureWish.objects.filter(person__in=visible(actor, Person), ended_at=None, expires_at__gt=at)
    return waiting.select_related("person", "asked_by").order_by("expires_at", "pk")[:MOST_LISTED]
