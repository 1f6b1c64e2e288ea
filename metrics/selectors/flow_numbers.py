"""What the charts of the flow page count: sums over the very items that the lists behind them list.

Every function is one statement over facts or intervals, bounded by the period; none reads an event.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from django.db import connection
from django.db.models import Count, F, Q, Sum

from metrics.calculations.percentiles import MINIMUM_SAMPLE, histogram_percentile
from metrics.calculations.spans import histogram_of
from metrics.models.facts import ENDS_AT_SQL
from metrics.selectors.columns import PLACE, Columns, positional
from metrics.selectors.finding import Scope, facts_behind, spans_of
from pmo_portal.lib.windows import day_start, portal_zone

PERCENTS: Final = (50, 70, 85, 95)
DAY_SECONDS: Final = 86_400
NAMED: Final = 5
"""Items of one dot that are named; the list has all."""


@dataclass(frozen=True, slots=True)
class Spans:
    """How long the finished items took. `by_day` holds {days: items} by the day of the finish."""

    by_day: Mapping[date, Mapping[int, int]]

    @property
    def counts(self) -> dict[int, int]:
        """All together: {days: items}."""
        counts: dict[int, int] = {}
        for of_day in self.by_day.values():
            for days, items in of_day.items():
                counts[days] = counts.get(days, 0) + items
        return counts

    @property
    def sample_size(self) -> int:
        """How many items there are."""
        return sum(sum(of_day.values()) for of_day in self.by_day.values())

    @property
    def is_enough(self) -> bool:
        """Whether there are enough to speak of percentiles."""
        return self.sample_size >= MINIMUM_SAMPLE

    def percentiles(self) -> dict[int, float | None]:
        """The days that so many percent of the items did not exceed; None below the smallest sample."""
        counts = self.counts
        return {
            percent: histogram_percentile(counts, percent / 100) if self.is_enough else None for percent in PERCENTS
        }


@dataclass(slots=True)
class Times:
    """Time of finished items, summed, in seconds; `items` had any, `blocked_items` were blocked at some time."""

    active: int = 0
    waiting: int = 0
    blocked: int = 0
    items: int = 0
    blocked_items: int = 0

    def add(self, other: Times) -> None:
        """Add another day's times."""
        self.active += other.active
        self.waiting += other.waiting
        self.blocked += other.blocked
        self.items += other.items
        self.blocked_items += other.blocked_items

    @property
    def efficiency_ratio(self) -> float | None:
        """Active time of all time between start and finish, from the sums."""
        whole = self.active + self.waiting
        return self.active / whole if whole else None


@dataclass(slots=True)
class FinishedWork:
    """What was finished in a period: by day and type, how long it took, what of it was waiting."""

    by_type: dict[tuple[date, str], int] = field(default_factory=dict)
    cycle: Spans = field(default_factory=lambda: Spans({}))
    times: dict[date, Times] = field(default_factory=dict)
    not_seen: int = 0

    @property
    def count(self) -> int:
        """How many items were finished."""
        return sum(self.by_type.values())


_HAS_TIME: Final = Q(is_start_seen=True, active_seconds__gt=-F("waiting_seconds"))


def finished_work(scope: Scope) -> FinishedWork:
    """Read everything that is counted of finished items, in one pass over their facts.

    Each sum holds the items of the list of its code: "throughput", "cycle_time", "flow_efficiency", "blocked_time".
    """
    facts = facts_behind(scope, "throughput").order_by()
    rows = facts.values_list("finished_on", "started_on", "item_type", "is_start_seen").annotate(
        items=Count("pk"),
        spans=Count("cycle_days"),
        active=Sum("active_seconds", filter=_HAS_TIME),
        waiting=Sum("waiting_seconds", filter=_HAS_TIME),
        timed=Count("pk", filter=_HAS_TIME),
        blocked=Sum("blocked_seconds"),
        blocked_items=Count("pk", filter=Q(blocked_seconds__gt=0)),
    )
    found = FinishedWork()
    of_days: dict[date, list[tuple[date, date, int]]] = defaultdict(list)
    for day, started_on, item_type, is_seen, items, with_span, active, waiting, timed, blocked, blocked_items in rows:
        found.by_type[day, item_type] = found.by_type.get((day, item_type), 0) + items
        found.not_seen += 0 if is_seen else items
        times = Times(int(active or 0), int(waiting or 0), int(blocked or 0), timed, blocked_items)
        found.times.setdefault(day, Times()).add(times)
        if with_span and (is_seen or scope.item_filter.unseen):
            of_days[day].append((started_on or day, day, with_span))
    found.cycle = _spans(scope, of_days)
    return found


