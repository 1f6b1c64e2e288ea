"""What the portal tells people of by itself. Rooms above register kinds of their own (``pmo_portal.lib.telling``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from collaboration.models import ApprovalState
from collaboration.services.notifications import notify
from pmo_portal.lib.telling import NotificationKind, Reason, Way, register_kind, register_teller


def _ended(facts: Mapping[str, Any]) -> str:
    """How a request ended."""
    state = facts.get("state")
    return str(ApprovalState(state).label) if state in ApprovalState.values else ""


MENTION = register_kind(
    NotificationKind(
        "mention",
        _("Somebody mentions you"),
        Reason.MENTIONED,
        _("%(who)s mentioned you"),
        "at-sign",
        way=Way.NOW,
        is_urgent=True,
    )
)
REPLY = register_kind(
    NotificationKind("reply", _("Somebody answers you"), Reason.MENTIONED, _("%(who)s answered you"), "reply")
)
ASSIGNED = register_kind(
    NotificationKind(
        "assigned", _("Something becomes yours"), Reason.ASSIGNED, _("%(who)s gave it to you"), "user-check"
    )
)
APPROVAL_ASKED = register_kind(
    NotificationKind(
        "approval_asked",
        _("You are asked to approve something"),
        Reason.APPROVAL,
        _("%(who)s asks for your decision"),
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
        _("What you asked is decided"),
        "stamp",
        way=Way.NOW,
        is_urgent=True,
        words=_ended,
    )
)
APPROVAL_OVERDUE = register_kind(
    NotificationKind(
        "approval_overdue",
        _("An approval is overdue"),
        Reason.ESCALATION,
        _("The decision is overdue"),
        "alarm-clock",
        way=Way.NOW,
        is_urgent=True,
    )
)
COMMENT = register_kind(
    NotificationKind(
        "comment", _("A comment on what you watch"), Reason.WATCHING, _("%(who)s commented"), "message-square"
    )
)
CHANGE = register_kind(
    NotificationKind("change", _("A change of what you watch"), Reason.WATCHING, _("%(who)s changed it"), "eye")
)
ERASURE_ASKED = register_kind(
    NotificationKind(
        "erasure_asked",
        _("An administrator wants somebody erased, which needs your confirmation"),
        Reason.APPROVAL,
        _("%(who)s wants this person erased and asks you to confirm it"),
        "user-x",
        way=Way.NOW,
        is_urgent=True,
    )
)
ERASURE_REFUSED = register_kind(
    NotificationKind(
        "erasure_refused",
        _("An erasure you asked for is refused"),
        Reason.APPROVAL,
        _("%(who)s refused the erasure you asked for"),
        "user-x",
        way=Way.NOW,
        is_urgent=True,
    )
)
SIGN_IN = register_kind(
    NotificationKind(
        "sign_in",
        _("Something happens to your sign-in (the mail about it always comes)"),
        Reason.SIGN_IN,
        _("So that you know"),
        "shield-check",
        way=Way.INBOX,
        is_urgent=True,
    )
)
JOB_DONE = register_kind(
    NotificationKind(
        "job_done", _("Work you asked for is done"), Reason.JOB, _("Your work is done"), "hourglass", way=Way.INBOX
    )
)
JOB_FAILED = register_kind(
    NotificationKind(
        "job_failed", _("Work you asked for has failed"), Reason.JOB, _("Your work has failed"), "hourglass"
    )
)

register_teller(notify)
