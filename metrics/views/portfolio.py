"""What programs and portfolios ask of their work: flow by type, alignment, progress, lead times of the board.

Each is a page of its own and a card of the dashboard, which fetches it by its address.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from metrics.charts.chart import Chart, chart_file
from metrics.charts.portfolio import alignment_chart, lead_time_chart, state_chart
from metrics.definitions import (
    ALIGNMENT,
    EPIC_LEAD_TIME,
    EPIC_PROGRESS,
    FLOW_DISTRIBUTION,
    FLOW_EFFICIENCY,
    FLOW_LOAD,
    FLOW_PREDICTABILITY,
    FLOW_TIME,
    FLOW_VELOCITY,
    UNALIGNED,
)
from metrics.models import Rollup
from metrics.selectors.alignment import alignment_of
from metrics.selectors.finding import scope_of
from metrics.selectors.flow_types import TypeFlow, flow_by_type, predictability_of
from metrics.selectors.journeys import board_times
from metrics.selectors.progress import things_under_way
from metrics.selectors.selection import Selection
from metrics.selectors.words import against_choice, than_flow
from metrics.tiles import rows_url
from metrics.views.picking import selection_context, selection_for
from metrics.views.rooms import unit_rooms
from organization.context import live_context
from organization.models import Unit, UnitKind
from organization.selectors.units import unit_crumbs, unit_tabs
from pmo_portal.lib.access import Action, access, actor_of
from pmo_portal.lib.pages import render_page
from portfolio.models import TrackedKind

BOARDS = {UnitKind.PORTFOLIO: TrackedKind.EPIC, UnitKind.PROGRAM: TrackedKind.FEATURE}
"""Units with a board of their own, and what lies on it."""


def cards_of(unit: Unit, selection: Selection) -> list[dict[str, str]]:
    """The cards that a unit's dashboard fetches: their names and addresses."""
    names = ["types", "alignment"]
    if unit.kind in BOARDS:
        names += ["progress", "lead_times"]
    cards = [
        {"code": name, "url": reverse(f"metrics:unit_{name}", args=[unit.code]) + selection.query()} for name in names
    ]
    if unit.kind == UnitKind.TEAM:
        cards.insert(0, {"code": "sprints", "url": reverse("metrics:team_sprints", args=[unit.code])})
    return cards


@access(Action.VIEW, Rollup, within=Unit, by="code")
@require_GET
def unit_types(request: HttpRequest, unit: Unit) -> HttpResponseBase:
    """SAFe's six flow metrics, by type of item."""
    selection = selection_for(request, unit_id=unit.pk, now=timezone.now()).of_type("")
    scope = scope_of(unit, selection)
    flows, everything = flow_by_type(scope, selection)
    kept = predictability_of(scope, selection.window)
    kept_before = predictability_of(scope, selection.compared) if selection.compared else None
    context = {
        "flows": [_type_line(unit, flow, selection) for flow in (*flows, everything) if flow.finished or flow.wip],
        "than": than_flow(selection),
        "kept": kept,
        "kept_before": kept_before,
        "metrics": {
            "distribution": FLOW_DISTRIBUTION,
            "velocity": FLOW_VELOCITY,
            "time": FLOW_TIME,
            "load": FLOW_LOAD,
            "efficiency": FLOW_EFFICIENCY,
            "predictability": FLOW_PREDICTABILITY,
        },
    }
    return _page(request, unit, selection, "types", _("Flow by type"), context)


def _type_line(unit: Unit, flow: TypeFlow, selection: Selection) -> dict[str, Any]:
    chosen = selection.of_type(flow.item_type)
    codes = ("throughput", "cycle_time", "wip", "flow_efficiency")
    return {"flow": flow, "urls": {code: rows_url(unit, code, chosen) for code in codes}}


