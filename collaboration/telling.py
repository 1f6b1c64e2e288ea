"""What the portal tells people of by itself. Rooms above register kinds of their own (``pmo_portal.lib.telling``)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from pmo_portal.lib.telling import NotificationKind, Reason, Way, register_kind

MENTION = register_kind(
    NotificationKind(
        "mention",
        _("Somebody mentions you"),
        Reason.MENTIONED,
        _("mentioned you"),
        "at-sign",
        way=Way.NOW,
        is_urgent=True,
    )
)
REPLY = register_kind(
    NotificationKind("reply", _("Somebody answers you"), Reason.MENTIONED, _("answered you"), "reply")
)
ASSIGNED = register_kind(
    NotificationKind("assigned", _("Something becomes yours"), Reason.ASSIGNED, _("gave it to you"), "user-check")
)
APPROVAL_ASKED = register_kind(
    NotificationKind(
        "approval_asked",
        _("You are asked to approve something"),
        Reason.APPROVAL,
        _("asked for your decision"),
        "stamp",
        way=Way.NOW,
        is_urgent=True,
    )
)
APPROVAL_DECIDED = register_kind(
    NotificationKind(
        "approval_decided",
        _("What you asked for is decided"),
        Reason.APPROVAL,
        _("decided what you asked"),
        "stamp",
        way=Way.NOW,
        is_urgent=True,
    )
)
APPROVAL_OVERDUE = register_kind(
    NotificationKind(
        "approval_overdue",
        _("An approval is overdue"),
        Reason.ESCALATION,
        _("is overdue"),
        "alarm-clock",
        way=Way.NOW,
        is_urgent=True,
    )
)
COMMENT = register_kind(
    NotificationKind("comment", _("A comment on what you watch"), Reason.WATCHING, _("commented"), "message-square")
)
CHANGE = register_kind(
    NotificationKind("change", _("A change of what you watch"), Reason.WATCHING, _("changed it"), "eye")
)
JOB_DONE = register_kind(
    NotificationKind("job_done", _("Work you asked for is done"), Reason.JOB, _("is done"), "hourglass", way=Way.INBOX)
)
JOB_FAILED = register_kind(
    NotificationKind("job_failed", _("Work you asked for has failed"), Reason.JOB, _("has failed"), "hourglass")
)
