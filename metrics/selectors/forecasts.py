"""When will it be done, how many by then: simulated from a unit's days, with how such forecasts have held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from django.db.models import Sum

from metrics.calculations.forecast import (
    MAXIMUM_DAYS,
    Backtest,
    Concern,
    backtest_how_many,
    backtest_when,
    concerns,
    days_until_done,
    finished_within,
    how_many_at,
    items_with_growth,
    when_at,
)
from metrics.calculations.series import per_day
from metrics.models import Rollup, ScopeKind
from metrics.selectors.flow import unfinished_count
from metrics.selectors.selection import Period
from organization.models import Unit
from pmo_portal.lib.windows import Window

CONFIDENCES: Final = (50, 70, 85, 95)
SEED: Final = 1
BACKTEST_DAYS: Final = 365
"""How far back forecasts are tested."""


@dataclass(frozen=True, slots=True)
class ForecastInputs:
    """What a forecast is asked: `items` to finish (None: all that are unfinished), how many `days` to look ahead.

    `growth` says how many items each of them will turn out to be.
    """

    items: int | None = None
    days: int = 30
    growth: float = 1.0


@dataclass(frozen=True, slots=True)
class Forecast:
    """Answers by confidence in %, what they were drawn from, and how such answers have held.

    `when_days` counts from the day after the as-of day; None: not within ten years. `items` includes growth. Both
    are empty where nothing was finished: then there is no forecast.
    """

    sample: Window
    sample_finished: int
    items: int
    days: int
    when_days: Mapping[int, int | None]
    how_many: Mapping[int, int]
    when_backtest: Backtest
    how_many_backtest: Backtest
    concerns: tuple[Concern, ...]


def finished_by_day(unit: Unit, window: Window, *, item_type: str) -> list[int]:
    """How many items finished on each day of a window, zeros included."""
    rows = Rollup.objects.filter(scope_kind=ScopeKind.UNIT, scope_id=unit.pk, day__gte=window.start, day__lt=window.end)
    if item_type:
        rows = rows.filter(item_type=item_type)
    counts: dict[date, int] = dict(rows.values_list("day").annotate(finished=Sum("finished")))
    return per_day(counts, window.start, window.end)


def forecast_of(unit: Unit, period: Period, inputs: ForecastInputs, *, known_since: date) -> Forecast:
    """Forecast from the as-of day on, from the days of the period's window, and test it on the year before.

    `known_since` is the first day of the unit's history: days before it are no days without a finished item.
    """
    sample = period.window
    history = finished_by_day(unit, sample, item_type=period.item_type)
    items = unfinished_count(unit, period) if inputs.items is None else inputs.items
    items = items_with_growth(items, growth=inputs.growth)
    found = concerns(history)
    when: dict[int, int | None] = {}
    how_many: dict[int, int] = {}
    if Concern.NOTHING_FINISHED not in found:
        until_done = days_until_done(history, items=items, seed=SEED)
        for percent in CONFIDENCES:
            days = when_at(until_done, percent)
            when[percent] = days if days <= MAXIMUM_DAYS else None
        within = finished_within(history, days=inputs.days, seed=SEED)
        how_many = {percent: how_many_at(within, percent) for percent in CONFIDENCES}
    first = min(max(known_since, sample.end - timedelta(days=BACKTEST_DAYS + sample.days)), sample.end)
    past = finished_by_day(unit, Window(first, sample.end), item_type=period.item_type)
    return Forecast(
        sample=sample,
        sample_finished=sum(history),
        items=items,
        days=inputs.days,
        when_days=when,
        how_many=how_many,
        when_backtest=backtest_when(past, sample_days=sample.days, items=items, percents=CONFIDENCES, seed=SEED),
        how_many_backtest=backtest_how_many(
            past, sample_days=sample.days, days=inputs.days, percents=CONFIDENCES, seed=SEED
        ),
        concerns=found,
    )
