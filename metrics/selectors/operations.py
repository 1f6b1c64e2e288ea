"""How the numbers are made, for whoever runs the portal: what waits, how fast it goes, what was set aside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from celery import current_app
from django.db import connection
from django.db.models import Count, Max, Min

from metrics.models import RollupTeam, StuckItem
from metrics.services.speed import Speed, speed_lately

SHOWN_ROWS: Final = 50
BEHIND_AFTER: Final = timedelta(seconds=60)
ASK_SECONDS: Final = 1.0

# The queue is counted up to a bound: what matters beyond it is that it is long.
_QUEUE: Final = """
    SELECT u.name, u.code, w.line_count, w.oldest_at
      FROM (SELECT unit_id, count(*) AS line_count, min(recorded_at) AS oldest_at
              FROM (SELECT unit_id, recorded_at FROM portfolio_outbox ORDER BY id LIMIT 100000) AS first
             GROUP BY unit_id) AS w
      LEFT JOIN organization_unit u ON u.id = w.unit_id
     ORDER BY w.oldest_at, w.unit_id
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A unit with changes that are not in the numbers yet."""

    name: str
    code: str
    line_count: int
    oldest_at: datetime


@dataclass(frozen=True, slots=True)
class Operations:
    """The state of the numbers at a moment."""

    at: datetime
    waiting: list[Waiting]
    stuck: list[StuckItem]
    stuck_count: int
    parked_count: int
    team_count: int
    rebuild_count: int
    rebuild_since: datetime | None
    rebuilt_at: datetime | None
    drained_at: datetime | None
    teams: list[RollupTeam]
    speed: Speed

    @property
    def line_count(self) -> int:
        """Changes that wait."""
        return sum(unit.line_count for unit in self.waiting)

    @property
    def oldest_at(self) -> datetime | None:
        """Since when the oldest change waits; None when none does."""
        return min((unit.oldest_at for unit in self.waiting), default=None)

    @property
    def lag(self) -> timedelta:
        """How far the numbers are behind."""
        return self.at - self.oldest_at if self.oldest_at else timedelta(0)

    @property
    def is_behind(self) -> bool:
        """Whether changes wait for longer than they should."""
        return self.lag > BEHIND_AFTER


def operations_now(*, now: datetime) -> Operations:
    """Read the state of the numbers; five statements."""
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE)
        waiting = [Waiting(name or "", code or "", count, oldest) for name, code, count, oldest in cursor.fetchall()]
    stuck = StuckItem.objects.aggregate(all=Count("pk"), parked=Count("parked_at"))
    teams = RollupTeam.objects.aggregate(
        all=Count("pk"),
        due=Count("rebuild_requested_at"),
        since=Min("rebuild_requested_at"),
        rebuilt=Max("rebuilt_at"),
        drained=Max("drained_at"),
    )
    return Operations(
        at=now,
        waiting=waiting,
        stuck=list(StuckItem.objects.select_related("item", "unit").order_by("-tried_at", "item_id")[:SHOWN_ROWS]),
        stuck_count=stuck["all"],
        parked_count=stuck["parked"],
        team_count=teams["all"],
        rebuild_count=teams["due"],
        rebuild_since=teams["since"],
        rebuilt_at=teams["rebuilt"],
        drained_at=teams["drained"],
        teams=list(
            RollupTeam.objects.select_related("team__unit").order_by("-rebuild_requested_at", "team__unit__name")[
                :SHOWN_ROWS
            ]
        ),
        speed=speed_lately(now=now),
    )


@dataclass(frozen=True, slots=True)
class Worker:
    """A process group that takes background work, as it answers now."""

    name: str
    process_count: int
    task_count: int
    running_count: int


def workers_now() -> list[Worker] | None:
    """Ask all workers; an empty list when none answers, None when they cannot be asked."""
    inspect = current_app.control.inspect(timeout=ASK_SECONDS)
    try:
        stats: dict[str, Any] = inspect.stats() or {}
        active: dict[str, Any] = (inspect.active() or {}) if stats else {}
    except OSError:
        return None
    return [
        Worker(
            name=name.partition("@")[0],
            process_count=len(found.get("pool", {}).get("processes", ())) or 1,
            task_count=sum(found.get("total", {}).values()),
            running_count=len(active.get(name, ())),
        )
        for name, found in sorted(stats.items())
    ]
