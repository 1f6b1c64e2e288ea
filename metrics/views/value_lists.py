"""The lists of KPIs and objectives, and their cells edited where they stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from metrics.definition_links import definition_url
from metrics.definitions.value import KPI, OBJECTIVE
from metrics.forms.kpis import KpiForm
from metrics.forms.objectives import ObjectiveForm
from metrics.models import Kpi, Measurement, Objective
from metrics.selectors.selection import Selection, selection_of
from metrics.selectors.value_columns import past_day
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
from metrics.views.picking import selection_context
from metrics.views.value_frames import value_crumbs, value_tabs
from pmo_portal.lib.access import Action, Actor, actor_of, listing, policy_for
from pmo_portal.lib.errors import Refused
from pmo_portal.lib.lists.editing import Steps, cell_response
from pmo_portal.lib.lists.page import ListPage
from pmo_portal.lib.lists.parts import Doors, Empty
from pmo_portal.lib.lists.respond import list_page, list_response
from pmo_portal.lib.lists.scope import Scope
from pmo_portal.lib.lists.spec import ListSpec
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


@dataclass(frozen=True, slots=True)
class Room:
    """What the list of KPIs and that of objectives differ in. ``noun`` begins their permissions and addresses."""

    noun: str
    model: type[Any]
    spec: ListSpec
    title: Any
    empty_title: Any
    empty_text: Any
    create_label: Any
    icon: str
    scope: Callable[..., Scope]
    rows: Callable[[Scope], Any]
    compare: Any = None

    @property
    def name(self) -> str:
        """Names its files and its tab."""
        return f"{self.noun}s"

    def page(self, request: HttpRequest) -> ListPage:
        """The list as its address asks for it, as of today or of a day that is over."""
        today = local_day(timezone.now())
        day = past_day(request.GET.get("as_of", "")) or today
        page = self._page(request, day)
        # A saved view may say another day than the address.
        asked = past_day(page.state.filters.get("as_of", "")) or today
        return page if asked == day else self._page(request, asked)

    def _page(self, request: HttpRequest, day: date) -> ListPage:
        actor = actor_of(request)
        is_now = day == local_day(timezone.now())
        may_create = bool(actor.is_system or actor.units(f"{self.noun}.create"))
        may_edit = is_now and bool(actor.is_system or actor.units(f"{self.noun}.edit"))
        doors = Doors(
            name=self.name,
            title=str(self.title),
            empty=Empty(
                title=self.empty_title,
                text=self.empty_text,
                action_label=self.create_label,
                action_url=reverse(f"metrics:{self.noun}_choose") if may_create else "",
                icon=self.icon,
            ),
            cell_url=reverse(f"metrics:{self.noun}_cell") if may_edit else "",
            may_edit=lambda row: (
                is_now and row.archived_at is None and policy_for(self.model).allows(actor, Action.EDIT, row)
            ),
            compare=self.compare,
        )
        scope = self.scope(actor, day=day)
        path = reverse(f"metrics:{self.noun}_list")
        return list_page(request.GET, self.spec, rows=self.rows(scope), scope=scope, path=path, doors=doors)

    def context(self, actor: Actor, page: ListPage) -> dict[str, Any]:
        """What stands around the list: its rooms, its day, the way to a new one."""
        selection = self._selection(page)
        return {
            "value_tabs": value_tabs(actor, self.name, selection),
            "create_url": page.doors.empty.action_url,
            "crumbs": value_crumbs(str(self.title)),
            **selection_context(selection, compares=False, has_types=False, has_stretch=False),
        }

    @staticmethod
    def _selection(page: ListPage) -> Selection:
        """The picker's day, with everything else the list is asked for."""
        kept = dict(page.state.pairs(with_page=False))
        as_of = kept.pop("as_of", "")
        return selection_of({"as_of": as_of}, now=timezone.now()).keeping(kept)


KPI_LIST: Final = Room(
    noun="kpi",
    model=Kpi,
    spec=KPIS,
    title=gettext_lazy("KPIs"),
    empty_title=gettext_lazy("No KPI yet"),
    empty_text=gettext_lazy(
        "A KPI is a number that says whether what you do is worth it: where it came from, where it should get, "
        "who looks after it. Its values are entered by hand, uploaded, or computed from others."
    ),
    create_label=gettext_lazy("New KPI"),
    icon="gauge",
    scope=kpis_scope,
    rows=lambda scope: kpis_listed(scope.actor, day=scope.today),
    compare=kpis_compared,
)
OBJECTIVE_LIST: Final = Room(
    noun="objective",
    model=Objective,
    spec=OBJECTIVES,
    title=gettext_lazy("Objectives"),
    empty_title=gettext_lazy("No objective yet"),
    empty_text=gettext_lazy(
        "An objective says in a line what a unit wants to achieve; its key results say how anybody can tell. "
        "Objectives of teams and programs serve those above them."
    ),
    create_label=gettext_lazy("New objective"),
    icon="target",
    scope=objectives_scope,
    rows=objectives_listed,
)


@listing(Action.VIEW, Kpi)
@require_GET
def kpi_list(request: HttpRequest) -> HttpResponseBase:
    """Every KPI one may see: latest value, trend, target, verdict, what is late; ``?format=`` gives it as a file."""
    actor = actor_of(request)
    page = KPI_LIST.page(request)
    return list_response(
        request,
        page,
        template="metrics/kpi_list.html",
        context=lambda: {
            **KPI_LIST.context(actor, page),
            "upload_url": _upload_url(actor, page),
            "definition_url": definition_url(KPI),
        },
    )


def _upload_url(actor: Actor, page: ListPage) -> str:
    """Where values of the chosen unit, or of the topmost one that this person writes values of, are uploaded."""
    units, policy = page.scope.more["units"], policy_for(Measurement)
    chosen = [units[code] for code in page.state.filters.get("unit", "").split(",") if code in units]
    found = next((unit for unit in chosen or units.values() if policy.allows_within(actor, Action.EDIT, unit.pk)), None)
    return reverse("metrics:kpi_upload", args=[found.code]) if found else ""


@listing(Action.VIEW, Objective)
@require_GET
def objective_list(request: HttpRequest) -> HttpResponseBase:
    """The objectives one may see: a tree of what serves what, unless they are sorted or filtered."""
    actor = actor_of(request)
    page = OBJECTIVE_LIST.page(request)
    return list_response(
        request,
        page,
        template="metrics/objective_list.html",
        context=lambda: {**OBJECTIVE_LIST.context(actor, page), "definition_url": definition_url(OBJECTIVE)},
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
    return cell_response(request, KPI_LIST.page(request), editor)


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
    return cell_response(request, OBJECTIVE_LIST.page(request), editor)
