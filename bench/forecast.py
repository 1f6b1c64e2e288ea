"""A forecast of 10,000 trials: how long a team's 500 open items take, and how many it finishes in ninety days."""

from __future__ import annotations

import random

from bench.rows import Row, at_most, interleaved
from metrics.calculations.forecast import days_until_done, finished_within

TRIALS = 10_000
ITEMS = 500
ROUNDS = 15


def run() -> list[Row]:
    """The row "forecast" of docs/performance.md."""
    chance = random.Random(3)
    history = [chance.choice((0, 0, 0, 1, 1, 2, 3)) for _day in range(180)]
    times = interleaved(
        {
            "when": lambda: days_until_done(history, items=ITEMS, seed=1, trials=TRIALS),
            "how many": lambda: finished_within(history, days=90, seed=1, trials=TRIALS),
        },
        rounds=ROUNDS,
    )
    return [
        at_most(f"when are {ITEMS} items done, {TRIALS:,} trials", times["when"] / 1000, 0.5, unit="s"),
        at_most(f"how many in 90 days, {TRIALS:,} trials", times["how many"] / 1000, 0.5, unit="s"),
    ]
