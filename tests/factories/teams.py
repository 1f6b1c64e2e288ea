"""Teams, items and sprints, made through the services by the system itself."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

from organization.access import SYSTEM
from organization.models import Unit, UnitKind
from portfolio.models import StateCategory, WorkflowState
from teams.models import Sprint, Team, TeamMethod, TeamMode, WorkItem
from teams.services.items import item_create, item_move
from teams.services.sprints import sprint_create, sprint_start
from teams.services.teams import team_create
from tests.factories.organization import NOW, unit_make

_numbers = itertools.count(1)


def team_make(
    unit: Unit | None = None, *, method: TeamMethod = TeamMethod.SCRUM, mode: TeamMode = TeamMode.HOSTED
) -> Team:
    """A team with the ready-made board of its method."""
    unit = unit or unit_make(parent=unit_make(UnitKind.PORTFOLIO))
    return team_create(actor=SYSTEM, unit=unit, method=method, mode=mode)


def state_of(team: Team, category: StateCategory) -> WorkflowState:
    """The first state of a category on the team's board."""
    return WorkflowState.objects.filter(workflow_id=team.workflow_id, category=category).order_by("position")[0]


def item_make(
    team: Team,
    *,
    title: str = "",
    category: StateCategory | None = None,
    at: datetime = NOW,
    **values: Any,
) -> WorkItem:
    """An item of the team, made at ``at`` in the first state of ``category``."""
    return item_create(
        actor=SYSTEM,
        team=team,
        title=title or f"Item {next(_numbers)}",
        state=state_of(team, category) if category else None,
        values=values,
        at=at,
    )


def item_to(item: WorkItem, category: StateCategory, *, at: datetime) -> WorkItem:
    """Move an item to the first state of a category."""
    return item_move(
        actor=SYSTEM,
        item=item,
        to_state=state_of(item.team, category),
        after_id=None,
        seen_version=None,
        at=at,
    )


def sprint_make(
    team: Team, *, name: str = "", starts_at: datetime = NOW, days: int = 14, start: bool = False
) -> Sprint:
    """A planned sprint, or a running one."""
    sprint = sprint_create(
        actor=SYSTEM,
        team=team,
        name=name or f"Sprint {next(_numbers)}",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(days=days),
    )
    return sprint_start(actor=SYSTEM, sprint=sprint, at=starts_at) if start else sprint
