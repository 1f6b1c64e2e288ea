"""The list of teams, and how a team sets itself up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from pmo_portal.lib.windows import day_start, local_day
from portfolio.models import StateCategory, StateMeaning, WorkflowState
from teams.models import Team
from tests.factories.teams import item_make, state_of, team_make
from tests.personas import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def team(world: World) -> Team:
    return team_make(world.harbour)


def test_team_list_counts_what_each_team_has_in_hand(
    team: Team, world: World, client_as: Callable[[str], Client]
) -> None:
    team_make(world.meadow)
    item_make(team, category=StateCategory.ACTIVE, at=timezone.now())
    html = client_as("program_lead").get("/teams/").content.decode()
    assert "Harbour" in html
    assert "Meadow" not in html
    assert client_as("stranger").get("/teams/").status_code == 403


def test_team_settings_are_changed_by_those_who_may(team: Team, client_as: Callable[[str], Client]) -> None:
    data = {"method": "KANBAN", "started_from": "ACTIVE", "estimate_scale": "NONE", "stale_after_days": 4}
    assert client_as("developer").post("/teams/HAR/settings/", data).status_code == 403
    assert client_as("scrum_master").post("/teams/HAR/settings/", data).status_code == 303
    team.refresh_from_db()
    assert (team.method, team.started_from, team.stale_after_days) == ("KANBAN", "ACTIVE", 4)
    assert client_as("scrum_master").post("/teams/HAR/settings/", data | {"stale_after_days": 0}).status_code == 422


def test_state_create_edit_move_and_archive(team: Team, client_as: Callable[[str], Client]) -> None:
    client, base = client_as("scrum_master"), "/teams/HAR/settings/columns/"
    data = {"name": "Staging", "category": "WAITING", "wip_limit": 2, "policy": "Reviewed"}
    assert client.post(f"{base}new/", data).status_code == 303
    state = WorkflowState.objects.get(name="Staging")
    assert StateMeaning.objects.get(state=state).category == "WAITING"
    edited = {"name": "Pre-production", "wip_limit": "", "is_hard_limit": "on", "policy": ""}
    assert client.post(f"{base}{state.pk}/", edited).status_code == 303
    client.post(f"{base}{state.pk}/move/", {"by": "-1"})
    names = list(team.workflow.states.order_by("position").values_list("name", flat=True))
    assert names[-2:] == ["Pre-production", "Done"]
    client.post(f"{base}{state.pk}/archive/")
    assert WorkflowState.objects.get(pk=state.pk).is_archived
    busy = state_of(team, StateCategory.ACTIVE)
    item_make(team, category=StateCategory.ACTIVE, at=timezone.now())
    client.post(f"{base}{busy.pk}/archive/")
    assert not WorkflowState.objects.get(pk=busy.pk).is_archived


def test_state_meaning_asks_whether_it_is_a_correction_or_a_change(
    team: Team, client_as: Callable[[str], Client]
) -> None:
    client, state = client_as("scrum_master"), state_of(team, StateCategory.WAITING)
    url = f"/teams/HAR/settings/columns/{state.pk}/meaning/"
    today = local_day(timezone.now())
    late = {"category": "ACTIVE", "since": "from_day", "day": (today + timedelta(days=1)).isoformat()}
    assert client.post(url, late).status_code == 422
    assert client.post(url, late | {"day": today.isoformat()}).status_code == 303
    meanings = StateMeaning.objects.filter(state=state).order_by("valid_from")
    assert [meaning.category for meaning in meanings] == ["WAITING", "ACTIVE"]
    assert meanings[1].valid_from == day_start(today)
    assert client.post(url, {"category": "DONE", "since": "correction"}).status_code == 303
    assert [meaning.category for meaning in StateMeaning.objects.filter(state=state)] == ["DONE"]


def test_columns_of_another_team_do_not_exist_here(
    team: Team, world: World, client_as: Callable[[str], Client]
) -> None:
    foreign = state_of(team_make(world.lighthouse), StateCategory.ACTIVE)
    client, base = client_as("scrum_master"), f"/teams/HAR/settings/columns/{foreign.pk}/"
    assert client.get(base).status_code == 404
    for action, data in (("", {"name": "X"}), ("move/", {"by": "1"}), ("meaning/", {}), ("archive/", {})):
        assert client.post(f"{base}{action}", data).status_code == 404, action
    foreign.refresh_from_db()
    assert foreign.name != "X"


def test_a_team_opened_in_the_tree_is_set_up_by_those_who_may(world: World, client_as: Callable[[str], Client]) -> None:
    """`harbour` is a unit and nothing else yet: its pages lead to its setting up, and then they are there."""
    staff = client_as("pmo_staff")
    assert "/teams/HAR/new/" in staff.get("/teams/").content.decode()
    for page in ("board", "backlog", "sprints", "items", "settings"):
        assert staff.get(f"/teams/HAR/{page}/")["Location"] == "/teams/HAR/new/", page
        assert client_as("developer").get(f"/teams/HAR/{page}/").status_code == 404, page
    assert client_as("developer").get("/teams/HAR/new/").status_code == 403
    assert client_as("neighbour").get("/teams/HAR/new/").status_code == 404
    assert staff.get("/teams/COAST/new/").status_code == 404
    assert staff.get("/teams/HAR/new/").status_code == 200

    data = {"method": "KANBAN", "estimate_scale": "NONE", "key_prefix": "HAR"}
    assert staff.post("/teams/HAR/new/", data | {"key_prefix": "1 no"}).status_code == 422
    assert staff.post("/teams/HAR/new/", data)["Location"] == "/teams/HAR/board/"

    team = Team.objects.get(unit=world.harbour)
    assert (team.method, team.key_prefix) == ("KANBAN", "HAR")
    assert client_as("developer").get("/teams/HAR/board/").status_code == 200
    assert staff.get("/teams/HAR/new/")["Location"] == "/teams/HAR/board/"
    assert "/teams/HAR/new/" not in staff.get("/teams/").content.decode()


def test_a_prefix_that_is_taken_is_refused_beside_its_field(world: World, client_as: Callable[[str], Client]) -> None:
    team_make(world.harbour)
    data = {"method": "SCRUM", "estimate_scale": "FIBONACCI", "key_prefix": "HAR"}
    answer = client_as("pmo_staff").post("/teams/QUA/new/", data)
    assert answer.status_code == 422
    assert not Team.objects.filter(unit=world.quarry).exists()
