"""Little's law as a check: do work in progress, throughput and cycle time fit together?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from metrics.calculations.percentiles import MINIMUM_SAMPLE

TOLERANCE = 0.2
"""Two sides within a fifth of each other are said to fit: the law speaks of averages over a long time."""


@dataclass(frozen=True, slots=True)
class LittlesLaw:
    """Average work in progress beside throughput a day x average cycle time, over one period.

    `change` is how much the work in progress grew from the first day to the last. The mean cycle time is a term of
    the law and is shown nowhere else. `measured` items had a cycle time.
    """

    average_wip: float
    throughput_a_day: float
    average_days: float | None
    change: int
    measured: int

    @property
    def expected_wip(self) -> float | None:
        """What the law says the average work in progress should be."""
        return None if self.average_days is None else self.throughput_a_day * self.average_days

    @property
    def gap_ratio(self) -> float | None:
        """How far what was counted lies from what the law says, as a share of it; None without finished items."""
        expected = self.expected_wip
        return (self.average_wip - expected) / expected if expected else None

    @property
    def fits(self) -> bool | None:
        """Whether both sides are close enough; None when there are too few items to speak of an average."""
        gap = self.gap_ratio
        return None if gap is None or self.measured < MINIMUM_SAMPLE else abs(gap) <= TOLERANCE


def littles_law(*, wip: Sequence[int], opening: int, finished: int, cycle_counts: Mapping[int, int]) -> LittlesLaw:
    """Read the law from the stock at the end of each day, the items finished, and the histogram of their days."""
    days = len(wip)
    measured = sum(cycle_counts.values())
    return LittlesLaw(
        average_wip=sum(wip) / days if days else 0.0,
        throughput_a_day=finished / days if days else 0.0,
        average_days=sum(length * count for length, count in cycle_counts.items()) / measured if measured else None,
        change=(wip[-1] if wip else opening) - opening,
        measured=measured,
    )
