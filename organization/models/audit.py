"""What nobody's history holds: who came in, who was refused, who took a file away. Rows are added and never changed."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class AuditAction(models.TextChoices):
    """What happened at the door, with data that left the portal, and what was asked of others and of workers."""

    SIGNED_IN = "SIGNED_IN", _("Signed in")
    SIGN_IN_FAILED = "SIGN_IN_FAILED", _("Sign-in failed")
    LOCKED_OUT = "LOCKED_OUT", _("Locked out")
    SIGNED_OUT = "SIGNED_OUT", _("Signed out")
    SESSION_ENDED = "SESSION_ENDED", _("Session ended")
    PASSWORD_CHANGED = "PASSWORD_CHANGED", _("Password changed")
    PASSWORD_FORGOTTEN = "PASSWORD_FORGOTTEN", _("Password link asked for")
    FACTOR_ADDED = "FACTOR_ADDED", _("Second factor added")
    FACTOR_REMOVED = "FACTOR_REMOVED", _("Second factor removed")
    FACTOR_FAILED = "FACTOR_FAILED", _("Second factor failed")
    RECOVERY_CODES = "RECOVERY_CODES", _("Recovery codes made")
    INVITED = "INVITED", _("Invited")
    EXPORTED = "EXPORTED", _("Exported")
    ERASURE_ASKED = "ERASURE_ASKED", _("Erasure asked for")
    ERASURE_DROPPED = "ERASURE_DROPPED", _("Erasure no longer asked for")
    ERASED = "ERASED", _("Person erased")
    APPROVAL_ASKED = "APPROVAL_ASKED", _("Approval asked for")
    APPROVAL_AGREED = "APPROVAL_AGREED", _("Approval agreed to")
    APPROVAL_REFUSED = "APPROVAL_REFUSED", _("Approval refused")
    APPROVAL_WITHDRAWN = "APPROVAL_WITHDRAWN", _("Approval no longer asked for")
    JOB_STARTED = "JOB_STARTED", _("Work started")
    JOB_STOPPED = "JOB_STOPPED", _("Work stopped")


class AuditRecord(models.Model):
    """One thing that happened, by whom, from where. ``about`` is what was typed or taken: the address of a refused
    sign-in, the title of a file. ``place`` is the network address, where one is known."""

    at = models.DateTimeField(_("when"), default=timezone.now)
    action = models.CharField(_("what"), max_length=20, choices=AuditAction)
    person = models.ForeignKey(
        "organization.Person", models.PROTECT, null=True, related_name="+", verbose_name=_("person")
    )
    about = models.CharField(_("about"), max_length=254, blank=True)
    place = models.CharField(_("from"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("audit record")
        verbose_name_plural = _("audit records")
        indexes = (
            models.Index(fields=["at", "id"], name="audit_at"),
            models.Index(fields=["person", "at"], name="audit_person"),
        )
        # SECURITY: whoever gets at the application cannot mend the log; retention and erasure say that they may.
        triggers: ClassVar = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.about}"
