"""Histograms of days in buckets of one width."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pmo_portal.lib.format import number


@dataclass(frozen=True, slots=True)
class Bucket:
    """Cycle times from `first` to `last` days, both included, and how many items had one."""

    first: int
    last: int
    count: int

    @property
    def label(self) -> str:
        """The days as a reader sees them."""
        return number(self.first) if self.first == self.last else f"{number(self.first)}–{number(self.last)}"


def bucketed(counts: Mapping[int, int], *, most: int = 30) -> list[Bucket]:
    """Put a histogram of days into at most `most` equally wide buckets, from one day on."""
    if not counts:
        return []
    longest = max(counts)
    width = math.ceil(longest / most)
    sums = [0] * math.ceil(longest / width)
    for days, count in counts.items():
        sums[(max(days, 1) - 1) // width] += count
    return [Bucket(at * width + 1, (at + 1) * width, count) for at, count in enumerate(sums)]
