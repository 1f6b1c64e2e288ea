"""A filtered chart over a hundred thousand items against the statement a person would write for it."""

from __future__ import annotations

import os
from typing import Final

from django.db import connection
from django.utils import timezone

from bench.rollup import portfolio_make
from bench.rows import Row, at_most, interleaved
from metrics.selectors.finding import scope_of
from metrics.selectors.flow_numbers import finished_work
from metrics.selectors.narrowing import ItemFilter
from metrics.selectors.selection import selection_of
from metrics.services.rebuilding import rollup_rebuild, team_rebuild_next
from metrics.services.scopes import memberships_refresh
from organization.access import SYSTEM

ITEMS: Final = int(os.environ.get("BENCH_CHART_ITEMS", "100000"))
ROUNDS: Final = 15

_BY_HAND: Final = """
    SELECT f.finished_on, f.cycle_days, count(*), sum(f.active_seconds), sum(f.waiting_seconds), sum(f.blocked_seconds)
      FROM metrics_itemfact f
      JOIN teams_workitem i ON i.id = f.item_id
     WHERE f.is_counted AND f.finished_unit_id = ANY(%(teams)s) AND i.priority = 'MEDIUM'
       AND f.finished_on >= %(start)s AND f.finished_on < %(end)s
     GROUP BY 1, 2
"""


def run() -> list[Row]:
    """The row "filtered chart" of docs/performance.md."""
    unit = portfolio_make("CHART", ITEMS)
    memberships_refresh()
    rollup_rebuild(actor=SYSTEM, unit_id=None, at=timezone.now())
    while team_rebuild_next(at=timezone.now()) is not None:
        pass
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    selection = selection_of({"weeks": "156"}, now=timezone.now())
    scope = scope_of(unit, selection, ItemFilter(priority="MEDIUM"))
    window = selection.window
    counts: set[int] = set()

    def by_hand() -> None:
        with connection.cursor() as cursor:
            cursor.execute(_BY_HAND, {"teams": list(scope.spans), "start": window.start, "end": window.end})
            counts.add(sum(row[2] for row in cursor.fetchall()))

    times = interleaved({"hand": by_hand, "chart": lambda: counts.add(finished_work(scope).count)}, rounds=ROUNDS)
    if len(counts) != 1:
        raise RuntimeError(f"The chart and the statement count different items: {counts}.")
    note = f"{times['chart']:.0f} ms against {times['hand']:.0f} ms, {counts.pop():,} finished items"
    return [
        at_most(f"filtered chart over {ITEMS:,} items / SQL by hand", times["chart"] / times["hand"], 10, note=note)
    ]
