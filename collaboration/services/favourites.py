"""What people keep at hand: what they starred, and what they opened last."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.core.cache import cache
from django.utils.translation import gettext as _

from collaboration.models import Favourite
from pmo_portal.lib.access import Action, Actor, require
from pmo_portal.lib.errors import Refused
from pmo_portal.lib.subjects import Subject

MOST_FAVOURITES: Final = 200
MOST_RECENT: Final = 20
RECENT_SECONDS: Final = 60 * 24 * 3600


def favourite_set(*, actor: Actor, subject: Subject, thing: Any, is_on: bool, at: datetime) -> None:
    """Star a thing, or take the star away; the same twice is no mistake."""
    require(actor, Action.VIEW, thing)
    if actor.person_id is None:
        return
    mine = Favourite.objects.filter(person_id=actor.person_id)
    if not is_on:
        mine.filter(subject_kind=subject.code, subject_id=thing.pk).delete()
        return
    if mine.count() >= MOST_FAVOURITES:
        raise Refused(_("You have starred %(count)s things. Take some stars away first.") % {"count": MOST_FAVOURITES})
    row = Favourite(person_id=actor.person_id, subject_kind=subject.code, subject_id=thing.pk, created_at=at)
    Favourite.objects.bulk_create([row], ignore_conflicts=True)


def recent_key(person_id: int) -> str:
    """Where what somebody opened last is remembered."""
    return f"recent:{person_id}"


def recent_note(*, actor: Actor, subject: Subject, thing: Any) -> None:
    """Remember that somebody opened a thing: in the cache only, which may forget it. Two pages opened in one moment may
    cost one of the two its place."""
    if actor.person_id is None:
        return
    key, this = recent_key(actor.person_id), [subject.code, thing.pk]
    before = cache.get(key) or []
    if before[:1] != [this]:
        cache.set(key, [this, *(each for each in before if each != this)][:MOST_RECENT], RECENT_SECONDS)
