"""Writing down what no table's history holds: who came in, who was refused, which data left the portal.

Changes of things need nothing of this: ``organization.selectors.audit`` reads their own histories into the same log.
"""

from __future__ import annotations

from datetime import datetime

import pgtrigger

from organization.models import AuditAction, AuditRecord

ABOUT: int = 254
PLACE: int = 64


def audit_record(
    *, action: AuditAction, at: datetime, person_id: int | None = None, about: str = "", place: str = ""
) -> None:
    """Note one thing that happened. ``about`` is what was typed or taken, ``place`` the network address it came from.

    Whoever calls it has decided already that it happened; nothing is asked here. In a transaction that is undone, the
    note is undone with it: note a refusal outside of what is refused.
    """
    AuditRecord.objects.create(
        at=at, action=action, person_id=person_id, about=about.replace("\x00", "")[:ABOUT], place=place[:PLACE]
    )


DEEDS: frozenset[str] = frozenset(
    {
        AuditAction.EXPORTED,
        AuditAction.ERASURE_ASKED,
        AuditAction.ERASURE_DROPPED,
        AuditAction.ERASED,
        AuditAction.APPROVAL_ASKED,
        AuditAction.APPROVAL_AGREED,
        AuditAction.APPROVAL_REFUSED,
        AuditAction.APPROVAL_WITHDRAWN,
        AuditAction.JOB_STARTED,
        AuditAction.JOB_STOPPED,
    }
)
"""What somebody did inside, about a thing with a title; kept as long as the log."""

DOOR: frozenset[str] = frozenset(AuditAction.values) - DEEDS
"""What tells when and from where somebody came: kept only for a time."""


def sign_ins_forget(before: datetime) -> int:
    """Delete what the log knows of the door from before a moment; returns how many rows."""
    with pgtrigger.ignore("organization.AuditRecord:append_only"):
        gone, _each = AuditRecord.objects.filter(action__in=DOOR, at__lt=before).delete()
    return gone
