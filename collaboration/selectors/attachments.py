"""The files of a thing, the latest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Q, QuerySet

from collaboration.models import Attachment
from pmo_portal.lib.access import Actor

PAGE: Final = 60


@dataclass(frozen=True, slots=True)
class FilePage:
    """A page of files; ``before`` is where the next one begins, 0 at the end."""

    files: Sequence[Attachment]
    before: int


def files_of(kind: str, pk: int, *, before: int = 0) -> FilePage:
    """The files of a thing, for somebody who may see it, those of its comments among them; one statement."""
    rows = _present(kind, pk).select_related("created_by", "comment").order_by("-pk")
    found = list((rows.filter(pk__lt=before) if before else rows)[: PAGE + 1])
    return FilePage(found[:PAGE], found[PAGE - 1].pk if len(found) > PAGE else 0)


def file_count(actor: Actor, kind: str, pk: int) -> int:
    """How many files a thing has, for somebody who may see it."""
    return _present(kind, pk).count()


def _present(kind: str, pk: int) -> QuerySet[Attachment]:
    """A file goes along with the comment it was shown in."""
    kept = Q(comment=None) | Q(comment__deleted_at=None)
    return Attachment.objects.filter(kept, subject_kind=kind, subject_id=pk, deleted_at=None)
