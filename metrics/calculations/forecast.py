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

Seed: TypeAlias = int | Sequence[int]

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


class _Draws:
    """Which past day each trial draws on each day to come, in blocks; asked for again, the same.

    Drawn for all trials, done or not: then a forecast for more items meets the same days and is never earlier.
    """

    def __init__(self, days: int, *, seed: Seed, trials: int) -> None:
        self._chance = np.random.default_rng(seed)
        self._shape = (trials, _BLOCK)
        self._days = days
        self._blocks: list[NDArray[np.int32]] = []

    def block(self, number: int) -> NDArray[np.int32]:
        """The draws of the days from `number` x 64 on."""
        while len(self._blocks) <= number:
            self._blocks.append(self._chance.integers(0, self._days, size=self._shape, dtype=np.int32))
        return self._blocks[number]

    def forget(self, number: int) -> None:
        """Free the memory of a block that nobody asks for again."""
        self._blocks[number] = np.empty((0, 0), dtype=np.int32)


def days_until_done(
    finished_by_day: Sequence[int],
    *,
    items: int | Trials,
    seed: Seed,
    trials: int = TRIALS,
    limit: int = MAXIMUM_DAYS,
) -> Trials:
    """Simulate 'when': per trial the day, counted from 1, on which the last of `items` is finished.

    `items` may differ from trial to trial. Trials that are not done after `limit` days say `limit` + 1; none is done
    where nothing was ever finished. Nothing to do is done on day 0.
    """
    draws = _Draws(max(len(finished_by_day), 1), seed=seed, trials=trials)
    return _days_until_done(finished_by_day, items, draws, trials=trials, limit=limit)


def _days_until_done(
    finished_by_day: Sequence[int], items: int | Trials, draws: _Draws, *, trials: int, limit: int, keep: bool = False
) -> Trials:
    wanted = np.broadcast_to(np.maximum(np.asarray(items, dtype=np.int64), 0), (trials,))
    result = np.where(wanted > 0, limit + 1, 0).astype(np.int64)
    history = np.asarray(finished_by_day, dtype=np.int32)
    if not history.any():
        return result
    done = np.zeros(trials, dtype=np.int32)
    for number, start in enumerate(range(0, limit, _BLOCK)):
        if (done >= wanted).all():
            break
        drawn = history[draws.block(number)[:, : min(_BLOCK, limit - start)]]
        sums = done[:, None] + np.cumsum(drawn, axis=1, dtype=np.int32)
        is_done_now = (done < wanted) & (sums[:, -1] >= wanted)
        result[is_done_now] = start + 1 + (sums[is_done_now] >= wanted[is_done_now, None]).argmax(axis=1)
        done = sums[:, -1]
        if not keep:
            draws.forget(number)
    return result


def items_until(items: int | Trials, *, share: float, seed: Seed, trials: int = TRIALS) -> Trials:
    """How many items a team finishes until `items` of them were of this work, when each is with a chance of `share`.

    With a share of 1 these are the items themselves. The number of others before the last one wanted is negative
    binomial.
    """
    if not 0 < share <= 1:
        raise ValueError(f"A focus share lies above 0 and at most at 1, not {share!r}.")
    wanted = np.broadcast_to(np.maximum(np.asarray(items, dtype=np.int64), 0), (trials,))
    if share == 1:
        return wanted
    others = np.random.default_rng(seed).negative_binomial(np.maximum(wanted, 1), share, size=trials)
    return np.where(wanted > 0, wanted + others, 0)


def sizes_drawn(sizes: Sequence[int], *, features: int, seed: Seed, trials: int = TRIALS) -> Trials:
    """Simulate how many items features without items will have: per trial, sizes of past features drawn and added."""
    if not sizes or features <= 0:
        return np.zeros(trials, dtype=np.int64)
    drawn = np.random.default_rng(seed).integers(0, len(sizes), size=(trials, features))
    total: Trials = np.asarray(sizes, dtype=np.int64)[drawn].sum(axis=1)
    return total


@dataclass(frozen=True, slots=True)
class Stream:
    """What one team (or program) still has to do of a feature or an epic, and at which pace.

    `items` are known; `unsplit` features have none yet and draw their size from `sizes`. `share` of what is finished
    on a day goes into this work. `key` tells the chance of one stream from that of another.
    """

    key: int
    finished_by_day: Sequence[int]
    share: float
    items: int = 0
    unsplit: int = 0
    sizes: Sequence[int] = ()


def stream_until_done(stream: Stream, *, seed: int, trials: int = TRIALS) -> Trials:
    """Simulate 'when' for one stream of work."""
    drawn = sizes_drawn(stream.sizes, features=stream.unsplit, seed=(seed, stream.key, 1), trials=trials)
    mine = drawn + stream.items
    everything = items_until(mine, share=stream.share, seed=(seed, stream.key, 2), trials=trials)
    return days_until_done(stream.finished_by_day, items=everything, seed=(seed, stream.key, 3), trials=trials)


def last_of(parts: Sequence[Trials]) -> Trials:
    """What takes several streams is done, in each trial, with the last of them."""
    last: Trials = np.maximum.reduce(list(parts))
    return last


def chance_by(trials: Trials, day: int) -> float:
    """Return the share of the trials that were done by a day."""
    return float((trials <= day).mean())


@dataclass(frozen=True, slots=True)
class Bar:
    """How many trials came to `first` to `last`, both included."""

    first: int
    last: int
    count: int


def bars_of(trials: Trials, *, most: int = 40, limit: int | None = None) -> list[Bar]:
    """Put trials into at most `most` equally wide bars; those beyond `limit` are in none."""
    known = trials if limit is None else trials[trials <= limit]
    if not known.size:
        return []
    low, high = int(known.min()), int(known.max())
    width = -(-(high - low + 1) // most)
    counts = np.bincount((known - low) // width)
    return [Bar(low + at * width, low + (at + 1) * width - 1, int(count)) for at, count in enumerate(counts)]


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
    # One set of draws serves all days: each is tested as if it were the only one.
    draws = _Draws(sample_days, seed=seed, trials=trials) if sample_days else None
    for today in range(sample_days, finished.size):
        limit = finished.size - today
        sample = finished_by_day[today - sample_days : today]
        # Whoever is to be done with P % chance is so on average to P % at least: no need to try what cannot come due.
        if draws is None or sum(sample) * limit < max(percents, default=0) / 100 * items * sample_days:
            continue
        result = np.sort(_days_until_done(sample, items, draws, trials=trials, limit=limit, keep=True))
        forecast = {percent: int(result[_rank(trials, percent)]) for percent in percents}
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
    finished = np.asarray(finished_by_day, dtype=np.int64)
    held = dict.fromkeys(percents, 0)
    tested = 0
    chance = np.random.default_rng(seed)
    # How often each past day is drawn is multinomial; one set of draws serves all days, as for 'when'.
    drawn = chance.multinomial(days, np.full(max(sample_days, 1), 1 / max(sample_days, 1)), size=trials)
    for today in range(sample_days, finished.size - days + 1):
        sample = finished[today - sample_days : today]
        if not sample.any():
            continue
        tested += 1
        result = np.sort(drawn @ sample)[::-1]
        actual = int(finished[today : today + days].sum())
        for percent in percents:
            held[percent] += actual >= int(result[_rank(trials, percent)])
    return _backtest(tested, held)


def _backtest(tested: int, held: Mapping[int, int]) -> Backtest:
    return Backtest(tested, {percent: count / tested for percent, count in held.items()} if tested else {})
