"""How epics and features go through their boards: lead times of what was finished, and where it waited."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db import connection

from metrics.calculations.percentiles import MINIMUM_SAMPLE, percentile
from metrics.calculations.stays import Journey, Stay, as_of, finished_between
from metrics.selectors.selection import Selection
from organization.models import Unit
from pmo_portal.lib.access import Actor, visible
from pmo_portal.lib.windows import day_start, local_day
from portfolio.models import Epic, Feature, TrackedKind, WorkflowState

DAY_SECONDS: Final = 86_400.0

# What a state meant when it was entered; a thing deleted since counts nowhere.
_STAYS = """
    SELECT s.subject_id, s.state_id, coalesce(m.category, w.category), s.from_at, s.to_at
      FROM metrics_statestay s
      JOIN {table} t ON t.id = s.subject_id AND t.unit_id = %(unit)s AND t.deleted_at IS NULL
      JOIN portfolio_workflowstate w ON w.id = s.state_id
      LEFT JOIN portfolio_statemeaning m
        ON m.state_id = s.state_id AND m.valid_from <= s.from_at AND (m.valid_to IS NULL OR s.from_at < m.valid_to)
     WHERE s.kind = %(kind)s AND s.from_at < %(end_at)s
     ORDER BY s.subject_id, s.from_at
"""
_TABLES: Final = {TrackedKind.EPIC: "portfolio_epic", TrackedKind.FEATURE: "portfolio_feature"}


@dataclass(frozen=True, slots=True)
class FinishedThing:
    """An epic or a feature that was finished in the period. `days` from its creation to its finish, both counted."""

    thing: Epic | Feature
    days: int
    finished_on: date


@dataclass(frozen=True, slots=True)
class StateTime:
    """How many days the finished things spent in a state; percentiles of those that were in it. `open_count` are in it
    at the end of the as-of day."""

    state: WorkflowState
    count: int
    p50_days: float | None
    p85_days: float | None
    open_count: int


@dataclass(frozen=True, slots=True)
class BoardTimes:
    """The board of a portfolio's epics or a program's features over a period."""

    finished: list[FinishedThing]
    lead_p50_days: float | None
    lead_p85_days: float | None
    before_count: int | None
    before_p50_days: float | None
    states: list[StateTime]

    @property
    def is_enough(self) -> bool:
        """Whether there are enough finished ones to speak of percentiles."""
        return len(self.finished) >= MINIMUM_SAMPLE


def board_times(unit: Unit, selection: Selection, *, kind: TrackedKind, actor: Actor) -> BoardTimes:
    """Read the board of a unit: three statements, bounded by its epics or features."""
    end_at = day_start(selection.window.end)
    journeys = [found for each in _journeys(unit, kind, end_at) if (found := as_of(each, end_at)) is not None]
    finished = finished_between(journeys, day_start(selection.window.start), end_at)
    before = None
    if selection.compared is not None:
        compared_end = day_start(selection.compared.end)
        then = [found for each in journeys if (found := as_of(each, compared_end)) is not None]
        before = finished_between(then, day_start(selection.compared.start), compared_end)
    leads = [_lead_days(journey) for journey in finished]
    leads_before = [_lead_days(journey) for journey in before or []]
    is_enough = len(leads) >= MINIMUM_SAMPLE
    return BoardTimes(
        finished=_named(finished, kind=kind, actor=actor),
        lead_p50_days=percentile(leads, 0.5) if is_enough else None,
        lead_p85_days=percentile(leads, 0.85) if is_enough else None,
        before_count=None if before is None else len(before),
        before_p50_days=percentile(leads_before, 0.5) if len(leads_before) >= MINIMUM_SAMPLE else None,
        states=_times(unit, kind, finished, journeys),
    )


def _journeys(unit: Unit, kind: TrackedKind, end_at: datetime) -> Iterable[Journey]:
    stays: defaultdict[int, list[Stay]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_STAYS.format(table=_TABLES[kind]), {"unit": unit.pk, "kind": kind.value, "end_at": end_at})
        for subject_id, *stay in cursor.fetchall():
            stays[subject_id].append(Stay(*stay))
    return [Journey(subject_id, held) for subject_id, held in stays.items()]


def _lead_days(journey: Journey) -> int:
    """From creation to finish in metric days, both counted."""
    assert journey.finished_at is not None  # noqa: S101 - only finished ones are asked
    return (local_day(journey.finished_at) - local_day(journey.created_at)).days + 1


def _named(finished: list[Journey], *, kind: TrackedKind, actor: Actor) -> list[FinishedThing]:
    """What was finished, as far as the reader may see it, the latest first."""
    model: type[Epic] | type[Feature] = Epic if kind == TrackedKind.EPIC else Feature
    things = visible(actor, model).filter(pk__in=[journey.thing_id for journey in finished]).select_related("state")
    seen = {thing.pk: thing for thing in things}
    return [
        FinishedThing(seen[journey.thing_id], _lead_days(journey), local_day(journey.finished_at))  # type: ignore[arg-type]
        for journey in finished
        if journey.thing_id in seen
    ]


def _times(unit: Unit, kind: TrackedKind, finished: list[Journey], journeys: list[Journey]) -> list[StateTime]:
    """The columns of the board in their order, with the days that finished things spent in each."""
    spent: defaultdict[int, list[float]] = defaultdict(list)
    for journey in finished:
        for state_id, seconds in journey.seconds_by_state(until=journey.finished_at or journey.created_at).items():
            if seconds:
                spent[state_id].append(seconds / DAY_SECONDS)
    standing: defaultdict[int, int] = defaultdict(int)
    for journey in journeys:
        standing[journey.stays[-1].state_id] += 1
    states = WorkflowState.objects.filter(workflow__unit=unit, workflow__kind=kind, is_archived=False)
    result = []
    for state in states.order_by("position", "pk"):
        times = spent[state.pk]
        is_enough = len(times) >= MINIMUM_SAMPLE
        result.append(
            StateTime(
                state,
                len(times),
                percentile(times, 0.5) if is_enough else None,
                percentile(times, 0.85) if is_enough else None,
                standing[state.pk],
            )
        )
    return result
