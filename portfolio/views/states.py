"""The columns of a portfolio's or program's kanban: their limits, their policies, what they mean."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organization.models import Unit, UnitKind
from pmo_portal.lib.access import Action, access, actor_of
from pmo_portal.lib.errors import DomainError
from pmo_portal.lib.forms import errors_into
from pmo_portal.lib.pages import go_to, render_page
from pmo_portal.lib.windows import local_day
from portfolio.forms.states import MeaningForm, PlaceForm, StateCreateForm, StateForm
from portfolio.models import Epic, Feature, StateCategory, Tracked, TrackedKind, Workflow, WorkflowState
from portfolio.services import workflows as services
from portfolio.services.workflows import workflow_of
from portfolio.views.frames import unit_frame

BOARDS: dict[str, tuple[TrackedKind, type[Tracked], str]] = {
    UnitKind.PORTFOLIO: (TrackedKind.EPIC, Epic, "epic_board"),
    UnitKind.PROGRAM: (TrackedKind.FEATURE, Feature, "program_board"),
}
"""Which units have a kanban: of what, and its page."""


def _board(unit: Unit) -> tuple[Workflow, type[Tracked], str]:
    if unit.kind not in BOARDS:
        raise Http404
    kind, model, page = BOARDS[unit.kind]
    return workflow_of(unit, kind), model, page


def _state(workflow: Workflow, pk: int) -> WorkflowState:
    """SECURITY: a column of another board does not exist here."""
    state = workflow.states.filter(pk=pk).select_related("workflow").first()
    if state is None:
        raise Http404
    return state


@access(Action.CONFIGURE, Workflow, by="code", within=Unit)
@require_GET
def state_list(request: HttpRequest, unit: Unit) -> HttpResponse:
    """All columns in their order."""
    workflow, _model, page = _board(unit)
    states = list(workflow.states.order_by("position", "pk"))
    context = {
        **unit_frame(request, unit, page, _("Columns")),
        "states": [state for state in states if not state.is_archived],
        "archived": [state for state in states if state.is_archived],
        "has_gates": workflow.kind == TrackedKind.EPIC,
        "board_url": reverse(f"portfolio:{page}", args=[unit.code]),
    }
    return render_page(request, "portfolio/state_list.html", context)


@access(Action.CONFIGURE, Workflow, by="code", within=Unit)
@require_http_methods(["GET", "POST"])
def state_create(request: HttpRequest, unit: Unit) -> HttpResponse:
    """A new column at the end of the board."""
    workflow, _model, page = _board(unit)
    form = StateCreateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        with errors_into(form):
            services.state_create(
                actor=actor_of(request),
                workflow=workflow,
                name=values["name"],
                category=StateCategory(values["category"]),
                wip_limit=values["wip_limit"],
                is_hard_limit=values["is_hard_limit"],
                policy=values["policy"],
            )
        if form.is_valid():
            return go_to(request, "portfolio:state_list", unit.code)
    return _form_page(request, unit, page, form, _("New column"), _("Create column"))


@access(Action.CONFIGURE, Workflow, by="code", within=Unit)
@require_http_methods(["GET", "POST"])
def state_edit(request: HttpRequest, unit: Unit, pk: int) -> HttpResponse:
    """What a column is called, its limit, its policy."""
    workflow, _model, page = _board(unit)
    state = _state(workflow, pk)
    title = _("Column “%(name)s”") % {"name": state.name}
    form = StateForm(request.POST or None, instance=state)
    if request.method == "POST" and form.is_valid():
        with errors_into(form):
            services.state_edit(actor=actor_of(request), state=state, **form.cleaned_data)
        if form.is_valid():
            return go_to(request, "portfolio:state_list", unit.code)
    return _form_page(request, unit, page, form, title, _("Save"))


@access(Action.CONFIGURE, Workflow, by="code", within=Unit)
@require_http_methods(["GET", "POST"])
def state_meaning(request: HttpRequest, unit: Unit, pk: int) -> HttpResponse:
    """Change what a column means to the numbers: as a correction, or from a day on."""
    workflow, _model, page = _board(unit)
    state = _state(workflow, pk)
    today = local_day(timezone.now())
    form = MeaningForm(request.POST or None, today=today, initial={"category": state.category})
    if request.method == "POST" and form.is_valid():
        with errors_into(form):
            services.state_recategorise(
                actor=actor_of(request),
                state=state,
                category=StateCategory(form.cleaned_data["category"]),
                from_at=form.from_at(),
            )
        if form.is_valid():
            messages.success(request, _("“%(name)s” has its new meaning; numbers follow.") % {"name": state.name})
            return go_to(request, "portfolio:state_list", unit.code)
    title = _("What “%(name)s” means") % {"name": state.name}
    return _form_page(request, unit, page, form, title, _("Change meaning"))


@access(Action.CONFIGURE, Workflow, by="code", within=Unit)
@require_POST
def state_move(request: HttpRequest, unit: Unit, pk: int) -> HttpResponse:
    """Shift a column one place."""
    workflow, _model, _page = _board(unit)
    form = PlaceForm(request.POST)
    if not form.is_valid():
        raise Http404
    state = _state(workflow, pk)
    try:
        services.state_reorder(actor=actor_of(request), state=state, by=form.cleaned_data["by"])
    except DomainError as error:
        messages.error(request, str(error))
    return go_to(request, "portfolio:state_list", unit.code)


@access(Action.CONFIGURE, Workflow, by="code", within=Unit)
@require_POST
def state_archive(request: HttpRequest, unit: Unit, pk: int) -> HttpResponse:
    """Take an empty column off the board."""
    workflow, _model, _page = _board(unit)
    state = _state(workflow, pk)
    try:
        services.state_archive(actor=actor_of(request), state=state)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("“%(name)s” is off the board; its history stays.") % {"name": state.name})
    return go_to(request, "portfolio:state_list", unit.code)


def _form_page(request: HttpRequest, unit: Unit, page: str, form: Any, title: str, submit: str) -> HttpResponse:
    context = {
        **unit_frame(request, unit, page, title),
        "title": title,
        "form": form,
        "submit": submit,
        "cancel_url": reverse("portfolio:state_list", args=[unit.code]),
    }
    return render_page(request, "portfolio/form.html", context, status=422 if form.errors else 200)
