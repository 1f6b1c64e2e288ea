"""Sprints: planned, started, completed; a completed one is frozen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organization.terms import named, words
from pmo_portal.lib.access import Action, access, actor_of
from pmo_portal.lib.errors import DomainError
from pmo_portal.lib.forms import errors_into
from pmo_portal.lib.pages import go_to, render_page
from pmo_portal.lib.windows import day_start, local_day
from teams.forms import SprintCloseForm, SprintForm, SprintStartForm
from teams.forms.sprints import next_sprint_initial, open_targets, sprint_initial
from teams.models import EstimateScale, Sprint, SprintState, Team
from teams.selectors.backlog import open_sprints
from teams.selectors.sprints import (
    closed_sprints,
    outcome_groups,
    say_do_ratio,
    sprint_items,
    unfinished_items,
    velocity_of,
)
from teams.selectors.within import last_sprint
from teams.services import sprints
from teams.views.frames import team_context
from teams.views.setting_up import or_set_up

SELECT = ("team__unit", "team__workflow")


def _estimates(team: Team) -> bool:
    return team.estimate_scale != EstimateScale.NONE


@require_GET
@or_set_up
@access(Action.VIEW, Sprint, within=Team, by="code", field="unit__code", select=("unit",))
def sprint_list(request: HttpRequest, team: Team) -> HttpResponseBase:
    """The team's sprints: open ones first, then what the closed ones promised and kept."""
    closed = closed_sprints(team)
    in_points = _estimates(team)
    actor = actor_of(request)
    context = {
        **team_context(request, team, "sprints", (named("Sprints"), "")),
        "open_sprints": open_sprints(team),
        "rows": [(sprint, say_do_ratio(sprint, is_in_points=in_points)) for sprint in closed],
        "velocity": velocity_of(closed, is_in_points=in_points),
        "series": [
            float((sprint.completed_points if in_points else sprint.completed_count) or 0)
            for sprint in reversed(closed[:12])
        ],
        "in_points": in_points,
        "can_plan": actor.can("sprint.create", team.pk) and not team.is_mirrored and team.has_sprints,
    }
    return render_page(request, "teams/sprint_list.html", context)


@require_http_methods(["GET", "POST"])
@access(Action.CREATE, Sprint, within=Team, by="code", field="unit__code", select=("unit",))
def sprint_create(request: HttpRequest, team: Team) -> HttpResponseBase:
    """Plan a sprint."""
    last, count = last_sprint(team)
    proposal = next_sprint_initial(last, today=local_day(timezone.now()), number=count + 1)
    form = SprintForm(request.POST or None, initial=proposal)
    if request.method == "POST" and form.is_valid():
        with errors_into(form):
            sprints.sprint_create(actor=actor_of(request), team=team, **form.values())
        if form.is_valid():
            return go_to(request, "teams:backlog", team.unit.code)
    return _form_page(request, team, form, title=words(_("Plan {sprint}")), submit=_("Plan it"))


@require_GET
@access(Action.VIEW, Sprint, by="pk", select=SELECT)
def sprint_detail(request: HttpRequest, sprint: Sprint, code: str) -> HttpResponseBase:
    """A sprint: what is in it, or, once completed, what it came to."""
    _check_address(sprint, code)
    team, actor, in_points = sprint.team, actor_of(request), _estimates(sprint.team)
    is_closed = sprint.state == SprintState.CLOSED
    context: dict[str, Any] = {
        **team_context(request, team, "sprints", *_steps(sprint)),
        "sprint": sprint,
        "in_points": in_points,
        "is_closed": is_closed,
        "say_do": say_do_ratio(sprint, is_in_points=in_points),
        "groups": outcome_groups(sprint) if is_closed else [],
        "items": [] if is_closed else sprint_items(sprint),
        "can_edit": actor.can("sprint.edit", team.pk) and not team.is_mirrored and not is_closed,
        "can_manage": actor.can("sprint.manage", team.pk) and not team.is_mirrored,
        "can_delete": actor.can("sprint.delete", team.pk)
        and sprint.state == SprintState.FUTURE
        and not team.is_mirrored,
    }
    return render_page(request, "teams/sprint_detail.html", context)


@require_http_methods(["GET", "POST"])
@access(Action.EDIT, Sprint, by="pk", select=SELECT)
def sprint_edit(request: HttpRequest, sprint: Sprint, code: str) -> HttpResponseBase:
    """Change name, goal and days of a sprint that is not completed."""
    _check_address(sprint, code)
    form = SprintForm(request.POST or None, initial=sprint_initial(sprint))
    if request.method == "POST" and form.is_valid():
        with errors_into(form):
            sprints.sprint_edit(
                actor=actor_of(request),
                sprint=sprint,
                seen_version=form.cleaned_data["version"] or 0,
                **form.values(),
            )
        if form.is_valid():
            return go_to(request, "teams:sprint_detail", code, sprint.pk)
    return _form_page(
        request, sprint.team, form, title=_("Edit %(sprint)s") % {"sprint": sprint.name}, submit=_("Save")
    )


