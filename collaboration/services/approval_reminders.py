"""Requests that take long: who has not answered is reminded before it is due; who leads the unit learns when it has
been overdue for days. What is told on the due day itself: ``approval_news``.

Each is told once a request: the moment that names the event follows from the request, so a later round tells the same
one, that is, nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from collaboration.models import ApprovalRequest, ApprovalState, ApprovalVoice, Delegation
from collaboration.services.notifications import notify
from organization.access import SYSTEM
from organization.models import Person, Role
from organization.querysets import valid_on
from pmo_portal.lib.telling import NotificationKind, Reason, Way, register_kind
from pmo_portal.lib.windows import local_day

REMIND_BEFORE: Final = timedelta(days=2)
ESCALATE_AFTER: Final = timedelta(days=2)
LEADS: Final = (Role.PMO_STAFF, Role.PROGRAM_LEAD)
"""Who answers for what happens in a unit and below it."""

DUE: Final = register_kind(
    NotificationKind(
        "approval_due",
        _("A decision of yours is due soon"),
        Reason.APPROVAL,
        _("Your decision is due soon"),
        "alarm-clock",
        way=Way.NOW,
        is_urgent=True,
    )
)
ESCALATED: Final = register_kind(
    NotificationKind(
        "approval_escalated",
        _("A decision in your unit has been overdue for days"),
        Reason.ESCALATION,
        _("The decision has been overdue for days"),
        "alarm-clock",
        way=Way.NOW,
        is_urgent=True,
    )
)


def approvals_remind(*, at: datetime) -> int:
    """Remind those who have not answered, a while before it is due: two days, or half of the time that was given,
    whichever is shorter; returns of how many requests."""
    soon = ApprovalRequest.objects.filter(
        state=ApprovalState.WAITING, due_at__gt=at, due_at__lte=at + REMIND_BEFORE
    ).order_by("pk")
    reminded = 0
    for request in soon:
        remind_at = request.due_at - min(REMIND_BEFORE, (request.due_at - request.requested_at) / 2)
        if remind_at > at:
            continue
        silent = ApprovalVoice.objects.filter(request=request, verdict="").values_list("person", flat=True)
        people = set(silent)
        stand_ins = Delegation.objects.filter(valid_on(local_day(at)), person__in=people)
        _tell(DUE, request, people | set(stand_ins.values_list("delegate", flat=True)), moment=remind_at)
        reminded += 1
    return reminded


def approvals_escalate_to_leads(*, at: datetime) -> int:
    """Tell those who answer for the unit of the rule, or for the thing's own, of what has been overdue for days;
    returns of how many requests."""
    late = ApprovalRequest.objects.filter(state=ApprovalState.WAITING, due_at__lte=at - ESCALATE_AFTER).select_related(
        "rule"
    )
    for request in late.order_by("pk"):
        people = set(leads_of({request.rule.unit_id, request.unit_id}, at=at))
        _tell(ESCALATED, request, people, moment=request.due_at + ESCALATE_AFTER)
    return len(late)


def leads_of(unit_ids: set[int], *, at: datetime) -> list[int]:
    """Who leads these units, or one above: held there or above today."""
    day = local_day(at)
    held = Q(roles__role__in=LEADS, roles__unit__closure_down__descendant__in=unit_ids) & valid_on(
        day, "roles__unit__closure_down__"
    )
    found = Person.objects.filter(held & valid_on(day, "roles__"), is_active=True)
    return list(found.distinct().values_list("pk", flat=True))


def _tell(kind: NotificationKind, request: ApprovalRequest, people: set[int], *, moment: datetime) -> None:
    with transaction.atomic():
        notify(
            kind=kind.code,
            people=people,
            actor=SYSTEM,
            at=moment,
            title=request.title,
            url=reverse("collaboration:approval_detail", args=[request.pk]),
            subject=("approval", request.pk),
            unit_id=request.unit_id,
        )
