"""The statements of a team's board. Plain SQL: a board is read far more often than anything else (docs/performance.md).

Which items are on a board: those of the active sprint for a team that works in sprints alone; for all others every
open item, and what was finished in the last two weeks. Sub-tasks are part of their item's card.
"""

from __future__ import annotations

from typing import Final

from teams.selectors.filters import FITS

_IN_SPRINT: Final = "i.sprint_id IN (SELECT a.id FROM teams_sprint a WHERE a.team_id = %(team)s AND a.state = 'ACTIVE')"
_IN_FLOW: Final = "(s.category NOT IN ('DONE', 'CANCELLED') OR i.state_entered_at >= %(done_since)s)"

_ON_BOARD: Final = """
       i.team_id = %(team)s AND i.deleted_at IS NULL AND i.type <> 'SUBTASK' AND i.parent_id IS NULL AND <scope>"""

# The frame is prepared and goes over the items once; the others are planned with their values, so that filters that are
# off cost nothing.
# Statements begin with SELECT, a WITH stands inside: what begins with WITH is taken for a write by the history of
# changes (pghistory), which then puts two more calls before it.
_FRAME: Final = """
SELECT * FROM (
    WITH item AS MATERIALIZED (
        SELECT concat_ws(',', count(*), sum(i.version), max(i.updated_at), max(i.rank)) AS said,
               array_agg(DISTINCT i.feature_id) AS features, array_agg(DISTINCT i.assignee_id) AS people
          FROM teams_workitem i JOIN portfolio_workflowstate s ON s.id = i.state_id
         WHERE <on_board>
    )
    SELECT md5(concat_ws('/',
               (SELECT said FROM item),
               (SELECT concat_ws(',', sum(f.version), sum(e.version))
                  FROM portfolio_feature f LEFT JOIN portfolio_epic e ON e.id = f.epic_id
                 WHERE f.id = ANY((SELECT features FROM item)::bigint[])),
               (SELECT string_agg(p.name, ',' ORDER BY p.id)
                  FROM organization_person p WHERE p.id = ANY((SELECT people FROM item)::bigint[])),
               (SELECT string_agg(concat_ws(',', w.id, w.name, w.category, w.position, w.wip_limit, w.is_hard_limit,
                                            w.is_archived, w.policy), ';' ORDER BY w.id)
                  FROM portfolio_workflowstate w WHERE w.workflow_id = %(workflow)s),
               sprint.id, sprint.version)) AS pulse,
           (SELECT coalesce(json_agg(json_build_array(u.id, u.kind, u.code, u.name) ORDER BY c.depth DESC), '[]')
              FROM organization_unitclosure c JOIN organization_unit u ON u.id = c.ancestor_id
             WHERE c.descendant_id = %(team)s AND c.valid_from <= %(today)s AND c.valid_to > %(today)s
               AND u.id = ANY(%(units)s)) AS path,
           (SELECT u.calendar_id
              FROM organization_unitclosure c JOIN organization_unit u ON u.id = c.ancestor_id
             WHERE c.descendant_id = %(team)s AND c.valid_from <= %(today)s AND c.valid_to > %(today)s
               AND u.calendar_id IS NOT NULL
             ORDER BY c.depth LIMIT 1) AS calendar_id,
           sprint.id, sprint.name, sprint.goal, sprint.starts_at, sprint.started_at, sprint.ends_at
      FROM (VALUES (1)) AS one
      LEFT JOIN LATERAL (
          SELECT a.* FROM teams_sprint a
           WHERE a.team_id = %(team)s AND a.state = 'ACTIVE' ORDER BY a.starts_at DESC NULLS LAST, a.id DESC LIMIT 1
      ) sprint ON true
) AS frame
"""

_FACE: Final = """i.id, i.version, i.state_id, i.rank, i.key, i.title, i.type, i.estimate, s.category,
           %(today)s::date - (i.state_entered_at AT TIME ZONE %(zone)s::text)::date AS state_days,
           %(today)s::date - (i.blocked_at AT TIME ZONE %(zone)s::text)::date AS blocked_days,
           i.blocked_reason, i.due_on, p.name AS person,
           CASE WHEN e.unit_id = ANY(%(epic_units)s) THEN e.title END AS epic, i.service_class"""

_ITEMS: Final = """teams_workitem i
      LEFT JOIN organization_person p ON p.id = i.assignee_id
      LEFT JOIN portfolio_feature f ON f.id = i.feature_id
      LEFT JOIN portfolio_epic e ON e.id = f.epic_id"""

_JOINS: Final = f"{_ITEMS}\n      JOIN portfolio_workflowstate s ON s.id = i.state_id"

