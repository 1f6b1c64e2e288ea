"""Files people put to things: taken in under random names, given back only by a view, gone for good in time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from collaboration.models import Attachment, Comment
from collaboration.services.attachments_kinds import Picture, picture_in
from collaboration.services.stored_files import FileStore, shown_name
from collaboration.talk_policies import may_keep_order, may_talk
from pmo_portal.lib.access import Action, Actor, Denied, policy_for, require
from pmo_portal.lib.errors import Refused, field_error
from pmo_portal.lib.live import Kind, publish_on_commit
from pmo_portal.lib.subjects import all_subjects, subject_named, subject_of

MOST_AT_ONCE: Final = 20
MOST_FILES: Final = 500
"""A thing with more files than this needs a folder, and there are better ones."""

KEPT: Final = timedelta(days=30)
STORE: Final = FileStore(lambda: Path(settings.ATTACHMENTS_ROOT), Attachment)
_MOST_FORGOTTEN: Final = 1000


def attachment_add(
    *, actor: Actor, thing: Any, files: Sequence[File[bytes]], at: datetime, comment: Comment | None = None
) -> list[Attachment]:
    """Put files to a thing, all or none; with ``comment`` they are shown in it.

    Raises ValidationError by field, Refused when they cannot be stored.
    """
    if not policy_for(type(thing)).allows(actor, Action.VIEW, thing) or not may_talk(actor, thing):
        raise Denied(Action.CREATE, thing)
    subject = subject_of(type(thing))
    _check(files)
    with _stored() as stored, transaction.atomic():
        present = Attachment.objects.filter(subject_kind=subject.code, subject_id=thing.pk, deleted_at=None).count()
        if present + len(files) > MOST_FILES:
            raise field_error("upload", _("%(n)s files are enough for one thing.") % {"n": MOST_FILES})
        rows = [
            Attachment(
                subject_kind=subject.code,
                subject_id=thing.pk,
                comment=comment,
                created_by_id=actor.person_id,
                created_at=at,
                **_keep(file, stored),
            )
            for file in files
        ]
        Attachment.objects.bulk_create(rows)
        unit_id = subject.unit_id(thing)
        if unit_id is not None:
            publish_on_commit(unit_id=unit_id, kind=Kind.TALK)
    return rows


@transaction.atomic
def attachment_delete(*, actor: Actor, attachment: Attachment, at: datetime) -> None:
    """Remove a file, one's own or, to keep order, somebody else's. For thirty days it can be taken back."""
    require(actor, Action.DELETE, attachment)
    present = Attachment.objects.filter(pk=attachment.pk, deleted_at=None)
    if present.update(deleted_at=at, deleted_by_id=actor.person_id):
        _show(attachment)


@transaction.atomic
def attachment_restore(*, actor: Actor, attachment: Attachment, at: datetime) -> None:
    """Take a removed file back. What was removed to keep order is taken back by those who keep it."""
    require(actor, Action.DELETE, attachment)
    attachment = Attachment.objects.select_for_update(of=("self",)).get(pk=attachment.pk)
    if attachment.deleted_at is None:
        return
    subject = subject_named(attachment.subject_kind)
    thing = subject.model._default_manager.get(pk=attachment.subject_id)
    if attachment.deleted_by_id != actor.person_id and not may_keep_order(actor, thing):
        raise Denied(Action.DELETE, attachment)
    if attachment.deleted_at < at - KEPT or not attachment_path(attachment).is_file():
        raise Refused(_("It was deleted too long ago."))
    Attachment.objects.filter(pk=attachment.pk).update(deleted_at=None, deleted_by=None)
    _show(attachment)


def attachment_path(attachment: Attachment) -> Path:
    """Where a file is kept."""
    return STORE.path(attachment.stored_name)


def attachments_expire(*, at: datetime) -> int:
    """Delete for good what was removed thirty days ago, what is about things that are no more, and what a crash left on
    the disk without a row; returns how many rows."""
    gone = Q(pk__in=[])
    for subject in all_subjects():
        there = subject.model._default_manager.filter(pk=OuterRef("subject_id"))
        gone |= Q(~Exists(there), subject_kind=subject.code)
    removed = Q(deleted_at__lt=at - KEPT) | Q(comment__deleted_at__lt=at - KEPT)
    expired = list(Attachment.objects.filter(removed | gone).order_by("pk")[:_MOST_FORGOTTEN])
    STORE.forget(attachment.stored_name for attachment in expired)
    Attachment.objects.filter(pk__in=[each.pk for each in expired]).delete()
    Comment.objects.filter(gone).delete()
    STORE.sweep()
    return len(expired)


def _check(files: Sequence[File[bytes]]) -> None:
    if not files:
        raise field_error("upload", _("Choose at least one file."))
    if len(files) > MOST_AT_ONCE:
        raise field_error("upload", _("At most %(n)s files at once.") % {"n": MOST_AT_ONCE})
    most = settings.ATTACHMENT_MOST_BYTES
    for file in files:
        name = shown_name(file.name or "")
        if not file.size:
            raise field_error("upload", _("“%(name)s” is empty.") % {"name": name})
        if file.size > most:
            raise field_error(
                "upload",
                _("“%(name)s” is larger than %(n)s MiB.") % {"name": name, "n": most // 1024 // 1024},
            )


@contextmanager
def _stored() -> Iterator[list[str]]:
    """Collects the names of what is written; when anything fails, nothing of it stays."""
    written: list[str] = []
    is_whole = False
    try:
        yield written
        is_whole = True
    finally:
        if not is_whole:
            STORE.forget(written)


def _keep(file: File[bytes], written: list[str]) -> dict[str, Any]:
    """Write one file to the disk, and what its row says of it."""
    found: list[Picture | None] = []

    def write(kept: IO[bytes]) -> None:
        for chunk in file.chunks():
            kept.write(chunk)
        found.append(picture_in(kept))

    stored = STORE.keep(write)
    written.append(stored.stored_name)
    name, picture = shown_name(file.name or ""), found[0]
    if picture and picture.is_too_large:
        said = {"name": name, "width": picture.width, "height": picture.height}
        message = _("“%(name)s” is a picture of %(width)s by %(height)s pixels: too large to be shown.") % said
        raise ValidationError({"upload": message})
    return {
        "name": name,
        "stored_name": stored.stored_name,
        "size": stored.size,
        "digest": stored.digest,
        "media_type": picture.media_type if picture else "",
        "width": picture.width if picture else None,
        "height": picture.height if picture else None,
    }


def _show(attachment: Attachment) -> None:
    subject = subject_named(attachment.subject_kind)
    unit_id = subject.unit_id(subject.model._default_manager.get(pk=attachment.subject_id))
    if unit_id is not None:
        publish_on_commit(unit_id=unit_id, kind=Kind.TALK)
