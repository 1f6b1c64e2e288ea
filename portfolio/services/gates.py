"""Gates of the portfolio kanban: states that an epic enters only with an approved business case."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from collaboration.models import ApprovalRule
from collaboration.services.approvals import is_approved, rule_for
from pmo_portal.lib import live
from pmo_portal.lib.access import Action, Actor, require
from pmo_portal.lib.errors import Refused
from pmo_portal.lib.windows import local_day
from portfolio.models import Epic, EpicEvent, EventKind, StateCategory, TrackedKind, Workflow, WorkflowState
from portfolio.services.cases import SUBJECT, case_digest, case_latest
from portfolio.services.undoing import register_undo_check


def is_gate(epic: Epic, to_state: WorkflowState) -> bool:
    """Whether an approval may be asked for before the epic goes there: only forward, and never on the way out."""
    return (
        to_state.needs_approval
        and to_state.category != StateCategory.CANCELLED
        and to_state.workflow_id == epic.state.workflow_id
        and to_state.position > epic.state.position
    )


def gate_rule(epic: Epic, *, amount: Decimal | None, at: datetime) -> ApprovalRule | None:
    """The rule that says who decides about the epic's case; None when nobody has to be asked."""
    return rule_for(kind=SUBJECT, unit_id=epic.unit_id, amount=amount, day=local_day(at))


def check_gate(epic: Epic, to_state: WorkflowState, *, actor: Actor, at: datetime, is_new: bool = False) -> None:
    """Refuse what a person does by hand that the approval of the business case, as it is now, has to come before:
    entering a gate, jumping one, or adding an epic behind one."""
    if not actor.is_system:
        _refuse_unapproved(epic, to_state, at=at, is_new=is_new)


def _refuse_unapproved(epic: Epic, to_state: WorkflowState, *, at: datetime, is_new: bool = False) -> None:
    if not _gates_until(to_state, after=-1 if is_new else epic.state.position):
        return
    case = None if is_new else case_latest(epic)
    rule = gate_rule(epic, amount=case.cost_full if case else None, at=at)
    if rule is None:
        return
    if case is not None and is_approved(kind=SUBJECT, subject_id=epic.pk, digest=case_digest(case)):
        return
    raise Refused(
        _("“%(state)s” needs the approval of the business case by: %(rule)s. Ask for it on the epic's business case.")
        % {"state": to_state.name, "rule": rule.name}
    )


def _gates_until(to_state: WorkflowState, *, after: int) -> bool:
    """Whether a column behind the place ``after``, up to this one, asks for approval; on the way out none does."""
    if to_state.category == StateCategory.CANCELLED:
        return False
    return WorkflowState.objects.filter(
        workflow=to_state.workflow_id,
        needs_approval=True,
        is_archived=False,
        position__gt=after,
        position__lte=to_state.position,
    ).exists()


def _check_undo(epic: Epic, event: EpicEvent) -> None:
    """An undone move leads to where an epic was when its case was another one: the gate counts there, too."""
    back_to = WorkflowState.objects.filter(pk=event.old_ref or 0).first()
    if back_to is not None:
        _refuse_unapproved(epic, back_to, at=timezone.now())


register_undo_check(Epic, EventKind.STATE, _check_undo)


@transaction.atomic
def state_gate_set(*, actor: Actor, state: WorkflowState, needs_approval: bool, at: datetime) -> WorkflowState:
    """Say whether an epic enters this state only with an approved business case."""
    require(actor, Action.CONFIGURE, state)
    Workflow.objects.select_for_update().get(pk=state.workflow_id)
    state = WorkflowState.objects.select_related("workflow").get(pk=state.pk)
    if state.workflow.kind != TrackedKind.EPIC:
        raise Refused(_("Only columns of a portfolio can ask for approval."))
    state.needs_approval = needs_approval
    state.save(update_fields=["needs_approval"])
    live.publish_on_commit(unit_id=state.workflow.unit_id, kind=live.Kind.UNIT)
    return state
