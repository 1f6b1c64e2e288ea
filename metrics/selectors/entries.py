"""First entries into columns: the rows of the cumulative flow, and the items behind one of its points.

`metrics.calculations.series.cumulative_flow` says the same in plain Python.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from django.db import connection

from metrics.selectors.columns import PLACES, Columns
from metrics.selectors.narrowing import ItemFilter
from metrics.selectors.selection import Period
from pmo_portal.lib.windows import BEGINNING, day_start, portal_zone

Members = Sequence[tuple[int, date, date]]

# An item entered a column when it first did, and every column before that one at the latest then. What was finished
# before the first day has entered every column: its history need not be read, it lifts all lines by one.
_REACHED: Final = """
WITH member AS (
    SELECT * FROM unnest(%(teams)s::bigint[], %(since)s::date[], %(until)s::date[]) AS m (team_id, valid_from, valid_to)
), {places}, settled AS (
    SELECT f.item_id
      FROM metrics_itemfact f
      JOIN member m ON m.team_id = f.finished_unit_id AND f.finished_on >= m.valid_from AND f.finished_on < m.valid_to
     WHERE f.is_counted AND f.finished_on < %(settled_before)s AND (%(type)s = '' OR f.item_type = %(type)s)
           {filter_fact}
), entered AS (
    SELECT i.item_id, coalesce(p.place, c.place) AS place,
           min(greatest((i.from_at AT TIME ZONE %(zone)s)::date, m.valid_from)) AS day
      FROM metrics_iteminterval i
      JOIN member m ON m.team_id = i.unit_id AND i.from_at < m.valid_to::timestamp AT TIME ZONE %(zone)s
       AND (i.to_at IS NULL OR i.to_at > m.valid_from::timestamp AT TIME ZONE %(zone)s)
      JOIN metrics_itemfact f ON f.item_id = i.item_id AND f.is_counted
      LEFT JOIN place p ON p.state_id = i.state_id
      JOIN fallback c ON c.category = i.category
     WHERE i.from_at < %(end_at)s AND (%(type)s = '' OR f.item_type = %(type)s)
           AND (f.finished_on IS NULL OR f.finished_on >= %(settled_before)s
                OR NOT EXISTS (SELECT FROM member n WHERE n.team_id = f.finished_unit_id
                                  AND f.finished_on >= n.valid_from AND f.finished_on < n.valid_to))
           {filter_interval}
     GROUP BY 1, 2
)
"""
_COUNTS: Final = """, reached AS (
    SELECT e.item_id, column_place AS place, min(e.day) AS day
      FROM entered e, generate_series(0, e.place) AS column_place
     GROUP BY 1, 2
)
SELECT NULL, NULL, count(*)::int FROM settled
 UNION ALL
SELECT place, greatest(day, %(start)s - 1), count(*)::int FROM reached WHERE day < %(end)s GROUP BY 1, 2
"""
_ITEMS: Final = """
SELECT item_id FROM settled UNION SELECT item_id FROM entered WHERE place >= %(place)s AND day <= %(last)s
"""

# Of the items that entered a column in the period: how many entered one that lies before one they had been in.
_MOVED_BACK: Final = """
WITH member AS (
    SELECT * FROM unnest(%(teams)s::bigint[], %(since)s::date[], %(until)s::date[]) AS m (team_id, valid_from, valid_to)
), {places}, moved AS (
    SELECT i.item_id, i.from_at, coalesce(p.place, c.place) AS place
      FROM metrics_iteminterval i
      JOIN member m ON m.team_id = i.unit_id AND i.from_at < m.valid_to::timestamp AT TIME ZONE %(zone)s
       AND i.from_at >= m.valid_from::timestamp AT TIME ZONE %(zone)s
      JOIN metrics_itemfact f ON f.item_id = i.item_id AND f.is_counted
      LEFT JOIN place p ON p.state_id = i.state_id
      JOIN fallback c ON c.category = i.category
     WHERE i.from_at >= %(start_at)s AND i.from_at < %(end_at)s AND (%(type)s = '' OR f.item_type = %(type)s)
           {filter_interval}
)
SELECT count(DISTINCT moved.item_id)::int,
       count(DISTINCT moved.item_id) FILTER (WHERE moved.place < earlier.place)::int
  FROM moved
  LEFT JOIN LATERAL (
       SELECT coalesce(p.place, c.place) AS place
         FROM metrics_iteminterval b
         LEFT JOIN place p ON p.state_id = b.state_id
         LEFT JOIN fallback c ON c.category = b.category
        WHERE b.item_id = moved.item_id AND b.from_at < moved.from_at
        ORDER BY b.from_at DESC LIMIT 1) AS earlier ON true
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
        places=PLACES.strip(), filter_fact=item_filter.sql("f.item_id"), filter_interval=item_filter.sql("i.item_id")
    )


def entries_by_day(
    columns: Columns, members: Members, period: Period, item_filter: ItemFilter
) -> tuple[int, Mapping[tuple[int, date], int]]:
    """Return how many items had been through everything before, and {(place, day): items that reached it then}."""
    with connection.cursor() as cursor:
        cursor.execute(_with_parts(_REACHED, item_filter) + _COUNTS, _parameters(columns, members, period, item_filter))
        rows = cursor.fetchall()
    settled = sum(count for place, _day, count in rows if place is None)
    return settled, {(place, day): count for place, day, count in rows if place is not None}


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
    names = re.findall(r"%\((\w+)\)s", sql)
    return re.sub(r"%\(\w+\)s", "%s", sql), [values[name] for name in names]
