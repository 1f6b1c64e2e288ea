"""Who is told of requests for approval: those who are asked, whoever asked, and both when it takes too long."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.urls import reverse

from collaboration.models import ApprovalRequest, ApprovalState, ApprovalVoice, Delegation
from collaboration.services.notifications import notify
from organization.access import SYSTEM
from organization.querysets import valid_on
from pmo_portal.lib.access import Actor
from pmo_portal.lib.windows import local_day

APPROVAL: Final = "approval"
"""What requests are called among the things people are told of (``tell_policies.TOLD_OF``)."""


def tell_asked(request: ApprovalRequest, approvers: Iterable[int], *, actor: Actor, at: datetime) -> None:
    """Tell the approvers, and whoever answers for one of them today."""
    _tell("approval_asked", request, _with_delegates(approvers, at=at), actor=actor, at=at, text=request.comment)


def tell_ended(request: ApprovalRequest, *, actor: Actor, at: datetime) -> None:
    """Tell whoever asked how it ended; nobody of what they withdrew themselves."""
    if request.requested_by_id is not None:
        facts = {"state": request.state}
        _tell("approval_decided", request, [request.requested_by_id], actor=actor, at=at, facts=facts)


def approvals_escalate(*, at: datetime) -> int:
    """Tell those who have not answered in time, and whoever asked, once a request; returns how many are overdue."""
    overdue = ApprovalRequest.objects.filter(state=ApprovalState.WAITING, due_at__lt=at).order_by("pk")
    silent = dict[int, list[int]]()
    for request_id, person_id in ApprovalVoice.objects.filter(request__in=overdue, verdict="").values_list(
        "request", "person"
    ):
        silent.setdefault(request_id, []).append(person_id)
    for request in overdue:
        people = _with_delegates(silent.get(request.pk, ()), at=at)
        if request.requested_by_id is not None:
            people.add(request.requested_by_id)
        # The moment it became overdue names the event: the next round tells the same one, that is, nothing.
        with transaction.atomic():
            _tell("approval_overdue", request, people, actor=SYSTEM, at=request.due_at)
    return len(overdue)


def _with_delegates(people: Iterable[int], *, at: datetime) -> set[int]:
    asked = set(people)
    stand_ins = Delegation.objects.filter(valid_on(local_day(at)), person__in=asked)
    return asked | set(stand_ins.values_list("delegate", flat=True))


def _tell(kind: str, request: ApprovalRequest, people: Iterable[int], **said: Any) -> None:
    notify(
        kind=kind,
        people=people,
        title=request.title,
        url=reverse("collaboration:approval_detail", args=[request.pk]),
        subject=(APPROVAL, request.pk),
        unit_id=request.unit_id,
        **said,
    )
