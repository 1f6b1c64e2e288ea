"""Business cases as something to approve: what is asked, and what follows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collaboration.models import ApprovalRequest, ApprovalState
from collaboration.services.approvals import approval_request
from organization.access import SYSTEM
from pmo_portal.lib.access import Action, Actor, require
from pmo_portal.lib.errors import Refused
from pmo_portal.lib.registry import ApprovalContent, ApprovalSubject, approval_subjects
from portfolio.models import BusinessCase, Epic, WorkflowState
from portfolio.services import tracking
from portfolio.services.cases import SUBJECT, case_digest, case_latest
from portfolio.services.checks import present
from portfolio.services.epics import epic_move
from portfolio.services.gates import is_gate


@transaction.atomic
def case_submit(
    *, actor: Actor, epic: Epic, to_state: WorkflowState, back_to: WorkflowState | None, comment: str, at: datetime
) -> ApprovalRequest:
    """Ask for the approval of an epic's business case as it is now. Approved, the epic goes on to ``to_state``;
    rejected, it goes back to ``back_to``, or stays."""
    require(actor, Action.EDIT, epic)
    epic = present(tracking.locked(Epic, epic.pk))
    if not is_gate(epic, to_state):
        raise Refused(_("“%(state)s” asks for no approval of this epic.") % {"state": to_state.name})
    if back_to is not None and (
        back_to.workflow_id != to_state.workflow_id or back_to.position > epic.state.position or back_to.is_archived
    ):
        raise Refused(_("It cannot go back to “%(state)s”.") % {"state": back_to.name})
    if case_latest(epic) is None:
        raise Refused(_("Write the business case first: it is what is decided about."))
    order = {"to": to_state.pk, "back": back_to.pk if back_to else None}
    return approval_request(actor=actor, kind=SUBJECT, subject_id=epic.pk, order=order, comment=comment, at=at)


def _locked(epic_id: int) -> Epic | None:
    if not Epic.objects.filter(pk=epic_id, deleted_at__isnull=True).exists():
        return None
    return tracking.locked(Epic, epic_id)


def _content(epic: Epic) -> ApprovalContent:
    case = case_latest(epic)
    return ApprovalContent(
        title=f"{epic.key} {epic.title}",
        url=reverse("portfolio:epic_case", args=[epic.key]),
        unit_id=epic.unit_id,
        digest=case_digest(case) if case else "",
        label=_("version %(number)s") % {"number": case.number} if case else "",
        amount=case.cost_full if case else None,
        currency=epic.unit.currency,
        authors=_authors(epic) if case else frozenset(),
    )


def _authors(epic: Epic) -> frozenset[int]:
    """Everybody who wrote a version since the last one that was approved: all of them shaped what is decided about."""
    approved = set(
        ApprovalRequest.objects.filter(
            subject_kind=SUBJECT, subject_id=epic.pk, state=ApprovalState.APPROVED
        ).values_list("digest", flat=True)
    )
    authors = set()
    for case in BusinessCase.objects.filter(epic=epic).order_by("-number"):
        if case_digest(case) in approved:
            break
        if case.author_id is not None:
            authors.add(case.author_id)
    return frozenset(authors)


def _approved(epic: Epic, order: Mapping[str, Any], at: datetime) -> None:
    _go(epic, order["to"], at)


def _rejected(epic: Epic, order: Mapping[str, Any], at: datetime) -> None:
    if order.get("back") is not None:
        _go(epic, order["back"], at)


def _go(epic: Epic, state_id: int, at: datetime) -> None:
    """The decision moves the epic, whoever cast the last vote: it needs no right of theirs to move it."""
    state = WorkflowState.objects.get(pk=state_id)
    if state.pk != epic.state_id:
        epic_move(actor=SYSTEM, epic=epic, to_state=state, after_id=None, seen_version=None, at=at)


approval_subjects.register(
    ApprovalSubject(
        code=SUBJECT,
        label=gettext_lazy("Business case"),
        model=Epic,
        locked=_locked,
        content=_content,
        approved=_approved,
        rejected=_rejected,
    )
)
