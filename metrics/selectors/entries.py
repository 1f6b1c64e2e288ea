"""First entries into columns: the rows of the cumulative flow, and the items behind one of its points.

`metrics.calculations.series.cumulative_flow` says the same in plain Python.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from django.db import connection

from metrics.selectors.columns import PLACE, Columns, positional
from metrics.selectors.narrowing import ItemFilter
from metrics.selectors.selection import Period
from pmo_portal.lib.windows import BEGINNING, day_start, portal_zone

Members = Sequence[tuple[int, date, date]]

# An item entered a column when it first did, and every column before that one at the latest then. What was finished
# before the first day has entered every column: its history need not be told, it lifts all lines by one.
_REACHED: Final = """
WITH member AS MATERIALIZED (
    SELECT team_id, valid_from, valid_to, valid_from::timestamp AT TIME ZONE %(zone)s AS since_at,
           valid_to::timestamp AT TIME ZONE %(zone)s AS until_at
      FROM unnest(%(teams)s::bigint[], %(since)s::date[], %(until)s::date[]) AS m (team_id, valid_from, valid_to)
), settled AS MATERIALIZED (
    SELECT f.item_id
      FROM metrics_itemfact f
      JOIN member m ON m.team_id = f.finished_unit_id AND f.finished_on >= m.valid_from AND f.finished_on < m.valid_to
     WHERE f.is_counted AND f.finished_on < %(settled_before)s AND (%(type)s = '' OR f.item_type = %(type)s)
           {filter_fact}
), entered AS (
    SELECT i.item_id, {place} AS place,
           min(greatest((i.from_at AT TIME ZONE %(zone)s)::date, m.valid_from)) AS day
      FROM metrics_iteminterval i
      JOIN member m ON m.team_id = i.unit_id AND i.from_at < m.until_at AND (i.to_at IS NULL OR i.to_at > m.since_at)
      JOIN metrics_itemfact f ON f.item_id = i.item_id AND f.is_counted AND (%(type)s = '' OR f.item_type = %(type)s)
     WHERE i.unit_id = ANY(%(teams)s::bigint[]) AND i.from_at < %(end_at)s AND i.category <> 'CANCELLED'
       AND NOT EXISTS (SELECT FROM settled s WHERE s.item_id = i.item_id)
           {filter_interval}
     GROUP BY 1, 2
)
"""
# A row stands for all columns after the one the item had been in before, up to its own; it reached them when it first
# was in any of the columns from there on.
_COUNTS: Final = """, reached AS (
    SELECT place, lag(place, 1, -1) OVER onward AS below,
           min(day) OVER (onward ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS day
      FROM entered
    WINDOW onward AS (PARTITION BY item_id ORDER BY place)
)
SELECT NULL, NULL, NULL, count(*)::int FROM settled
 UNION ALL
SELECT below, place, greatest(day, %(start)s - 1), count(*)::int FROM reached WHERE day < %(end)s GROUP BY 1, 2, 3
"""
_ITEMS: Final = """
SELECT item_id FROM settled UNION SELECT item_id FROM entered WHERE place >= %(place)s AND day <= %(last)s
"""

# Of the items that entered a column in the period: how many entered one that lies before one they had been in.
_MOVED_BACK: Final = """
WITH member AS MATERIALIZED (
    SELECT team_id, valid_from, valid_to, valid_from::timestamp AT TIME ZONE %(zone)s AS since_at,
           valid_to::timestamp AT TIME ZONE %(zone)s AS until_at
      FROM unnest(%(teams)s::bigint[], %(since)s::date[], %(until)s::date[]) AS m (team_id, valid_from, valid_to)
), moved AS (
    SELECT i.item_id, i.from_at, {place} AS place
      FROM metrics_iteminterval i
      JOIN member m ON m.team_id = i.unit_id AND i.from_at < m.until_at AND i.from_at >= m.since_at
      JOIN metrics_itemfact f ON f.item_id = i.item_id AND f.is_counted
     WHERE i.from_at >= %(start_at)s AND i.from_at < %(end_at)s AND i.category <> 'CANCELLED'
           AND (%(type)s = '' OR f.item_type = %(type)s) {filter_interval}
)
SELECT count(DISTINCT moved.item_id)::int,
       count(DISTINCT moved.item_id) FILTER (WHERE moved.place < earlier.place)::int
  FROM moved
  LEFT JOIN LATERAL (
       SELECT {place} AS place
         FROM metrics_iteminterval i
        WHERE i.item_id = moved.item_id AND i.from_at < moved.from_at
        ORDER BY i.from_at DESC LIMIT 1) AS earlier ON true
"""


def _parameters(columns: Columns, members: Members, period: Period, item_filter: ItemFilter) -> dict[str, Any]:
    return {
        **columns.parameters,
        **item_filter.parameters,
        "teams": [member[0] for member in members],
        "since": [member[1] for member in members],
        "until": [member[2] for member in members],
        "zone": portal_zone().key,
        "type": period.item_type,
        "start": period.window.start,
        "end": period.window.end,
        "start_at": day_start(period.window.start),
        "end_at": period.end_at,
        "settled_before": period.window.start if columns.ends_once else BEGINNING,
    }


def _with_parts(sql: str, item_filter: ItemFilter) -> str:
    return sql.format(
        place=PLACE, filter_fact=item_filter.sql("f.item_id"), filter_interval=item_filter.sql("i.item_id")
    )


def entries_by_day(
    columns: Columns, members: Members, period: Period, item_filter: ItemFilter
) -> tuple[int, Mapping[tuple[int, date], int]]:
    """Return how many items had been through everything before, and {(place, day): items that reached it then}."""
    with connection.cursor() as cursor:
        cursor.execute(_with_parts(_REACHED, item_filter) + _COUNTS, _parameters(columns, members, period, item_filter))
        rows = cursor.fetchall()
    settled = sum(count for _below, place, _day, count in rows if place is None)
    entries: dict[tuple[int, date], int] = defaultdict(int)
    for below, place, day, count in rows:
        if place is not None:
            for column in range(below + 1, place + 1):
                entries[column, day] += count
    return settled, entries


def moved_back(columns: Columns, members: Members, period: Period, item_filter: ItemFilter) -> tuple[int, int]:
    """Return how many items entered a column in the period, and how many of them moved back."""
    with connection.cursor() as cursor:
        cursor.execute(_with_parts(_MOVED_BACK, item_filter), _parameters(columns, members, period, item_filter))
        moved, back = cursor.fetchone()
    return moved, back


def entered_sql(
    columns: Columns, members: Members, period: Period, item_filter: ItemFilter, *, place: int, last: date
) -> tuple[str, list[Any]]:
    """A statement that names the items that had reached a column by the end of a day, with its parameters in order."""
    values = {**_parameters(columns, members, period, item_filter), "place": place, "last": last}
    sql = _with_parts(_REACHED, item_filter) + _ITEMS
    return positional(sql, values)
