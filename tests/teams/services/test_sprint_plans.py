"""A close reads the histories of what was in its sprint, however much else the portal remembers."""

from __future__ import annotations

import pytest
from django.db import connection

from teams.services import sprint_outcomes
from tests.factories.teams import item_make, sprint_make, team_make

pytestmark = pytest.mark.django_db

# Histories of other items: every event but the last few says nothing of a sprint.
_OTHERS = """
    INSERT INTO teams_itemevent (subject_id, seq, kind, new_ref, unit_id, at, recorded_at, source, correlation_id)
    SELECT i.id, 1000 + n, CASE WHEN n % 50 = 0 THEN 'SPRINT' ELSE 'STATE' END, 900000 + n, i.team_id,
           now(), now(), 'PORTAL', gen_random_uuid()
      FROM teams_workitem i CROSS JOIN generate_series(1, 1000) n
"""


def test_sprint_close_scans_no_foreign_history() -> None:
    team = team_make()
    for _number in range(40):
        item_make(team)
    with connection.cursor() as cursor:
        cursor.execute(_OTHERS)
    sprint = sprint_make(team, start=True)
    item_make(team, sprint=sprint)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE teams_itemevent")
        cursor.execute("UPDATE teams_sprint SET completed_at = ends_at, state = 'CLOSED' WHERE id = %s", [sprint.pk])
        cursor.execute(f"EXPLAIN {sprint_outcomes._OUTCOMES}", {"sprints": [sprint.pk]})
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "itemevent_into_sprint" in plan, plan
    assert "Seq Scan on teams_itemevent" not in plan, plan
