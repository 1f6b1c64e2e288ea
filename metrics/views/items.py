"""The list behind a number, with the same filter and so the same total."""

from __future__ import annotations

from typing import Any, Final

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from metrics.definition_links import definition_url
from metrics.definitions import METRICS
from metrics.models import Rollup
from metrics.selectors.items import BEHIND, PAGE_ROWS, ItemList, ItemRow, is_sort, items_behind
from metrics.selectors.narrowing import ALL, EVERYTHING, Datum, ItemFilter, datum_of, item_filter_of
from metrics.views.item_columns import COLUMNS
from metrics.views.narrowing import narrowing_words
from metrics.views.picking import selection_context, selection_for
from organization.models import Unit
from organization.selectors.units import unit_crumbs, unit_tabs
from pmo_portal.lib.access import Action, Actor, access, actor_of
from pmo_portal.lib.csv_export import csv_response
from pmo_portal.lib.pages import render_page

ON_DASHBOARD: Final = frozenset(
    {"throughput", "wip", "cycle_time", "started", "created", "cancelled", "start_not_seen"}
)


@access(Action.VIEW, Rollup, within=Unit, by="code")
@require_GET
def unit_items(request: HttpRequest, unit: Unit, metric: str) -> HttpResponseBase:
    """The items behind one number of a unit; ``?format=csv`` gives all of them as a file."""
    if metric not in BEHIND:
        raise Http404
    actor = actor_of(request)
    item_filter, datum = item_filter_of(request.GET, actor), datum_of(request.GET)
    selection = selection_for(request, unit_id=unit.pk, now=timezone.now())
    page_query = selection.keeping(item_filter.parts()).query()
    selection = selection.keeping({**item_filter.parts(), **datum.parts()})
    wanted = request.GET.get("sort", "")
    sort = wanted if is_sort(wanted) else BEHIND[metric].sort
    items = items_behind(actor, unit, selection, code=metric, sort=sort, item_filter=item_filter, datum=datum)
    if request.GET.get("format") == "csv":
        return _as_file(actor, unit, items)
    page = Paginator(items.found, PAGE_ROWS).get_page(request.GET.get("page"))
    first = max(page.start_index() - 1, 0)
    context = {
        "unit": unit,
        "behind": items.behind,
        "definition_url": definition_url(METRICS[metric], unit, query=page_query) if metric in METRICS else "",
        "items": items,
        "columns": [COLUMNS[name] for name in items.behind.columns],
        "rows": [_shown(row, items) for row in items.rows(actor, first, page.end_index())],
        "narrowings": narrowing_words(items, datum, item_filter, selection),
        "page": page,
        "sort": sort,
        "csv_url": selection.query(sort=sort, format="csv"),
        "back_url": _came_from(metric, item_filter, datum, unit) + page_query,
        "tabs": unit_tabs(actor, unit, "metrics"),
        "crumbs": [
            *unit_crumbs(actor, unit),
            (_("Metrics"), reverse("metrics:unit_dashboard", args=[unit.code]) + page_query),
            (str(items.behind.title), ""),
        ],
        **selection_context(selection, compares=False),
    }
    return render_page(request, "metrics/unit_items.html", context, fragment="results")


def _came_from(metric: str, item_filter: ItemFilter, datum: Datum, unit: Unit) -> str:
    """The page that shows this number: the dashboard those of all items, the flow page all others."""
    is_plain = metric in ON_DASHBOARD and item_filter == EVERYTHING and datum == ALL
    return reverse("metrics:unit_dashboard" if is_plain else "metrics:unit_flow", args=[unit.code])


def _shown(row: ItemRow, items: ItemList) -> dict[str, Any]:
    """A row with the text of each column that only this list has."""
    columns = (COLUMNS[name] for name in items.behind.columns)
    return {
        "item": row,
        "cells": [
            {"label": column.label, "text": column.text(row), "is_number": column.is_number} for column in columns
        ],
    }


def _as_file(actor: Actor, unit: Unit, items: ItemList) -> HttpResponseBase:
    columns = [COLUMNS[name] for name in items.behind.columns]
    head = ["key", "title", "type", "team", *(column.file for column in columns)]
    rows = (
        [row.key, row.title, row.item_type, row.team, *(column.raw(row) for column in columns)]
        for row in items.all_rows(actor)
    )
    return csv_response(name=f"{unit.code}-{items.behind.code}", head=head, rows=rows)
