"""Comments: said, edited, deleted and taken back. Whoever is named, answered or watches is told in one go with it."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.files.base import File
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils.translation import gettext as _

from collaboration.models import Comment, Mention, WatchReason
from collaboration.services.attachments import attachment_add
from collaboration.services.comments_mentions import (
    MOST_MENTIONS,
    mentioned_ids,
    names_kept,
    names_of,
    names_read,
    names_typed,
)
from collaboration.services.notifications import notify, words_changed
from collaboration.services.watching import watch, watch_all, watchers
from collaboration.talk_policies import may_keep_order, may_talk
from pmo_portal.lib.access import Action, Actor, Denied, policy_for, require
from pmo_portal.lib.errors import Conflict, FieldConflict, Refused, field_error
from pmo_portal.lib.live import Kind, publish_on_commit
from pmo_portal.lib.locks import lock
from pmo_portal.lib.subjects import Subject, subject_named, subject_of

MOST_LETTERS: Final = 20_000
MOST_REPLIES: Final = 200
"""A longer exchange has found a subject of its own."""

TWICE: Final = timedelta(seconds=5)
"""Who says the same words about the same thing within so long has sent them twice."""

KEPT: Final = timedelta(days=30)
"""So long can be taken back what was deleted."""


@transaction.atomic
def comment_add(
    *,
    actor: Actor,
    thing: Any,
    text: str,
    at: datetime,
    parent: Comment | None = None,
    files: Sequence[File[bytes]] = (),
) -> Comment:
    """Say something about ``thing``, or answer ``parent``; an answer to an answer joins the same exchange. ``files``
    are shown with it. Said twice at once, by a double click, it is said once. Raises ValidationError by field."""
    subject = subject_of(type(thing))
    _require_talk(actor, thing)
    text = clean_talk(text)
    if not text and not files:
        raise field_error("text", _("Write something."))
    top = _top_of(parent, (subject.code, thing.pk)) if parent else None
    kept = _kept(text, thing)
    said = None if files else _just_said(actor, (subject.code, thing.pk), top, kept, at)
    if said is not None:
        return said
    comment = Comment.objects.create(
        subject_kind=subject.code,
        subject_id=thing.pk,
        parent=top,
        author_id=actor.person_id,
        text=kept,
        created_at=at,
    )
    if files:
        attachment_add(actor=actor, thing=thing, files=files, comment=comment, at=at)
    _mention(comment, mentioned_ids(kept))
    _tell(actor, subject, thing, comment, answered=parent, at=at)
    _show(subject, thing)
    return comment


@transaction.atomic
def comment_edit(*, actor: Actor, comment: Comment, text: str, seen_version: int | None, at: datetime) -> Comment:
    """Say it differently; what was said before stays in the comment's history. Somebody who is named only now is told.

    Raises Conflict when it was edited since its writer saw ``seen_version``.
    """
    require(actor, Action.EDIT, comment)
    comment = Comment.objects.select_for_update(of=("self",)).get(pk=comment.pk)
    if comment.deleted_at is not None:
        raise Refused(_("This comment is deleted; take it back first."))
    subject, thing = about_of(comment)
    text = clean_talk(text)
    if not text and not comment.attachments.filter(deleted_at=None).exists():
        raise field_error("text", _("Write something."))
    before = set(mentioned_ids(comment.text))
    kept = _kept(text, thing, known=before)
    if kept == comment.text:
        return comment
    if seen_version is not None and seen_version != comment.version:
        raise Conflict([FieldConflict("text", text, names_typed(comment.text))])
    Comment.objects.filter(pk=comment.pk).update(text=kept, version=F("version") + 1, edited_at=at)
    comment.refresh_from_db()
    _retell(comment, kept)
    new = _mention(comment, [pk for pk in mentioned_ids(kept) if pk not in before])
    _notify("mention", new, actor, subject, thing, comment, at)
    watch_all(people=new, subject=(subject.code, thing.pk), at=at, why=WatchReason.MENTIONED)
    _show(subject, thing)
    return comment


@transaction.atomic
def comment_delete(*, actor: Actor, comment: Comment, at: datetime) -> None:
    """Take a comment back, one's own or, to keep order, somebody else's. Its answers stay; its files go along."""
    require(actor, Action.DELETE, comment)
    deleted = Comment.objects.filter(pk=comment.pk, deleted_at=None).update(
        deleted_at=at, deleted_by_id=actor.person_id
    )
    if deleted:
        _retell(comment, "")
        _show(*about_of(comment))


@transaction.atomic
def comment_restore(*, actor: Actor, comment: Comment, at: datetime) -> None:
    """Bring back what was deleted. What somebody else removed to keep order is brought back by those who keep it."""
    require(actor, Action.DELETE, comment)
    comment = Comment.objects.select_for_update(of=("self",)).get(pk=comment.pk)
    if comment.deleted_at is None:
        return
    subject, thing = about_of(comment)
    if comment.deleted_by_id != actor.person_id and not may_keep_order(actor, thing):
        raise Denied(Action.DELETE, comment)
    if comment.deleted_at < at - KEPT:
        raise Refused(_("It was deleted too long ago."))
    Comment.objects.filter(pk=comment.pk).update(deleted_at=None, deleted_by=None)
    _retell(comment, comment.text)
    _show(subject, thing)


def _require_talk(actor: Actor, thing: Any) -> None:
    """Raise Denied unless this person sees the thing and may talk about it; Refused for one in the recycle bin."""
    if not policy_for(type(thing)).allows(actor, Action.VIEW, thing):
        raise Denied(Action.VIEW, thing)
    if getattr(thing, "deleted_at", None) is not None:
        raise Refused(_("It is in the recycle bin; restore it to go on talking about it."))
    if not may_talk(actor, thing):
        raise Denied(Action.CREATE, thing)


def about_of(row: Any) -> tuple[Subject, Any]:
    """The kind and the thing a comment or file is about; the caller has asked its policy."""
    subject = subject_named(row.subject_kind)
    return subject, subject.model._default_manager.select_related(*subject.select).get(pk=row.subject_id)


def clean_talk(text: str) -> str:
    """What somebody wrote, without signs that cannot be seen and those that the portal means something by."""
    plain = "".join(
        sign
        for sign in text.replace("\r\n", "\n")
        if sign in "\n\t" or unicodedata.category(sign) not in {"Cc", "Co", "Cs"}
    )
    plain = plain.strip()
    if len(plain) > MOST_LETTERS:
        raise field_error("text", _("At most %(n)s letters; put a longer text into a file.") % {"n": MOST_LETTERS})
    return plain


def comment_url(comment: Comment) -> str:
    """Where a comment is read."""
    url = reverse("collaboration:comment_list", args=[comment.subject_kind, comment.subject_id])
    return f"{url}?at={comment.parent_id or comment.pk}#comment-{comment.pk}"


def _kept(text: str, thing: Any, *, known: Collection[int] = ()) -> str:
    kept = names_kept(text, thing=thing, known=known)
    if len(mentioned_ids(kept)) > MOST_MENTIONS:
        raise field_error("text", _("At most %(n)s people can be named in one comment.") % {"n": MOST_MENTIONS})
    return kept


def _just_said(actor: Actor, about: tuple[str, int], top: Comment | None, kept: str, at: datetime) -> Comment | None:
    """The same words of the same person a moment ago: of two that come at once, one waits for the other."""
    if actor.person_id is None:
        return None
    lock(f"collaboration.said.{actor.person_id}")
    kind, pk = about
    said = Comment.objects.filter(
        subject_kind=kind, subject_id=pk, parent=top, author=actor.person_id, text=kept, deleted_at=None
    )
    # By the clock of both ways: the one that waited may have begun first.
    return said.filter(created_at__gt=at - TWICE, created_at__lt=at + TWICE).order_by("-pk").first()


def _top_of(parent: Comment, about: tuple[str, int]) -> Comment:
    """The comment that an exchange began with, held so that it is not deleted meanwhile."""
    top = Comment.objects.select_for_update(of=("self",)).get(pk=parent.parent_id or parent.pk)
    if (top.subject_kind, top.subject_id) != about:
        raise field_error("parent", _("This answers something else."))
    parent.refresh_from_db(fields=["deleted_at"])
    if parent.deleted_at is not None:
        raise Refused(_("What you answer was deleted meanwhile."))
    if top.replies.count() >= MOST_REPLIES:
        raise Refused(_("%(n)s answers are enough for one comment; begin a new one.") % {"n": MOST_REPLIES})
    return top


def _mention(comment: Comment, people: Iterable[int]) -> list[int]:
    wanted = list(people)
    Mention.objects.bulk_create([Mention(comment=comment, person_id=pk) for pk in wanted], ignore_conflicts=True)
    return wanted


def _tell(
    actor: Actor, subject: Subject, thing: Any, comment: Comment, *, answered: Comment | None, at: datetime
) -> None:
    """Those who are named, then those who are answered, then those who watch: each is told once, the most personal
    reason first."""
    about = (subject.code, thing.pk)
    named = mentioned_ids(comment.text)
    _notify("mention", named, actor, subject, thing, comment, at)
    if comment.parent is not None:
        asked = {comment.parent.author_id, answered.author_id if answered else None} - {None}
        _notify("reply", [pk for pk in asked if pk is not None], actor, subject, thing, comment, at)
    _notify("comment", watchers(about), actor, subject, thing, comment, at)
    watch_all(people=named, subject=about, at=at, why=WatchReason.MENTIONED)
    if actor.person_id is not None:
        watch(person_id=actor.person_id, subject=about, at=at, why=WatchReason.COMMENTER)


def _notify(
    kind: str, people: Sequence[int], actor: Actor, subject: Subject, thing: Any, comment: Comment, at: datetime
) -> None:
    if not people:
        return
    notify(
        kind=kind,
        people=people,
        actor=actor,
        at=at,
        title=subject.title(thing),
        url=comment_url(comment),
        subject=(subject.code, thing.pk),
        unit_id=subject.unit_id(thing),
        text=names_read(comment.text, names_of([comment.text])),
    )


def _retell(comment: Comment, text: str) -> None:
    """Let those who were told of a comment read what it says now."""
    words_changed(
        subject=(comment.subject_kind, comment.subject_id),
        url=comment_url(comment),
        text=names_read(text, names_of([text])),
    )


def _show(subject: Subject, thing: Any) -> None:
    """Let the pages that show this talk fetch it again."""
    unit_id = subject.unit_id(thing)
    if unit_id is not None:
        publish_on_commit(unit_id=unit_id, kind=Kind.TALK)
