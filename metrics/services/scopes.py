"""Rewriting whole scopes: when the unit tree has changed, and when rows are to be made from nothing.

Roll-ups of a unit above teams reflect the memberships noted in `RollupMembership`. When the tree says
otherwise, the rows of the units concerned and the notes change together, in one short transaction.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from functools import partial
from typing import Any

from django.db import connection, transaction

from metrics.models import CycleWeek, Rollup, RollupMembership, ScopeKind
from metrics.services.announcing import announce
from metrics.services.applying import IS_NOT_ZERO, SUMS, rollup_apply, spread
from metrics.services.contributions import (
    MEASURES,
    Counts,
    CycleKey,
    DayKey,
    contributions_of_team,
)
from metrics.services.locks import lock_scopes
from pmo_portal.lib.access import Action, Actor, require_within
from pmo_portal.lib.windows import FOREVER
from teams.models import Team

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
    for table in ("metrics_rollup", "metrics_cycleweek", "metrics_stockcheckpoint")
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

# A week through which a membership begins or ends is counted from facts, day by day; all others are whole.
_SUM_CYCLES = f"""
WITH {_MEMBERSHIP}, held AS (
    SELECT m.ancestor_id, w.week, w.item_type, w.cycle_days, w.count
      FROM membership m
      JOIN metrics_cycleweek w
        ON w.scope_kind = %(scope_kind)s AND w.scope_id = m.team_id
       AND w.week >= m.valid_from AND w.week + 7 <= m.valid_to
    UNION ALL
    SELECT m.ancestor_id, date_trunc('week', f.finished_on)::date, f.item_type, f.cycle_days, 1
      FROM membership m
     CROSS JOIN LATERAL (
           SELECT DISTINCT date_trunc('week', cut)::date AS week FROM unnest(ARRAY[m.valid_from, m.valid_to]) AS cut
            WHERE cut <> date_trunc('week', cut)::date AND cut < %(forever)s) AS c
      JOIN metrics_itemfact f
        ON f.finished_unit_id = m.team_id AND f.finished_on >= c.week AND f.finished_on < c.week + 7
       AND f.finished_on >= m.valid_from AND f.finished_on < m.valid_to
     WHERE f.is_counted AND f.is_start_seen AND f.cycle_days IS NOT NULL
)
INSERT INTO metrics_cycleweek (scope_kind, scope_id, week, item_type, cycle_days, count)
SELECT %(scope_kind)s, ancestor_id, week, item_type, cycle_days, sum(count)
  FROM held
 GROUP BY ancestor_id, week, item_type, cycle_days
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
    parameters: dict[str, Any] = {"scope_kind": ScopeKind.UNIT.value, "scopes": list(scopes), "forever": FOREVER}
    with connection.cursor() as cursor:
        cursor.execute(_CHECKPOINT_DAYS, parameters)
        days = [row[0] for row in cursor.fetchall()]
        for statement in (_FORGET_MEMBERSHIPS, _NOTE_MEMBERSHIPS, *_FORGET_ROWS, _SUM_DAYS, _SUM_CYCLES):
            cursor.execute(statement, parameters)
        cursor.execute(_CHECKPOINTS, {**parameters, "days": days})


def scopes_repair(*, actor: Actor, unit_id: int | None) -> int:
    """Compare the roll-ups of a unit's teams (None: all), and of the units above teams, with what they are made
    from; write those that differ again. Returns how many units that were.

    Differences keep rows right by themselves; this is for a database whose roll-ups were lost or damaged. Each unit
    is a transaction of its own.
    """
    require_within(actor, Action.MANAGE, Rollup, unit_id)
    teams = Team.objects.all()
    if unit_id is not None:
        teams = teams.filter(unit__closure_up__ancestor_id=unit_id)
    team_ids = sorted(set(teams.values_list("pk", flat=True)))
    parents = RollupMembership.objects.filter(team_id__any_of=team_ids).order_by("ancestor_id")
    parent_ids = list(parents.values_list("ancestor_id", flat=True).distinct())
    return sum(_team_repair(team_id) for team_id in team_ids) + sum(_parent_repair(parent) for parent in parent_ids)


@transaction.atomic
def _team_repair(team_id: int) -> bool:
    """Make a team's rows from facts and intervals, if they say something else."""
    lock_scopes()
    expected = contributions_of_team(team_id=team_id).without_zeros()
    if _rows_of(team_id) == (expected.days, expected.cycles_by_week()):
        return False
    parameters: dict[str, Any] = {"scope_kind": ScopeKind.UNIT.value, "scopes": [team_id]}
    with connection.cursor() as cursor:
        cursor.execute(_CHECKPOINT_DAYS, parameters)
        days = [row[0] for row in cursor.fetchall()]
        for statement in _FORGET_ROWS:
            cursor.execute(statement, parameters)
    rollup_apply(expected, above=False)
    with connection.cursor() as cursor:
        cursor.execute(_CHECKPOINTS, {**parameters, "days": days})
    return True


@transaction.atomic
def _parent_repair(parent_id: int) -> bool:
    """Make the rows of a unit above teams from their rows, if they say something else."""
    lock_scopes()
    before = _rows_of(parent_id)
    _parents_rewrite([parent_id])
    if _rows_of(parent_id) != before:
        return True
    # The same rows again: leave the old ones, so that nothing is written for nothing.
    transaction.set_rollback(True)
    return False


def _rows_of(unit_id: int) -> tuple[dict[DayKey, Counts], dict[CycleKey, int]]:
    """Return a unit's stored rows in the shape of contributions, the histogram by week."""
    scope = {"scope_kind": ScopeKind.UNIT, "scope_id": unit_id}
    days = Rollup.objects.filter(**scope).values_list("day", "item_type", *MEASURES)
    cycles = CycleWeek.objects.filter(**scope).values_list("week", "item_type", "cycle_days", "count")
    return (
        {DayKey(unit_id, day, item_type): Counts(*counts) for day, item_type, *counts in days},
        {CycleKey(unit_id, week, item_type, cycle_days): count for week, item_type, cycle_days, count in cycles},
    )


@transaction.atomic
def checkpoints_set(*, day: date) -> int:
    """Note every scope's work in progress as `day` began; return how many rows that made."""
    lock_scopes()
    with connection.cursor() as cursor:
        cursor.execute(_CHECKPOINTS, {"scope_kind": ScopeKind.UNIT.value, "scopes": None, "days": [day]})
        written: int = cursor.rowcount
    return written
