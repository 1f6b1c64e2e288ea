"""What a sprint came to: read once from the events at its close, then kept whatever happens later.

Definitions are those of docs/metrics.md (velocity, commitment, scope change, carry-over). The statement works
on any number of sprints, so that a close and an import of hundreds freeze by the same rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db import connection

_OUTCOMES: Final = """
WITH sprint AS (
    SELECT s.id, s.team_id, coalesce(s.started_at, s.starts_at) AS began, s.completed_at AS ended
      FROM teams_sprint s
     WHERE s.id = ANY(%(sprints)s) AND s.completed_at IS NOT NULL AND coalesce(s.started_at, s.starts_at) IS NOT NULL
), standing AS (
    -- Events that count: an undone one and its undoing are both skipped.
    SELECT e.subject_id, e.seq, e.kind, e.at, e.old_ref, e.new_ref, e.new_value
      FROM teams_itemevent e
     WHERE e.kind IN ('CREATED', 'SPRINT', 'STATE', 'ESTIMATE')
       AND e.voids_id IS NULL
       AND NOT EXISTS (SELECT 1 FROM teams_itemevent v WHERE v.voids_id = e.id)
       AND e.subject_id IN (
           SELECT m.subject_id FROM teams_itemevent m
            WHERE m.kind = 'SPRINT' AND (m.new_ref = ANY(%(sprints)s) OR m.old_ref = ANY(%(sprints)s)))
), member AS (
    SELECT s.id AS sprint_id, s.began, s.ended, e.subject_id AS item_id,
           (array_agg(e.new_ref ORDER BY e.at DESC, e.seq DESC) FILTER (WHERE e.at <= s.began))[1] AS at_start,
           (array_agg(e.new_ref ORDER BY e.at DESC, e.seq DESC) FILTER (WHERE e.at < s.ended))[1] AS at_end,
           bool_or(e.new_ref = s.id AND e.at > s.began AND e.at < s.ended) AS was_added,
           bool_or(e.old_ref = s.id AND e.at > s.began AND e.at < s.ended) AS was_removed
      FROM sprint s
      JOIN standing e ON e.kind = 'SPRINT'
      JOIN teams_workitem i ON i.id = e.subject_id
     WHERE i.type <> 'SUBTASK' AND i.parent_id IS NULL AND i.deleted_at IS NULL
     GROUP BY s.id, s.began, s.ended, e.subject_id
    HAVING bool_or((e.new_ref = s.id OR e.old_ref = s.id) AND e.at < s.ended)
), stay AS (
    SELECT m.sprint_id, m.item_id, e.at, e.seq, meaning.category,
           lag(meaning.category) OVER (PARTITION BY m.sprint_id, m.item_id ORDER BY e.at, e.seq) AS before
      FROM member m
      JOIN standing e ON e.subject_id = m.item_id AND e.kind IN ('CREATED', 'STATE') AND e.at <= m.ended
      JOIN portfolio_statemeaning meaning
        ON meaning.state_id = e.new_ref AND meaning.valid_from <= e.at
       AND (meaning.valid_to IS NULL OR meaning.valid_to > e.at)
), ended AS (
    SELECT sprint_id, item_id,
           (array_agg(category ORDER BY at DESC, seq DESC))[1] AS category,
           max(at) FILTER (WHERE category = 'DONE' AND before IS DISTINCT FROM 'DONE') AS finished_at
      FROM stay GROUP BY sprint_id, item_id
), outcome AS (
    SELECT m.sprint_id, m.item_id,
           coalesce(m.at_start = m.sprint_id, false) AS was_committed,
           coalesce(m.was_added, false) AS was_added,
           coalesce(m.was_removed, false) AS was_removed,
           CASE WHEN m.at_end IS DISTINCT FROM m.sprint_id THEN 'REMOVED'
                WHEN x.category = 'CANCELLED' THEN 'CANCELLED'
                WHEN x.category IS DISTINCT FROM 'DONE' THEN 'NOT_COMPLETED'
                WHEN x.finished_at < m.began THEN 'COMPLETED_OUTSIDE'
                ELSE 'COMPLETED' END AS kind,
           CASE WHEN x.category = 'DONE' THEN x.finished_at END AS finished_at,
           m.began, m.ended
      FROM member m LEFT JOIN ended x ON x.sprint_id = m.sprint_id AND x.item_id = m.item_id
)
INSERT INTO teams_sprintoutcome (sprint_id, item_id, kind, was_committed, was_added, was_removed,
                                 estimate_at_start, estimate_at_end, finished_at)
