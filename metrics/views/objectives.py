"""Pages of objectives: the tree, one objective with its key results, its form, its verdict."""

from __future__ import annotations

from copy import copy
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from metrics.charts.chart import chart_file
from metrics.charts.value import key_result_chart
from metrics.definition_links import definition_url
from metrics.definitions.value import KEY_RESULT, OBJECTIVE
from metrics.documents import as_of_words, wants_document
from metrics.forms.objectives import ObjectiveForm
from metrics.forms.value import VerdictForm
from metrics.models import CheckIn, DrivenBy, Objective, StatusUpdate
from metrics.selectors.selection import NOTHING
from metrics.selectors.value import value_text
from metrics.selectors.value_compared import compare_objectives
from metrics.selectors.value_history import objective_history
from metrics.selectors.value_objectives import (
    KeyResultLine,
    ObjectiveLine,
    all_key_results,
    check_ins_of,
    objective_lines,
    objectives_seen,
    why_of,
    work_of,
)
from metrics.selectors.value_status import updates_about
from metrics.services import objectives as services
from metrics.services import status as verdicts
from metrics.value_documents import objective_document
from metrics.views.picking import selection_context, selection_for
from metrics.views.value_frames import away_answer, list_url, value_crumbs
from organization.context import live_context
from organization.models import Unit
from organization.selectors.units import units_holding
from pmo_portal.lib.access import Action, Actor, access, actor_of, listing, policy_for
from pmo_portal.lib.csv_export import csv_response
from pmo_portal.lib.forms import conflicts_into, errors_into
from pmo_portal.lib.pages import go_to, render_page
from pmo_portal.lib.subject_pages import in_panel, tabs_around
from pmo_portal.lib.windows import local_day
from portfolio.selectors.lookups import version_now
from portfolio.views.frames import rights
from portfolio.views.themes import choose_unit

SELECT = ("unit", "owner", "period", "theme", "parent")


@listing(Action.CREATE, Objective)
@require_GET
def objective_choose(request: HttpRequest) -> HttpResponse:
    """A new objective from the Create menu: of which unit?"""
    units = units_holding(actor_of(request), "objective.create", day=local_day(timezone.now()))
    return choose_unit(request, list(units), "metrics:objective_create", _("New objective"))


@access(Action.CREATE, Objective, by="code", within=Unit)
@require_http_methods(["GET", "POST"])
def objective_create(request: HttpRequest, unit: Unit) -> HttpResponse:
    """A form for a new objective of a unit; ``?parent=`` is the one it serves."""
    actor = actor_of(request)
    initial = {"parent": request.GET.get("parent", "")}
    form = ObjectiveForm(request.POST or None, actor=actor, unit=unit, initial=initial)
    if request.method == "POST" and form.is_valid():
        with errors_into(form):
            objective = services.objective_create(actor=actor, unit=unit, values=form.values(), at=timezone.now())
        if form.is_valid():
            messages.success(request, _("“%(name)s” is added. Now say how anybody can tell.") % {"name": objective})
            return go_to(request, "metrics:objective_detail", objective.pk)
    back = reverse("metrics:objective_list")
    return _form_page(request, unit, form, _("New objective"), _("Create objective"), back)


@access(Action.VIEW, Objective, by="pk", select=SELECT)
@require_GET
def objective_detail(request: HttpRequest, objective: Objective) -> HttpResponseBase:
    """One objective: how far it is and who says so, its key results with their check-ins, what serves it."""
    actor = actor_of(request)
    now = timezone.now()
    selection = selection_for(request, unit_id=objective.unit_id, now=now, usual_against=NOTHING)
    day = selection.as_of
    key_results = all_key_results(objective)
    children = list(objectives_seen(actor, day=day).filter(parent=objective))
    lines = objective_lines(actor, [copy(objective), *children], day=day)
    line, *below = lines
    if selection.against_on:
        compare_objectives(actor, lines, selection.against_on)
    results = [_result(actor, one, is_now=selection.is_now) for one in line.key_results]
    said = check_ins_of([one.key_result for one in line.key_results], day=day)
    for one in results:
        one["check_ins"] = [
            (check_in, value_text(check_in.value, one["key_result"]))
            for check_in in said.get(one["key_result"].pk, [])
            if not one["line"].is_hidden
        ]
    charts = [one["chart"] for one in results if one["chart"]]
    if file := chart_file(request, charts, name=f"objective-{objective.pk}"):
        return file
    if request.GET.get("format") == "csv":
        return _as_file(line)
    if wants_document(request):
        return objective_document(line, charts, filters=as_of_words(selection), at=now)
    may = rights(request, objective)
    context = {
        "objective": line.objective,
        "line": line,
        "csv_url": request.path + selection.query(format="csv"),
        "pdf_url": request.path + selection.query(format="pdf"),
        "is_in_panel": in_panel(request),
        "query": selection.carried(),
        "results": results,
        "work": work_of(actor, [one.key_result for one in line.key_results]),
        "below": below,
        "why": why_of(actor, objective),
        "archived_results": [one for one in key_results if one.archived_at is not None],
        "statuses": updates_about(actor, objective, day=day),
        "entries": objective_history(actor, objective, key_results),
        "may": may,
        "may_add": may["edit"] and objective.archived_at is None and selection.is_now,
        "may_create_below": policy_for(Objective).allows_within(actor, Action.CREATE, objective.unit_id),
        "may_say": policy_for(StatusUpdate).allows_within(actor, Action.CREATE, objective.unit_id),
        "definition_url": definition_url(OBJECTIVE),
        "result_definition_url": definition_url(KEY_RESULT),
        "tabs": tabs_around(request, "objective", objective.pk, request.path),
        "crumbs": value_crumbs((_("Objectives"), list_url("metrics:objective_list", selection)), objective.title),
        **selection_context(selection, has_types=False, has_stretch=False),
        **live_context(request, [objective.unit_id]),
    }
    return render_page(request, "metrics/objective_detail.html", context, fragment="body")


