"""Percentiles the way the portal states them: linear interpolation between closest ranks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MINIMUM_SAMPLE = 10
"""Below this many items a percentile is not shown: the page says 'not enough data'."""


def percentile(values: Iterable[float], share: float) -> float | None:
    """Return the value that `share` (0..1) of the values do not exceed; None without values.

    Linear interpolation between closest ranks: rank = share x (n - 1), counted from zero (what
    PostgreSQL calls percentile_cont and spreadsheets PERCENTILE.INC).
    """
    counts: dict[float, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return histogram_percentile(counts, share)


def histogram_percentile(counts: Mapping[int, int] | Mapping[float, int], share: float) -> float | None:
    """Return the same percentile from a histogram {value: how many}.

    Histograms of several teams or days can be added up without losing a single item, so a
    program's percentile is exact and never an average of its teams' percentiles.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"A share lies between 0 and 1, not {share!r}.")
    ordered = sorted((float(value), count) for value, count in counts.items() if count > 0)
    total = sum(count for _, count in ordered)
    if total == 0:
        return None
    rank = share * (total - 1)
    lower_rank = math.floor(rank)
    lower = _value_at(ordered, lower_rank)
    fraction = rank - lower_rank
    if fraction == 0:
        return lower
    upper = _value_at(ordered, lower_rank + 1)
    return lower + fraction * (upper - lower)


def _value_at(ordered: list[tuple[float, int]], rank: int) -> float:
    """Return the value of the item with this rank, counted from zero."""
    seen = 0
    for value, count in ordered:
        seen += count
        if rank < seen:
            return value
    return ordered[-1][0]


@dataclass(frozen=True, slots=True)
class CycleTimes:
    """What a unit may say about its cycle times in a window.

    Days are whole calendar days, both ends counted. `p50_days` and `p85_days` are None below
    `MINIMUM_SAMPLE` items. `start_not_seen_ratio` is the share of finished items that never
    entered a started column; they are left out of the percentiles and their share is shown.
    """

    sample_size: int
    p50_days: float | None
    p85_days: float | None
    start_not_seen_count: int
    start_not_seen_ratio: float | None

    @property
    def is_enough(self) -> bool:
        """Say whether there are enough finished items to speak of percentiles."""
        return self.sample_size >= MINIMUM_SAMPLE


def cycle_times(counts: Mapping[int, int], *, start_not_seen_count: int) -> CycleTimes:
    """Sum up a histogram {cycle time in days: items} beside the items whose start was not seen."""
    sample_size = sum(counts.values())
    finished = sample_size + start_not_seen_count
    enough = sample_size >= MINIMUM_SAMPLE
    return CycleTimes(
        sample_size=sample_size,
        p50_days=histogram_percentile(counts, 0.5) if enough else None,
        p85_days=histogram_percentile(counts, 0.85) if enough else None,
        start_not_seen_count=start_not_seen_count,
        start_not_seen_ratio=start_not_seen_count / finished if finished else None,
    )