def lead_times(scope: Scope) -> Spans:
    """Read from creation to finish."""
    facts = facts_behind(scope, "lead_time").order_by()
    if scope.is_worked is None:
        found: dict[date, dict[int, int]] = defaultdict(dict)
        for day, days, items in facts.values_list("finished_on", "lead_days").annotate(items=Count("pk")):
            found[day][days] = items
        return Spans(found)
    of_days: dict[date, list[tuple[date, date, int]]] = defaultdict(list)
    for first, last, items in facts.values_list("created_on", "finished_on").annotate(items=Count("pk")):
        of_days[last].append((first, last, items))
    return _spans(scope, of_days)


def _spans(scope: Scope, of_days: Mapping[date, Sequence[tuple[date, date, int]]]) -> Spans:
    count = scope.day_count(min((row[0] for rows in of_days.values() for row in rows), default=scope.period.as_of))
    return Spans({day: histogram_of(rows, count) for day, rows in of_days.items()})


@dataclass(frozen=True, slots=True)
class Dot:
    """A finished item: when, after how many days, and which; `key` "" for one this person may not see."""

    day: date
    days: int
    key: str


def dots(scope: Scope, visible_units: frozenset[int] | None) -> list[Dot]:
    """Read every item with a cycle time, one by one.

    SECURITY: items that have since moved to a team this person may not look into stay without a name.
    """
    facts = facts_behind(scope, "cycle_time").order_by("finished_on", "pk")
    rows = list(
        spans_of(facts, "cycle_time", scope.period.as_of).values_list("first_on", "last_on", "unit_id", "item__key")
    )
    count = scope.day_count(min((row[0] for row in rows), default=scope.period.as_of))
    return [
        Dot(last, count.between(first, last), key if visible_units is None or unit in visible_units else "")
        for first, last, unit, key in rows
    ]


@dataclass(frozen=True, slots=True)
class ColumnTimes:
    """Days of 24 hours that finished items spent in a column: what 50 % and 85 % did not exceed, and how many went in.

    Percentiles are None where fewer than ten items were in the column.
    """

    place: int
    items: int
    p50_days: float | None
    p85_days: float | None


_COLUMN_TIMES: Final = """
WITH finished AS MATERIALIZED ({finished}), spent AS (
    SELECT i.item_id, {place} AS place, extract(epoch FROM sum(i.to_at - i.from_at)) AS seconds
      FROM metrics_iteminterval i
     WHERE i.item_id = ANY(ARRAY(SELECT item_id FROM finished)) AND i.to_at > i.from_at AND i.category <> 'CANCELLED'
     GROUP BY 1, 2
)
SELECT place, count(*)::int, percentile_cont(ARRAY[0.5, 0.85]) WITHIN GROUP (ORDER BY seconds)
  FROM spent WHERE place = ANY(%s) GROUP BY place
"""


def column_times(scope: Scope, columns: Columns) -> list[ColumnTimes]:
    """Read how long the finished items stayed in each column between the backlog and done."""
    finished, parameters = facts_behind(scope, "throughput").order_by().values("item_id").query.sql_with_params()
    place_sql, places = positional(PLACE, columns.parameters)
    sql = _COLUMN_TIMES.format(finished=finished, place=place_sql)
    with connection.cursor() as cursor:
        cursor.execute(sql, [*parameters, *places, columns.between])
        found = {place: (items, seconds) for place, items, seconds in cursor.fetchall()}
    result = []
    for place in columns.between:
        items, seconds = found.get(place, (0, None))
        if items >= MINIMUM_SAMPLE:
            result.append(ColumnTimes(place, items, seconds[0] / DAY_SECONDS, seconds[1] / DAY_SECONDS))
        else:
            result.append(ColumnTimes(place, items, None, None))
    return result