SELECT o.sprint_id, o.item_id,
       -- An item counts in the sprint in which it first finished.
       CASE WHEN o.kind = 'COMPLETED' AND (
                EXISTS (SELECT 1 FROM teams_sprintoutcome p
                         WHERE p.item_id = o.item_id AND p.kind = 'COMPLETED' AND p.sprint_id <> o.sprint_id
                           AND p.finished_at < o.finished_at)
             OR EXISTS (SELECT 1 FROM outcome p
                         WHERE p.item_id = o.item_id AND p.kind = 'COMPLETED' AND p.sprint_id <> o.sprint_id
                           AND (p.ended, p.sprint_id) < (o.ended, o.sprint_id)))
            THEN 'FINISHED_AGAIN' ELSE o.kind END,
       o.was_committed, o.was_added, o.was_removed,
       (SELECT (e.new_value #>> '{}')::numeric FROM standing e
         WHERE e.subject_id = o.item_id AND e.kind = 'ESTIMATE' AND e.at <= o.began
         ORDER BY e.at DESC, e.seq DESC LIMIT 1),
       (SELECT (e.new_value #>> '{}')::numeric FROM standing e
         WHERE e.subject_id = o.item_id AND e.kind = 'ESTIMATE' AND e.at <= coalesce(o.finished_at, o.ended)
         ORDER BY e.at DESC, e.seq DESC LIMIT 1),
       o.finished_at
  FROM outcome o
    ON CONFLICT (sprint_id, item_id) DO NOTHING
"""

_FIGURES: Final = """
UPDATE teams_sprint s
   SET committed_points = f.committed_points, completed_points = f.completed_points,
       committed_count = f.committed_count, completed_count = f.completed_count,
       committed_completed_points = f.committed_completed_points,
       committed_completed_count = f.committed_completed_count,
       added_count = f.added_count, removed_count = f.removed_count,
       carried_over_count = f.carried_over_count, unestimated_count = f.unestimated_count
  FROM (
    SELECT s.id,
           coalesce(sum(o.estimate_at_start) FILTER (WHERE o.was_committed), 0) AS committed_points,
           coalesce(sum(o.estimate_at_end) FILTER (WHERE o.kind = 'COMPLETED'), 0) AS completed_points,
           count(*) FILTER (WHERE o.was_committed) AS committed_count,
           count(*) FILTER (WHERE o.kind = 'COMPLETED') AS completed_count,
           coalesce(sum(o.estimate_at_start) FILTER (WHERE o.kind = 'COMPLETED' AND o.was_committed), 0)
             AS committed_completed_points,
           count(*) FILTER (WHERE o.kind = 'COMPLETED' AND o.was_committed) AS committed_completed_count,
           count(*) FILTER (WHERE o.was_added) AS added_count,
           count(*) FILTER (WHERE o.was_removed) AS removed_count,
           count(*) FILTER (WHERE o.kind = 'NOT_COMPLETED') AS carried_over_count,
           count(*) FILTER (WHERE o.kind = 'COMPLETED' AND o.estimate_at_end IS NULL) AS unestimated_count
      FROM teams_sprint s LEFT JOIN teams_sprintoutcome o ON o.sprint_id = s.id
     WHERE s.id = ANY(%(sprints)s) AND s.completed_at IS NOT NULL
     GROUP BY s.id
  ) f
 WHERE f.id = s.id
"""


def sprint_outcomes_freeze(sprint_ids: Sequence[int]) -> None:
    """Write what each completed sprint knew at its close, item by item, and its figures.

    Rows that exist are kept: a closed sprint is frozen. Two statements for any number of sprints; run it in the
    transaction that completes them, before carried-over items leave.
    """
    with connection.cursor() as cursor:
        cursor.execute(_OUTCOMES, {"sprints": list(sprint_ids)})
        cursor.execute(_FIGURES, {"sprints": list(sprint_ids)})
