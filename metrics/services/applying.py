"""Writing differences to the roll-ups of a team and of every unit above it.

All writers take rows in the order of their keys, table after table, as the last thing they do in their
transaction: two of them may wait for each other's commit, never for each other.
"""

from __future__ import annotations

from typing import Any

from django.db import connection

from metrics.models import ScopeKind
from metrics.services.contributions import MEASURES, Contributions
from metrics.services.reading import array_text
from pmo_portal.lib.windows import FOREVER

# The team's own rows, and its share in every unit above. Flows belong to the units of that very day. Stocks
# travel with the team: a change before it joined arrives on its first day, and what it holds leaves on its last.
# {above} says which memberships are written; {own} whether the team's own rows are.
SPREAD = """
    SELECT d.unit_id AS scope_id, d.day, d.item_type, {flows}, d.wip_delta
      FROM delta d WHERE {own}
    UNION ALL
    SELECT m.ancestor_id, d.day, d.item_type, {flows}, 0
      FROM delta d JOIN membership m ON m.team_id = d.unit_id AND m.valid_from <= d.day AND d.day < m.valid_to
    UNION ALL
    SELECT m.ancestor_id, greatest(d.day, m.valid_from), d.item_type, {no_flows}, d.wip_delta
      FROM delta d JOIN membership m ON m.team_id = d.unit_id AND d.day < m.valid_to
     WHERE d.wip_delta <> 0
    UNION ALL
    SELECT m.ancestor_id, m.valid_to, d.item_type, {no_flows}, -d.wip_delta
      FROM delta d JOIN membership m ON m.team_id = d.unit_id AND d.day < m.valid_to
     WHERE d.wip_delta <> 0 AND m.valid_to < %(forever)s
"""

FLOWS = tuple(measure for measure in MEASURES if measure != "wip_delta")
SUMS = ", ".join(f"sum({measure}) AS {measure}" for measure in MEASURES)
IS_NOT_ZERO = " OR ".join(f"sum({measure}) <> 0" for measure in MEASURES)


def spread(*, own: str) -> str:
    """Return the statement that turns the rows of teams (`delta`) into those of all units (`membership`)."""
    return SPREAD.format(
        flows=", ".join(f"d.{measure}" for measure in FLOWS),
        no_flows=", ".join("0" for _ in FLOWS),
        own=own,
    )


_MEMBERSHIP = """
    membership AS (
        SELECT ancestor_id, team_id, valid_from, valid_to
          FROM metrics_rollupmembership WHERE team_id = ANY(%(units)s)
    )
"""

_TOTAL = f"""
WITH delta AS (
    SELECT * FROM unnest(
        %(unit)s::bigint[], %(day)s::date[], %(item_type)s::text[], %(created)s::int[], %(started)s::int[],
        %(finished)s::int[], %(finished_start_not_seen)s::int[], %(cancelled)s::int[],
        %(finished_estimate)s::numeric[], %(finished_without_estimate)s::int[], %(wip_delta)s::int[]
    ) AS d (unit_id, day, item_type, {", ".join(MEASURES)})
), {_MEMBERSHIP},
total AS (
    SELECT scope_id, day, item_type, {SUMS}
      FROM ({spread(own="true")}) AS spread
     GROUP BY scope_id, day, item_type
    HAVING {IS_NOT_ZERO}
)
"""  # noqa: S608 - put together from constants of this module

# Which scopes and days were written is summed up here: a rebuild writes thousands of rows.
_APPLY_DAYS = f"""
{_TOTAL}, written AS (
    INSERT INTO metrics_rollup AS r (scope_kind, scope_id, day, item_type, {", ".join(MEASURES)})
    SELECT %(scope_kind)s, scope_id, day, item_type, {", ".join(MEASURES)}
      FROM total
     ORDER BY scope_id, day, item_type
        ON CONFLICT (scope_kind, scope_id, day, item_type) DO UPDATE
       SET {", ".join(f"{measure} = r.{measure} + excluded.{measure}" for measure in MEASURES)}
    RETURNING scope_id, day
)
SELECT array_agg(DISTINCT scope_id), min(day), max(day) FROM written
"""  # noqa: S608

# Rows that are zero now are rows of this transaction: every writer removes its own before it commits.
_REMOVE_EMPTY_DAYS = f"""
DELETE FROM metrics_rollup
 WHERE scope_kind = %(scope_kind)s AND scope_id = ANY(%(scopes)s) AND day BETWEEN %(first)s AND %(last)s
   AND {" AND ".join(f"{measure} = 0" for measure in MEASURES)}
"""  # noqa: S608

_IS_CHECKPOINT_MOVED = """
SELECT EXISTS (SELECT FROM metrics_stockcheckpoint
                WHERE scope_kind = %(scope_kind)s AND scope_id = ANY(%(scopes)s) AND day > %(first)s)
"""