@dataclass(frozen=True, slots=True)
class Aged:
    """Open items of one column and one age. `keys` names some of them, as far as this person may see them."""

    place: int
    days: int
    items: int
    blocked_items: int
    keys: Sequence[str] = field(default=())


_AGED: Final = """
SELECT {place}, f.started_on, count(*)::int, count(*) FILTER (WHERE i.is_blocked)::int,
       (array_agg(w.key ORDER BY w.key) FILTER (WHERE %(sees_all)s OR w.team_id = ANY(%(visible)s)))[1:%(named)s]
  FROM metrics_iteminterval i
  JOIN metrics_itemfact f ON f.item_id = i.item_id
  JOIN teams_workitem w ON w.id = i.item_id
 WHERE i.is_wip AND i.unit_id = ANY(%(teams)s) AND i.from_at < %(end_at)s
   AND {ends_at} >= %(end_at)s AND (%(type)s = '' OR f.item_type = %(type)s)
   {filter}
 GROUP BY 1, 2
 ORDER BY 2, 1
"""


def aged(scope: Scope, columns: Columns, visible_units: frozenset[int] | None) -> list[Aged]:
    """Read what is in progress at the end of the as-of day, by column and age."""
    as_of = scope.period.as_of
    parameters: dict[str, Any] = {
        **columns.parameters,
        **scope.item_filter.parameters,
        "sees_all": visible_units is None,
        "visible": list(visible_units or ()),
        "named": NAMED,
        "teams": scope.teams_on(as_of),
        "end_at": day_start(date.fromordinal(as_of.toordinal() + 1)),
        "type": scope.period.item_type,
    }
    sql = _AGED.format(place=PLACE, ends_at=ENDS_AT_SQL, filter=scope.item_filter.sql("i.item_id"))
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows = cursor.fetchall()
    count = scope.day_count(min((row[1] for row in rows), default=as_of))
    sums: dict[tuple[int, int], Aged] = {}
    for place, started_on, items, blocked, keys in rows:
        days = count.between(started_on, as_of)
        before = sums.get((place, days), Aged(place, days, 0, 0))
        named = [*before.keys, *(keys or ())][:NAMED]
        sums[place, days] = Aged(place, days, before.items + items, before.blocked_items + blocked, named)
    return [sums[at] for at in sorted(sums)]


_WIP: Final = """
WITH member AS (
    SELECT * FROM unnest(%(teams)s::bigint[], %(since)s::date[], %(until)s::date[]) AS m (team_id, valid_from, valid_to)
), stay AS (
    SELECT greatest((i.from_at AT TIME ZONE %(zone)s)::date, m.valid_from, %(start)s - 1) AS first_on,
           least(coalesce((i.to_at AT TIME ZONE %(zone)s)::date, 'infinity'), m.valid_to) AS end_on
      FROM metrics_iteminterval i
      JOIN member m ON m.team_id = i.unit_id
     WHERE i.is_wip AND i.from_at < %(end_at)s AND {ends_at} >= %(start_at)s
       AND (%(type)s = '' OR i.item_type = %(type)s)
       {filter}
)
SELECT day, sum(change)::int
  FROM (SELECT first_on AS day, 1 AS change FROM stay WHERE first_on < end_on
        UNION ALL SELECT end_on, -1 FROM stay WHERE first_on < end_on) AS changed
 WHERE day < %(end)s
 GROUP BY day
"""


def wip_by_day(scope: Scope) -> list[int]:
    """Read the items in progress at the end of each day of the period, for what roll-ups do not know: a filter."""
    window = scope.period.window
    members = scope.members
    parameters: dict[str, Any] = {
        **scope.item_filter.parameters,
        "teams": [member[0] for member in members],
        "since": [member[1] for member in members],
        "until": [member[2] for member in members],
        "zone": portal_zone().key,
        "start": window.start,
        "end": window.end,
        "start_at": day_start(window.start),
        "end_at": scope.period.end_at,
        "type": scope.period.item_type,
    }
    with connection.cursor() as cursor:
        cursor.execute(_WIP.format(ends_at=ENDS_AT_SQL, filter=scope.item_filter.sql("i.item_id")), parameters)
        changes = dict(cursor.fetchall())
    stock = sum(change for day, change in changes.items() if day < window.start)
    result = []
    for day in window:
        stock += changes.get(day, 0)
        result.append(stock)
    return result
