"""How fast changes are taken in: counted minute by minute beside the database, and gone after an hour.

A count that is lost because Redis is away costs nobody anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.core.cache import cache

MINUTES: Final = 60
LATELY: Final = 5


@dataclass(frozen=True, slots=True)
class Speed:
    """Items taken into the numbers within the last minutes, and within the last hour."""

    lately: int
    hour: int

    @property
    def a_minute(self) -> float:
        """Items a minute, lately."""
        return self.lately / LATELY


def items_counted(count: int, *, at: datetime) -> None:
    """Note that so many items were taken in; call it after the commit."""
    if not count:
        return
    key = _key(at, 0)
    cache.add(key, 0, timeout=(MINUTES + 5) * 60)
    try:
        cache.incr(key, count)
    except ValueError:
        # It ran out, or Redis is away: the next minute counts again.
        return


def speed_lately(*, now: datetime) -> Speed:
    """How many items were taken in within the last hour; one question."""
    keys = [_key(now, back) for back in range(MINUTES)]
    found = cache.get_many(keys)
    counts = [int(found.get(key, 0) or 0) for key in keys]
    return Speed(lately=sum(counts[:LATELY]), hour=sum(counts))


def _key(at: datetime, back: int) -> str:
    return f"metrics:taken-in:{int(at.timestamp()) // 60 - back}"
