"""When will it be done, how many by then: simulated from a unit's days, with how such forecasts have held."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np
from django.core.cache import cache
from django.db.models import Min, Sum

from metrics.calculations.forecast import (
    MAXIMUM_DAYS,
    Backtest,
    Concern,
    Trials,
    backtest_how_many,
    backtest_when,
    chance_by,
    concerns,
    days_until_done,
    finished_within,
    how_many_at,
    items_until,
    items_with_growth,
    when_at,
)
from metrics.calculations.series import per_day
from metrics.models import Rollup, ScopeKind
from metrics.selectors.flow import unfinished_count
from metrics.selectors.selection import Period
from organization.models import Unit
from pmo_portal.lib.windows import Window, day_start

CONFIDENCES: Final = (50, 70, 85, 95)
SEED: Final = 1
BACKTEST_DAYS: Final = 365
"""How far back forecasts are tested."""
HORIZON_DAYS: Final = 30
DEFAULT_WEEKS: Final = 13
BACKTEST_SECONDS: Final = 24 * 60 * 60
NO_TRIALS: Final = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class ForecastInputs:
    """What a forecast is asked: `items` to finish (None: all that are unfinished), how many `days` to look ahead.

    `growth` says how many items each of them will turn out to be, `share` which part of the unit's throughput goes
    into them.
    """

    items: int | None = None
    days: int = HORIZON_DAYS
    growth: float = 1.0
    share: float = 1.0
    seed: int = SEED


@dataclass(frozen=True, slots=True)
class Forecast:
    """Answers by confidence in %, what they were drawn from, and how such answers have held.

    `when_days` counts from the day after the as-of day; None: not within ten years. `items` includes growth. Both
    are empty where nothing was finished: then there is no forecast. Backtests are of the unit's whole throughput.
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
    when_trials: Trials = field(default_factory=lambda: NO_TRIALS)
    how_many_trials: Trials = field(default_factory=lambda: NO_TRIALS)

    @property
    def chance(self) -> float | None:
        """The share of the trials in which everything was done within `days`; None without a forecast."""
        return chance_by(self.when_trials, self.days) if self.when_trials.size else None


@dataclass(frozen=True, slots=True)
class ForecastPeriod:
    """What a page's forecast is drawn from: so many `weeks` of complete days before its first day.

    The future begins at `starts_on`; what lies between today and then is neither past nor forecast. Open items are
    those of `as_of`.
    """

    starts_on: date
    today: date
    weeks: int = DEFAULT_WEEKS
    item_type: str = ""
    known_since: date | None = None

    @property
    def window(self) -> Window:
        """The past days."""
        end = min(self.starts_on, self.today)
        start = end - timedelta(weeks=self.weeks)
        return Window(min(max(start, self.known_since or start), end), end)

    @property
    def as_of(self) -> date:
        """The day at whose end open items are counted: today, or the day before an earlier first day."""
        return self.today if self.starts_on >= self.today else self.starts_on - timedelta(days=1)

    @property
    def end_at(self) -> datetime:
        """The first moment after the as-of day."""
        return day_start(self.as_of + timedelta(days=1))


def known_since(unit: Unit) -> date | None:
    """The first day on which anything happened in a unit; None when nothing ever has."""
    rows = Rollup.objects.filter(scope_kind=ScopeKind.UNIT, scope_id=unit.pk)
    found: date | None = rows.aggregate(first=Min("day"))["first"]
    return found


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
    first = min(max(known_since, sample.end - timedelta(days=BACKTEST_DAYS + sample.days)), sample.end)
    past = finished_by_day(unit, Window(min(first, sample.start), sample.end), item_type=period.item_type)
    history = past[len(past) - sample.days :]
    past = past[len(past) - (sample.end - first).days :]
    items = unfinished_count(unit, period) if inputs.items is None else inputs.items
    items = items_with_growth(items, growth=inputs.growth)
    found = concerns(history)
    when_trials = how_many_trials = NO_TRIALS
    if Concern.NOTHING_FINISHED not in found:
        everything = items_until(items, share=inputs.share, seed=(inputs.seed, 1))
        when_trials = days_until_done(history, items=everything, seed=inputs.seed)
        how_many_trials = finished_within(history, days=inputs.days, seed=inputs.seed)
        if inputs.share < 1:
            how_many_trials = np.random.default_rng((inputs.seed, 2)).binomial(how_many_trials, inputs.share)
    return Forecast(
        sample=sample,
        sample_finished=sum(history),
        items=items,
        days=inputs.days,
        when_days=when_range(when_trials),
        how_many={percent: how_many_at(how_many_trials, percent) for percent in CONFIDENCES if how_many_trials.size},
        when_backtest=tested_when(past, sample_days=sample.days, items=items),
        how_many_backtest=tested_how_many(past, sample_days=sample.days, days=inputs.days),
        concerns=found,
        when_trials=when_trials,
        how_many_trials=how_many_trials,
    )


def when_range(trials: Trials) -> dict[int, int | None]:
    """The days by confidence; None for later than ten years, nothing at all without trials."""
    if not trials.size:
        return {}
    days = {percent: when_at(trials, percent) for percent in CONFIDENCES}
    return {percent: found if found <= MAXIMUM_DAYS else None for percent, found in days.items()}


def tested_when(past: Sequence[int], *, sample_days: int, items: int) -> Backtest:
    """How forecasts of 'when' for so many items would have held on each day of the past; worked out once a day."""
    return _once(
        ["when", list(past), sample_days, items],
        lambda: backtest_when(past, sample_days=sample_days, items=items, percents=CONFIDENCES, seed=SEED),
    )


def tested_how_many(past: Sequence[int], *, sample_days: int, days: int) -> Backtest:
    """The same for 'how many' within so many days."""
    return _once(
        ["how many", list(past), sample_days, days],
        lambda: backtest_how_many(past, sample_days=sample_days, days=days, percents=CONFIDENCES, seed=SEED),
    )


def _once(inputs: list[object], work: Callable[[], Backtest]) -> Backtest:
    """A backtest is a few hundred forecasts: the same inputs are not worked out again."""
    key = f"backtest:{hashlib.sha256(json.dumps(inputs).encode()).hexdigest()}"
    kept = cache.get(key)
    if kept is not None:
        return Backtest(kept["days"], {int(percent): ratio for percent, ratio in kept["held"].items()})
    found = work()
    held = {str(percent): ratio for percent, ratio in found.held_ratio.items()}
    cache.set(key, {"days": found.tested_days, "held": held}, BACKTEST_SECONDS)
    return found
