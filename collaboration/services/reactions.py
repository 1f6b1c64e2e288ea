"""Reactions: what people say to a comment without a word."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from collaboration.models import Comment, Reaction, ReactionKind
from collaboration.services.comments import about_of
from pmo_portal.lib.access import Action, Actor, Denied, require
from pmo_portal.lib.live import Kind, publish_on_commit


@transaction.atomic
def reaction_set(*, actor: Actor, comment: Comment, kind: str, is_on: bool, at: datetime) -> None:
    """React to a comment, or no longer. Said twice it is the same: it says what shall be, not what to change."""
    require(actor, Action.CREATE, comment)
    if actor.person_id is None or comment.deleted_at is not None:
        raise Denied(Action.CREATE, comment)
    reaction = Reaction(comment=comment, person_id=actor.person_id, kind=ReactionKind(kind), created_at=at)
    if is_on:
        Reaction.objects.bulk_create([reaction], ignore_conflicts=True)
    else:
        Reaction.objects.filter(comment=comment, person_id=actor.person_id, kind=reaction.kind).delete()
    subject, thing = about_of(comment)
    unit_id = subject.unit_id(thing)
    if unit_id is not None:
        publish_on_commit(unit_id=unit_id, kind=Kind.TALK)
