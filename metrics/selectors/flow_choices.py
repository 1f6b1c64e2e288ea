"""What the filter of the flow page offers: labels and epics of the work at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from metrics.selectors.finding import Scope
from pmo_portal.lib.access import Action, Actor, policy_for
from portfolio.models import Epic

RECENT: Final = 5_000
"""Finished items whose labels and epics are offered: the latest ones."""

MOST: Final = 60

_CHOICES: Final = """
WITH recent AS MATERIALIZED (
    SELECT w.labels, pe.key, pe.title, pe.unit_id
      FROM (SELECT f.item_id
              FROM metrics_itemfact f
             WHERE f.is_counted AND f.finished_unit_id = ANY(%(teams)s)
               AND f.finished_on >= %(start)s AND f.finished_on < %(end)s
             ORDER BY f.finished_on DESC LIMIT %(recent)s) AS latest
      JOIN teams_workitem w ON w.id = latest.item_id
      LEFT JOIN portfolio_feature pf ON pf.id = w.feature_id
      LEFT JOIN portfolio_epic pe ON pe.id = pf.epic_id AND pe.deleted_at IS NULL
)
(SELECT 'label', label, label, count(*) FROM recent, unnest(labels) AS label GROUP BY label
  ORDER BY count(*) DESC, label LIMIT %(most)s)
 UNION ALL
(SELECT 'epic', key, title, count(*) FROM recent
  WHERE key IS NOT NULL AND (%(sees_all)s OR unit_id = ANY(%(units)s)) GROUP BY key, title
  ORDER BY count(*) DESC, key LIMIT %(most)s)
"""


@dataclass(frozen=True, slots=True)
class FlowChoices:
    """(value, words) of each: labels by name, epics by key."""

    labels: Sequence[tuple[str, str]]
    epics: Sequence[tuple[str, str]]


def flow_choices(actor: Actor, scope: Scope) -> FlowChoices:
    """Read what may be filtered by: one statement, bounded by the latest items. Only epics this person may see."""
    parameters: dict[str, Any] = {
        "teams": scope.teams_on(scope.period.as_of),
        "start": scope.period.window.start,
        "end": scope.period.window.end,
        "recent": RECENT,
        "most": MOST,
        "sees_all": actor.is_system,
        "units": [] if actor.is_system else list(actor.units(policy_for(Epic).permission(Action.VIEW))),
    }
    with connection.cursor() as cursor:
        cursor.execute(_CHOICES, parameters)
        rows = cursor.fetchall()
    labels = sorted(value for kind, value, _words, _count in rows if kind == "label")
    epics = sorted((value, f"{value} {words}") for kind, value, words, _count in rows if kind == "epic")
    return FlowChoices([(label, label) for label in labels], epics)
