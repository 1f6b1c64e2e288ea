"""What the teams offer the house: blocked work on the home page of whoever may look into the team."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from organization.access import SYSTEM
from pmo_portal.lib import registry
from pmo_portal.lib.access import Actor
from pmo_portal.lib.registry import ToDo
from portfolio.models import StateCategory
from teams import entries
from teams.models import Team, WorkItem
from teams.services.items import item_block, item_delete
from tests.factories.teams import item_make, team_make
from tests.personas import World

pytestmark = pytest.mark.django_db


def blocked(actor: Actor) -> list[ToDo]:
    (card,) = [card for card in registry.home_cards if str(card.title) == "Blocked work"]
    return list(card.to_dos(actor, timezone.now()))


def block(team: Team, title: str, *, hours_ago: int) -> WorkItem:
    at = timezone.now() - timedelta(hours=hours_ago)
    item = item_make(team, title=title, category=StateCategory.ACTIVE, at=at)
    return item_block(actor=SYSTEM, item=item, reason=f"{title} waits", at=at + timedelta(minutes=1))


def test_home_shows_blocked_work_to_whoever_may_look_into_the_team(world: World) -> None:
    harbour, lighthouse = team_make(world.harbour), team_make(world.lighthouse)
    block(harbour, "Form", hours_ago=2)
    block(lighthouse, "Lamp", hours_ago=5)
    item_make(harbour, title="Free", category=StateCategory.ACTIVE, at=timezone.now())
    item_delete(actor=SYSTEM, item=block(harbour, "Gone", hours_ago=9), at=timezone.now())
    for name in ("program_lead", "pmo_staff", "executive"):
        assert [to_do.detail for to_do in blocked(world.persona(name).actor)] == [
            "Lighthouse: Lamp waits",
            "Harbour: Form waits",
        ]
    assert [to_do.detail for to_do in blocked(world.persona("scrum_master").actor)] == ["Harbour: Form waits"]
    for name in ("stakeholder", "south_staff", "stranger"):
        assert blocked(world.persona(name).actor) == []


def test_home_names_the_ten_that_have_waited_longest(world: World) -> None:
    team = team_make(world.harbour)
    for hours in range(1, entries.MOST_TO_DOS + 3):
        block(team, f"Part {hours}", hours_ago=hours)
    found = blocked(world.persona("program_lead").actor)
    assert len(found) == entries.MOST_TO_DOS == 10
    assert found[0].detail == "Harbour: Part 12 waits"
