"""Pages of numbers: a unit's dashboard, the executive's page, what each number means."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from metrics.charts import cycle_chart, throughput_chart, wip_chart
from metrics.definitions import METRICS
from metrics.models import Rollup
from metrics.selectors.numbers import UnitNumbers, numbers_of
from metrics.selectors.selection import Selection, seen_on_of
from metrics.selectors.units import top_units, units_directly_below
from metrics.tiles import rows_url, tile_row
from metrics.views.picking import selection_context, selection_for
from organization.context import live_context
from organization.models import Unit, UnitKind
from organization.selectors.units import unit_crumbs, unit_tabs
from pmo_portal.lib.access import Action, access, actor_of, listing
from pmo_portal.lib.pages import render_page


@access(Action.VIEW, Rollup, within=Unit, by="code")
@require_GET
def unit_dashboard(request: HttpRequest, unit: Unit) -> HttpResponse:
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
    context = {
        "unit": unit,
        "row": tile_row(unit, own, selection, now=now),
        "charts": [throughput_chart(own), cycle_chart(own), wip_chart(own)],
        "below": [_side_by_side(one, numbers[one.pk], selection) for one in below],
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
    context = {
        "sections": [_section(unit, below[unit.pk], numbers, selection, now) for unit in tops],
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
        "below": [_side_by_side(one, numbers[one.pk], selection) for one in below],
    }


def _side_by_side(unit: Unit, numbers: UnitNumbers, selection: Selection) -> dict[str, Any]:
    """One line of a table of units."""
    return {
        "unit": unit,
        "numbers": numbers,
        "url": reverse("metrics:unit_dashboard", args=[unit.code]) + selection.query(),
        "finished_url": rows_url(unit, "throughput", selection),
        "wip_url": rows_url(unit, "wip", selection),
        "cycle_url": rows_url(unit, "cycle_time", selection),
    }


@listing(Action.VIEW, Rollup)
@require_GET
def definition_list(request: HttpRequest) -> HttpResponse:
    """What each number means: question, formula, window, what is left out."""
    context = {
        "metrics": METRICS.values(),
        "crumbs": [(_("Metrics"), reverse("metrics:executive")), (_("Definitions"), "")],
    }
    return render_page(request, "metrics/definition_list.html", context)


def tiles_url(unit: Unit, selection: Selection) -> str:
    """The address of a unit's tiles with the same selection."""
    return reverse("metrics:unit_tiles", args=[unit.code]) + selection.query()
