"""SAFe's flow metrics of a unit, by type of item: roll-ups, facts of the period, and frozen sprints.

The same few statements for a team and for a portfolio.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Q, Sum

from metrics.calculations.percentiles import CycleTimes, cycle_times
from metrics.models import ScopeKind
from metrics.selectors.finding import Scope, facts_behind
from metrics.selectors.histograms import Wanted, cycle_histograms
from metrics.selectors.selection import COUNTED_TYPES, Selection
from pmo_portal.lib.windows import Window, day_start
from teams.models import ItemType, SprintOutcome, SprintOutcomeKind, SprintState

_FLOWS = """
    SELECT item_type,
           coalesce(sum(finished) FILTER (WHERE day >= %(start)s AND day < %(end)s), 0)::int,
           coalesce(sum(finished_start_not_seen) FILTER (WHERE day >= %(start)s AND day < %(end)s), 0)::int,
           coalesce(sum(finished) FILTER (WHERE day >= %(before)s AND day < %(before_end)s), 0)::int,
           (SELECT min(day) FROM metrics_rollup WHERE scope_kind = %(kind)s AND scope_id = %(unit)s)
      FROM metrics_rollup
     WHERE scope_kind = %(kind)s AND scope_id = %(unit)s
       AND ((day >= %(start)s AND day < %(end)s) OR (day >= %(before)s AND day < %(before_end)s))
     GROUP BY item_type
"""

_STOCKS = """
    WITH known AS (
        SELECT max(day) AS day FROM metrics_stockcheckpoint
         WHERE scope_kind = %(kind)s AND scope_id = %(unit)s AND day <= %(end)s
    )
    SELECT item_type, sum(wip)::int
      FROM (SELECT item_type, wip FROM metrics_stockcheckpoint
             WHERE scope_kind = %(kind)s AND scope_id = %(unit)s AND day = (SELECT day FROM known)
            UNION ALL
            SELECT item_type, wip_delta FROM metrics_rollup
             WHERE scope_kind = %(kind)s AND scope_id = %(unit)s AND day < %(end)s
               AND day >= coalesce((SELECT day FROM known), '-infinity')) AS stock
     GROUP BY item_type
"""


@dataclass(slots=True)
class TypeFlow:
    """The flow of one type of item, or of all of them (`item_type` ""), over a selection.

    `finished_before` is None when there is nothing to compare with.
    """

    item_type: str
    finished: int = 0
    finished_before: int | None = None
    wip: int = 0
    active_seconds: int = 0
    waiting_seconds: int = 0
    timed_count: int = 0
    cycles: CycleTimes = field(default_factory=lambda: cycle_times({}, start_not_seen_count=0))
    whole: int = 0

    @property
    def label(self) -> str:
        """The type in the reader's language."""
        return str(ItemType(self.item_type).label) if self.item_type else ""

    @property
    def share(self) -> float | None:
        """Flow distribution: its part of all finished items; None when nothing was finished."""
        return self.finished / self.whole if self.whole else None

    @property
    def efficiency(self) -> float | None:
        """Active time / all time of finished items: from the sums, never the mean of ratios."""
        spent = self.active_seconds + self.waiting_seconds
        return self.active_seconds / spent if spent else None


@dataclass(frozen=True, slots=True)
class Predictability:
    """Of the items committed in the sprints that closed in a period, those completed in their sprint."""

    sprint_count: int
    committed: int
    kept: int

    @property
    def ratio(self) -> float | None:
        """Kept / committed; None where nothing was committed."""
        return self.kept / self.committed if self.committed else None


def flow_by_type(scope: Scope, selection: Selection) -> tuple[list[TypeFlow], TypeFlow]:
    """The six flow metrics but predictability: of each type, in the order of types, and of all; four statements."""
    window, against = selection.window, selection.compared
    parameters: dict[str, Any] = {
        "kind": ScopeKind.UNIT.value,
        "unit": scope.unit.pk,
        "start": window.start,
        "end": window.end,
        "before": against.start if against else None,
        "before_end": against.end if against else None,
    }
    flows = {str(item_type): TypeFlow(str(item_type)) for item_type in COUNTED_TYPES}
    unseen: defaultdict[str, int] = defaultdict(int)
    wanted = [Wanted(scope.unit.pk, window, item_type) for item_type in flows]
    counts = dict(zip(flows, cycle_histograms(wanted, item_type=""), strict=True))
    with connection.cursor() as cursor:
        cursor.execute(_FLOWS, parameters)
        rows = cursor.fetchall()
        known_since = rows[0][4] if rows else None
        for item_type, finished, not_seen, before, _since in rows:
            flow = flows[item_type]
            flow.finished, flow.finished_before, unseen[item_type] = finished, before, not_seen
        cursor.execute(_STOCKS, parameters)
        for item_type, wip in cursor.fetchall():
            flows[item_type].wip = wip
    spans = facts_behind(scope, "flow_efficiency").order_by().values("item_type")
    for row in spans.annotate(n=Count("pk"), active=Sum("active_seconds"), waiting=Sum("waiting_seconds")):
        flow = flows[row["item_type"]]
        flow.timed_count, flow.active_seconds, flow.waiting_seconds = row["n"], row["active"] or 0, row["waiting"] or 0
    for item_type, flow in flows.items():
        flow.cycles = cycle_times(counts[item_type], start_not_seen_count=unseen[item_type])
    everything = _summed(flows, counts, sum(unseen.values()))
    is_known = against is not None and known_since is not None and known_since < against.start + timedelta(days=7)
    for flow in (*flows.values(), everything):
        flow.finished_before = (flow.finished_before or 0) if is_known else None
    for flow in (*flows.values(), everything):
        flow.whole = everything.finished
    return list(flows.values()), everything


def _summed(flows: dict[str, TypeFlow], counts: dict[str, dict[int, int]], unseen: int) -> TypeFlow:
    """All types together: counts add up, percentiles are read anew from all items."""
    everything = TypeFlow("")
    merged: defaultdict[int, int] = defaultdict(int)
    for item_type, flow in flows.items():
        for name in ("finished", "finished_before", "wip", "active_seconds", "waiting_seconds", "timed_count"):
            setattr(everything, name, (getattr(everything, name) or 0) + (getattr(flow, name) or 0))
        for days, count in counts[item_type].items():
            merged[days] += count
    everything.cycles = cycle_times(merged, start_not_seen_count=unseen)
    return everything


def predictability_of(scope: Scope, window: Window) -> Predictability:
    """Say/do in items, of the sprints closed in a window by the teams that belonged to the unit then; one statement."""
    start, end = day_start(window.start), day_start(window.end)
    held = Q(pk__in=[])
    for team_id, since, until in scope.members:
        if since < window.end and until > window.start:
            held |= Q(
                sprint__team=team_id,
                sprint__completed_at__gte=max(start, day_start(max(since, window.start))),
                sprint__completed_at__lt=min(end, day_start(min(until, window.end))),
            )
    committed = SprintOutcome.objects.filter(
        held,
        sprint__state=SprintState.CLOSED,
        sprint__completed_points__isnull=False,
        was_committed=True,
    )
    if scope.period.item_type:
        committed = committed.filter(item__type=scope.period.item_type)
    found = committed.aggregate(
        sprints=Count("sprint", distinct=True),
        committed=Count("pk"),
        kept=Count("pk", filter=Q(kind=SprintOutcomeKind.COMPLETED)),
    )
    return Predictability(found["sprints"], found["committed"], found["kept"])
