"""Reading histories: events in, facts and intervals out, by one set-based statement.

The same statement serves the increment (a handful of items) and the rebuild (batches of thousands), so
the two cannot disagree. `metrics.calculations.timeline` says the same in plain Python; a property test
compares them.

How it works. Window functions walk each item's events in the order in which they were true. To know the
state, team, sprint, estimate and flag after every event, each is carried forward as a running maximum of
``event number << 43 | value``: the number grows, so the maximum is always the latest word. One sort
serves all of them. An undone event and its undoing are skipped; an undoing cannot itself be undone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, connection, transaction

from pmo_portal.lib.windows import portal_zone

RULES_VERSION = 1
"""Raise it when a formula here changes: every team's history is then read again by itself."""

_SKELETONS = """
    INSERT INTO metrics_itemfact (
        item_id, unit_id, item_type, is_counted, category, created_at, created_on, created_unit_id,
        is_start_seen, is_data_error, reopened_count)
    SELECT w.id, w.team_id, w.type, false, 'BACKLOG', w.created_at, (w.created_at AT TIME ZONE %(zone)s)::date,
           w.team_id, false, false, 0
      FROM teams_workitem w
     WHERE w.id = ANY(%(items)s::bigint[])
     ORDER BY w.id
        ON CONFLICT (item_id) DO NOTHING
"""

_LOCK = "SELECT item_id FROM metrics_itemfact WHERE item_id = ANY(%(items)s::bigint[]) ORDER BY item_id FOR UPDATE"

_KNOWN = "SELECT count(*) FROM metrics_itemfact WHERE item_id = ANY(%(items)s::bigint[])"

_FORGET_INTERVALS = "DELETE FROM metrics_iteminterval WHERE item_id = ANY(%(items)s::bigint[])"

