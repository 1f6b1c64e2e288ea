"""Status updates: the feed of a unit and all below it, and the form that says how something goes."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from metrics.calculations.value import Verdict
from metrics.forms.value import StatusForm
from metrics.models import Objective, StatusUpdate
from metrics.selectors.value import kpi_lines, kpis_seen, standing_of
from metrics.selectors.value_history import status_history
from metrics.selectors.value_objectives import objective_lines, objectives_seen
from metrics.selectors.value_status import feed_lines, feed_of, suggested_for_epic, suggested_for_unit, updates_about
from metrics.services import status as services
from metrics.views.picking import selection_context, selection_for
from metrics.views.value_frames import away_answer, flag_chip, value_crumbs, verdict_chips
from organization.context import live_context
from organization.models import Unit
from organization.selectors.units import unit_crumbs, unit_tabs
from pmo_portal.lib.access import Action, access, actor_of, policy_for
from pmo_portal.lib.csv_export import csv_response
from pmo_portal.lib.forms import conflicts_into, errors_into
from pmo_portal.lib.pages import go_to, render_page
from pmo_portal.lib.windows import local_day
from portfolio.models import Epic
from portfolio.selectors.lookups import version_now
from portfolio.views.epics import SELECT as EPIC_SELECT
from portfolio.views.epics import epic_page

PAGE_ROWS = 25


@access(Action.VIEW, StatusUpdate, by="code", within=Unit)
@require_GET
def unit_status(request: HttpRequest, unit: Unit) -> Any:
    """What was said of a unit and of everything below it, the newest first."""
    actor = actor_of(request)
    verdict, only_latest = request.GET.get("verdict", ""), "all" not in request.GET
    selection = selection_for(request, unit_id=unit.pk, now=timezone.now())
    selection = selection.keeping({"verdict": verdict, "all": "" if only_latest else "1"})
    day = selection.as_of
    updates = feed_of(actor, unit, day=day, only_latest=only_latest, verdict=verdict)
    if request.GET.get("format") == "csv":
        return _as_file(unit, feed_lines(list(updates[:5_000]), day=day))
    page = Paginator(updates, PAGE_ROWS).get_page(request.GET.get("page"))
    policy = policy_for(StatusUpdate)
    query = request.GET.copy()
    query["format"] = "csv"
    context = {
        "unit": unit,
        "page": page,
        "lines": [
            {
                "of": line,
                "may_edit": selection.is_now and policy.allows(actor, Action.EDIT, line.update),
                "may_delete": selection.is_now and policy.allows(actor, Action.DELETE, line.update),
                "may_say": selection.is_now and policy.allows_within(actor, Action.CREATE, line.update.unit_id),
            }
            for line in feed_lines(list(page.object_list), day=day)
        ],
        "chips": [
            *verdict_chips(request, verdict),
            flag_chip(request, "all", _("Older ones too"), is_on=not only_latest),
        ],
        "csv_url": f"?{query.urlencode()}",
        "may_create": policy.allows_within(actor, Action.CREATE, unit.pk),
        "tabs": unit_tabs(actor, unit, "value"),
        "value_url": reverse("metrics:unit_value", args=[unit.code]) + selection.carried(verdict=None, all=None),
        "crumbs": unit_crumbs(actor, unit, _("Status updates")),
        **selection_context(selection, compares=False, has_types=False, has_stretch=False),
        **live_context(request, [unit.pk]),
    }
    return render_page(request, "metrics/unit_status.html", context, fragment="results")


def _as_file(unit: Unit, lines: list[Any]) -> Any:
    head = ["said_at", "unit", "about", "verdict", "computed_then", "headline", "narrative", "help_needed", "author"]
    rows = (
        [
            one.update.created_at.isoformat(),
            one.update.unit.code,
            one.about,
            one.update.verdict,
            one.update.suggested,
            one.update.headline,
            one.update.narrative,
            one.update.help_needed,
            one.update.author.name if one.update.author else "",
        ]
        for one in lines
    )
    return csv_response(name=f"{unit.code}-status", head=head, rows=rows)


@access(Action.CREATE, StatusUpdate, by="code", within=Unit)
@require_http_methods(["GET", "POST"])
def status_create(request: HttpRequest, unit: Unit) -> HttpResponse:
    """Say how a unit goes."""
    actor = actor_of(request)
    today = local_day(timezone.now())
    kpis = kpi_lines(actor, kpis_seen(actor).filter(unit=unit), day=today)
    objectives = objective_lines(actor, objectives_seen(actor).filter(unit=unit), day=today)
    suggested = suggested_for_unit(kpis, objectives)
    return _say(request, unit, None, unit.name, suggested, reverse("metrics:unit_status", args=[unit.code]))


@access(Action.VIEW, Epic, by="key", select=EPIC_SELECT)
@require_GET
def epic_status(request: HttpRequest, epic: Epic) -> HttpResponse:
    """A tab of an epic: what was said of it, as far as one may see status updates of its unit."""
    actor = actor_of(request)
    context = {
        "tab_template": "metrics/_epic_status.html",
        "statuses": updates_about(actor, epic, day=local_day(timezone.now()), most=50),
        "may_see": policy_for(StatusUpdate).allows_within(actor, Action.VIEW, epic.unit_id),
        "may_say": policy_for(StatusUpdate).allows_within(actor, Action.CREATE, epic.unit_id),
    }
    return epic_page(request, epic, "status", context)


@access(Action.CREATE, StatusUpdate, by="key", within=Epic, select=("unit",))
@require_http_methods(["GET", "POST"])
def epic_status_create(request: HttpRequest, epic: Epic) -> HttpResponse:
    """Say how an epic goes."""
    suggested = suggested_for_epic(epic, day=local_day(timezone.now()))
    back = reverse("metrics:epic_status", args=[epic.key])
    return _say(request, epic.unit, epic, f"{epic.key} {epic.title}", suggested, back)


@access(Action.CREATE, StatusUpdate, by="pk", within=Objective, select=("unit", "period"))
@require_http_methods(["GET", "POST"])
def objective_status(request: HttpRequest, objective: Objective) -> HttpResponse:
    """Say how an objective goes."""
    (line,) = objective_lines(actor_of(request), [objective], day=local_day(timezone.now()))
    back = reverse("metrics:objective_detail", args=[objective.pk])
    return _say(request, objective.unit, objective, objective.title, line.standing.computed, back)


def _say(
    request: HttpRequest, unit: Unit, about: Epic | Objective | None, name: str, suggested: Verdict, back: str
) -> HttpResponse:
    said = "" if suggested == Verdict.NO_DATA else suggested.value
    form = StatusForm(request.POST or None, initial={"verdict": said})
    if request.method == "POST" and form.is_valid():
        with errors_into(form):
            update = services.status_create(
                actor=actor_of(request), unit=unit, about=about, values=form.values(), suggested=said, at=timezone.now()
            )
        if form.is_valid():
            undo = reverse("metrics:status_remove", args=[update.pk])
            may_undo = policy_for(StatusUpdate).allows(actor_of(request), Action.DELETE, update)
            messages.success(request, _("Said."), extra_tags=undo if may_undo else "")
            return go_to(request, back)
    title = _("How does “%(name)s” go?") % {"name": name}
    return _form_page(request, unit, form, title, _("Say it"), back, standing=standing_of(suggested))


@access(Action.EDIT, StatusUpdate, by="pk", select=("unit", "epic", "objective"))
@require_http_methods(["GET", "POST"])
def status_edit(request: HttpRequest, status_update: StatusUpdate) -> HttpResponse:
    """Change what an update says; its history keeps what it said before."""
    actor = actor_of(request)
    form = StatusForm(request.POST or None, instance=status_update, initial={"version": status_update.version})
    back = reverse("metrics:unit_status", args=[status_update.unit.code])
    if request.method == "POST" and form.is_valid():
        with errors_into(form), conflicts_into(form, seen="version", now=lambda: version_now(status_update)):
            services.status_edit(
                actor=actor,
                status_update=status_update,
                values=form.values(),
                seen_version=form.cleaned_data["version"],
                at=timezone.now(),
            )
        if form.is_valid():
            messages.success(request, _("Saved"))
            return go_to(request, back)
    entries = status_history(actor, status_update)
    return _form_page(request, status_update.unit, form, _("Change a status update"), _("Save"), back, entries=entries)


@access(Action.DELETE, StatusUpdate, by="pk", select=("unit",))
@require_POST
def status_remove(request: HttpRequest, status_update: StatusUpdate) -> HttpResponse:
    """Take an update back; with ``?back`` bring it back."""
    return away_answer(
        request,
        lambda is_away: services.status_remove(
            actor=actor_of(request), status_update=status_update, is_removed=is_away, at=timezone.now()
        ),
        here=reverse("metrics:status_remove", args=[status_update.pk]),
        away=_("The update is taken back."),
        again=_("The update is back."),
        back=("metrics:unit_status", status_update.unit.code),
    )


def _form_page(
    request: HttpRequest, unit: Unit, form: StatusForm, title: str, submit: str, back: str, **more: Any
) -> HttpResponse:
    context = {
        "title": title,
        "unit": unit,
        "form": form,
        "submit": submit,
        "cancel_url": back,
        "crumbs": value_crumbs((unit.name, reverse("metrics:unit_status", args=[unit.code])), title),
        **more,
    }
    return render_page(request, "metrics/value_form.html", context, status=422 if form.is_bound else 200)
