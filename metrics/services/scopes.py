"""Rewriting whole scopes: when the unit tree has changed, and when rows are to be made from nothing.

Roll-ups of a unit above teams reflect the memberships noted in `RollupMembership`. When the tree says
otherwise, the rows of the units concerned and the notes change together, in one short transaction.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from functools import partial

from django.db import connection, transaction

from metrics.models import ScopeKind
from metrics.services.applying import IS_NOT_ZERO, SUMS, rollup_apply, spread
from metrics.services.contributions import MEASURES, contributions_of_team
from metrics.services.draining import announce
from metrics.services.locks import lock_scopes
from pmo_portal.lib.windows import FOREVER

_CHANGED_ANCESTORS = """
    WITH held AS (
        SELECT c.ancestor_id, c.descendant_id AS team_id, c.valid_from, c.valid_to
          FROM organization_unitclosure c
          JOIN teams_team t ON t.unit_id = c.descendant_id
         WHERE c.depth > 0
    ), noted AS (SELECT ancestor_id, team_id, valid_from, valid_to FROM metrics_rollupmembership)
    SELECT DISTINCT ancestor_id
      FROM ((TABLE held EXCEPT TABLE noted) UNION ALL (TABLE noted EXCEPT TABLE held)) AS changed
     ORDER BY ancestor_id
"""

_FORGET_MEMBERSHIPS = "DELETE FROM metrics_rollupmembership WHERE ancestor_id = ANY(%(scopes)s)"

_NOTE_MEMBERSHIPS = """
    INSERT INTO metrics_rollupmembership (ancestor_id, team_id, valid_from, valid_to)
    SELECT c.ancestor_id, c.descendant_id, c.valid_from, c.valid_to
      FROM organization_unitclosure c
      JOIN teams_team t ON t.unit_id = c.descendant_id
     WHERE c.depth > 0 AND c.ancestor_id = ANY(%(scopes)s)
"""

_FORGET_ROWS = tuple(
    f"DELETE FROM {table} WHERE scope_kind = %(scope_kind)s AND scope_id = ANY(%(scopes)s)"  # noqa: S608
    for table in ("metrics_rollup", "metrics_cyclecount", "metrics_stockcheckpoint")
)

_MEMBERSHIP = "membership AS (SELECT * FROM metrics_rollupmembership WHERE ancestor_id = ANY(%(scopes)s))"

_SUM_DAYS = f"""
WITH {_MEMBERSHIP}, delta AS (
    SELECT scope_id AS unit_id, day, item_type, {", ".join(MEASURES)}
      FROM metrics_rollup
     WHERE scope_kind = %(scope_kind)s AND scope_id IN (SELECT team_id FROM membership)
)
INSERT INTO metrics_rollup (scope_kind, scope_id, day, item_type, {", ".join(MEASURES)})
SELECT %(scope_kind)s, scope_id, day, item_type, {SUMS}
  FROM ({spread(own="false")}) AS spread
 GROUP BY scope_id, day, item_type
HAVING {IS_NOT_ZERO}
"""  # noqa: S608

_SUM_CYCLES = f"""
WITH {_MEMBERSHIP}
INSERT INTO metrics_cyclecount (scope_kind, scope_id, day, item_type, cycle_days, count)
SELECT %(scope_kind)s, m.ancestor_id, c.day, c.item_type, c.cycle_days, sum(c.count)
  FROM membership m
  JOIN metrics_cyclecount c
    ON c.scope_kind = %(scope_kind)s AND c.scope_id = m.team_id AND c.day >= m.valid_from AND c.day < m.valid_to
 GROUP BY m.ancestor_id, c.day, c.item_type, c.cycle_days
"""  # noqa: S608

_CHECKPOINTS = """
    INSERT INTO metrics_stockcheckpoint (scope_kind, scope_id, day, item_type, wip)
    SELECT r.scope_kind, r.scope_id, d.day, r.item_type, sum(r.wip_delta)
      FROM unnest(%(days)s::date[]) AS d (day)
      JOIN metrics_rollup r ON r.day < d.day
     WHERE r.scope_kind = %(scope_kind)s AND (%(scopes)s::bigint[] IS NULL OR r.scope_id = ANY(%(scopes)s))
       AND r.wip_delta <> 0
     GROUP BY r.scope_kind, r.scope_id, d.day, r.item_type
    HAVING sum(r.wip_delta) <> 0
        ON CONFLICT (scope_kind, scope_id, day, item_type) DO NOTHING
"""

_CHECKPOINT_DAYS = "SELECT DISTINCT day FROM metrics_stockcheckpoint WHERE scope_kind = %(scope_kind)s"


@transaction.atomic
def memberships_refresh() -> frozenset[int]:
    """Let the roll-ups above teams follow the unit tree; return the units whose rows were rewritten.

    Costs one small comparison when nothing changed.
    """
    if not _changed_ancestors():
        return frozenset()
    lock_scopes()
    scopes = _changed_ancestors()
    _parents_rewrite(scopes)
    transaction.on_commit(partial(announce, scopes))
    return frozenset(scopes)


def _changed_ancestors() -> list[int]:
    """Return the units above teams whose noted memberships are not those of the tree."""
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED_ANCESTORS)
        return [row[0] for row in cursor.fetchall()]


def _parents_rewrite(scopes: Collection[int]) -> None:
    """Make the rows of units above teams from their teams' rows, with the memberships of the tree."""
    parameters = {"scope_kind": ScopeKind.UNIT.value, "scopes": list(scopes), "forever": FOREVER}
    with connection.cursor() as cursor:
        cursor.execute(_CHECKPOINT_DAYS, parameters)
        days = [row[0] for row in cursor.fetchall()]
        for statement in (_FORGET_MEMBERSHIPS, _NOTE_MEMBERSHIPS, *_FORGET_ROWS, _SUM_DAYS, _SUM_CYCLES):
            cursor.execute(statement, parameters)
        cursor.execute(_CHECKPOINTS, {**parameters, "days": days})


def scopes_rewrite(*, team_ids: Collection[int], parent_ids: Collection[int]) -> None:
    """Make all rows of these units from the facts and intervals, whatever the rows say now.

    Teams one by one, each in a transaction of its own, then the units above them. Differences keep rows right
    by themselves; this is for a database whose roll-ups were lost or damaged.
    """
    for team_id in sorted(team_ids):
        _team_rewrite(team_id)
    for parent_id in sorted(parent_ids):
        with transaction.atomic():
            lock_scopes()
            _parents_rewrite([parent_id])


@transaction.atomic
def _team_rewrite(team_id: int) -> None:
    """Make a team's rows anew. The rows above it are made by `_parents_rewrite`."""
    lock_scopes()
    parameters = {"scope_kind": ScopeKind.UNIT.value, "scopes": [team_id]}
    with connection.cursor() as cursor:
        cursor.execute(_CHECKPOINT_DAYS, parameters)
        days = [row[0] for row in cursor.fetchall()]
        for statement in _FORGET_ROWS:
            cursor.execute(statement, parameters)
    rollup_apply(contributions_of_team(team_id=team_id), above=False)
    with connection.cursor() as cursor:
        cursor.execute(_CHECKPOINTS, {**parameters, "days": days})


@transaction.atomic
def checkpoints_set(*, day: date) -> int:
    """Note every scope's work in progress as `day` began; return how many rows that made."""
    lock_scopes()
    with connection.cursor() as cursor:
        cursor.execute(_CHECKPOINTS, {"scope_kind": ScopeKind.UNIT.value, "scopes": None, "days": [day]})
        return cursor.rowcount
