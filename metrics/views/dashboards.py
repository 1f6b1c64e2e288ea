"""Pages of numbers: a unit's dashboard, the executive's page."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from metrics.calculations.littles import littles_law
from metrics.charts import chart_file, cycle_chart, throughput_chart, wip_chart
from metrics.charts.portfolio import units_chart
from metrics.definitions import LITTLES_LAW
from metrics.documents import Part, dashboard_document, file_links, selection_words, wants_document
from metrics.large_documents import large_document
from metrics.models import Rollup
from metrics.selectors.numbers import UnitNumbers, numbers_of
from metrics.selectors.selection import Selection, seen_on_of
from metrics.selectors.units import top_units, units_directly_below
from metrics.tiles import datum_url, side_by_side, tile_row
from metrics.views.picking import selection_context, selection_for
from metrics.views.portfolio import cards_of
from metrics.views.rooms import unit_rooms
from organization.context import live_context
from organization.models import Unit, UnitKind
from organization.selectors.units import unit_crumbs, unit_tabs
from pmo_portal.lib.access import Action, access, actor_of, listing
from pmo_portal.lib.documents import gives_pdf
from pmo_portal.lib.pages import render_page


@access(Action.VIEW, Rollup, within=Unit, by="code")
@gives_pdf
@require_GET
def unit_dashboard(request: HttpRequest, unit: Unit) -> HttpResponseBase:
    """How a team, program or portfolio is going: tiles, charts, and the units below side by side."""
    actor = actor_of(request)
    now = timezone.now()
    selection = selection_for(request, unit_id=unit.pk, now=now)
    below = units_directly_below(actor, [unit.pk], day=selection.as_of)[unit.pk]
    numbers = numbers_of(
        [unit.pk, *(one.pk for one in below)],
        selection,
        against=selection.compared,
        with_sprints=unit.kind == UnitKind.TEAM,
        not_compared=[one.pk for one in below],
    )
    own = numbers[unit.pk]
    beside = [side_by_side(one, numbers[one.pk], selection) for one in below]
    lists = partial(datum_url, unit, selection)
    charts = [throughput_chart(own, lists), cycle_chart(own, lists), wip_chart(own, lists)]
    if beside:
        charts.append(units_chart(beside))
    if file := chart_file(request, charts, name=unit.code):
        return file
    row = tile_row(unit, own, selection, now=now)
    title = _("Metrics of %(unit)s") % {"unit": unit.name}
    if wants_document(request):
        return large_document(request, title=title, units=1 + len(below)) or dashboard_document(
            name=f"{unit.code}-metrics",
            title=title,
            scope=" › ".join(str(label) for label, _url in unit_crumbs(actor, unit)),
            filters=selection_words(selection),
            parts=[Part(unit.name, row, beside)],
            charts=charts,
            at=now,
        )
    context = {
        "unit": unit,
        "row": row,
        "files": file_links(request, title=title),
        "charts": charts,
        "littles": littles_law(
            wip=own.wip,
            opening=own.wip_opening,
            finished=own.flow.finished - own.flow.finished_start_not_seen,
            cycle_counts=own.cycle_counts,
        ),
        "littles_metric": LITTLES_LAW,
        "cards": cards_of(unit, selection),
        "rooms": unit_rooms(unit, "overview", query=selection.query()),
        "below": beside,
        "tabs": unit_tabs(actor, unit, "metrics"),
        "crumbs": unit_crumbs(actor, unit, _("Metrics")),
        **selection_context(selection),
        **live_context(request, [unit.pk]),
    }
    return render_page(request, "metrics/unit_dashboard.html", context, fragment="numbers")


@access(Action.VIEW, Rollup, within=Unit, by="code")
@require_GET
def unit_tiles(request: HttpRequest, unit: Unit) -> HttpResponse:
    """The tiles of a unit, for its own pages, for pages of other apps, and to be fetched again when live."""
    now = timezone.now()
    selection = selection_for(request, unit_id=unit.pk, now=now)
    numbers = numbers_of([unit.pk], selection, against=selection.compared, with_sprints=unit.kind == UnitKind.TEAM)
    context = {
        "row": tile_row(unit, numbers[unit.pk], selection, now=now),
        "tiles_url": tiles_url(unit, selection),
        "level": 3,
    }
    return render_page(request, "metrics/_tiles.html", context)


@listing(Action.VIEW, Rollup)
@gives_pdf
@require_GET
def executive(request: HttpRequest) -> HttpResponse:
    """Everything this person answers for, on one page: each of their topmost units, then what stands below it."""
    actor = actor_of(request)
    now = timezone.now()
    tops = top_units(actor, day=seen_on_of(request.GET, now=now))
    selection = selection_for(request, unit_id=tops[0].pk if len(tops) == 1 else None, now=now)
    below = units_directly_below(actor, [unit.pk for unit in tops], day=selection.as_of)
    beside = [one.pk for units in below.values() for one in units]
    numbers = numbers_of(
        [*(unit.pk for unit in tops), *beside],
        selection,
        against=selection.compared,
        with_sprints=True,
        not_compared=beside,
    )
    sections = [_section(unit, below[unit.pk], numbers, selection, now) for unit in tops]
    title = _("How is it going")
    if wants_document(request):
        return large_document(request, title=title, units=len(tops) + len(beside)) or dashboard_document(
            name="metrics",
            title=title,
            scope=", ".join(unit.name for unit in tops),
            filters=selection_words(selection),
            parts=[Part(each["row"].unit.name, each["row"], each["below"]) for each in sections],
            at=now,
        )
    context = {
        "sections": sections,
        "files": file_links(request, title=title),
        "crumbs": [(_("Metrics"), "")],
        **selection_context(selection),
        **live_context(request, [unit.pk for unit in tops]),
    }
    return render_page(request, "metrics/executive.html", context, fragment="numbers")


def _section(
    unit: Unit, below: list[Unit], numbers: dict[int, UnitNumbers], selection: Selection, now: datetime
) -> dict[str, Any]:
    return {
        "row": tile_row(unit, numbers[unit.pk], selection, now=now),
        "url": reverse("metrics:unit_dashboard", args=[unit.code]) + selection.query(),
        "below": [side_by_side(one, numbers[one.pk], selection) for one in below],
    }


def tiles_url(unit: Unit, selection: Selection) -> str:
    """The address of a unit's tiles with the same selection."""
    return reverse("metrics:unit_tiles", args=[unit.code]) + selection.query()
