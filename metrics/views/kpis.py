"""Pages of KPIs: the list, one KPI with its values, its form, its verdict."""

from __future__ import annotations

from copy import copy
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from metrics.charts.chart import chart_file
from metrics.charts.value import kpi_chart
from metrics.definition_links import definition_url
from metrics.definitions.value import KPI
from metrics.documents import as_of_words, wants_document
from metrics.forms.kpis import KpiForm
from metrics.forms.value import VerdictForm
from metrics.models import Kpi, Measurement
from metrics.selectors.selection import MOST_WEEKS, NOTHING
from metrics.selectors.value import kpi_lines, measurements_of, value_text
from metrics.selectors.value_compared import compare_kpis
from metrics.selectors.value_history import kpi_history, kpi_neighbours, kpi_why
from metrics.selectors.value_scope import currency_of
from metrics.services import kpis as services
from metrics.services import status as verdicts
from metrics.value_documents import kpi_document
from metrics.views.picking import selection_context, selection_for
from metrics.views.value_frames import away_answer, list_url, value_crumbs
from organization.context import live_context
from organization.models import Unit
from organization.selectors.units import units_holding
from pmo_portal.lib.access import Action, access, actor_of, listing, policy_for
from pmo_portal.lib.csv_export import csv_response
from pmo_portal.lib.forms import conflicts_into, errors_into
from pmo_portal.lib.pages import go_to, render_page
from pmo_portal.lib.subject_pages import in_panel, tabs_around
from pmo_portal.lib.windows import local_day
from portfolio.selectors.lookups import version_now
from portfolio.views.frames import rights
from portfolio.views.themes import choose_unit

USUAL_WEEKS: Final = 52
"""A KPI is measured by month or quarter: its page shows a year."""


@listing(Action.CREATE, Kpi)
@require_GET
def kpi_choose(request: HttpRequest) -> HttpResponse:
    """A new KPI from the Create menu: of which unit?"""
    units = units_holding(actor_of(request), "kpi.create", day=local_day(timezone.now()))
    return choose_unit(request, list(units), "metrics:kpi_create", _("New KPI"))


@access(Action.CREATE, Kpi, by="code", within=Unit)
@require_http_methods(["GET", "POST"])
def kpi_create(request: HttpRequest, unit: Unit) -> HttpResponse:
    """A form for a new KPI of a unit."""
    actor = actor_of(request)
    form = KpiForm(request.POST or None, actor=actor, unit=unit, initial={"currency": currency_of(unit)})
    if request.method == "POST" and form.is_valid():
        with errors_into(form):
            kpi = services.kpi_create(actor=actor, unit=unit, values=form.values(), at=timezone.now())
        if form.is_valid():
            messages.success(request, _("“%(name)s” is added.") % {"name": kpi.name})
            return go_to(request, "metrics:kpi_detail", kpi.pk)
    return _form_page(request, unit, form, _("New KPI"), _("Create KPI"), reverse("metrics:kpi_list"))


@access(Action.VIEW, Kpi, by="pk", select=("unit", "owner"))
@require_GET
def kpi_detail(request: HttpRequest, kpi: Kpi) -> HttpResponseBase:
    """One KPI: how it stands and who says so, its values as a chart and as a table, what uses it, its history."""
    actor = actor_of(request)
    now = timezone.now()
    selection = selection_for(request, unit_id=kpi.unit_id, now=now, usual_weeks=USUAL_WEEKS, usual_against=NOTHING)
    day = selection.as_of
    known = measurements_of(kpi, day=day)
    (line,) = kpi_lines(actor, [copy(kpi)], day=day, known=known)
    if selection.against_on:
        compare_kpis(actor, [line], selection.against_on)
    values = [one for one in known if one.day in selection.window]
    standing = [one for one in reversed(values) if one.removed_at is None]
    chart = kpi_chart(line.kpi, standing, is_hidden=line.is_hidden)
    if file := chart_file(request, [chart], name=kpi.code):
        return file
    if request.GET.get("format") == "csv":
        return _as_file(kpi, [] if line.is_hidden else standing)
    if wants_document(request):
        shown = [] if line.is_hidden else standing
        return kpi_document(line, shown, chart, filters=as_of_words(selection), at=now)
    may = rights(request, kpi)
    measures = policy_for(Measurement)
    may_write = not line.is_hidden and kpi.archived_at is None and kpi.source != "FORMULA" and selection.is_now
    earlier = sum(one.day < selection.window.start for one in known)
    neighbours = kpi_neighbours(actor, kpi)
    context = {
        "kpi": line.kpi,
        "line": line,
        "chart": chart,
        "earlier": 0 if line.is_hidden else earlier,
        "earlier_url": request.path + selection.query(**{"from": None, "to": None, "span": None, "weeks": MOST_WEEKS}),
        "csv_url": request.path + selection.query(format="csv"),
        "pdf_url": request.path + selection.query(format="pdf"),
        "is_in_panel": in_panel(request),
        "query": selection.carried(),
        "values": [] if line.is_hidden else [(one, value_text(one.value, kpi)) for one in values],
        "entries": kpi_history(actor, kpi),
        "may": may,
        "may_measure": may_write and measures.allows_within(actor, Action.CREATE, kpi.unit_id),
        "may_correct": may_write and measures.allows_within(actor, Action.EDIT, kpi.unit_id),
        "definition_url": definition_url(KPI),
        "tabs": tabs_around(request, "kpi", kpi.pk, request.path),
        "crumbs": value_crumbs((_("KPIs"), list_url("metrics:kpi_list", selection)), kpi.name),
        **selection_context(selection, has_types=False),
        "why": kpi_why(neighbours["drives"]),
        **neighbours,
        **live_context(request, [kpi.unit_id]),
    }
    return render_page(request, "metrics/kpi_detail.html", context, fragment="body")


