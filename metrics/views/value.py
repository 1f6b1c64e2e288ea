"""The executive's page of value: value, flow, alignment, what needs attention, what waits for a decision."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from metrics.definition_links import definition_url
from metrics.definitions.value import KPI, OBJECTIVE
from metrics.documents import as_of_words, file_links, wants_document
from metrics.models import Kpi, Objective, StatusUpdate
from metrics.selectors.selection import NOTHING, Selection, seen_on_of
from metrics.selectors.value_page import MOST_SHOWN, MOST_TILES, value_page, verdict_counts
from metrics.selectors.value_scope import UnitFilter, unit_filter
from metrics.value_documents import value_document
from metrics.views.picking import selection_context, selection_for
from metrics.views.value_frames import list_url, unit_menu, value_tabs
from organization.context import live_context
from organization.models import Unit
from organization.selectors.units import tiles_url, unit_crumbs, unit_tabs
from pmo_portal.lib.access import Action, Actor, access, actor_of, listing, policy_for
from pmo_portal.lib.documents import gives_pdf
from pmo_portal.lib.pages import render_page

COOKIE: Final = "value_unit"
"""The unit somebody looked at last: the page opens with it."""


@listing(Action.VIEW, Objective)
@gives_pdf
@require_GET
def value(request: HttpRequest) -> HttpResponse:
    """Value on one page for the unit somebody chose, chose last, or answers for most."""
    actor = actor_of(request)
    now = timezone.now()
    day = seen_on_of(request.GET, now=now)
    wanted = request.GET.get("unit", "") or request.COOKIES.get(COOKIE, "")
    units = unit_filter(actor, wanted, "kpi.view", day=day)
    if units.chosen is None and units.units:
        units = UnitFilter(units.units, units.units[0], day)
    if units.chosen is None:
        return render_page(
            request,
            "metrics/value.html",
            {"unit": None, "tabs": value_tabs(actor, "value"), "crumbs": [(_("Value"), "")]},
        )
    selection = selection_for(request, unit_id=units.chosen.pk, now=now, usual_against=NOTHING)
    selection = selection.keeping({"unit": units.chosen.code if "unit" in request.GET else ""})
    if wants_document(request):
        return _document(actor, units.chosen, selection, now=now)
    context = _context(request, units.chosen, selection, now=now)
    context["tabs"] = value_tabs(actor, "value", selection)
    context["unit_menu"] = unit_menu(request, units)
    context["crumbs"] = [(_("Value"), "")]
    response = render_page(request, "metrics/value.html", context, fragment="body")
    if "unit" in request.GET:
        response.set_cookie(COOKIE, units.chosen.code, max_age=365 * 86_400, httponly=True, samesite="Lax")
    return response


@access(Action.VIEW, Objective, within=Unit, by="code")
@gives_pdf
@require_GET
def unit_value(request: HttpRequest, unit: Unit) -> HttpResponse:
    """The same page as a tab of the unit."""
    actor = actor_of(request)
    now = timezone.now()
    selection = selection_for(request, unit_id=unit.pk, now=now, usual_against=NOTHING)
    if wants_document(request):
        return _document(actor, unit, selection, now=now)
    context = _context(request, unit, selection, now=now)
    context["tabs"] = unit_tabs(actor, unit, "value")
    context["crumbs"] = unit_crumbs(actor, unit, _("Value"))
    return render_page(request, "metrics/value.html", context, fragment="body")


def _document(actor: Actor, unit: Unit, selection: Selection, *, now: datetime) -> HttpResponse:
    page = value_page(actor, unit, day=selection.as_of, against=selection.against_on)
    return value_document(page, filters=as_of_words(selection), at=now)


def _context(request: HttpRequest, unit: Unit, selection: Selection, *, now: datetime) -> dict[str, Any]:
    actor = actor_of(request)
    page = value_page(actor, unit, day=selection.as_of, against=selection.against_on)
    query = selection.carried(unit=None)
    kpis_url = list_url("metrics:kpi_list", selection, unit=unit.code)
    objectives_url = list_url("metrics:objective_list", selection, unit=unit.code)
    tiles = tiles_url(actor, unit)
    return {
        "unit": unit,
        "page": page,
        "files": file_links(request, title=_("Value of %(unit)s") % {"unit": unit.name}, unit=unit.code),
        "now": now,
        "kpi_tiles": page.own_kpis[:MOST_TILES],
        "kpi_counts": verdict_counts(page.kpis, url=kpis_url),
        "kpis_url": kpis_url,
        "objective_counts": verdict_counts(page.objectives, url=objectives_url),
        "objectives_url": objectives_url,
        "status_url": f"{reverse('metrics:unit_status', args=[unit.code])}{query}" if _may_see(actor, unit) else "",
        # Tiles of a flow are compared unless one says otherwise: here one does, or does not.
        "tiles_url": f"{tiles}{selection.query(unit=None, against=selection.against)}" if tiles else "",
        "dashboard_url": f"{reverse('metrics:unit_dashboard', args=[unit.code])}{query}",
        "query": query,
        "attention": page.attention[:MOST_SHOWN],
        "more_attention": max(len(page.attention) - MOST_SHOWN, 0),
        "may_say": policy_for(StatusUpdate).allows_within(actor, Action.CREATE, unit.pk),
        "may_add_kpi": policy_for(Kpi).allows_within(actor, Action.CREATE, unit.pk),
        "may_add_objective": policy_for(Objective).allows_within(actor, Action.CREATE, unit.pk),
        "kpi_definition_url": definition_url(KPI),
        "objective_definition_url": definition_url(OBJECTIVE),
        **selection_context(selection, has_types=False),
        **live_context(request, [unit.pk] if actor.is_system or actor.can("unit.view", unit.pk) else []),
    }


def _may_see(actor: Actor, unit: Unit) -> bool:
    return policy_for(StatusUpdate).allows_within(actor, Action.VIEW, unit.pk)
