"""The lists of KPIs and objectives, and their cells edited where they stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from metrics.definition_links import definition_url
from metrics.definitions.value import KPI, OBJECTIVE
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
from metrics.views.picking import selection_context
from metrics.views.value_editor import AWAY
from metrics.views.value_frames import value_crumbs, value_tabs
from pmo_portal.lib.access import Action, Actor, actor_of, listing, policy_for
from pmo_portal.lib.lists.page import ListPage
from pmo_portal.lib.lists.parts import Doors, Empty
from pmo_portal.lib.lists.respond import list_page, list_response
from pmo_portal.lib.lists.scope import Scope
from pmo_portal.lib.lists.spec import ListSpec
from pmo_portal.lib.windows import local_day


@dataclass(frozen=True, slots=True)
class Room:
    """What the lists of KPIs, of objectives and of benefits differ in. ``noun`` begins their permissions and addresses;
    what is not made here is written down on something else."""

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
    bulk_fields: Sequence[tuple[str, Any]] = ()
    is_made_here: bool = True

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
        may_create = self.is_made_here and bool(actor.is_system or actor.units(f"{self.noun}.create"))
        may_delete = bool(actor.is_system or actor.units(f"{self.noun}.delete"))
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
            bulk_url=reverse(f"metrics:{self.noun}_bulk") if may_edit and self.bulk_fields else "",
            bulk_fields=[field for field in self.bulk_fields if may_edit and (field[0] != AWAY or may_delete)],
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
    bulk_fields=(
        ("owner", gettext_lazy("Owner")),
        ("frequency", gettext_lazy("Measured")),
        ("target_on", gettext_lazy("Target by")),
        (AWAY, gettext_lazy("Archived")),
    ),
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
    bulk_fields=(
        ("owner", gettext_lazy("Owner")),
        ("period", gettext_lazy("Period")),
        ("theme", gettext_lazy("Theme")),
        (AWAY, gettext_lazy("Archived")),
    ),
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
