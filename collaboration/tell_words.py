"""What somebody is told, in words: made when it is read or mailed, in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from collaboration.models import Notification
from pmo_portal.lib.telling import change_source, kind_named


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened: why the reader is told, and what was said or changed."""

    row: Notification
    icon: str
    sentence: str
    detail: str


def line_of(row: Notification) -> Line:
    """The line of a notification whose ``actor`` was read with it."""
    kind = kind_named(row.kind)
    who = row.actor.name if row.actor is not None else _("The portal")
    source = change_source(row.subject_kind)
    words = kind.words or (source.words if source is not None else None)
    facts = words(row.facts) if words is not None and row.facts else ""
    return Line(row, kind.icon, str(kind.sentence) % {"who": who}, row.text or facts)