@access(Action.VIEW, Rollup, within=Unit, by="code")
@require_GET
def unit_alignment(request: HttpRequest, unit: Unit) -> HttpResponseBase:
    """Which themes the finished work serves, and how much of it serves none."""
    actor = actor_of(request)
    selection = selection_for(request, unit_id=unit.pk, now=timezone.now())
    alignment = alignment_of(scope_of(unit, selection), actor=actor, against=selection.compared)
    chart = alignment_chart(alignment)
    orphans = [
        (_("without a feature"), alignment.without_feature, rows_url(unit, "no_feature", selection)),
        (_("in a feature without an epic"), alignment.without_epic, rows_url(unit, "no_epic", selection)),
        (_("in an epic without a theme"), alignment.without_theme, rows_url(unit, "no_theme", selection)),
    ]
    context = {
        "alignment": alignment,
        "orphans": [
            {"label": label, "count": count, "ratio": alignment.ratio(count), "url": url}
            for label, count, url in orphans
        ],
        "orphans_url": rows_url(unit, "unaligned", selection),
        "against": against_choice(selection),
        "finished_url": rows_url(unit, "throughput", selection),
        "metrics": {"alignment": ALIGNMENT, "unaligned": UNALIGNED},
    }
    return _page(request, unit, selection, "alignment", _("Alignment to themes"), context, [chart])


@access(Action.VIEW, Rollup, within=Unit, by="code")
@require_GET
def unit_progress(request: HttpRequest, unit: Unit) -> HttpResponseBase:
    """How far the epics of a portfolio, or the features of a program, are."""
    kind = _board_of(unit)
    selection = selection_for(request, unit_id=unit.pk, now=timezone.now())
    context = {
        "things": things_under_way(unit, selection, kind=kind, actor=actor_of(request), page=request.GET.get("page")),
        "is_epics": kind == TrackedKind.EPIC,
        "metrics": {"progress": EPIC_PROGRESS},
    }
    return _page(request, unit, selection, "progress", _("Progress"), context)


@access(Action.VIEW, Rollup, within=Unit, by="code")
@require_GET
def unit_lead_times(request: HttpRequest, unit: Unit) -> HttpResponseBase:
    """How long epics or features take through the board of a unit, and where they wait."""
    kind = _board_of(unit)
    selection = selection_for(request, unit_id=unit.pk, now=timezone.now())
    times = board_times(unit, selection, kind=kind, actor=actor_of(request))
    charts = [lead_time_chart(times, kind=kind, window=selection.window), state_chart(times, kind=kind)]
    context = {
        "times": times,
        "is_epics": kind == TrackedKind.EPIC,
        "than": than_flow(selection),
        "metrics": {"lead_time": EPIC_LEAD_TIME},
    }
    title = _("Lead times of epics") if kind == TrackedKind.EPIC else _("Lead times of features")
    return _page(request, unit, selection, "lead_times", title, context, charts)


def _board_of(unit: Unit) -> TrackedKind:
    """What lies on the board of a unit; 404 where it has none."""
    if unit.kind not in BOARDS:
        raise Http404
    return BOARDS[UnitKind(unit.kind)]


def _page(
    request: HttpRequest,
    unit: Unit,
    selection: Selection,
    code: str,
    title: str,
    context: dict[str, Any],
    charts: Sequence[Chart] = (),
) -> HttpResponseBase:
    """The page, its card for a dashboard, or the file of one of its charts."""
    if file := chart_file(request, charts, name=unit.code):
        return file
    actor = actor_of(request)
    here = reverse("metrics:unit_dashboard", args=[unit.code]) + selection.query()
    return render_page(
        request,
        f"metrics/unit_{code}.html",
        {
            "unit": unit,
            "title": title,
            "code": code,
            "charts": charts,
            "card_url": request.get_full_path(),
            "rooms": unit_rooms(unit, code, query=selection.query()),
            "tabs": unit_tabs(actor, unit, "metrics"),
            "crumbs": [*unit_crumbs(actor, unit), (_("Metrics"), here), (title, "")],
            **selection_context(selection, compares=code != "progress"),
            # Only alignment is read for one type: the others are about all types, or about no items at all.
            **({} if code == "alignment" else {"type_chips": []}),
            **live_context(request, [unit.pk]),
            **context,
        },
        fragment="card",
    )
