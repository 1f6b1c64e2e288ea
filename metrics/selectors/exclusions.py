"""What one number of a unit leaves out, counted: read when somebody asks what the number means, never before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.db.models import Count, Q

from metrics.models import ItemFact, ItemInterval
from metrics.selectors.flow import teams_on
from metrics.selectors.items import items_behind
from metrics.selectors.selection import Period
from organization.access import SYSTEM
from organization.models import Unit, UnitKind
from pmo_portal.lib.windows import day_bounds
from portfolio.models import StateCategory
from teams.models import Sprint, SprintOutcome, SprintOutcomeKind, SprintState

LAST_SPRINTS: Final = 6


class ExclusionKind(StrEnum):
    """Why something is not in a number."""

    START_NOT_SEEN = "START_NOT_SEEN"
    DATA_ERROR = "DATA_ERROR"
    CANCELLED = "CANCELLED"
    BACK_IN_BACKLOG = "BACK_IN_BACKLOG"
    UNESTIMATED = "UNESTIMATED"
    FINISHED_OUTSIDE = "FINISHED_OUTSIDE"
    FINISHED_AGAIN = "FINISHED_AGAIN"


@dataclass(frozen=True, slots=True)
class Exclusion:
    """So many (`count`) of so many (`whole`) are left out. `behind` names the list of them, where there is one."""

    kind: ExclusionKind
    count: int
    whole: int
    behind: str = ""


def exclusions_of(unit: Unit, selection: Period, *, code: str) -> list[Exclusion]:
    """Count what a metric of a unit leaves out over a selection; nothing for metrics without a rule here."""
    rule = _RULES.get(code)
    return rule(unit, selection) if rule else []


def _finished(unit: Unit, selection: Period) -> list[Exclusion]:
    """Cancelled items are no finished ones."""
    cancelled = items_behind(SYSTEM, unit, selection, code="cancelled").total
    finished = items_behind(SYSTEM, unit, selection, code="throughput").total
    return [Exclusion(ExclusionKind.CANCELLED, cancelled, cancelled + finished, "cancelled")]


def _spans(unit: Unit, selection: Period) -> list[Exclusion]:
    """Finished items without a start, or finished before they were created, took no known time."""
    found = items_behind(SYSTEM, unit, selection, code="throughput").found.order_by()
    counts = found.aggregate(
        finished=Count("pk"),
        unseen=Count("pk", filter=Q(is_start_seen=False)),
        errors=Count("pk", filter=Q(is_data_error=True)),
    )
    return [
        Exclusion(ExclusionKind.START_NOT_SEEN, counts["unseen"], counts["finished"], "start_not_seen"),
        Exclusion(ExclusionKind.DATA_ERROR, counts["errors"], counts["finished"]),
    ]


def _lead(unit: Unit, selection: Period) -> list[Exclusion]:
    return [*_spans(unit, selection)[1:], *_finished(unit, selection)]


def _open(unit: Unit, selection: Period) -> list[Exclusion]:
    """Work that was started and put back is not in progress."""
    _start, end_at = day_bounds(selection.as_of)
    then = ItemInterval.objects.lasting(end_at).filter(
        unit__any_of=teams_on(unit, selection.as_of), is_wip=False, category=StateCategory.BACKLOG
    )
    if selection.item_type:
        then = then.filter(item_type=selection.item_type)
    back = ItemFact.objects.filter(is_counted=True, started_at__lt=end_at, pk__in=then.values("item_id")).count()
    in_progress = items_behind(SYSTEM, unit, selection, code="wip").total
    return [Exclusion(ExclusionKind.BACK_IN_BACKLOG, back, back + in_progress)]


def _ageing(unit: Unit, selection: Period) -> list[Exclusion]:
    return [*_open(unit, selection), *_spans(unit, selection)]


def _sprints(unit: Unit, selection: Period) -> list[Exclusion]:
    """What the last closed sprints of a team finished and velocity does not count, or counts as nothing."""
    if unit.kind != UnitKind.TEAM:
        return []
    closed = Sprint.objects.filter(
        team=unit.pk,
        state=SprintState.CLOSED,
        completed_at__lt=selection.end_at,
        completed_points__isnull=False,
    ).order_by("-completed_at", "-pk")[:LAST_SPRINTS]
    counts = SprintOutcome.objects.filter(sprint__in=list(closed.values_list("pk", flat=True))).aggregate(
        completed=Count("pk", filter=Q(kind=SprintOutcomeKind.COMPLETED)),
        unestimated=Count("pk", filter=Q(kind=SprintOutcomeKind.COMPLETED, estimate_at_end__isnull=True)),
        outside=Count("pk", filter=Q(kind=SprintOutcomeKind.COMPLETED_OUTSIDE)),
        again=Count("pk", filter=Q(kind=SprintOutcomeKind.FINISHED_AGAIN)),
    )
    finished = counts["completed"] + counts["outside"] + counts["again"]
    return [
        Exclusion(ExclusionKind.UNESTIMATED, counts["unestimated"], counts["completed"]),
        Exclusion(ExclusionKind.FINISHED_OUTSIDE, counts["outside"], finished),
        Exclusion(ExclusionKind.FINISHED_AGAIN, counts["again"], finished),
    ]


_RULES: Final[Mapping[str, Callable[[Unit, Period], list[Exclusion]]]] = {
    "throughput": _finished,
    "flow_velocity": _finished,
    "flow_distribution": _finished,
    "monte_carlo_when": _finished,
    "monte_carlo_how_many": _finished,
    "backtest": _finished,
    "alignment": _finished,
    "unaligned": _finished,
    "cycle_time": _spans,
    "percentiles": _spans,
    "flow_time": _spans,
    "flow_efficiency": _spans,
    "blocked_time": _spans,
    "time_in_column": _spans,
    "littles_law": _spans,
    "lead_time": _lead,
    "start_not_seen": _spans,
    "wip": _open,
    "flow_load": _open,
    "aging_wip": _ageing,
    "velocity": _sprints,
}
