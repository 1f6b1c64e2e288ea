"""What epics and features get from a change below them: how far each team is with its part, and how long they stayed
in each state of their own board.

Both are made anew for what was touched, in the transaction of the change, after the roll-ups.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import connection

from organization.access import SYSTEM
from pmo_portal.lib.locks import lock
from portfolio.models import TrackedKind
from portfolio.services.progress import Pair, Part, progress_lock, progress_write

# A team that says "any number", or nothing, shares its scale with nobody.
_PARTS = """
    SELECT f.feature_id, f.unit_id,
           count(*)::int,
           count(*) FILTER (WHERE f.category IN ('COMMITTED', 'ACTIVE', 'WAITING'))::int,
           count(*) FILTER (WHERE f.category = 'DONE')::int,
           coalesce(sum(CASE WHEN f.category = 'DONE' THEN f.finished_estimate ELSE w.estimate END), 0),
           coalesce(sum(f.finished_estimate) FILTER (WHERE f.category = 'DONE'), 0),
           count(*) FILTER (
               WHERE CASE WHEN f.category = 'DONE' THEN f.finished_estimate ELSE w.estimate END IS NULL)::int,
           CASE WHEN t.estimate_scale = 'NONE' THEN ''
                WHEN t.estimate_scale = 'FREE' THEN concat_ws(' ', t.estimate_scale, f.unit_id)
                ELSE t.estimate_scale END
      FROM unnest(%(features)s::bigint[], %(units)s::bigint[]) AS wanted (feature_id, unit_id)
      JOIN metrics_itemfact f
        ON f.feature_id = wanted.feature_id AND f.unit_id = wanted.unit_id AND f.is_counted
       AND f.category <> 'CANCELLED'
      JOIN teams_workitem w ON w.id = f.item_id
      JOIN teams_team t ON t.unit_id = f.unit_id
     GROUP BY f.feature_id, f.unit_id, t.estimate_scale
"""

_FORGET_STAYS = "DELETE FROM metrics_statestay WHERE kind = %(kind)s AND subject_id = ANY(%(subjects)s)"

_READ_STAYS = """
    INSERT INTO metrics_statestay (kind, subject_id, from_at, to_at, state_id)
    SELECT %(kind)s, subject_id, at, to_at, state_id
      FROM (SELECT e.subject_id, e.at, e.new_ref AS state_id, lead(e.at) OVER in_time AS to_at
              FROM {events} e
             WHERE e.subject_id = ANY(%(subjects)s) AND e.kind IN ('CREATED', 'STATE')
               AND e.new_ref IS NOT NULL AND e.voids_id IS NULL
               AND NOT EXISTS (SELECT FROM {events} v WHERE v.voids_id = e.id)
            WINDOW in_time AS (PARTITION BY e.subject_id ORDER BY e.kind <> 'CREATED', e.at, e.seq)) AS said
     WHERE to_at IS NULL OR at < to_at
"""

_EVENTS = {TrackedKind.EPIC: "portfolio_epicevent", TrackedKind.FEATURE: "portfolio_featureevent"}


def parts_refresh(pairs: Collection[Pair], *, at: datetime) -> None:
    """Count anew how far some teams are with their parts of features. Runs in the caller's transaction, last."""
    if not pairs:
        return
    ordered = sorted(pairs)
    progress_lock(actor=SYSTEM, pairs=ordered)
    with connection.cursor() as cursor:
        # Younger than the lock: what another worker has committed before is counted, too.
        cursor.execute(_PARTS, {"features": [pair[0] for pair in ordered], "units": [pair[1] for pair in ordered]})
        parts = {(feature_id, unit_id): Part(*counts) for feature_id, unit_id, *counts in cursor.fetchall()}
    progress_write(actor=SYSTEM, pairs=ordered, parts=parts, at=at)


def stays_read(*, kind: TrackedKind, subject_ids: Collection[int]) -> None:
    """Read anew how long epics or features stayed in each state. Runs in the caller's transaction, last."""
    if not subject_ids:
        return
    # There are few of them: one reader at a time costs nothing, and none can overwrite what a younger one read.
    lock(f"metrics.stays.{kind}")
    parameters: dict[str, Any] = {"kind": kind.value, "subjects": sorted(subject_ids)}
    with connection.cursor() as cursor:
        cursor.execute(_FORGET_STAYS, parameters)
        cursor.execute(_READ_STAYS.format(events=_EVENTS[kind]), parameters)
