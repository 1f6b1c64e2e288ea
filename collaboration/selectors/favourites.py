"""What somebody keeps at hand, as far as they may still see it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.core.cache import cache

from collaboration.services.favourites import recent_key
from collaboration.tell_policies import favourites_seen
from pmo_portal.lib.access import Actor
from pmo_portal.lib.subjects import Subject, subject_named, things_of

MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Kept:
    """A thing at hand: what it is, what it is called, where it is."""

    subject: Subject
    thing: Any
    title: str
    url: str


def favourites_of(actor: Actor, *, most: int = MOST) -> list[Kept]:
    """What this person starred, the newest first; one statement, and one for each kind among them."""
    rows = favourites_seen(actor).order_by("-created_at", "-pk")
    return _kept(actor, rows.values_list("subject_kind", "subject_id")[:most])


def recent_of(actor: Actor, *, most: int = MOST) -> list[Kept]:
    """What this person opened last, the newest first; one statement for each kind among them."""
    if actor.person_id is None:
        return []
    remembered = cache.get(recent_key(actor.person_id)) or []
    return _kept(actor, [(code, pk) for code, pk in remembered][:most])


def _kept(actor: Actor, pairs: Iterable[tuple[str, int]]) -> list[Kept]:
    named = list(pairs)
    things = things_of(actor, named)
    found = []
    for code, pk in named:
        thing = things.get((code, pk))
        if thing is not None:
            subject = subject_named(code)
            found.append(Kept(subject, thing, subject.title(thing), subject.url(thing)))
    return found
