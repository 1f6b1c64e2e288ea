"""The lists of KPIs and objectives, and their cells edited where they stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from metrics.definition_links import definition_url
from metrics.definitions.value import KPI, OBJECTIVE
from metrics.forms.kpis import KpiForm
from metrics.forms.objectives import ObjectiveForm
from metrics.models import Kpi, Measurement, Objective
from metrics.selectors.value_lists import (
    KPIS,
    OBJECTIVES,
    kpis_compared,
    kpis_listed,
    kpis_scope,
    objectives_listed,
    objectives_scope,
)
from metrics.services.kpis import kpi_edit
from metrics.services.objectives import objective_edit
from metrics.views.value_frames import value_crumbs, value_tabs
from pmo_portal.lib.access import Action, Actor, actor_of, listing, policy_for
from pmo_portal.lib.errors import Refused
from pmo_portal.lib.lists.editing import Steps, cell_response
from pmo_portal.lib.lists.page import ListPage
from pmo_portal.lib.lists.parts import Doors, Empty
from pmo_portal.lib.lists.respond import list_page, list_response
from pmo_portal.lib.windows import local_day


class VersionedEditor:
    """Edits one field of things that count their versions, by the form and the service that edit all of one."""

    def __init__(self, form_of: Callable[..., Any], edit: Callable[..., Any]) -> None:
        self._form_of, self._edit = form_of, edit

    def form(self, row: Any, name: str, data: Mapping[str, Any] | None = None) -> Any:
        form = self._form_of(row, data)
        form.fields = {name: form.fields[name]}
        field = form.fields[name]
        look = "form-select" if isinstance(field.widget, forms.Select) else "form-control"
        field.widget.attrs.update({"aria-label": str(field.label), "class": look, "autocomplete": "off"})
        return form

    def bulk_form(self, row: Any, name: str, data: Mapping[str, Any] | None = None) -> Any:
        return self.form(row, name, data)

    def save(self, row: Any, name: str, form: Any, *, seen: int | None) -> None:
        self._edit(row, {name: form.cleaned_data[name]}, seen)

    def conflict(self, row: Any, name: str, form: Any) -> dict[str, str]:
        now = self.form(row, name)[name]
        choices = {str(value): str(label) for value, label in getattr(now.field, "choices", ())}
        value = now.value()
        shown = choices.get(str(value), value) if choices else value
        return {"who": _("Somebody"), "display": "" if shown is None else str(shown)}

    def save_many(self, rows: Sequence[Any], name: str, form: Any) -> Steps:
        raise Refused(_("These are changed one by one."))

    def undo_many(self, steps: Steps) -> None:
        raise Refused(_("These are changed one by one."))


# -- KPIs ------------------------------------------------------------------------------------------------------------


@listing(Action.VIEW, Kpi)
@require_GET
def kpi_list(request: HttpRequest) -> HttpResponseBase:
    """Every KPI one may see: latest value, trend, target, verdict, what is late; ``?format=`` gives it as a file."""
    actor = actor_of(request)
    page = _kpis(request)
    return list_response(
        request,
        page,
        template="metrics/kpi_list.html",
        context=lambda: {
            "value_tabs": value_tabs(actor, "kpis"),
            "create_url": page.doors.empty.action_url,
            "upload_url": _upload_url(actor, page),
            "definition_url": definition_url(KPI),
            "crumbs": value_crumbs(_("KPIs")),
        },
    )


@listing(Action.EDIT, Kpi)
@require_http_methods(["GET", "POST"])
def kpi_cell(request: HttpRequest) -> HttpResponse:
    """One cell of the list of KPIs, edited in place."""
    actor = actor_of(request)
    editor = VersionedEditor(
        lambda row, data: KpiForm(data, actor=actor, unit=row.unit, instance=row),
        lambda row, values, seen: kpi_edit(actor=actor, kpi=row, values=values, seen_version=seen, at=timezone.now()),
    )
    return cell_response(request, _kpis(request), editor)


def _kpis(request: HttpRequest) -> ListPage:
    actor, day = actor_of(request), local_day(timezone.now())
    may_create = bool(actor.is_system or actor.units("kpi.create"))
    doors = Doors(
        name="kpis",
        title=_("KPIs"),
        empty=Empty(
            title=_("No KPI yet"),
            text=_(
                "A KPI is a number that says whether what you do is worth it: where it came from, where it should get, "
                "who looks after it. Its values are entered by hand, uploaded, or computed from others."
            ),
            action_label=_("New KPI"),
            action_url=reverse("metrics:kpi_choose") if may_create else "",
            icon="gauge",
        ),
        cell_url=reverse("metrics:kpi_cell") if actor.is_system or actor.units("kpi.edit") else "",
        may_edit=lambda row: row.archived_at is None and policy_for(Kpi).allows(actor, Action.EDIT, row),
        compare=kpis_compared,
    )
    scope = kpis_scope(actor, day=day)
    rows = kpis_listed(actor, day=day)
    return list_page(request.GET, KPIS, rows=rows, scope=scope, path=reverse("metrics:kpi_list"), doors=doors)


def _upload_url(actor: Actor, page: ListPage) -> str:
    """Where values of the chosen unit, or of the topmost one that this person writes values of, are uploaded."""
    units, policy = page.scope.more["units"], policy_for(Measurement)
    chosen = [units[code] for code in page.state.filters.get("unit", "").split(",") if code in units]
    found = next((unit for unit in chosen or units.values() if policy.allows_within(actor, Action.EDIT, unit.pk)), None)
    return reverse("metrics:kpi_upload", args=[found.code]) if found else ""


# -- objectives ------------------------------------------------------------------------------------------------------


@listing(Action.VIEW, Objective)
@require_GET
def objective_list(request: HttpRequest) -> HttpResponseBase:
    """The objectives one may see: a tree of what serves what, unless they are sorted or filtered."""
    actor = actor_of(request)
    page = _objectives(request)
    return list_response(
        request,
        page,
        template="metrics/objective_list.html",
        context=lambda: {
            "value_tabs": value_tabs(actor, "objectives"),
            "create_url": page.doors.empty.action_url,
            "definition_url": definition_url(OBJECTIVE),
            "crumbs": value_crumbs(_("Objectives")),
        },
    )


@listing(Action.EDIT, Objective)
@require_http_methods(["GET", "POST"])
def objective_cell(request: HttpRequest) -> HttpResponse:
    """One cell of the list of objectives, edited in place."""
    actor = actor_of(request)
    editor = VersionedEditor(
        lambda row, data: ObjectiveForm(data, actor=actor, unit=row.unit, instance=row),
        lambda row, values, seen: objective_edit(
            actor=actor, objective=row, values=values, seen_version=seen, at=timezone.now()
        ),
    )
    return cell_response(request, _objectives(request), editor)


def _objectives(request: HttpRequest) -> ListPage:
    actor, day = actor_of(request), local_day(timezone.now())
    may_create = bool(actor.is_system or actor.units("objective.create"))
    doors = Doors(
        name="objectives",
        title=_("Objectives"),
        empty=Empty(
            title=_("No objective yet"),
            text=_(
                "An objective says in a line what a unit wants to achieve; its key results say how anybody can tell. "
                "Objectives of teams and programs serve those above them."
            ),
            action_label=_("New objective"),
            action_url=reverse("metrics:objective_choose") if may_create else "",
            icon="target",
        ),
        cell_url=reverse("metrics:objective_cell") if actor.is_system or actor.units("objective.edit") else "",
        may_edit=lambda row: row.archived_at is None and policy_for(Objective).allows(actor, Action.EDIT, row),
    )
    scope = objectives_scope(actor, day=day)
    path = reverse("metrics:objective_list")
    return list_page(request.GET, OBJECTIVES, rows=objectives_listed(scope), scope=scope, path=path, doors=doors)
