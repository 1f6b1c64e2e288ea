"""When a feature or an epic is likely to be done, from what is left of it and its teams' pace."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
from django.core.cache import cache
from django.db.models import Sum

from metrics.calculations.forecast import (
    MAXIMUM_DAYS,
    Backtest,
    Concern,
    Stream,
    Trials,
    chance_by,
    concerns,
    last_of,
    stream_until_done,
)
from metrics.calculations.series import per_day
from metrics.models import Rollup, ScopeKind
from metrics.selectors.forecasts import (
    BACKTEST_DAYS,
    NO_TRIALS,
    SEED,
    tested_when,
    when_range,
)
from metrics.work_streams import Part, Why, WorkLeft, has_pace, why_not, work_left
from organization.models import Unit
from pmo_portal.lib.access import Action, Actor, policy_for
from portfolio.models import TrackedKind

TESTED_PARTS: Final = 3
"""The forecasts of so many parts, those that take longest, are tested: they decide."""
KEPT_SECONDS: Final = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class WorkQuestion:
    """What a forecast of a feature or epic is asked; `share` None: each part's own focus share."""

    starts_on: date
    today: date
    days: int
    growth: float = 1.0
    share: float | None = None
    seed: int = SEED


@dataclass(frozen=True, slots=True)
class PartForecast:
    """One part's answer: days by confidence, empty without a pace. `backtest` for those parts that decide."""

    part: Part
    unit: Unit
    share: float
    items: int
    when_days: Mapping[int, int | None]
    concerns: tuple[Concern, ...]
    backtest: Backtest | None

    @property
    def finished(self) -> int:
        """How many items the unit finished in the past days."""
        return sum(self.part.finished_by_day)


@dataclass(frozen=True, slots=True)
class WorkForecast:
    """When it is likely to be done: days by confidence, counted from the first day, which is day 1.

    `why` says why there is no forecast; then `trials` is empty. `parts` are those that the reader may look into,
    `hidden_count` counts the others; with any of them there is no forecast.
    """

    left: WorkLeft
    parts: Sequence[PartForecast]
    hidden_count: int
    trials: Trials
    when_days: Mapping[int, int | None]
    why: Why | None

    def chance_by(self, day: int) -> float | None:
        """The share of trials that were done by a day; None without a forecast."""
        return chance_by(self.trials, day) if self.trials.size else None

    @property
    def concerns(self) -> tuple[Concern, ...]:
        """What is doubtful about any part's past, each once."""
        return tuple(dict.fromkeys(concern for part in self.parts for concern in part.concerns))


def work_forecast(actor: Actor, kind: TrackedKind, pk: int, question: WorkQuestion) -> WorkForecast:
    """Forecast one feature or epic part by part; done, in each trial, with the last."""
    end = min(question.starts_on, question.today)
    left = work_left(kind, [pk], today=end, days=question.days)[pk]
    why = why_not(left)
    wanted = {part.unit_id for part in left.parts}
    if not actor.is_system:
        wanted &= actor.units(policy_for(Rollup).permission(Action.VIEW))
    units = {unit.pk: unit for unit in Unit.objects.filter(pk__any_of=list(wanted))}
    hidden_count = len(left.parts) - len(units)
    if hidden_count:
        # SECURITY: a date made of parts that a reader may not look into would tell of them.
        why = Why.HIDDEN
    shown = [part for part in left.parts if part.unit_id in units]
    streams = {part.unit_id: part.stream(growth=question.growth, share=question.share) for part in shown}
    simulated = simulate(
        [stream for part, stream in zip(shown, streams.values(), strict=True) if has_pace(part)], seed=question.seed
    )
    deciding = sorted(
        (part for part in shown if part.items and part.unit_id in simulated.parts),
        key=lambda part: simulated.parts[part.unit_id][85] or MAXIMUM_DAYS + 1,
    )[-TESTED_PARTS:]
    pasts = _pasts(deciding, end=end)
    parts = [
        PartForecast(
            part=part,
            unit=units[part.unit_id],
            share=streams[part.unit_id].share,
            items=streams[part.unit_id].items,
            when_days=simulated.parts.get(part.unit_id, {}),
            concerns=concerns(part.finished_by_day),
            backtest=tested_when(pasts[part.unit_id], sample_days=part.sample.days, items=streams[part.unit_id].items)
            if part.unit_id in pasts
            else None,
        )
        for part in shown
    ]
    trials = simulated.trials if why is None else NO_TRIALS
    return WorkForecast(left, parts, hidden_count, trials, when_range(trials), why)


@dataclass(frozen=True, slots=True)
class Simulated:
    """What streams came to: `trials` of the last of them, in ascending order, and each one's days by confidence."""

    trials: Trials
    parts: Mapping[int, Mapping[int, int | None]]


def simulate(streams: Sequence[Stream], *, seed: int) -> Simulated:
    """Simulate streams of work; the same streams are not simulated again within a day."""
    if not streams:
        return Simulated(NO_TRIALS, {})
    told = [
        [each.key, list(each.finished_by_day), each.share, each.items, each.unsplit, list(each.sizes)]
        for each in streams
    ]
    key = f"forecast:{hashlib.sha256(json.dumps([seed, told]).encode()).hexdigest()}"
    kept = cache.get(key)
    if kept is None:
        trials = {stream.key: stream_until_done(stream, seed=seed) for stream in streams}
        days, counts = np.unique(last_of(list(trials.values())), return_counts=True)
        kept = {
            "days": days.tolist(),
            "counts": counts.tolist(),
            "parts": [[pk, list(when_range(found).items())] for pk, found in trials.items()],
        }
        cache.set(key, kept, KEPT_SECONDS)
    return Simulated(
        np.repeat(np.array(kept["days"], dtype=np.int64), kept["counts"]),
        {pk: dict(map(tuple, days)) for pk, days in kept["parts"]},
    )


def _pasts(parts: Sequence[Part], *, end: date) -> dict[int, list[int]]:
    """What units finished, day by day, in the time in which forecasts are tested; one statement.

    Not before a unit's first finish: days before it are no days without a finished item.
    """
    start = end - timedelta(days=BACKTEST_DAYS + max((part.sample.days for part in parts), default=0))
    counts: dict[int, dict[date, int]] = {part.unit_id: {} for part in parts}
    rows = Rollup.objects.filter(
        scope_kind=ScopeKind.UNIT, scope_id__any_of=list(counts), day__gte=start, day__lt=end, finished__gt=0
    ).order_by()
    for unit_id, day, count in rows.values_list("scope_id", "day").annotate(n=Sum("finished")):
        counts[unit_id][day] = count
    return {unit_id: per_day(finished, min(finished), end) if finished else [] for unit_id, finished in counts.items()}
