"""Cells and many rows of the lists of KPIs and objectives, edited where they stand."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from metrics.models import Kpi, Objective
from metrics.views.value_editor import kpi_editor, objective_editor
from metrics.views.value_lists import KPI_LIST, OBJECTIVE_LIST
from pmo_portal.lib.access import Action, actor_of, listing
from pmo_portal.lib.lists.bulk import bulk_response, bulk_undo_response
from pmo_portal.lib.lists.editing import cell_response


@listing(Action.EDIT, Kpi)
@require_http_methods(["GET", "POST"])
def kpi_cell(request: HttpRequest) -> HttpResponse:
    """One cell of the list of KPIs, edited in place."""
    return cell_response(request, KPI_LIST.page(request), kpi_editor(actor_of(request)))


@listing(Action.EDIT, Kpi)
@require_http_methods(["GET", "POST"])
def kpi_bulk(request: HttpRequest) -> HttpResponse:
    """One field of many KPIs, or whether they are put away."""
    editor = kpi_editor(actor_of(request))
    return bulk_response(request, KPI_LIST.page(request), editor, undo_name="metrics:kpi_bulk_undo")


@listing(Action.EDIT, Kpi)
@require_POST
def kpi_bulk_undo(request: HttpRequest, token: str) -> HttpResponse:
    """A bulk edit of KPIs taken back."""
    editor = kpi_editor(actor_of(request))
    return bulk_undo_response(request, editor, token=token, back_url=reverse("metrics:kpi_list"))


@listing(Action.EDIT, Objective)
@require_http_methods(["GET", "POST"])
def objective_cell(request: HttpRequest) -> HttpResponse:
    """One cell of the list of objectives, edited in place."""
    return cell_response(request, OBJECTIVE_LIST.page(request), objective_editor(actor_of(request)))


@listing(Action.EDIT, Objective)
@require_http_methods(["GET", "POST"])
def objective_bulk(request: HttpRequest) -> HttpResponse:
    """One field of many objectives, or whether they are put away."""
    editor = objective_editor(actor_of(request))
    return bulk_response(request, OBJECTIVE_LIST.page(request), editor, undo_name="metrics:objective_bulk_undo")


@listing(Action.EDIT, Objective)
@require_POST
def objective_bulk_undo(request: HttpRequest, token: str) -> HttpResponse:
    """A bulk edit of objectives taken back."""
    editor = objective_editor(actor_of(request))
    return bulk_undo_response(request, editor, token=token, back_url=reverse("metrics:objective_list"))
