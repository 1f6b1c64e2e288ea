"""How much of the value that was planned for an increment came about.

SAFe's program predictability measure: the actual business value of all objectives over the planned value of the
committed ones. An uncommitted objective was never promised: what it brings counts, its plan does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

HEALTHY_FROM: Final = 0.8
HEALTHY_TO: Final = 1.0


class Health(StrEnum):
    """Where a ratio lies: in the healthy band, below it, or above (more came than was promised)."""

    BELOW = "below"
    HEALTHY = "healthy"
    ABOVE = "above"


class Scored(NamedTuple):
    """What an objective was planned to be worth, 1 to 10, and what it was worth, 0 to 10; None: not said yet."""

    is_committed: bool
    planned: int
    actual: int | None


@dataclass(frozen=True, slots=True)
class Predictability:
    """Sums over objectives; those of a program are the sums over its teams, its ratio never the mean of theirs."""

    committed: int = 0
    """Objectives that were committed."""
    planned: int = 0
    """The planned value of the committed ones."""
    actual: int = 0
    """The actual value of all."""
    actual_committed: int = 0
    """The actual value of the committed ones alone."""
    scored: int = 0
    unscored: int = 0

    def __add__(self, other: Predictability) -> Predictability:
        return Predictability(
            self.committed + other.committed,
            self.planned + other.planned,
            self.actual + other.actual,
            self.actual_committed + other.actual_committed,
            self.scored + other.scored,
            self.unscored + other.unscored,
        )

    @property
    def ratio(self) -> float | None:
        """Actual value of all over the planned value of the committed, 0 and more; None without a committed or a
        scored objective."""
        return self.actual / self.planned if self.planned and self.scored else None

    @property
    def ratio_of_committed(self) -> float | None:
        """The same without what the uncommitted objectives brought."""
        return self.actual_committed / self.planned if self.planned and self.scored else None

    @property
    def health(self) -> Health | None:
        """Where the ratio lies; None where there is none."""
        ratio = self.ratio
        if ratio is None:
            return None
        if ratio < HEALTHY_FROM:
            return Health.BELOW
        return Health.ABOVE if ratio > HEALTHY_TO else Health.HEALTHY


def predictability(objectives: Iterable[Scored]) -> Predictability:
    """The sums over some objectives."""
    total = Predictability()
    for one in objectives:
        brought = one.actual or 0
        total += Predictability(
            committed=int(one.is_committed),
            planned=one.planned if one.is_committed else 0,
            actual=brought,
            actual_committed=brought if one.is_committed else 0,
            scored=int(one.actual is not None),
            unscored=int(one.actual is None),
        )
    return total
