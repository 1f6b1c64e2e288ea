"""What of their own things people may still see: rows outlive rights, so each reader is asked anew."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet

from collaboration.models import ApprovalRequest, Favourite, Job, Notification, Watch
from pmo_portal.lib.access import Actor, visible
from pmo_portal.lib.subjects import seen_subjects

TOLD_OF: Final[dict[str, type[models.Model]]] = {"approval": ApprovalRequest, "job": Job}
"""What people are told of besides subjects, by the code in ``subject_kind``: each with its own policy."""


def notifications_seen(actor: Actor) -> QuerySet[Notification]:
    """Somebody's own notifications, of what they may see now."""
    if actor.person_id is None:
        return Notification.objects.none()
    mine = Notification.objects.filter(person_id=actor.person_id)
    of_unit = Q(subject_kind="") & (Q(unit__isnull=True) | Q(unit__any_of=actor.units("unit.view")))
    seen = of_unit | seen_subjects(actor)
    for code, model in TOLD_OF.items():
        seen |= Q(Exists(visible(actor, model).filter(pk=OuterRef("subject_id"))), subject_kind=code)
    return mine.filter(seen)


def watches_seen(actor: Actor) -> QuerySet[Watch]:
    """What somebody watches, of what they may see now."""
    if actor.person_id is None:
        return Watch.objects.none()
    return Watch.objects.filter(seen_subjects(actor), person_id=actor.person_id, is_on=True)


def favourites_seen(actor: Actor) -> QuerySet[Favourite]:
    """What somebody starred, of what they may see now."""
    if actor.person_id is None:
        return Favourite.objects.none()
    return Favourite.objects.filter(seen_subjects(actor), person_id=actor.person_id)
