"""The list behind a number, with the same filter and so the same total."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from metrics.models import Rollup
from metrics.selectors.items import BEHIND, PAGE_ROWS, ItemList, ItemRow, is_sort, items_behind
from metrics.views.picking import selection_context, selection_for
from organization.models import Unit
from organization.selectors.units import unit_crumbs, unit_tabs
from pmo_portal.lib.access import Action, Actor, access, actor_of
from pmo_portal.lib.csv_export import csv_response
from pmo_portal.lib.pages import render_page

CELLS: dict[str, tuple[str, Callable[[ItemRow], Any]]] = {
    "created": ("created_on", lambda row: row.created_on),
    "started": ("started_on", lambda row: row.started_on),
    "finished": ("finished_on", lambda row: row.finished_on),
    "cancelled": ("cancelled_on", lambda row: row.cancelled_on),
    "days": ("cycle_days", lambda row: row.cycle_days),
    "age": ("age_days", lambda row: row.age_days),
    "state": ("state", lambda row: row.state),
}
"""Columns that only some lists have: what a file calls them, and what is in them."""


@access(Action.VIEW, Rollup, within=Unit, by="code")
@require_GET
def unit_items(request: HttpRequest, unit: Unit, metric: str) -> HttpResponseBase:
    """The items behind one number of a unit; ``?format=csv`` gives all of them as a file."""
    if metric not in BEHIND:
        raise Http404
    actor = actor_of(request)
    selection = selection_for(request, unit_id=unit.pk, now=timezone.now())
    wanted = request.GET.get("sort", "")
    sort = wanted if is_sort(wanted) else BEHIND[metric].sort
    items = items_behind(actor, unit, selection, code=metric, sort=sort)
    if request.GET.get("format") == "csv":
        return _as_file(actor, unit, items)
    page = Paginator(items.found, PAGE_ROWS).get_page(request.GET.get("page"))
    first = max(page.start_index() - 1, 0)
    context = {
        "unit": unit,
        "behind": items.behind,
        "items": items,
        "rows": items.rows(actor, first, page.end_index()),
        "page": page,
        "sort": sort,
        "csv_url": selection.query(sort=sort, format="csv"),
        "back_url": reverse("metrics:unit_dashboard", args=[unit.code]) + selection.query(),
        "tabs": unit_tabs(actor, unit, "metrics"),
        "crumbs": [
            *unit_crumbs(actor, unit),
            (_("Metrics"), reverse("metrics:unit_dashboard", args=[unit.code]) + selection.query()),
            (str(items.behind.title), ""),
        ],
        **selection_context(selection),
    }
    return render_page(request, "metrics/unit_items.html", context, fragment="results")


def _as_file(actor: Actor, unit: Unit, items: ItemList) -> HttpResponseBase:
    columns = [CELLS[name] for name in items.behind.columns]
    head = ["key", "title", "type", "team", *(name for name, _cell in columns)]
    rows = (
        [row.key, row.title, row.item_type, row.team, *(cell(row) for _name, cell in columns)]
        for row in items.all_rows(actor)
    )
    return csv_response(name=f"{unit.code}-{items.behind.code}", head=head, rows=rows)
