"""What a measurement gives, and how it is taken."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One line of docs/performance.md."""

    what: str
    measured: str
    target: str
    ok: bool


def at_most(what: str, value: float, limit: float, *, unit: str = "x", note: str = "") -> Row:
    """A value that must not be larger than its limit."""
    text = f"{value:.2f} {unit}" + (f" ({note})" if note else "")
    return Row(what, text, f"<= {limit:g} {unit}", value <= limit)


def at_least(what: str, value: float, limit: float, *, unit: str = "x", note: str = "") -> Row:
    """A value that must not be smaller than its limit."""
    text = f"{value:.2f} {unit}" + (f" ({note})" if note else "")
    return Row(what, text, f">= {limit:g} {unit}", value >= limit)


def interleaved(works: Mapping[str, Callable[[], object]], *, rounds: int) -> dict[str, float]:
    """The milliseconds of each work: the fastest tenth of its rounds, one round of each in turn.

    What else runs on the machine only ever adds time, and adds more to what waits more often; the fast rounds are
    those it left alone.
    """
    times: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work()
    for _round in range(rounds):
        gc.collect()
        for name, work in works.items():
            start = time.perf_counter()
            work()
            times[name].append((time.perf_counter() - start) * 1000)
    return {name: statistics.quantiles(values, n=10)[0] for name, values in times.items()}