def _as_file(kpi: Kpi, values: list[Measurement]) -> HttpResponseBase:
    """The values in the columns that the upload takes."""
    rows = ([kpi.code, one.day, one.value, one.confidence.lower(), one.comment] for one in values)
    return csv_response(name=kpi.code, head=["kpi", "day", "value", "confidence", "comment"], rows=rows)


@access(Action.EDIT, Kpi, by="pk", select=("unit",))
@require_http_methods(["GET", "POST"])
def kpi_edit(request: HttpRequest, kpi: Kpi) -> HttpResponse:
    """All fields of a KPI in one form; two people's changes of different fields are both kept."""
    actor = actor_of(request)
    form = KpiForm(request.POST or None, actor=actor, unit=kpi.unit, instance=kpi, initial={"version": kpi.version})
    if request.method == "POST" and form.is_valid():
        with errors_into(form), conflicts_into(form, seen="version", now=lambda: version_now(kpi)):
            services.kpi_edit(
                actor=actor,
                kpi=kpi,
                values=form.values(),
                seen_version=form.cleaned_data["version"],
                at=timezone.now(),
            )
        if form.is_valid():
            messages.success(request, _("Saved"))
            return go_to(request, "metrics:kpi_detail", kpi.pk)
    return _form_page(request, kpi.unit, form, _("Edit KPI"), _("Save"), reverse("metrics:kpi_detail", args=[kpi.pk]))


@access(Action.DELETE, Kpi, by="pk", select=("unit",))
@require_POST
def kpi_archive(request: HttpRequest, kpi: Kpi) -> HttpResponse:
    """Put a KPI away; with ``?back`` take it back."""
    name = {"name": kpi.name}
    return away_answer(
        request,
        lambda is_away: services.kpi_archive(actor=actor_of(request), kpi=kpi, is_archived=is_away, at=timezone.now()),
        here=reverse("metrics:kpi_archive", args=[kpi.pk]),
        away=_("“%(name)s” is archived.") % name,
        again=_("“%(name)s” is back.") % name,
        back=("metrics:kpi_detail", kpi.pk),
    )


@access(Action.MANAGE, Kpi, by="pk", select=("unit", "owner"))
@require_http_methods(["GET", "POST"])
def kpi_verdict(request: HttpRequest, kpi: Kpi) -> HttpResponse:
    """Say how a KPI stands over what its numbers say, or let them speak again."""
    actor = actor_of(request)
    (line,) = kpi_lines(actor, [kpi], day=local_day(timezone.now()))
    if request.method == "POST" and "clear" in request.POST:
        verdicts.kpi_verdict_clear(actor=actor, kpi=kpi, at=timezone.now())
        messages.success(request, _("The computed verdict holds again."))
        return go_to(request, "metrics:kpi_detail", kpi.pk)
    form = VerdictForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with errors_into(form):
            verdicts.kpi_verdict_set(
                actor=actor, kpi=kpi, computed=line.standing.computed, at=timezone.now(), **form.cleaned_data
            )
        if form.is_valid():
            messages.success(request, _("Saved"))
            return go_to(request, "metrics:kpi_detail", kpi.pk)
    context = {
        "title": _("Verdict on “%(name)s”") % {"name": kpi.name},
        "standing": line.standing,
        "form": form,
        "back_url": reverse("metrics:kpi_detail", args=[kpi.pk]),
        "crumbs": value_crumbs(
            (_("KPIs"), reverse("metrics:kpi_list")),
            (kpi.name, reverse("metrics:kpi_detail", args=[kpi.pk])),
            _("Verdict"),
        ),
    }
    return render_page(request, "metrics/value_verdict.html", context, status=422 if form.is_bound else 200)


def _form_page(
    request: HttpRequest, unit: Unit, form: KpiForm, title: str, submit: str, cancel_url: str
) -> HttpResponse:
    context = {
        "title": title,
        "unit": unit,
        "form": form,
        "submit": submit,
        "cancel_url": cancel_url,
        "crumbs": value_crumbs((_("KPIs"), reverse("metrics:kpi_list")), title),
    }
    return render_page(request, "metrics/value_form.html", context, status=422 if form.is_bound else 200)