@require_http_methods(["GET", "POST"])
@access(Action.MANAGE, Sprint, by="pk", select=SELECT)
def sprint_start(request: HttpRequest, sprint: Sprint, code: str) -> HttpResponseBase:
    """Start a sprint: what is in it now is what the team commits to."""
    _check_address(sprint, code)
    initial = {"goal": sprint.goal, "last_day": sprint_initial(sprint)["last_day"]}
    form = SprintStartForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        with errors_into(form):
            _start(request, sprint, form)
        if form.is_valid():
            messages.success(request, _("%(sprint)s is running.") % {"sprint": sprint.name})
            return go_to(request, "teams:board", code)
    found = sprint_items(sprint)
    intro = ngettext(
        "%(count)s item is in it: that is the commitment.",
        "%(count)s items are in it: that is the commitment.",
        len(found),
    )
    title = _("Start %(sprint)s") % {"sprint": sprint.name}
    return _form_page(
        request, sprint.team, form, title=title, submit=words(_("Start {sprint}")), intro=intro % {"count": len(found)}
    )


@require_http_methods(["GET", "POST"])
@access(Action.MANAGE, Sprint, by="pk", select=SELECT)
def sprint_close(request: HttpRequest, sprint: Sprint, code: str) -> HttpResponseBase:
    """Complete a sprint: its figures are frozen, unfinished items go to the backlog or on to another sprint."""
    _check_address(sprint, code)
    unfinished = unfinished_items(sprint)
    form = SprintCloseForm(request.POST or None, sprints=open_targets(sprint), unfinished=unfinished)
    if request.method == "POST" and form.is_valid():
        carry_to, decisions = form.decision()
        result = None
        with errors_into(form):
            result = sprints.sprint_close(
                actor=actor_of(request), sprint=sprint, carry_to=carry_to, decisions=decisions, at=timezone.now()
            )
        if result is not None:
            text = _("%(sprint)s is completed: %(carried)s carried over, %(returned)s back in the backlog.") % {
                "sprint": sprint.name,
                "carried": result.carried_over,
                "returned": result.returned_to_backlog,
            }
            messages.success(request, text)
            return go_to(request, "teams:sprint_detail", code, sprint.pk)
    everything = sprint_items(sprint)
    context = {
        **team_context(request, sprint.team, "sprints", *_steps(sprint), (_("Complete"), "")),
        "sprint": sprint,
        "form": form,
        "finished_count": len(everything) - len(unfinished),
        "unfinished_count": len(unfinished),
    }
    return render_page(request, "teams/sprint_close.html", context, status=422 if form.errors else 200)


@require_POST
@access(Action.DELETE, Sprint, by="pk", select=SELECT)
def sprint_delete(request: HttpRequest, sprint: Sprint, code: str) -> HttpResponseBase:
    """Delete a planned sprint; its items go back to the backlog."""
    _check_address(sprint, code)
    try:
        sprints.sprint_delete(actor=actor_of(request), sprint=sprint, at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
        return go_to(request, "teams:sprint_detail", code, sprint.pk)
    messages.success(request, _("%(sprint)s is deleted; its items are in the backlog.") % {"sprint": sprint.name})
    return go_to(request, "teams:backlog", code)


def _start(request: HttpRequest, sprint: Sprint, form: SprintStartForm) -> None:
    actor, at = actor_of(request), timezone.now()
    ends_at = day_start(form.cleaned_data["last_day"] + timedelta(days=1))
    if (form.cleaned_data["goal"], ends_at) != (sprint.goal, sprint.ends_at):
        starts_at = sprint.starts_at if sprint.starts_at and sprint.starts_at < ends_at else None
        sprints.sprint_edit(
            actor=actor,
            sprint=sprint,
            name=sprint.name,
            goal=form.cleaned_data["goal"],
            starts_at=starts_at,
            ends_at=ends_at,
            seen_version=sprint.version,
        )
    sprints.sprint_start(actor=actor, sprint=sprint, at=at)


def _check_address(sprint: Sprint, code: str) -> None:
    """SECURITY: a sprint under the address of another team does not exist there."""
    if sprint.team.unit.code != code:
        raise Http404


def _steps(sprint: Sprint) -> tuple[tuple[str, str], tuple[str, str]]:
    code = sprint.team.unit.code
    return (
        (named("Sprints"), reverse("teams:sprint_list", args=[code])),
        (sprint.name, reverse("teams:sprint_detail", args=[code, sprint.pk])),
    )


def _form_page(
    request: HttpRequest, team: Team, form: Any, *, title: str, submit: str, intro: str = ""
) -> HttpResponseBase:
    context = {
        **team_context(request, team, "sprints", (title, "")),
        "title": title,
        "intro": intro,
        "form": form,
        "submit": submit,
        "cancel_url": reverse("teams:backlog", args=[team.unit.code]),
    }
    return render_page(request, "teams/form_page.html", context, status=422 if form.errors else 200)
