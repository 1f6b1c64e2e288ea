"""What the charts show, as tables: the columns and rows of `manage.py metrics_export`.

Columns and their meaning are in docs/metrics-export.md and stay as they are; a new column goes to the end.
Everything below the unit is read, so these tables are for whoever runs the portal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, TypeAlias

from django.db.models import F, Min
from django.db.models.functions import TruncDate

from metrics.calculations.aging import percentile_band
from metrics.calculations.forecast import MAXIMUM_DAYS, MINIMUM_DAYS, MINIMUM_FINISHED, TRIALS, Concern
from metrics.calculations.percentiles import MINIMUM_SAMPLE, histogram_percentile
from metrics.calculations.series import week_of
from metrics.models import Rollup, ScopeKind
from metrics.selectors.flow import cumulative_flow_of, open_items, team_spans, teams_on
from metrics.selectors.forecasts import CONFIDENCES, ForecastInputs, finished_by_day, forecast_of
from metrics.selectors.items import items_behind
from metrics.selectors.numbers import UnitNumbers, numbers_of
from organization.access import SYSTEM
from organization.models import Unit
from pmo_portal.lib.windows import Window, day_start, local_day, portal_zone
from teams.models import Sprint, SprintState, Team

PERCENTILES: Final = (50, 70, 85, 95)

Cell: TypeAlias = str | int | date | float | Decimal | None


@dataclass(frozen=True, slots=True)
class ExportScope:
    """What an export is about: a unit, metric days up to the as-of day at most, and one type of item ("" = all).

    `include_start_not_seen` lets finished items that never entered a started column count with their finish as start.
    """

    unit: Unit
    window: Window
    as_of: date
    item_type: str = ""
    include_start_not_seen: bool = False
    forecast: ForecastInputs = field(default_factory=ForecastInputs)

    @property
    def end_at(self) -> datetime:
        """The first moment after the as-of day."""
        return day_start(self.as_of + timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Table:
    """A head and rows under it, and what a reader should know beside them."""

    head: Sequence[str]
    rows: Iterable[Sequence[Cell]]
    notes: Sequence[str] = ()


def first_day(unit: Unit) -> date | None:
    """The first metric day on which anything happened in a unit; None when nothing ever has."""
    rows = Rollup.objects.filter(scope_kind=ScopeKind.UNIT, scope_id=unit.pk)
    found: date | None = rows.aggregate(first=Min("day"))["first"]
    return found


def _numbers(scope: ExportScope) -> UnitNumbers:
    return numbers_of([scope.unit.pk], scope)[scope.unit.pk]


def _items(scope: ExportScope) -> Table:
    """One line a finished item. Without a start there is no cycle time, unless the finish stands for the start."""
    found = items_behind(SYSTEM, scope.unit, scope, code="throughput").found.order_by("finished_at", "item__key")
    facts = found.values_list("item__key", "started_on", "finished_on", "cycle_days", "lead_days", "is_start_seen")

    def rows() -> Iterable[Sequence[Cell]]:
        for key, started_on, finished_on, cycle_days, lead_days, is_start_seen in facts.iterator(chunk_size=5_000):
            if is_start_seen:
                yield key, started_on, finished_on, cycle_days, lead_days
            elif scope.include_start_not_seen:
                yield key, finished_on, finished_on, cycle_days, lead_days
            else:
                yield key, None, finished_on, None, lead_days

    return Table(("key", "started_on", "finished_on", "cycle_days", "lead_days"), rows())


def _throughput(scope: ExportScope) -> Table:
    counts = finished_by_day(scope.unit, scope.window, item_type=scope.item_type)
    rows = ((day, week_of(day), count) for day, count in zip(scope.window, counts, strict=True))
    return Table(("day", "week", "finished"), rows)


def cycle_counts(scope: ExportScope) -> dict[int, int]:
    """The histogram {cycle time in days: items} of the window."""
    counts = dict(_numbers(scope).cycle_counts)
    if scope.include_start_not_seen:
        unseen = items_behind(SYSTEM, scope.unit, scope, code="start_not_seen").found
        # Start = finish is one day; an item with a data error has no span at all.
        one_day = unseen.filter(cycle_days__isnull=False).count()
        if one_day:
            counts[1] = counts.get(1, 0) + one_day
    return counts


def _cycle_time(scope: ExportScope) -> Table:
    return Table(("cycle_days", "items"), sorted(cycle_counts(scope).items()))


def percentiles_of(counts: Mapping[int, int]) -> dict[int, float | None]:
    """The stated percentiles of a histogram; None below the smallest sample that may speak of them."""
    enough = sum(counts.values()) >= MINIMUM_SAMPLE
    return {percent: histogram_percentile(counts, percent / 100) if enough else None for percent in PERCENTILES}


def _percentiles(scope: ExportScope) -> Table:
    counts = cycle_counts(scope)
    not_seen = _numbers(scope).flow.finished_start_not_seen
    sample_size = sum(counts.values())
    rows = [(percent, days, sample_size, not_seen) for percent, days in percentiles_of(counts).items()]
    return Table(("percentile", "cycle_days", "sample_size", "start_not_seen"), rows)


def _wip(scope: ExportScope) -> Table:
    return Table(("day", "wip"), zip(scope.window, _numbers(scope).wip, strict=True))


def _cfd(scope: ExportScope) -> Table:
    flow = cumulative_flow_of(scope.unit, scope)
    rows: list[list[Cell]] = [[day, *counts] for day, counts in zip(flow.days, flow.counts, strict=True)]
    return Table(("day", *flow.columns), rows)


def _aging(scope: ExportScope) -> Table:
    """One line an item in progress, with the band of cycle times of the window that its age has reached."""
    bands = percentiles_of(cycle_counts(scope))

    def rows() -> Iterable[Sequence[Cell]]:
        for item in open_items(scope.unit, scope):
            band = percentile_band(item.age_days, bands)
            yield item.key, item.item_type, item.team, item.column, item.started_on, item.age_days, band

    return Table(("key", "type", "team", "column", "started_on", "age_days", "percentile_band"), rows())


def _velocity(scope: ExportScope) -> Table:
    """One line a team: points of different teams are not one unit and are never added up."""
    teams = Team.objects.filter(pk__any_of=teams_on(scope.unit, scope.as_of))
    names = dict(teams.order_by("unit__name").values_list("pk", "unit__name"))
    numbers = numbers_of(list(names), scope, with_sprints=True)

    def rows() -> Iterable[Sequence[Cell]]:
        for team_id, name in names.items():
            velocity = numbers[team_id].velocity
            yield name, velocity.sprint_count, velocity.mean, velocity.low, velocity.high

    return Table(("team", "sprints", "mean_points", "low_points", "high_points"), rows())


_SPRINT_FIGURES: Final = {
    "committed_points": "committed_points",
    "completed_points": "completed_points",
    "committed_completed_points": "committed_completed_points",
    "committed_items": "committed_count",
    "completed_items": "completed_count",
    "committed_completed_items": "committed_completed_count",
    "added_items": "added_count",
    "removed_items": "removed_count",
    "carried_over_items": "carried_over_count",
    "unestimated_items": "unestimated_count",
}
"""Columns of a closed sprint, and the frozen figures they hold."""


def _sprints(scope: ExportScope) -> Table:
    """One line a sprint closed in the window, of the teams that belonged to the unit when it closed."""
    closed = Sprint.objects.filter(
        state=SprintState.CLOSED,
        completed_at__gte=day_start(scope.window.start),
        completed_at__lt=day_start(scope.window.end),
        completed_points__isnull=False,
    )
    spans = team_spans(scope.unit)
    closed = closed.filter(team__any_of=list(spans))
    figures = closed.annotate(
        team_name=F("team__unit__name"), completed_on=TruncDate("completed_at", tzinfo=portal_zone())
    ).order_by("team_name", "completed_at", "pk")

    def rows() -> Iterable[Sequence[Cell]]:
        for sprint in figures:
            began = sprint.started_at or sprint.starts_at
            if any(since <= sprint.completed_on < until for since, until in spans[sprint.team_id]):
                yield (
                    sprint.team_name,
                    sprint.name,
                    local_day(began) if began else None,
                    sprint.completed_on,
                    *(getattr(sprint, name) for name in _SPRINT_FIGURES.values()),
                )

    return Table(("team", "sprint", "started_on", "completed_on", *_SPRINT_FIGURES), rows())


_CONCERNS: Final = {
    Concern.NOTHING_FINISHED: "Nothing was finished on these days: there is no forecast.",
    Concern.THIN: f"Thin history: fewer than {MINIMUM_DAYS} days or {MINIMUM_FINISHED} finished items.",
    Concern.UNSTABLE: "Unstable history: one half of the days saw more than twice the finished items of the other.",
}


def _forecast(scope: ExportScope) -> Table:
    """'When' and 'how many' by confidence, each with the share of past forecasts that would have held."""
    known_since = first_day(scope.unit) or scope.window.end
    found = forecast_of(scope.unit, scope, scope.forecast, known_since=known_since)
    when, how_many = found.when_backtest, found.how_many_backtest
    horizon = scope.as_of + timedelta(days=found.days)
    rows: list[tuple[Cell, ...]] = []
    for percent in CONFIDENCES if found.when_days else ():
        days = found.when_days[percent]
        on = None if days is None else scope.as_of + timedelta(days=days)
        held = when.held_ratio.get(percent)
        rows.append(("when", percent, found.items, days, on, _percent(held), when.tested_days))
    for percent, count in found.how_many.items():
        held = how_many.held_ratio.get(percent)
        rows.append(("how_many", percent, count, found.days, horizon, _percent(held), how_many.tested_days))
    sample = found.sample
    notes = [
        f"Drawn from {sample.days} days from {sample.start} to {sample.last_day} with {found.sample_finished} finished "
        f"items; {TRIALS} trials.",
        *(_CONCERNS[concern] for concern in found.concerns),
    ]
    if None in found.when_days.values():
        notes.append(f"An empty 'when' is later than {MAXIMUM_DAYS} days.")
    head = ("question", "confidence_percent", "items", "days", "date", "held_percent", "tested_days")
    return Table(head, rows, notes)


def _percent(ratio: float | None) -> float | None:
    return None if ratio is None else round(100 * ratio, 1)


EXPORTS: Final[Mapping[str, Callable[[ExportScope], Table]]] = {
    "items": _items,
    "throughput": _throughput,
    "cycle_time": _cycle_time,
    "percentiles": _percentiles,
    "cfd": _cfd,
    "wip": _wip,
    "aging": _aging,
    "velocity": _velocity,
    "sprints": _sprints,
    "forecast": _forecast,
}
"""Kinds of export by their names."""

WITHOUT_TYPE: Final = frozenset({"velocity", "sprints"})
"""Kinds that a closed sprint froze for all types together."""
