"""Dashboards that people put together themselves: which there are, and one of them."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from metrics.charts import chart_file
from metrics.dashboard_page import DashboardPage, dashboard_page, tiles_of
from metrics.documents import Part, dashboard_document, file_links, selection_words, wants_document
from metrics.models import Dashboard, Rollup
from metrics.selectors.dashboards import dashboards_seen
from metrics.selectors.selection import Selection
from metrics.value_documents import kpi_section
from metrics.views.picking import selection_context, selection_for
from organization.context import live_context
from pmo_portal.lib.access import Action, access, actor_of, listing, policy_for
from pmo_portal.lib.documents import gives_pdf
from pmo_portal.lib.pages import render_page

PAGE = 50


@listing(Action.VIEW, Rollup)
@require_GET
def dashboard_list(request: HttpRequest) -> HttpResponse:
    """One's own dashboards, and those that others share with units one sees."""
    actor = actor_of(request)
    own = dashboards_seen(actor).filter(owner=actor.person_id or 0)
    shared = dashboards_seen(actor).exclude(owner=actor.person_id or 0).filter(archived_at__isnull=True)
    mine = list(own)
    context = {
        "own": [one for one in mine if one.archived_at is None],
        "put_away": [one for one in mine if one.archived_at is not None],
        "page": Paginator(shared, PAGE).get_page(request.GET.get("page")),
        "query": request.GET,
        "may_create": actor.person_id is not None,
        "create_url": reverse("metrics:dashboard_create"),
        "crumbs": [(_("Metrics"), reverse("metrics:executive")), (_("My dashboards"), "")],
    }
    return render_page(request, "metrics/dashboard_list.html", context)


@access(Action.VIEW, Dashboard, by="pk", select=("owner", "shared_with"))
@gives_pdf
@require_GET
def dashboard_detail(request: HttpRequest, dashboard: Dashboard) -> HttpResponseBase:
    """The tiles of a dashboard over one selection, each as far as its reader may see what it is about."""
    actor, now = actor_of(request), timezone.now()
    tiles = tiles_of(dashboard)
    units = {tile.unit_id for tile in tiles if tile.unit_id is not None}
    selection = selection_for(request, unit_id=units.pop() if len(units) == 1 else None, now=now)
    page = dashboard_page(actor, tiles, selection, now=now)
    if file := chart_file(request, page.charts, name=f"dashboard-{dashboard.pk}"):
        return file
    if wants_document(request):
        return _document(dashboard, page, selection)
    context = {
        "dashboard": dashboard,
        "page": page,
        "against": selection.against_on,
        "query": selection.carried(),
        "files": file_links(request, title=dashboard.name),
        "may_edit": policy_for(Dashboard).allows(actor, Action.EDIT, dashboard) and dashboard.archived_at is None,
        "crumbs": [
            (_("Metrics"), reverse("metrics:executive")),
            (_("My dashboards"), reverse("metrics:dashboard_list")),
            (dashboard.name, ""),
        ],
        **selection_context(selection),
        **live_context(request, page.unit_ids),
    }
    return render_page(request, "metrics/dashboard_detail.html", context, fragment="numbers")


def _document(dashboard: Dashboard, page: DashboardPage, selection: Selection) -> HttpResponse:
    units = [row.unit.name for row in page.rows]
    lines = [one.line for one in page.tiles if one.line is not None]
    filters = selection_words(selection)
    if page.hidden_count:
        filters.append(_("without what you may not see"))
    return dashboard_document(
        name=f"dashboard-{dashboard.pk}",
        title=dashboard.name,
        scope=" · ".join(
            (_("Dashboard of %(name)s") % {"name": dashboard.owner.name}, *(units if len(units) == 1 else ()))
        ),
        filters=filters,
        parts=[Part(row.unit.name, row) for row in page.rows],
        sections=[kpi_section(lines, against=selection.against_on)] if lines else [],
        charts=page.charts,
        at=timezone.now(),
    )
