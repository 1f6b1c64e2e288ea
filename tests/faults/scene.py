"""Two teams with work, and one person who may do everything to it: made in the database of a running portal.

Run as a program in the portal's own environment; prints what the tests need to know as JSON.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta

import django


def main(item_count: int) -> None:
    """Make it, and say where it is."""
    django.setup()
    from django.conf import settings
    from django.test import Client
    from django.utils import timezone

    from organization.models import Role, UnitKind
    from portfolio.models import StateCategory, TrackedKind
    from portfolio.services.epics import epic_create
    from portfolio.services.workflows import workflow_of
    from teams.models import TeamMethod
    from tests.factories.organization import person_make, role_make, unit_make, user_make
    from tests.factories.teams import item_make, sprint_make, state_of, team_make

    at = timezone.now() - timedelta(days=3)
    portfolio = unit_make(UnitKind.PORTFOLIO, name="Shore", code="SHORE")
    program = unit_make(UnitKind.PROGRAM, parent=portfolio, name="Coast", code="COAST")
    here, there = (
        team_make(unit_make(parent=program, name=name, code=name.upper()), method=TeamMethod.KANBAN)
        for name in ("Harbour", "Quay")
    )
    sprinters = team_make(unit_make(parent=program, name="Reef", code="REEF"), method=TeamMethod.SCRUM)
    person = person_make("Max Example", unit=here.unit)
    for role, unit in ((Role.PMO_STAFF, portfolio), (Role.PROGRAM_LEAD, program), (Role.PRODUCT_OWNER, program)):
        role_make(person, role, unit)
    for team in (here, there, sprinters):
        role_make(person, Role.SCRUM_MASTER, team.unit)
    user = user_make(person)
    client = Client()
    client.force_login(user)
    items = [item_make(here, category=StateCategory.ACTIVE, at=at) for _ in range(item_count)]
    epics = [epic_create(actor=_system(), unit=portfolio, title=f"Epic {number}", at=at) for number in range(40)]
    sprint = sprint_make(sprinters, name="Sprint of all", starts_at=at, start=True)
    following = sprint_make(sprinters, name="Sprint after", starts_at=at + timedelta(days=14))
    in_sprint = [item_make(sprinters, category=StateCategory.ACTIVE, at=at, sprint=sprint) for _ in range(40)]
    limited = state_of(here, StateCategory.WAITING)
    told = {
        "cookies": {
            settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value,
            settings.CSRF_COOKIE_NAME: "a" * 32,
        },
        "portfolio": portfolio.pk,
        "team": here.pk,
        "other_team": there.pk,
        "backlog": state_of(here, StateCategory.BACKLOG).pk,
        "active": state_of(here, StateCategory.ACTIVE).pk,
        "done": state_of(here, StateCategory.DONE).pk,
        "limited": limited.pk,
        "sprint": sprint.pk,
        "following": following.pk,
        "in_sprint": [item.pk for item in in_sprint],
        "sprint_active": state_of(sprinters, StateCategory.ACTIVE).pk,
        "sprint_done": state_of(sprinters, StateCategory.DONE).pk,
        "epic_state": workflow_of(portfolio, TrackedKind.EPIC).states.order_by("position")[0].pk,
        "feature_state": workflow_of(program, TrackedKind.FEATURE).states.order_by("position")[0].pk,
        "items": [[item.pk, item.key] for item in items],
        "epics": [[epic.pk, epic.key] for epic in epics],
    }
    sys.stdout.write(json.dumps(told))


def _system() -> object:
    from organization.access import SYSTEM

    return SYSTEM


if __name__ == "__main__":
    main(int(sys.argv[1]))