# Category codes order the flow: BACKLOG 0, COMMITTED 1, ACTIVE 2, WAITING 3, DONE 4, CANCELLED 5. A state is
# carried together with its code (state << 3 | code), because its meaning is the one valid when it was entered.
# 8796093022207 is 2^43 - 1. Ids up to 2^40 and a million events an item fit into 63 bits.
_LIVES = """
WITH said AS (
    SELECT e.subject_id AS item_id, e.at, e.seq, e.kind <> 'CREATED' AS is_later,
           row_number() OVER event_order AS n,
           lead(e.at) OVER event_order AS to_at,
           CASE WHEN e.kind IN ('CREATED', 'STATE') THEN
               coalesce(e.new_ref, 0) << 3 | CASE m.category WHEN 'COMMITTED' THEN 1 WHEN 'ACTIVE' THEN 2
                   WHEN 'WAITING' THEN 3 WHEN 'DONE' THEN 4 WHEN 'CANCELLED' THEN 5 ELSE 0 END END AS state,
           CASE e.kind WHEN 'CREATED' THEN e.unit_id WHEN 'TEAM' THEN e.new_ref END AS unit,
           CASE WHEN e.kind = 'SPRINT' THEN coalesce(e.new_ref, 0) END AS sprint,
           CASE WHEN e.kind = 'ESTIMATE' THEN
               coalesce((100 * (e.new_value #>> '{}')::numeric)::bigint + 1, 0) END AS estimate,
           CASE WHEN e.kind = 'BLOCKED' THEN
               (coalesce(e.new_value, 'null') NOT IN ('null', 'false', '""'))::int END AS blocked
      FROM teams_itemevent e
      LEFT JOIN portfolio_statemeaning m
        ON m.state_id = e.new_ref AND e.kind IN ('CREATED', 'STATE')
       AND m.valid_from <= e.at AND (m.valid_to IS NULL OR e.at < m.valid_to)
     WHERE e.subject_id = ANY(%(items)s::bigint[])
       AND e.kind IN ('CREATED', 'STATE', 'TEAM', 'SPRINT', 'ESTIMATE', 'BLOCKED')
       AND e.voids_id IS NULL
       AND NOT EXISTS (SELECT FROM teams_itemevent v WHERE v.voids_id = e.id)
    WINDOW event_order AS (PARTITION BY e.subject_id ORDER BY e.kind <> 'CREATED', e.at, e.seq)
),
carried AS (
    SELECT item_id, at, to_at, n,
           max(n << 43 | state) OVER so_far & 8796093022207 AS state,
           max(n << 43 | state) OVER before & 7 AS category_before,
           max(n << 43 | unit) OVER so_far & 8796093022207 AS unit_id,
           max(n << 43 | sprint) OVER so_far & 8796093022207 AS sprint,
           max(n << 43 | estimate) OVER so_far & 8796093022207 AS estimate,
           max(n << 43 | blocked) OVER so_far & 1 AS blocked
      FROM said
    WINDOW so_far AS (PARTITION BY item_id ORDER BY is_later, at, seq ROWS UNBOUNDED PRECEDING),
           before AS (PARTITION BY item_id ORDER BY is_later, at, seq
                      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
lived AS MATERIALIZED (
    SELECT c.item_id, c.at, c.to_at, c.n, c.state >> 3 AS state_id, c.state & 7 AS category, c.unit_id,
           nullif(c.sprint, 0) AS sprint_id, c.estimate, coalesce(c.blocked, 0) = 1 AS is_blocked,
           c.state & 7 BETWEEN CASE t.started_from WHEN 'ACTIVE' THEN 2 ELSE 1 END AND 3 AS is_started,
           c.category_before, w.feature_id,
           w.type AS item_type, w.deleted_at IS NULL AND w.parent_id IS NULL AND w.type <> 'SUBTASK' AS is_counted
      FROM carried c
      -- Said again for the planner, which else may read the whole table for a batch.
      JOIN teams_workitem w ON w.id = c.item_id AND w.id = ANY(%(items)s::bigint[])
      LEFT JOIN teams_team t ON t.unit_id = c.unit_id
),
summed AS (
    SELECT item_id, item_type, is_counted, max(feature_id) AS feature_id,
           max(at) FILTER (WHERE n = 1) AS created_at,
           max(unit_id) FILTER (WHERE n = 1) AS created_unit_id,
           max(n << 43 | unit_id) & 8796093022207 AS unit_id,
           max(n << 43 | category) & 7 AS category,
           -- Only the creation can come before an earlier moment; all other events are in the order of time.
           coalesce(min(at) FILTER (WHERE is_started AND n = 1), min(at) FILTER (WHERE is_started)) AS started_at,
           min(n << 43 | unit_id) FILTER (WHERE is_started) & 8796093022207 AS started_unit_id,
           coalesce(max(at) FILTER (WHERE category = 4 AND category_before IS DISTINCT FROM 4 AND n > 1),
                    max(at) FILTER (WHERE category = 4 AND n = 1)) AS finished_at,
           max(n << 43 | unit_id) FILTER (WHERE category = 4 AND category_before IS DISTINCT FROM 4)
               & 8796093022207 AS finished_unit_id,
           max(n << 43 | coalesce(estimate, 0)) FILTER (WHERE category = 4 AND category_before IS DISTINCT FROM 4)
               & 8796093022207 AS finished_estimate,
           coalesce(max(at) FILTER (WHERE category = 5 AND category_before IS DISTINCT FROM 5 AND n > 1),
                    max(at) FILTER (WHERE category = 5 AND n = 1)) AS cancelled_at,
           max(n << 43 | unit_id) FILTER (WHERE category = 5 AND category_before IS DISTINCT FROM 5)
               & 8796093022207 AS cancelled_unit_id,
           count(*) FILTER (WHERE category_before = 4 AND category <> 4) AS reopened_count,
           coalesce(sum(greatest(to_at - at, '0')) FILTER (
               WHERE is_started AND category = 2 AND NOT is_blocked), '0') AS active,
           coalesce(sum(greatest(to_at - at, '0')) FILTER (
               WHERE is_started AND (category <> 2 OR is_blocked)), '0') AS waiting,
           coalesce(sum(greatest(to_at - at, '0')) FILTER (WHERE is_started AND is_blocked), '0') AS blocked
      FROM lived
     GROUP BY item_id, item_type, is_counted
),
judged AS (
    SELECT *, category = 4 AS is_finished, category = 5 AS is_cancelled, started_at IS NOT NULL AS is_start_seen,
           category = 4 AND finished_at < created_at AS is_data_error,
           category = 4 AND finished_at >= created_at AS has_spans,
           (created_at AT TIME ZONE %(zone)s)::date AS created_on,
           (started_at AT TIME ZONE %(zone)s)::date AS started_on,
           (finished_at AT TIME ZONE %(zone)s)::date AS finished_on,
           (cancelled_at AT TIME ZONE %(zone)s)::date AS cancelled_on
      FROM summed
)
"""

# The columns of a fact as `judged` (j) gives them.
_COLUMNS = {
    "unit_id": "j.unit_id",
    "item_type": "j.item_type",
    "is_counted": "j.is_counted",
    "category": "(ARRAY['BACKLOG', 'COMMITTED', 'ACTIVE', 'WAITING', 'DONE', 'CANCELLED'])[j.category + 1]",
    "created_at": "j.created_at",
    "created_on": "j.created_on",
    "created_unit_id": "j.created_unit_id",
    "started_at": "j.started_at",
    "started_on": "j.started_on",
    "started_unit_id": "j.started_unit_id",
    "finished_at": "CASE WHEN j.is_finished THEN j.finished_at END",
    "finished_on": "CASE WHEN j.is_finished THEN j.finished_on END",
    "finished_unit_id": "CASE WHEN j.is_finished THEN j.finished_unit_id END",
    "cancelled_at": "CASE WHEN j.is_cancelled THEN j.cancelled_at END",
    "cancelled_on": "CASE WHEN j.is_cancelled THEN j.cancelled_on END",
    "cancelled_unit_id": "CASE WHEN j.is_cancelled THEN j.cancelled_unit_id END",
    "finished_estimate": "CASE WHEN j.is_finished THEN (nullif(j.finished_estimate, 0) - 1) / 100.0 END",
    "is_start_seen": "j.is_start_seen",
    "is_data_error": "j.is_data_error",
    "cycle_days": "CASE WHEN j.has_spans THEN j.finished_on - coalesce(j.started_on, j.finished_on) + 1 END",
    "lead_days": "CASE WHEN j.has_spans THEN j.finished_on - j.created_on + 1 END",
    "active_seconds": "CASE WHEN j.has_spans THEN floor(extract(epoch FROM j.active)) END",
    "waiting_seconds": "CASE WHEN j.has_spans THEN floor(extract(epoch FROM j.waiting)) END",
    "blocked_seconds": "CASE WHEN j.has_spans THEN floor(extract(epoch FROM j.blocked)) END",
    "reopened_count": "j.reopened_count",
    "feature_id": "j.feature_id",
}

