"""The teams, and how each of them works."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organization.models import Unit, UnitKind
from organization.selectors.units import unit_crumbs
from organization.terms import named
from pmo_portal.lib.access import Action, access, actor_of, listing
from pmo_portal.lib.errors import DomainError
from pmo_portal.lib.forms import errors_into
from pmo_portal.lib.pages import go_to, render_page
from pmo_portal.lib.windows import local_day
from portfolio.models import StateCategory, WorkflowState
from portfolio.services import workflows
from teams.forms import MeaningForm, PlaceForm, StateCreateForm, StateForm, TeamCreateForm, TeamForm
from teams.models import Team
from teams.selectors.teams import teams_overview, units_without_board
from teams.selectors.within import column_of, has_team
from teams.services import teams as services
from teams.views.frames import team_context
from teams.views.setting_up import or_set_up

SELECT = ("unit", "workflow")


@require_GET
@listing(Action.VIEW, Team)
def team_list(request: HttpRequest) -> HttpResponseBase:
    """The teams this person sees, with what each has in hand."""
    actor, today = actor_of(request), local_day(timezone.now())
    context = {
        "teams": list(teams_overview(actor, today=today)),
        "without_board": list(units_without_board(actor, today=today)),
        "crumbs": [(named("Teams"), "")],
    }
    return render_page(request, "teams/team_list.html", context)


@require_http_methods(["GET", "POST"])
@access(Action.CONFIGURE, Team, by="code", within=Unit)
def team_create(request: HttpRequest, unit: Unit) -> HttpResponseBase:
    """Give a team that was opened in the unit tree its board; one that has a board goes there."""
    if unit.kind != UnitKind.TEAM:
        raise Http404
    if has_team(unit):
        return go_to(request, "teams:board", unit.code)
    form = TeamCreateForm(request.POST or None, unit=unit)
    if request.method == "POST" and form.is_valid():
        with errors_into(form):
            services.team_create(actor=actor_of(request), unit=unit, **form.cleaned_data)
        if form.is_valid():
            return go_to(request, "teams:board", unit.code)
    title = _("Set up %(team)s") % {"team": unit.name}
    context = {
        "title": title,
        "intro": _("The board begins with the usual columns of the method; they can be changed at any time."),
        "form": form,
        "submit": _("Make the board"),
        "cancel_url": reverse("organization:unit_detail", args=[unit.code]),
        "crumbs": unit_crumbs(actor_of(request), unit, title),
    }
    return render_page(request, "teams/form_page.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@or_set_up
@access(Action.CONFIGURE, Team, by="code", field="unit__code", select=SELECT)
def team_settings(request: HttpRequest, team: Team) -> HttpResponseBase:
    """How the team works: its method, where cycle time starts, its scale, its columns."""
    form = TeamForm(request.POST or None, instance=team)
    if request.method == "POST" and form.is_valid():
        with errors_into(form):
            services.team_configure(actor=actor_of(request), team=team, values=form.cleaned_data, at=timezone.now())
        if form.is_valid():
            messages.success(request, _("Settings saved."))
            return go_to(request, "teams:team_settings", team.unit.code)
    states = team.workflow.states.order_by("is_archived", "position", "pk")
    context = {
        **team_context(request, team, "settings", (_("Settings"), "")),
        "form": form,
        "states": [state for state in states if not state.is_archived],
        "archived": [state for state in states if state.is_archived],
    }
    return render_page(request, "teams/team_settings.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@access(Action.CONFIGURE, Team, by="code", field="unit__code", select=SELECT)
def state_create(request: HttpRequest, team: Team) -> HttpResponseBase:
    """Add a column at the end of the board."""
    form = StateCreateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with errors_into(form):
            wanted = {**form.cleaned_data, "category": StateCategory(form.cleaned_data["category"])}
            workflows.state_create(actor=actor_of(request), workflow=team.workflow, **wanted)
        if form.is_valid():
            return go_to(request, "teams:team_settings", team.unit.code)
    return _form_page(request, team, form, title=_("New column"), submit=_("Add column"))


@require_http_methods(["GET", "POST"])
@access(Action.CONFIGURE, Team, by="code", field="unit__code", select=SELECT)
def state_edit(request: HttpRequest, team: Team, pk: int) -> HttpResponseBase:
    """Rename a column, set its limit and its policy."""
    state = _state(team, pk)
    form = StateForm(request.POST or None, instance=state)
    if request.method == "POST" and form.is_valid():
        with errors_into(form):
            workflows.state_edit(actor=actor_of(request), state=state, **form.cleaned_data)
        if form.is_valid():
            return go_to(request, "teams:team_settings", team.unit.code)
    return _form_page(request, team, form, title=_("Column “%(name)s”") % {"name": state.name}, submit=_("Save"))


@require_http_methods(["GET", "POST"])
@access(Action.CONFIGURE, Team, by="code", field="unit__code", select=SELECT)
def state_meaning(request: HttpRequest, team: Team, pk: int) -> HttpResponseBase:
    """Change what a column means to the numbers: as a correction, or from a day on."""
    state = _state(team, pk)
    today = local_day(timezone.now())
    form = MeaningForm(request.POST or None, today=today, initial={"category": state.category})
    if request.method == "POST" and form.is_valid():
        with errors_into(form):
            workflows.state_recategorise(
                actor=actor_of(request),
                state=state,
                category=StateCategory(form.cleaned_data["category"]),
                from_at=form.from_at(),
            )
        if form.is_valid():
            messages.success(request, _("“%(name)s” has its new meaning; numbers follow.") % {"name": state.name})
            return go_to(request, "teams:team_settings", team.unit.code)
    title = _("What “%(name)s” means") % {"name": state.name}
    intro = _("Until now it means: %(category)s.") % {"category": state.get_category_display()}
    return _form_page(request, team, form, title=title, submit=_("Change meaning"), intro=intro)


@require_POST
@access(Action.CONFIGURE, Team, by="code", field="unit__code", select=SELECT)
def state_move(request: HttpRequest, team: Team, pk: int) -> HttpResponseBase:
    """Shift a column one place."""
    form = PlaceForm(request.POST)
    if not form.is_valid():
        raise Http404
    try:
        workflows.state_reorder(actor=actor_of(request), state=_state(team, pk), by=form.cleaned_data["by"])
    except DomainError as error:
        messages.error(request, str(error))
    return go_to(request, "teams:team_settings", team.unit.code)


@require_POST
@access(Action.CONFIGURE, Team, by="code", field="unit__code", select=SELECT)
def state_archive(request: HttpRequest, team: Team, pk: int) -> HttpResponseBase:
    """Take an empty column off the board."""
    state = _state(team, pk)
    try:
        workflows.state_archive(actor=actor_of(request), state=state)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("“%(name)s” is off the board; its history stays.") % {"name": state.name})
    return go_to(request, "teams:team_settings", team.unit.code)


def _state(team: Team, pk: int) -> WorkflowState:
    """SECURITY: a column of another team's board does not exist here."""
    state = column_of(team, pk)
    if state is None:
        raise Http404
    return state


def _form_page(
    request: HttpRequest, team: Team, form: Any, *, title: str, submit: str, intro: str = ""
) -> HttpResponseBase:
    settings_url = reverse("teams:team_settings", args=[team.unit.code])
    context = {
        **team_context(request, team, "settings", (_("Settings"), settings_url), (title, "")),
        "title": title,
        "intro": intro,
        "form": form,
        "submit": submit,
        "cancel_url": settings_url,
    }
    return render_page(request, "teams/form_page.html", context, status=422 if form.errors else 200)
