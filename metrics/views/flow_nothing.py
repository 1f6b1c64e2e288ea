"""What the flow page says where there is nothing to draw: why, what to do, and who can where the reader cannot."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from metrics.charts.chart import Chart
from metrics.charts.flow import progress_advice
from metrics.charts.frame import Frame
from metrics.selectors.columns import columns_of
from metrics.selectors.finding import Scope
from metrics.selectors.flow import cumulative_flow
from metrics.selectors.selection import WEEKS
from organization.models import Unit, UnitKind
from organization.selectors.units import unit_url
from pmo_portal.lib.access import Action, Actor, policy_for
from teams.models import WorkItem


def is_nothing(charts: Iterable[Chart]) -> bool:
    """Whether none of the charts has anything to draw or to read."""
    return not any(chart.has_numbers for chart in charts)


def has_no_work(scope: Scope) -> bool:
    """Whether no item had come to the unit by the end of the period."""
    columns = columns_of(scope.unit)
    return not columns.names or not cumulative_flow(scope, columns, with_moves=False).counts[-1][0]


def no_work(actor: Actor, unit: Unit, scope: Scope) -> dict[str, Any]:
    """One word for the whole page of a unit that has no items: components/empty_state.html."""
    if unit.kind == UnitKind.TEAM and not columns_of(unit).names:
        return {
            "icon": "square-kanban",
            "title": _("No board yet"),
            "text": _("This team has no board to read the flow of work from. Who keeps the structure sets it up."),
        }
    if unit.kind == UnitKind.TEAM:
        if policy_for(WorkItem).allows_within(actor, Action.CREATE, unit.pk):
            text = _("The charts begin with the first item: add it on the board and move it as the work goes on.")
        else:
            text = _("The charts begin with the first item on the board. Who works in this team adds it there.")
        return {"icon": "square-kanban", "title": _("No work yet"), "text": text, **_to_board(unit)}
    if not scope.spans:
        return {
            "icon": "users",
            "title": _("No team belongs here yet"),
            "text": _("Flow is counted from the items of teams. Who keeps the structure puts a team below this unit."),
        }
    return {
        "icon": "square-kanban",
        "title": _("No work yet"),
        "text": _(
            "The teams below have no items. Who works in a team adds them there; the charts begin with the first."
        ),
        "action_label": _("See the units below"),
        "action_url": unit_url(unit),
    }


def nothing_in_part(part: str, unit: Unit, frame: Frame) -> dict[str, Any]:
    """The same for one part of the page, where the unit has work."""
    titles = {
        "finished": _("Nothing was finished in this period"),
        "open": _("Nothing was in progress in this period"),
        "columns": _("No work was on the board by the end of this period"),
    }
    said = {"icon": "chart-column", "title": titles[part], "text": frame.advice}
    if frame.is_filtered:
        all_work = frame.selection.of_type("").keeping({"by": dict(frame.selection.kept).get("by", "")})
        return {**said, "action_label": _("Take all filters away"), "action_url": all_work.query()}
    if part == "open":
        said["text"] = progress_advice(frame)
        return {**said, **_to_board(unit)} if unit.kind == UnitKind.TEAM else said
    longest, asked = WEEKS[-1], frame.selection
    if frame.window.days >= 7 * longest or (asked.span is None and asked.weeks >= longest):
        return said
    longer = asked.query(weeks=longest, span=None, to=None, **{"from": None})
    return {**said, "action_label": _("Show %(n)s weeks") % {"n": longest}, "action_url": longer}


def _to_board(unit: Unit) -> dict[str, str]:
    return {"action_label": _("Open the board"), "action_url": reverse("teams:board", args=[unit.code])}