_CUT = """
    INSERT INTO metrics_iteminterval (
        item_id, from_at, to_at, item_type, unit_id, state_id, category, is_wip, is_blocked, sprint_id, estimate)
    SELECT item_id, at, to_at, item_type, unit_id, nullif(state_id, 0),
           (ARRAY['BACKLOG', 'COMMITTED', 'ACTIVE', 'WAITING', 'DONE', 'CANCELLED'])[category + 1],
           is_started AND is_counted, is_blocked, sprint_id, (nullif(estimate, 0) - 1) / 100.0
      FROM lived
     WHERE to_at IS NULL OR at < to_at
"""

_READ = f"""{_LIVES},
cut AS ({_CUT})
UPDATE metrics_itemfact f
   SET {", ".join(f"{name} = {value}" for name, value in _COLUMNS.items())}
  FROM judged j
 WHERE f.item_id = j.item_id AND f.item_id = ANY(%(items)s::bigint[])
"""  # noqa: S608 - put together from constants of this module

# Rows in the order of their ids, as everywhere: two workers cannot wait for each other.
_READ_NEW = f"""{_LIVES},
written AS (
    INSERT INTO metrics_itemfact (item_id, {", ".join(_COLUMNS)})
    SELECT j.item_id, {", ".join(_COLUMNS.values())}
      FROM judged j
     ORDER BY j.item_id
        ON CONFLICT (item_id) DO NOTHING
    RETURNING item_id
),
cut AS ({_CUT})
SELECT count(*) FROM written
"""  # noqa: S608


class Overtaken(Exception):
    """Another worker has read one of the items meanwhile, or an item has no history yet."""


def array_text(values: Iterable[int | Decimal | date | str]) -> str:
    """Numbers, days or plain words as PostgreSQL writes an array: a driver that turns a list of thousands into text
    takes ten times as long."""
    return f"{{{','.join(map(str, values))}}}"


def items_array(item_ids: Iterable[int]) -> str:
    """The ids of items as an array."""
    return array_text(item_ids)


def facts_known(*, item_ids: Sequence[int]) -> int:
    """Return how many of these items were read before."""
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, {"items": items_array(item_ids)})
        (count,) = cursor.fetchone()
    return int(count)


def facts_lock(*, item_ids: Sequence[int], are_known: bool = False) -> bool:
    """Let one worker at a time read these items: others wait here until the transaction ends.

    Returns whether any of them was read before, and so may have contributed to a number.

    Items never read before get an empty, uncounted row to hold the lock; `are_known` says that there are none. Rows are
    taken in the order of their ids, everywhere, so that two workers cannot wait for each other.
    """
    parameters: dict[str, Any] = {"items": items_array(item_ids), "zone": portal_zone().key}
    with connection.cursor() as cursor:
        is_new = False
        if not are_known:
            cursor.execute(_SKELETONS, parameters)
            is_new = cursor.rowcount == len(item_ids)
        cursor.execute(_LOCK, parameters)
    return not is_new


def facts_read(*, item_ids: Sequence[int], are_new: bool = False) -> None:
    """Read the histories of items anew and replace their facts and intervals.

    Runs in the caller's transaction, after `facts_lock`: this statement's view of the events is younger than
    the lock, so what another worker has read before is never overwritten with something older.

    Items that nobody has read before (`are_new`) need no lock and are written once instead of twice: the row written is
    the lock. Of two workers that read the same new item the later one waits for the earlier one's transaction. It, and
    whoever names an item without a history, gets Overtaken, with nothing written. What is said of an item after the
    statement has looked stands in the outbox, for the next reading.
    """
    parameters: dict[str, Any] = {"items": items_array(item_ids), "zone": portal_zone().key}
    if are_new:
        _read_new(parameters, count=len(item_ids))
        return
    with connection.cursor() as cursor:
        cursor.execute(_FORGET_INTERVALS, parameters)
        cursor.execute(_READ, parameters)


def _read_new(parameters: dict[str, Any], *, count: int) -> None:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_READ_NEW, parameters)
            if cursor.fetchone() != (count,):
                raise Overtaken
    except IntegrityError as error:
        # The other's intervals are there, too.
        raise Overtaken from error