# A column's digest names all that its cards show, in order: an equal digest is an equal column.
_COLUMNS: Final = """
SELECT s.id, s.name, s.category, s.wip_limit, s.is_hard_limit, s.policy,
       count(c.id), count(c.id) FILTER (WHERE c.fits), sum(c.estimate) FILTER (WHERE c.fits),
       count(c.id) FILTER (WHERE c.fits AND c.assignee_id = %(me)s),
       count(c.id) FILTER (WHERE c.fits AND c.blocked_at IS NOT NULL),
       count(c.id) FILTER (WHERE c.fits AND s.category IN ('COMMITTED', 'ACTIVE', 'WAITING')
                             AND c.state_entered_at < %(stale_before)s),
       max(c.person) FILTER (WHERE c.fits), max(c.epic) FILTER (WHERE c.fits),
       md5(string_agg(concat_ws('.', c.id, c.version, c.rank, c.person, c.epic), ',' ORDER BY c.rank)
           FILTER (WHERE c.fits AND c.place <= %(most)s))
  FROM portfolio_workflowstate s
  LEFT JOIN (
      SELECT card.*, row_number() OVER (PARTITION BY state_id, fits ORDER BY rank) AS place
        FROM (SELECT <face>, i.assignee_id, i.state_entered_at, i.blocked_at, <fits> AS fits
                FROM <joins> WHERE <on_board>) AS card
  ) c ON c.state_id = s.id
 WHERE s.workflow_id = %(workflow)s
 GROUP BY s.id
HAVING NOT s.is_archived OR count(c.id) > 0
 ORDER BY s.position, s.id
"""

# What a move or another's change is answered with, in one statement: the heads of the columns and the named cards.
# The cards of a column are only counted here, so that a move costs about the same among 200 cards and among 2,500.
# A column is counted by itself: its state is given, so neither join nor sort goes over its cards, and the index by
# team and state is the only one that can be better than all others.
_TOUCHED: Final = """
SELECT s.id, s.name, s.category, s.wip_limit, s.is_hard_limit, s.policy, c.total, c.fitting, c.estimate, n.cards
  FROM portfolio_workflowstate s
 CROSS JOIN LATERAL (
      SELECT count(*) AS total, count(*) FILTER (WHERE <fits>) AS fitting,
             sum(i.estimate) FILTER (WHERE <fits>) AS estimate
        FROM <items> WHERE i.state_id = s.id AND <on_board>
      ) AS c
  LEFT JOIN (
      SELECT state_id, json_agg(json_build_array(
                 id, version, state_id, rank, key, title, type, estimate::text, category, state_days, blocked_days,
                 blocked_reason, due_on, person, epic, service_class)) AS cards
        FROM (SELECT <face> FROM <joins> WHERE i.id = ANY(%(ids)s) AND <on_board> AND <fits>) AS named
       GROUP BY state_id
      ) AS n ON n.state_id = s.id
 WHERE s.workflow_id = %(workflow)s AND (%(states)s::bigint[] IS NULL OR s.id = ANY(%(states)s))
   AND (NOT s.is_archived OR c.total > 0)
 ORDER BY s.position, s.id
"""

_CARDS: Final = """
SELECT id, version, state_id, rank, key, title, type, estimate, category, state_days, blocked_days, blocked_reason,
       due_on, person, epic, service_class
  FROM (
    SELECT <face>, row_number() OVER (PARTITION BY i.state_id ORDER BY i.rank) AS place
      FROM <joins>
     WHERE <on_board> AND i.state_id = ANY(%(states)s) AND <fits>
  ) AS c
 WHERE c.place <= %(most)s
 ORDER BY c.state_id, c.rank
"""

_FACETS: Final = """
SELECT * FROM (
    WITH card AS (SELECT <face>, i.labels, i.assignee_id, e.id AS epic_id FROM <joins> WHERE <on_board>)
    SELECT 'type' AS facet, type::text AS value, '' AS label, count(*) AS n FROM card GROUP BY type
    UNION ALL
    SELECT 'who', coalesce(assignee_id::text, 'none'), coalesce(person, ''), count(*)
      FROM card GROUP BY assignee_id, person
    UNION ALL
    SELECT 'epic', coalesce(epic_id::text, 'none'), coalesce(epic, ''), count(*) FROM card
     WHERE epic IS NOT NULL OR epic_id IS NULL GROUP BY epic_id, epic
    UNION ALL
    SELECT 'label', label, label, count(*) FROM card, unnest(labels) AS label GROUP BY label
) AS counted
 WHERE facet = %(facet)s
 ORDER BY n DESC, label
 LIMIT 200
"""


def _of(statement: str, *, by_sprint: bool) -> str:
    """One statement for one way of working; put together once, from constants only."""
    scope = _IN_SPRINT if by_sprint else _IN_FLOW
    parts = {
        "<on_board>": _ON_BOARD,
        "<scope>": scope,
        "<fits>": FITS,
        "<face>": _FACE,
        "<joins>": _JOINS,
        "<items>": _ITEMS,
    }
    for mark, sql in parts.items():
        statement = statement.replace(mark, sql)
    return statement


FRAME: Final = {by_sprint: _of(_FRAME, by_sprint=by_sprint) for by_sprint in (True, False)}
"""By whether the board shows a sprint: what a change of anything on the board changes, the units above, the sprint."""

COLUMNS: Final = {by_sprint: _of(_COLUMNS, by_sprint=by_sprint) for by_sprint in (True, False)}
"""One row a column: its rules, its counts, the digest of its cards."""

TOUCHED: Final = {by_sprint: _of(_TOUCHED, by_sprint=by_sprint) for by_sprint in (True, False)}
"""One row a column: its rules, its counts, and those of the named cards that are in it."""

CARDS: Final = {by_sprint: _of(_CARDS, by_sprint=by_sprint) for by_sprint in (True, False)}
"""One row a card, in the order of the columns' cards."""

FACETS: Final = {by_sprint: _of(_FACETS, by_sprint=by_sprint) for by_sprint in (True, False)}
"""The values one filter can take on this board, most frequent first."""
