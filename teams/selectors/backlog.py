"""The backlog as a ranked list: open sprints with their sums, then everything that waits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, NamedTuple

from django.db import connection

from organization.models.people import initials_of
from pmo_portal.lib.access import Actor
from teams.models import Sprint, SprintState, Team

MOST_ROWS: Final = 300
"""Rows drawn of the backlog; beyond it nobody orders by hand. The list of items shows them all."""

_NEVER: Final = datetime.max.replace(tzinfo=UTC)

BACKLOG: Final = 0
"""The section of what is in no sprint."""

# For a team without sprints the backlog is what has not been committed to; with sprints, what is open and in none.
# Sums are of everything in a section; only the rows that are drawn are looked up and sent.
_ROWS: Final = """
WITH listed AS (
    SELECT i.id, i.rank, i.estimate,
           CASE WHEN i.sprint_id = ANY(%(sprints)s) THEN i.sprint_id ELSE 0 END AS section
      FROM teams_workitem i
      JOIN portfolio_workflowstate s ON s.id = i.state_id
     WHERE i.team_id = %(team)s AND i.deleted_at IS NULL AND i.type <> 'SUBTASK' AND i.parent_id IS NULL
       AND (i.sprint_id = ANY(%(sprints)s)
            OR (s.category NOT IN ('DONE', 'CANCELLED') AND (%(has_sprints)s OR s.category = 'BACKLOG')))
), counted AS (
    SELECT id, rank, section,
           row_number() OVER (PARTITION BY section ORDER BY rank, id) AS place,
           count(*) OVER (PARTITION BY section) AS count,
           coalesce(sum(estimate) OVER (PARTITION BY section), 0) AS points,
           count(*) FILTER (WHERE estimate IS NULL) OVER (PARTITION BY section) AS unestimated
      FROM listed
)
SELECT c.count, c.points, c.unestimated,
       i.id, i.key, i.title, i.type, i.version, i.rank, i.estimate, i.blocked_at IS NOT NULL, s.name, s.category,
       p.name, c.section, CASE WHEN e.unit_id = ANY(%(epic_units)s) THEN e.title END
  FROM counted c
  JOIN teams_workitem i ON i.id = c.id
  JOIN portfolio_workflowstate s ON s.id = i.state_id
  LEFT JOIN organization_person p ON p.id = i.assignee_id
  LEFT JOIN portfolio_feature f ON f.id = i.feature_id
  LEFT JOIN portfolio_epic e ON e.id = f.epic_id
 WHERE c.place <= %(most)s
 ORDER BY c.rank, c.id
"""


class BacklogRow(NamedTuple):
    """One item in the backlog."""

    id: int
    key: str
    title: str
    type: str
    version: int
    rank: str
    estimate: Decimal | None
    is_blocked: bool
    state: str
    category: str
    person: str | None
    section: int
    epic: str | None

    @property
    def initials(self) -> str:
        """The assignee's, for the avatar."""
        return initials_of(self.person) if self.person else ""


@dataclass(slots=True)
class Section:
    """A sprint, or the backlog itself (``sprint`` None): its first items in rank order, and the sums over all of them.

    ``points`` is the sum of the estimates; ``unestimated`` items count 0 in it.
    """

    sprint: Sprint | None
    rows: list[BacklogRow] = field(default_factory=list)
    count: int = 0
    points: Decimal = Decimal(0)
    unestimated: int = 0

    @property
    def id(self) -> int:
        """The sprint's id; 0 for the backlog."""
        return self.sprint.pk if self.sprint else BACKLOG

    @property
    def hidden(self) -> int:
        """How many items are not drawn."""
        return self.count - len(self.rows)


def open_sprints(team: Team) -> list[Sprint]:
    """The running sprint, then the planned ones in their order."""
    if not team.has_sprints:
        return []
    sprints = Sprint.objects.filter(team=team).exclude(state=SprintState.CLOSED)
    return sorted(
        sprints,
        key=lambda each: (each.state != SprintState.ACTIVE, each.starts_at is None, each.starts_at or _NEVER, each.pk),
    )


def backlog_sections(team: Team, sprints: Iterable[Sprint], *, actor: Actor) -> list[Section]:
    """The sections of a team's backlog; one statement for all of them, however long they are."""
    sections = {section.id: section for section in [*(Section(sprint) for sprint in sprints), Section(None)]}
    with connection.cursor() as cursor:
        cursor.execute(
            _ROWS,
            {
                "team": team.pk,
                "sprints": [pk for pk in sections if pk],
                "has_sprints": team.has_sprints,
                "epic_units": sorted(actor.units("epic.view")),
                "most": MOST_ROWS,
            },
        )
        for count, points, unestimated, *columns in cursor.fetchall():
            row = BacklogRow(*columns)
            section = sections[row.section]
            section.count, section.points, section.unestimated = count, points, unestimated
            section.rows.append(row)
    return list(sections.values())
