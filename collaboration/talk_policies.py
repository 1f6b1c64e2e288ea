"""Who may read, write and remove what people say about a thing, and the files they put to it."""

from __future__ import annotations

from typing import Any, Final

from django.db import models

from collaboration.models import Attachment, Comment
from pmo_portal.lib.access import Action, Actor, M, Policy, register_policy
from pmo_portal.lib.subjects import seen_subjects, subject_named, subject_of, things_of

TALK: Final = "comment.create"
KEEP_ORDER: Final = "comment.manage"


def may_talk(actor: Actor, thing: Any) -> bool:
    """Whether somebody may comment on a thing and put files to it, as far as they see it. What lies in the recycle bin
    is talked about no more; what is mirrored from elsewhere is: the talk is the portal's own."""
    if getattr(thing, "deleted_at", None) is not None:
        return False
    return actor.is_system or actor.can(TALK, subject_of(type(thing)).unit_id(thing))


def may_keep_order(actor: Actor, thing: Any) -> bool:
    """Whether somebody may remove what others said about a thing."""
    return actor.is_system or actor.can(KEEP_ORDER, subject_of(type(thing)).unit_id(thing))


class _TalkPolicy(Policy):
    """Seen by whoever sees the thing it is about; written by those who may talk about it; removed by its author and by
    those who keep order there."""

    author: str

    def permission(self, action: Action) -> str:
        wanted = {Action.VIEW: "unit.view", Action.DELETE: KEEP_ORDER}
        return wanted.get(action, super().permission(action))

    def unit_of(self, obj: Any) -> int | None:
        subject = subject_named(obj.subject_kind)
        return subject.unit_id(subject.model._default_manager.get(pk=obj.subject_id))

    def visible(self, actor: Actor, queryset: models.QuerySet[M]) -> models.QuerySet[M]:
        return queryset if actor.is_system else queryset.filter(seen_subjects(actor))

    def allows(self, actor: Actor, action: Action, obj: Any) -> bool:
        if actor.is_system:
            return True
        about = (obj.subject_kind, obj.subject_id)
        thing = things_of(actor, [about]).get(about)
        if thing is None:
            return False
        is_own = actor.person_id is not None and getattr(obj, self.author) == actor.person_id
        return {
            Action.VIEW: True,
            Action.CREATE: may_talk(actor, thing),
            Action.EDIT: is_own and may_talk(actor, thing),
            Action.DELETE: is_own or may_keep_order(actor, thing),
            Action.MANAGE: may_keep_order(actor, thing),
        }.get(action, False)


@register_policy
class CommentPolicy(_TalkPolicy):
    """CREATE on a comment is to answer it or to react to it. Only its author EDITs it."""

    model = Comment
    noun = "comment"
    author = "author_id"


@register_policy
class AttachmentPolicy(_TalkPolicy):
    """Files are part of the talk: one permission for both, whoever may comment may show what they mean."""

    model = Attachment
    noun = "comment"
    author = "created_by_id"