def _result(actor: Actor, line: KeyResultLine, *, is_now: bool) -> dict[str, Any]:
    """A key result as the page of its objective shows it."""
    policy = policy_for(CheckIn)
    unit_id = line.key_result.objective.unit_id
    is_open = (
        line.key_result.driven_by == DrivenBy.BY_HAND
        and line.key_result.objective.archived_at is None
        and not line.is_hidden
        and is_now
    )
    chart = None
    if line.key_result.driven_by != DrivenBy.WORK and len(line.readings) > 1:
        chart = key_result_chart(line.key_result, line.readings, is_hidden=line.is_hidden)
    return {
        "line": line,
        "key_result": line.key_result,
        "chart": chart,
        "may_check_in": is_open and policy.allows_within(actor, Action.CREATE, unit_id),
        "may_correct": is_open and policy.allows_within(actor, Action.EDIT, unit_id),
    }


def _as_file(line: ObjectiveLine) -> HttpResponseBase:
    """The key results of an objective, one line each."""
    head = ["key_result", "driven_by", "start", "current", "target", "score", "weight", "due_on", "as_of"]
    rows = (
        [
            one.key_result.title,
            one.key_result.driven_by.lower(),
            "" if one.is_hidden else one.key_result.start_value,
            "" if one.is_hidden or one.current is None else round(one.current, 4),
            "" if one.is_hidden else one.key_result.target_value,
            "" if one.score is None else round(one.score, 4),
            one.key_result.weight,
            one.key_result.due_on or "",
            one.said_on or "",
        ]
        for one in line.key_results
    )
    return csv_response(name=f"objective-{line.objective.pk}", head=head, rows=rows)


@access(Action.EDIT, Objective, by="pk", select=SELECT)
@require_http_methods(["GET", "POST"])
def objective_edit(request: HttpRequest, objective: Objective) -> HttpResponse:
    """All fields of an objective in one form; two people's changes of different fields are both kept."""
    actor = actor_of(request)
    form = ObjectiveForm(
        request.POST or None,
        actor=actor,
        unit=objective.unit,
        instance=objective,
        initial={"version": objective.version},
    )
    if request.method == "POST" and form.is_valid():
        with errors_into(form), conflicts_into(form, seen="version", now=lambda: version_now(objective)):
            services.objective_edit(
                actor=actor,
                objective=objective,
                values=form.values(),
                seen_version=form.cleaned_data["version"],
                at=timezone.now(),
            )
        if form.is_valid():
            messages.success(request, _("Saved"))
            return go_to(request, "metrics:objective_detail", objective.pk)
    back = reverse("metrics:objective_detail", args=[objective.pk])
    return _form_page(request, objective.unit, form, _("Edit objective"), _("Save"), back)


@access(Action.DELETE, Objective, by="pk", select=("unit",))
@require_POST
def objective_archive(request: HttpRequest, objective: Objective) -> HttpResponse:
    """Put an objective away; with ``?back`` take it back."""
    name = {"name": objective.title}
    return away_answer(
        request,
        lambda is_away: services.objective_archive(
            actor=actor_of(request), objective=objective, is_archived=is_away, at=timezone.now()
        ),
        here=reverse("metrics:objective_archive", args=[objective.pk]),
        away=_("“%(name)s” is archived.") % name,
        again=_("“%(name)s” is back.") % name,
        back=("metrics:objective_detail", objective.pk),
    )


@access(Action.MANAGE, Objective, by="pk", select=SELECT)
@require_http_methods(["GET", "POST"])
def objective_verdict(request: HttpRequest, objective: Objective) -> HttpResponse:
    """Say how an objective stands over what its key results say, or let them speak again."""
    actor = actor_of(request)
    (line,) = objective_lines(actor, [objective], day=local_day(timezone.now()))
    if request.method == "POST" and "clear" in request.POST:
        verdicts.objective_verdict_clear(actor=actor, objective=objective, at=timezone.now())
        messages.success(request, _("The computed verdict holds again."))
        return go_to(request, "metrics:objective_detail", objective.pk)
    form = VerdictForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with errors_into(form):
            verdicts.objective_verdict_set(
                actor=actor,
                objective=objective,
                computed=line.standing.computed,
                at=timezone.now(),
                **form.cleaned_data,
            )
        if form.is_valid():
            messages.success(request, _("Saved"))
            return go_to(request, "metrics:objective_detail", objective.pk)
    back = reverse("metrics:objective_detail", args=[objective.pk])
    context = {
        "title": _("Verdict on “%(name)s”") % {"name": objective.title},
        "standing": line.standing,
        "form": form,
        "back_url": back,
        "crumbs": value_crumbs(
            (_("Objectives"), reverse("metrics:objective_list")), (objective.title, back), _("Verdict")
        ),
    }
    return render_page(request, "metrics/value_verdict.html", context, status=422 if form.is_bound else 200)


def _form_page(
    request: HttpRequest, unit: Unit, form: ObjectiveForm, title: str, submit: str, cancel_url: str
) -> HttpResponse:
    context = {
        "title": title,
        "unit": unit,
        "form": form,
        "submit": submit,
        "cancel_url": cancel_url,
        "crumbs": value_crumbs((_("Objectives"), reverse("metrics:objective_list")), title),
    }
    return render_page(request, "metrics/value_form.html", context, status=422 if form.is_bound else 200)
