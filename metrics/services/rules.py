"""Noticing that history must be read again: meanings, starts of work, the zone or our own formulas changed.

Each reading leaves a note of what it was made with. Comparing the notes with what holds now needs no message
from whoever changed it, so nothing can be missed, not even by a crash between the change and its message.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from metrics.services.locks import lock_rules
from metrics.services.reading import RULES_VERSION, items_array
from pmo_portal.lib.windows import portal_zone

_FINGERPRINTS = """
    SELECT m.state_id,
           md5(string_agg(concat_ws(' ', m.category, extract(epoch FROM m.valid_from),
                                    extract(epoch FROM m.valid_to)), ',' ORDER BY m.valid_from)) AS fingerprint
      FROM portfolio_statemeaning m
"""

_STATES_OF_ITEMS = """
    SELECT DISTINCT new_ref FROM teams_itemevent WHERE subject_id = ANY(%s::bigint[]) AND kind IN ('CREATED', 'STATE')
"""

_NOTE_MEANINGS = f"""
    INSERT INTO metrics_statereading (state_id, fingerprint)
    {_FINGERPRINTS}
     WHERE m.state_id = ANY(%(states)s) AND m.state_id NOT IN (SELECT state_id FROM metrics_statereading)
     GROUP BY m.state_id
     ORDER BY m.state_id
        ON CONFLICT (state_id) DO NOTHING
"""  # noqa: S608

_IS_STALE = f"""
    SELECT EXISTS (
        SELECT FROM metrics_rollupteam r JOIN teams_team t ON t.unit_id = r.team_id
         WHERE r.rules <> concat_ws(' ', t.started_from, %(zone)s::text, %(version)s::text))
    OR EXISTS (
        SELECT FROM metrics_statereading r
          JOIN ({_FINGERPRINTS} WHERE m.state_id = ANY(%(states)s) GROUP BY m.state_id) AS now_read
            ON now_read.state_id = r.state_id
         WHERE now_read.fingerprint <> r.fingerprint)
"""  # noqa: S608

_CHANGED_MEANINGS = f"""
    UPDATE metrics_statereading r
       SET fingerprint = now_read.fingerprint
      FROM ({_FINGERPRINTS} GROUP BY m.state_id) AS now_read
     WHERE now_read.state_id = r.state_id AND now_read.fingerprint <> r.fingerprint
    RETURNING r.state_id
"""  # noqa: S608

_TEAMS_THAT_USED_STATES = """
    SELECT DISTINCT w.team_id
      FROM teams_itemevent e
      JOIN teams_workitem w ON w.id = e.subject_id
     WHERE e.kind IN ('CREATED', 'STATE') AND e.new_ref = ANY(%s)
"""

_NEW_TEAMS = """
    INSERT INTO metrics_rollupteam (team_id, rules)
    SELECT unit_id, concat_ws(' ', started_from, %(zone)s::text, %(version)s::text)
      FROM teams_team t
     WHERE NOT EXISTS (SELECT FROM metrics_rollupteam r WHERE r.team_id = t.unit_id)
     ORDER BY unit_id
        ON CONFLICT (team_id) DO NOTHING
"""

_CHANGED_TEAMS = """
    UPDATE metrics_rollupteam r
       SET rules = concat_ws(' ', t.started_from, %(zone)s::text, %(version)s::text)
      FROM teams_team t
     WHERE t.unit_id = r.team_id
       AND r.rules <> concat_ws(' ', t.started_from, %(zone)s::text, %(version)s::text)
    RETURNING r.team_id
"""

# Items that have moved on carry their time in the team with them.
_TEAMS_OF_ITEMS_ONCE_IN = """
    SELECT DISTINCT f.unit_id
      FROM metrics_iteminterval i
      JOIN metrics_itemfact f ON f.item_id = i.item_id
     WHERE i.unit_id = ANY(%s)
"""

_REQUEST = """
    UPDATE metrics_rollupteam SET rebuild_requested_at = coalesce(rebuild_requested_at, %(at)s)
     WHERE team_id = ANY(%(teams)s)
"""


class RulesChanged(Exception):
    """History reads differently than was noted: compare the rules first, then read."""


def rules_note(*, item_ids: Sequence[int]) -> None:
    """Note with which rules these items are about to be read; raise RulesChanged when the notes say otherwise.

    So nothing is ever read with rules that are not noted, and a rule that changes and changes back between two
    comparisons leaves no trace.
    """
    with connection.cursor() as cursor:
        cursor.execute(_NEW_TEAMS, _rules())
        cursor.execute(_STATES_OF_ITEMS, [items_array(item_ids)])
        states = [row[0] for row in cursor.fetchall() if row[0] is not None]
        cursor.execute(_NOTE_MEANINGS, {"states": states})
        cursor.execute(_IS_STALE, {"states": states, **_rules()})
        (is_stale,) = cursor.fetchone()
    if is_stale:
        raise RulesChanged


def _rules() -> dict[str, Any]:
    return {"zone": portal_zone().key, "version": RULES_VERSION}


@transaction.atomic
def rules_check(*, at: datetime) -> frozenset[int]:
    """Request a rebuild of every team whose history reads differently now; return those teams."""
    lock_rules()
    with connection.cursor() as cursor:
        cursor.execute(_NEW_TEAMS, _rules())
        cursor.execute(_CHANGED_TEAMS, _rules())
        teams = {row[0] for row in cursor.fetchall()}
        if teams:
            cursor.execute(_TEAMS_OF_ITEMS_ONCE_IN, [list(teams)])
            teams |= {row[0] for row in cursor.fetchall()}
        cursor.execute(_CHANGED_MEANINGS)
        states = [row[0] for row in cursor.fetchall()]
        if states:
            cursor.execute(_TEAMS_THAT_USED_STATES, [states])
            teams |= {row[0] for row in cursor.fetchall()}
    rebuild_request(team_ids=teams, at=at)
    return frozenset(teams)


@transaction.atomic
def rebuild_request(*, team_ids: Collection[int], at: datetime) -> None:
    """Note that these teams' histories must be read again; workers pick the notes up."""
    lock_rules()
    with connection.cursor() as cursor:
        cursor.execute(_REQUEST, {"teams": sorted(team_ids), "at": at})
