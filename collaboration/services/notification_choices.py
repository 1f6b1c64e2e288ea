"""How people want to be told: a way for each kind of thing, and units they want to hear nothing of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.core import signing
from django.db import transaction

from collaboration.models import MutedUnit, Notification, NotificationChoice
from collaboration.services.digests import DIGEST, SALT
from organization.models import Unit
from pmo_portal.lib.access import Action, Actor, require
from pmo_portal.lib.telling import Way, kind_named, notification_kinds


@transaction.atomic
def choices_set(*, actor: Actor, ways: Mapping[str, Way], at: datetime) -> None:
    """Choose how to be told of some kinds of things; what is as usual is not kept, and follows the usual way."""
    if actor.person_id is not None:
        _choose(actor.person_id, ways)


def _choose(person_id: int, ways: Mapping[str, Way]) -> None:
    now = dict(NotificationChoice.objects.filter(person_id=person_id).values_list("kind", "way"))
    for code, way in ways.items():
        usual = kind_named(code).way
        if now.get(code, usual) == way:
            continue
        if way == usual:
            NotificationChoice.objects.filter(person_id=person_id, kind=code).delete()
        else:
            NotificationChoice.objects.update_or_create(person_id=person_id, kind=code, defaults={"way": way})
        # What waits to be mailed follows the new choice; nothing of before is mailed at once.
        waiting = Notification.objects.filter(person_id=person_id, kind=code, mailed_at__isnull=True)
        later = Way.DIGEST if way == Way.DIGEST else Way.INBOX
        if way != Way.NOW:
            waiting.filter(way__in=(Way.NOW, Way.DIGEST)).exclude(way=later).update(way=later)


def unit_mute(*, actor: Actor, unit: Unit, at: datetime) -> None:
    """Hear nothing of a unit and what is below it, except what is urgent."""
    require(actor, Action.VIEW, unit)
    if actor.person_id is not None:
        MutedUnit.objects.get_or_create(person_id=actor.person_id, unit=unit)


def unit_unmute(*, actor: Actor, unit_id: int, at: datetime) -> None:
    """Hear of a unit again."""
    if actor.person_id is not None:
        MutedUnit.objects.filter(person_id=actor.person_id, unit_id=unit_id).delete()


def unsubscribe_read(token: str) -> tuple[int, str] | None:
    """Whose mails of which kind a link ends; None for one that is not ours."""
    try:
        person_id, what = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    known = {DIGEST, *(kind.code for kind in notification_kinds())}
    return (person_id, what) if isinstance(person_id, int) and what in known else None


@transaction.atomic
def unsubscribe(*, person_id: int, what: str, at: datetime) -> None:
    """End mails of a kind, or the daily mail, for whoever holds the link that was mailed to them; the inbox stays."""
    now = dict(NotificationChoice.objects.filter(person_id=person_id).values_list("kind", "way"))
    kinds = notification_kinds() if what == DIGEST else (kind_named(what),)
    ended = Way.DIGEST if what == DIGEST else Way.NOW
    _choose(person_id, {kind.code: Way.INBOX for kind in kinds if now.get(kind.code, kind.way) == ended})
