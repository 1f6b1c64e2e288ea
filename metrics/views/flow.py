"""How work flows through a unit: what was finished and how fast, what is open and how old, where it stays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from metrics.charts.binning import MOST_DOTS
from metrics.charts.chart import Chart, chart_file
from metrics.charts.finished import (
    control_chart,
    histogram_chart,
    percentiles_chart,
    scatter_chart,
    throughput_chart,
    types_chart,
)
from metrics.charts.flow import (
    ageing_chart,
    blocked_chart,
    columns_chart,
    cumulative_chart,
    efficiency_chart,
    open_chart,
)
from metrics.charts.frame import Frame
from metrics.documents import dashboard_document, file_links, selection_words, wants_document
from metrics.large_documents import large_document
from metrics.models import Rollup
from metrics.selectors.columns import columns_of
from metrics.selectors.finding import Scope, scope_of
from metrics.selectors.flow import cumulative_flow
from metrics.selectors.flow_choices import flow_choices
from metrics.selectors.flow_numbers import aged, column_times, dots, finished_work, lead_times, wip_by_day
from metrics.selectors.narrowing import item_filter_of
from metrics.views.flow_nothing import has_no_work, is_nothing, no_work, nothing_in_part
from metrics.views.narrowing import filter_words
from metrics.views.picking import selection_context, selection_for
from metrics.views.rooms import unit_rooms
from organization.context import live_context
from organization.models import Unit, UnitKind
from organization.selectors.units import unit_crumbs, unit_tabs
from pmo_portal.lib.access import Action, Actor, access, actor_of, policy_for
from pmo_portal.lib.documents import gives_pdf
from pmo_portal.lib.format import day as format_day
from pmo_portal.lib.format import moment
from pmo_portal.lib.pages import render_page
from teams.models import Priority, ServiceClass, WorkItem

Wide = list[tuple[Chart, int]]
"""Charts with the columns of twelve that each takes."""


@access(Action.VIEW, Rollup, within=Unit, by="code")
@gives_pdf
@require_GET
def unit_flow(request: HttpRequest, unit: Unit) -> HttpResponseBase:
    """The flow charts of a unit, in parts that are fetched one after another; ``?csv=`` gives a chart's numbers.

    ``?part=`` gives one part alone. Every part is read from facts and intervals of the period.
    """
    actor, now = actor_of(request), timezone.now()
    item_filter = item_filter_of(request.GET, actor)
    selection = selection_for(request, unit_id=unit.pk, now=now)
    by_day = request.GET.get("by") == "day"
    selection = selection.keeping({**item_filter.parts(), "by": "day" if by_day else ""})
    scope = scope_of(unit, selection, item_filter)
    frame = Frame.of(unit, selection, as_of=moment(now) if selection.is_now else format_day(selection.as_of))
    wanted = request.GET.get("part", "")
    part = wanted if wanted in PARTS else FIRST
    charts = PARTS[part](actor, scope, frame)
    if file := chart_file(request, (chart for chart, _span in charts), name=unit.code):
        return file
    title = _("Flow of %(unit)s") % {"unit": unit.name}
    if wants_document(request):
        if offered := large_document(request, title=title, units=len(scope.spans)):
            return offered
        shown = PARTS if wanted not in PARTS else [part]
        return dashboard_document(
            name=f"{unit.code}-flow",
            title=title,
            scope=" › ".join(label for label, _url in unit_crumbs(actor, unit)),
            filters=[
                *selection_words(selection, compares=False),
                *(str(chip["label"]) for chip in filter_words(item_filter, selection)),
            ],
            charts=[chart for each in shown for chart, _span in PARTS[each](actor, scope, frame)],
            at=now,
        )
    nothing, is_unused = _nothing(actor, scope, frame, part, charts, is_page=wanted not in PARTS)
    context = {
        "unit": unit,
        "part": part,
        "charts": charts,
        "nothing": nothing,
        "is_unused": is_unused,
        "part_url": selection.query(part=part),
        "live_unit": unit.pk if unit.kind == UnitKind.TEAM and selection.is_now else None,
    }
    if request.htmx.target == f"part-{part}":  # type: ignore[attr-defined]
        return render_page(request, "metrics/unit_flow.html", context, fragment="charts")
    choices = flow_choices(actor, scope)
    context |= {
        "selection": selection,
        "files": file_links(request, title=title),
        "item_filter": item_filter,
        "by_day": by_day,
        "by_url": selection.query(by=None if by_day else "day"),
        "later": [
            {"code": code, "url": selection.query(part=code), "label": label}
            for code, label in part_words().items()
            if wanted not in PARTS and code != FIRST and not is_unused
        ],
        "part_label": part_words()[part],
        "filter_hidden": selection.hidden("label", "class", "epic", "priority", "unseen", "days"),
        "filter_chips": filter_words(item_filter, selection),
        "labels": _with_own(choices.labels, item_filter.label),
        "epics": _with_own(choices.epics, item_filter.epic),
        "classes": ServiceClass.choices,
        "priorities": Priority.choices,
        "rooms": unit_rooms(unit, "flow", query=selection.keeping({}).query()),
        "tabs": unit_tabs(actor, unit, "metrics"),
        "crumbs": [
            *unit_crumbs(actor, unit),
            (_("Metrics"), reverse("metrics:unit_dashboard", args=[unit.code]) + selection.keeping({}).query()),
            (_("Flow"), ""),
        ],
        **selection_context(selection, compares=False),
        **live_context(request, [unit.pk]),
    }
    return render_page(request, "metrics/unit_flow.html", context)


def _nothing(
    actor: Actor, scope: Scope, frame: Frame, part: str, charts: Wide, *, is_page: bool
) -> tuple[dict[str, Any] | None, bool]:
    """What a part without anything to draw says instead of its charts; and whether it says so for the whole page."""
    if not is_nothing(chart for chart, _span in charts):
        return None, False
    if is_page and not frame.is_filtered and has_no_work(scope):
        return no_work(actor, scope.unit, scope), True
    return nothing_in_part(part, scope.unit, frame), False


def _finished(actor: Actor, scope: Scope, frame: Frame) -> Wide:
    """What was finished: how much, of what type, how long it took."""
    work = finished_work(scope)
    is_few = work.cycle.sample_size <= MOST_DOTS
    by_day = dict(frame.selection.kept).get("by") == "day"
    return [
        (throughput_chart(work, frame, by_day=by_day), 6),
        (types_chart(work, frame), 6),
        (scatter_chart(work, dots(scope, _visible_units(actor)) if is_few else None, frame), 12),
        (histogram_chart(work, frame), 6),
        (percentiles_chart(work, lead_times(scope), frame), 6),
        (control_chart(work, frame), 12),
    ]


def _open(actor: Actor, scope: Scope, frame: Frame) -> Wide:
    """What is open, how old it is, and what held up what was finished."""
    work = finished_work(scope)
    columns = columns_of(scope.unit)
    return [
        (ageing_chart(aged(scope, columns, _visible_units(actor)), work.cycle, columns, frame), 12),
        (open_chart(wip_by_day(scope), frame), 12),
        (efficiency_chart(work.times, frame), 6),
        (blocked_chart(work.times, frame), 6),
    ]


def _columns(_actor: Actor, scope: Scope, frame: Frame) -> Wide:
    """Where work is, and where it stays."""
    columns = columns_of(scope.unit)
    if not columns.names:  # a team that is not set up yet has no board
        return []
    return [
        (cumulative_chart(cumulative_flow(scope, columns), frame), 12),
        (columns_chart(column_times(scope, columns), columns, frame), 12),
    ]


FIRST: Final = "finished"
PARTS: Final[Mapping[str, Callable[[Actor, Scope, Frame], Wide]]] = {
    "finished": _finished,
    "open": _open,
    "columns": _columns,
}
"""The parts of the page, each read by itself."""


def part_words() -> dict[str, str]:
    """What the parts are called."""
    return {"finished": _("Finished work"), "open": _("Open work"), "columns": _("Columns")}


def _visible_units(actor: Actor) -> frozenset[int] | None:
    """The units whose items this person may see by name; None: all."""
    return None if actor.is_system else actor.units(policy_for(WorkItem).permission(Action.VIEW))


def _with_own(choices: Any, own: str) -> list[tuple[str, str]]:
    """The choices, with the one that is chosen even where nothing carries it any longer."""
    return [*choices, *([(own, own)] if own and own not in {value for value, _words in choices} else [])]
