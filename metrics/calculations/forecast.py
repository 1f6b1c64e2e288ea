"""Forecasts by Monte Carlo: past days drawn again and again, days without a finished item among them.

One drawn day stands for one day to come. Nothing is assumed about the shape of the past but that the days to come
are like it; `concerns` says when the past gives little reason to think so. The same seed gives the same forecast.
Source: T. Magennis, Forecasting and Simulating Software Development Projects; D. Vacanti, When Will It Be Done?
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Trials: TypeAlias = NDArray[np.int64]
"""One result a trial."""

TRIALS: Final = 10_000
MAXIMUM_DAYS: Final = 3650
"""A simulation ends here: who needs ten years or more has no forecast."""
_BLOCK: Final = 64
"""Days drawn at once; a block of 10,000 trials stays within a few megabytes."""

MINIMUM_DAYS: Final = 28
MINIMUM_FINISHED: Final = 10


class Concern(StrEnum):
    """Why a forecast may mislead."""

    NOTHING_FINISHED = "NOTHING_FINISHED"
    THIN = "THIN"
    UNSTABLE = "UNSTABLE"


def concerns(finished_by_day: Sequence[int]) -> tuple[Concern, ...]:
    """Say what is wrong with a history as the ground of a forecast.

    NOTHING_FINISHED: no forecast. THIN: less than 28 days or 10 finished items. UNSTABLE: one half of the days saw
    more than twice the finished items of the other half.
    """
    total = sum(finished_by_day)
    if total == 0:
        return (Concern.NOTHING_FINISHED,)
    found = []
    if len(finished_by_day) < MINIMUM_DAYS or total < MINIMUM_FINISHED:
        found.append(Concern.THIN)
    middle = len(finished_by_day) // 2
    # An odd day in the middle belongs to neither half.
    halves = sorted((sum(finished_by_day[:middle]), sum(finished_by_day[len(finished_by_day) - middle :])))
    if halves[1] > 2 * halves[0]:
        found.append(Concern.UNSTABLE)
    return tuple(found)


def items_with_growth(items: int, *, growth: float) -> int:
    """How many items there will be when each turns out to be `growth` items: split, added, found on the way."""
    # Rounding first: 10 x 1.1 is 11, not 12.
    return math.ceil(round(items * growth, 6))


def days_until_done(
    finished_by_day: Sequence[int], *, items: int, seed: int, trials: int = TRIALS, limit: int = MAXIMUM_DAYS
) -> Trials:
    """Simulate 'when': per trial the day, counted from 1, on which the last of `items` is finished.

    Trials that are not done after `limit` days say `limit` + 1; none is done where nothing was ever finished.
    """
    result = np.full(trials, limit + 1, dtype=np.int64)
    if items <= 0:
        return np.zeros(trials, dtype=np.int64)
    history = np.asarray(finished_by_day, dtype=np.int32)
    if not history.any():
        return result
    chance = np.random.default_rng(seed)
    done = np.zeros(trials, dtype=np.int32)
    for start in range(0, limit, _BLOCK):
        length = min(_BLOCK, limit - start)
        # Drawn for all trials, done or not: then a forecast for more items meets the same days and is never earlier.
        drawn = history[chance.integers(0, history.size, size=(trials, length), dtype=np.int32)]
        sums = done[:, None] + np.cumsum(drawn, axis=1, dtype=np.int32)
        is_done_now = (done < items) & (sums[:, -1] >= items)
        result[is_done_now] = start + 1 + (sums[is_done_now] >= items).argmax(axis=1)
        done = sums[:, -1]
        if done.min() >= items:
            break
    return result


def finished_within(finished_by_day: Sequence[int], *, days: int, seed: int, trials: int = TRIALS) -> Trials:
    """Simulate 'how many': per trial the number of items finished in `days` days.

    The sum of days drawn with replacement depends only on how often each count is drawn, which is multinomial.
    """
    if not finished_by_day:
        return np.zeros(trials, dtype=np.int64)
    counts, frequency = np.unique(np.asarray(finished_by_day, dtype=np.int64), return_counts=True)
    chance = np.random.default_rng(seed)
    result: Trials = chance.multinomial(days, frequency / frequency.sum(), size=trials) @ counts
    return result


def when_at(trials: Trials, percent: int) -> int:
    """Return the smallest day by which at least `percent` % of the trials were done."""
    ordered = np.sort(trials)
    return int(ordered[_rank(ordered.size, percent)])


def how_many_at(trials: Trials, percent: int) -> int:
    """Return the number reached or exceeded in at least `percent` % of the trials: higher confidence, lower number."""
    ordered = np.sort(trials)[::-1]
    return int(ordered[_rank(ordered.size, percent)])


def _rank(size: int, percent: int) -> int:
    """Return the place, counted from zero, of the trial with which `percent` % are reached."""
    return max(-(-percent * size // 100), 1) - 1


@dataclass(frozen=True, slots=True)
class Backtest:
    """How forecasts made on past days would have held: the share that did by confidence, over how many days."""

    tested_days: int
    held_ratio: Mapping[int, float]


def backtest_when(
    finished_by_day: Sequence[int],
    *,
    sample_days: int,
    items: int,
    percents: Sequence[int],
    seed: int,
    trials: int = 1000,
) -> Backtest:
    """Ask of each past day whether `items` were done by the days that a forecast made then would have named.

    A forecast made then draws from the `sample_days` before. Only days count whose forecasts at all confidences
    have come due, so that confidences are compared over the same days.
    """
    finished = np.asarray(finished_by_day)
    held = dict.fromkeys(percents, 0)
    tested = 0
    for today in range(sample_days, finished.size):
        limit = finished.size - today
        sample = finished_by_day[today - sample_days : today]
        result = days_until_done(sample, items=items, seed=seed, trials=trials, limit=limit)
        forecast = {percent: when_at(result, percent) for percent in percents}
        if max(forecast.values(), default=0) > limit:
            continue
        tested += 1
        for percent, days in forecast.items():
            held[percent] += int(finished[today : today + days].sum()) >= items
    return _backtest(tested, held)


def backtest_how_many(
    finished_by_day: Sequence[int],
    *,
    sample_days: int,
    days: int,
    percents: Sequence[int],
    seed: int,
    trials: int = 1000,
) -> Backtest:
    """Ask of each past day whether the next `days` brought at least as many items as a forecast made then would say."""
    finished = np.asarray(finished_by_day)
    held = dict.fromkeys(percents, 0)
    tested = 0
    for today in range(sample_days, finished.size - days + 1):
        sample = finished_by_day[today - sample_days : today]
        if not any(sample):
            continue
        tested += 1
        result = finished_within(sample, days=days, seed=seed, trials=trials)
        actual = int(finished[today : today + days].sum())
        for percent in percents:
            held[percent] += actual >= how_many_at(result, percent)
    return _backtest(tested, held)


def _backtest(tested: int, held: Mapping[int, int]) -> Backtest:
    return Backtest(tested, {percent: count / tested for percent, count in held.items()} if tested else {})
