"""Putting a business case to approval, and saying which columns ask for it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from collaboration.models import ApprovalRequest, ApprovalState
from collaboration.selectors.approvals import last_request
from organization.models import Unit
from organization.selectors.units import unit_crumbs
from pmo_portal.lib.access import Action, access, actor_of, policy_for, require_within
from pmo_portal.lib.errors import DomainError
from pmo_portal.lib.forms import errors_into
from pmo_portal.lib.pages import go_to, render_page
from portfolio.forms.case_approvals import CaseSubmitForm
from portfolio.models import BusinessCase, Epic, TrackedKind, Workflow
from portfolio.selectors.lookups import gates_ahead, states_behind
from portfolio.services import case_approvals as services
from portfolio.services import gates
from portfolio.services.cases import SUBJECT, case_latest
from portfolio.services.workflows import workflow_of
from portfolio.views.epic_boards import SELECT


def approval_context(request: HttpRequest, epic: Epic, case: BusinessCase) -> dict[str, Any]:
    """How far the business case is with those who decide; whether this person may ask them now."""
    actor, now = actor_of(request), timezone.now()
    approval = last_request(SUBJECT, epic.pk)
    is_open = approval is not None and approval.state == ApprovalState.WAITING
    may_ask = (
        not is_open
        and epic.deleted_at is None
        and policy_for(Epic).allows(actor, Action.EDIT, epic)
        and policy_for(ApprovalRequest).allows_within(actor, Action.CREATE, epic.unit_id)
        and bool(gates_ahead(epic))
        and gates.gate_rule(epic, amount=case.cost_full, at=now) is not None
    )
    return {"approval": approval, "may_submit": may_ask}


@access(Action.EDIT, Epic, by="key", select=SELECT)
@require_http_methods(["GET", "POST"])
def case_submit(request: HttpRequest, epic: Epic) -> HttpResponse:
    """Ask those who decide about an epic's business case, as it is now."""
    actor = actor_of(request)
    require_within(actor, Action.CREATE, ApprovalRequest, epic.unit_id)
    form = CaseSubmitForm(request.POST or None, gates=gates_ahead(epic), earlier=states_behind(epic))
    if request.method == "POST" and form.is_valid():
        with errors_into(form):
            asked = services.case_submit(actor=actor, epic=epic, at=timezone.now(), **form.cleaned_data)
        if form.is_valid():
            messages.success(request, _("Those who decide are asked."))
            return go_to(request, "collaboration:approval_detail", asked.pk)
    case = case_latest(epic)
    rule = gates.gate_rule(epic, amount=case.cost_full if case else None, at=timezone.now())
    context = {
        "title": _("Ask for approval of the business case"),
        "form": form,
        "submit": _("Ask for approval"),
        "cancel_url": reverse("portfolio:epic_case", args=[epic.key]),
        "note": _("%(rule)s decides; must agree: %(count)s. The answers count for version %(version)s.")
        % {"rule": rule.name, "count": rule.quorum, "version": case.number if case else "–"}
        if rule
        else _("No rule asks for an approval here: go ahead."),
        "crumbs": [
            *unit_crumbs(actor, epic.unit),
            (epic.key, reverse("portfolio:epic_detail", args=[epic.key])),
            (_("Approval"), ""),
        ],
    }
    return render_page(request, "portfolio/form.html", context, status=422 if form.is_bound else 200)


@access(Action.CONFIGURE, Workflow, by="code", within=Unit)
@require_POST
def state_gate_set(request: HttpRequest, unit: Unit, pk: int) -> HttpResponse:
    """Let a column of the portfolio kanban ask for approval, or no longer."""
    if unit.kind != "PORTFOLIO":
        raise Http404
    state = workflow_of(unit, TrackedKind.EPIC).states.filter(pk=pk).first()
    if state is None:
        raise Http404
    try:
        gates.state_gate_set(
            actor=actor_of(request),
            state=state,
            needs_approval=request.POST.get("needs_approval") == "yes",
            at=timezone.now(),
        )
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Saved"))
    return go_to(request, "portfolio:state_list", unit.code)