# A checkpoint holds the stock as its day began, so a change on an earlier day moves it.
_APPLY_CHECKPOINTS = f"""
{_TOTAL}
INSERT INTO metrics_stockcheckpoint AS s (scope_kind, scope_id, day, item_type, wip)
SELECT %(scope_kind)s, t.scope_id, c.day, t.item_type, sum(t.wip_delta)
  FROM total t
  JOIN (SELECT DISTINCT scope_id, day FROM metrics_stockcheckpoint
         WHERE scope_kind = %(scope_kind)s AND scope_id = ANY(%(scopes)s) AND day > %(first)s) AS c
    ON c.scope_id = t.scope_id AND t.day < c.day
 WHERE t.wip_delta <> 0
 GROUP BY t.scope_id, c.day, t.item_type
HAVING sum(t.wip_delta) <> 0
 ORDER BY t.scope_id, c.day, t.item_type
    ON CONFLICT (scope_kind, scope_id, day, item_type) DO UPDATE SET wip = s.wip + excluded.wip
"""  # noqa: S608

_APPLY_CYCLES = f"""
WITH delta AS (
    SELECT * FROM unnest(
        %(unit)s::bigint[], %(day)s::date[], %(item_type)s::text[], %(cycle_days)s::int[], %(count)s::int[]
    ) AS d (unit_id, day, item_type, cycle_days, count)
), {_MEMBERSHIP},
total AS (
    SELECT scope_id, date_trunc('week', day)::date AS week, item_type, cycle_days, sum(count) AS count
      FROM (
        SELECT unit_id AS scope_id, day, item_type, cycle_days, count FROM delta
        UNION ALL
        SELECT m.ancestor_id, d.day, d.item_type, d.cycle_days, d.count
          FROM delta d JOIN membership m ON m.team_id = d.unit_id AND m.valid_from <= d.day AND d.day < m.valid_to
      ) AS spread
     GROUP BY 1, 2, 3, 4
    HAVING sum(count) <> 0
), written AS (
    INSERT INTO metrics_cycleweek AS c (scope_kind, scope_id, week, item_type, cycle_days, count)
    SELECT %(scope_kind)s, scope_id, week, item_type, cycle_days, count
      FROM total
     ORDER BY scope_id, week, item_type, cycle_days
        ON CONFLICT (scope_kind, scope_id, week, item_type, cycle_days) DO UPDATE SET count = c.count + excluded.count
    RETURNING scope_id, week
)
SELECT array_agg(DISTINCT scope_id), min(week), max(week) FROM written
"""  # noqa: S608

_REMOVE_EMPTY_CYCLES = """
DELETE FROM metrics_cycleweek
 WHERE scope_kind = %(scope_kind)s AND scope_id = ANY(%(scopes)s) AND week BETWEEN %(first)s AND %(last)s
   AND count = 0
"""


def rollup_apply(difference: Contributions, *, above: bool = True) -> frozenset[int]:
    """Add a difference of teams' contributions to their roll-ups and those above; return the units touched.

    With `above` false only the teams' own rows are written.
    """
    touched: set[int] = set()
    wanted = difference.without_zeros()
    common: dict[str, Any] = {
        "scope_kind": ScopeKind.UNIT.value,
        "units": list(wanted.unit_ids()) if above else [],
        "forever": FOREVER,
    }
    with connection.cursor() as cursor:
        if wanted.days:
            parameters: dict[str, Any] = {
                **common,
                "unit": array_text(key.unit_id for key in wanted.days),
                "day": array_text(key.day for key in wanted.days),
                "item_type": array_text(key.item_type for key in wanted.days),
                **{
                    measure: array_text(getattr(counts, measure) for counts in wanted.days.values())
                    for measure in MEASURES
                },
            }
            cursor.execute(_APPLY_DAYS, parameters)
            if reach := _reach(cursor.fetchone()):
                touched |= set(reach["scopes"])
                cursor.execute(_REMOVE_EMPTY_DAYS, {**common, **reach})
                # Most changes are younger than every checkpoint.
                cursor.execute(_IS_CHECKPOINT_MOVED, {**common, **reach})
                if cursor.fetchone()[0]:
                    cursor.execute(_APPLY_CHECKPOINTS, {**parameters, **reach})
        if wanted.cycles:
            cursor.execute(
                _APPLY_CYCLES,
                {
                    **common,
                    "unit": array_text(key.unit_id for key in wanted.cycles),
                    "day": array_text(key.day for key in wanted.cycles),
                    "item_type": array_text(key.item_type for key in wanted.cycles),
                    "cycle_days": array_text(key.cycle_days for key in wanted.cycles),
                    "count": array_text(wanted.cycles.values()),
                },
            )
            if reach := _reach(cursor.fetchone()):
                touched |= set(reach["scopes"])
                cursor.execute(_REMOVE_EMPTY_CYCLES, {**common, **reach})
    return frozenset(touched)


def _reach(written: tuple[Any, ...]) -> dict[str, Any]:
    """Return which scopes were written and from which day to which; nothing when nothing was."""
    scopes, first, last = written
    return {"scopes": scopes, "first": first, "last": last} if scopes else {}
