"""Sprints: plan, start, complete, frozen afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from organization.access import SYSTEM
from portfolio.models import StateCategory
from teams.models import Sprint, SprintState, Team, WorkItem
from teams.services import items
from tests.factories.teams import item_make, item_to, sprint_make, team_make
from tests.personas import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def team(world: World) -> Team:
    return team_make(world.harbour)


@pytest.fixture
def running(team: Team) -> Sprint:
    return sprint_make(team, name="One", starts_at=timezone.now() - timedelta(days=5), start=True)


def test_sprint_create_proposes_the_next_one_and_checks_its_days(
    team: Team, running: Sprint, client_as: Callable[[str], Client]
) -> None:
    client, url = client_as("scrum_master"), "/teams/HAR/sprints/new/"
    assert "Sprint 2" in client.get(url).content.decode()
    data = {"name": "Two", "goal": "Refunds", "first_day": "2026-12-10", "last_day": "2026-12-01"}
    refused = client.post(url, data)
    assert refused.status_code == 422
    assert "ends after it starts" in refused.content.decode()
    assert client.post(url, data | {"last_day": "2026-12-23"}).status_code == 303
    made = Sprint.objects.get(name="Two")
    assert (made.ends_at - made.starts_at).days == 14  # type: ignore[operator]


def test_sprint_start_commits_what_is_in_it_and_there_is_one_at_a_time(
    team: Team, client_as: Callable[[str], Client]
) -> None:
    sprint, other = sprint_make(team), sprint_make(team)
    item_make(team, sprint=sprint, at=timezone.now())
    client = client_as("scrum_master")
    url = f"/teams/HAR/sprints/{sprint.pk}/start/"
    assert "1 item is in it" in client.get(url).content.decode()
    last_day = (timezone.now() + timedelta(days=14)).date().isoformat()
    assert client.post(url, {"goal": "Refunds", "last_day": last_day}).status_code == 303
    sprint.refresh_from_db()
    assert (sprint.state, sprint.goal) == (SprintState.ACTIVE, "Refunds")
    refused = client.post(f"/teams/HAR/sprints/{other.pk}/start/", {"goal": "", "last_day": last_day})
    assert refused.status_code == 422
    assert "Another sprint" in refused.content.decode()


@pytest.mark.parametrize("place", ["backlog", "next", "choose"])
def test_sprint_close_sends_unfinished_items_where_they_were_told(
    place: str, team: Team, running: Sprint, client_as: Callable[[str], Client]
) -> None:
    now = timezone.now()
    following = sprint_make(team, name="Two", starts_at=now + timedelta(days=9))
    done, first, second = (item_make(team, sprint=running, estimate=Decimal(2), at=now) for _n in range(3))
    item_to(done, StateCategory.DONE, at=now)
    client, url = client_as("scrum_master"), f"/teams/HAR/sprints/{running.pk}/close/"
    html = client.get(url).content.decode()
    assert "1 item is finished." in html
    assert "2 are not." in html
    data = {
        "backlog": {"carry_to": "0"},
        "next": {"carry_to": str(following.pk)},
        "choose": {"carry_to": "choose", f"item_{first.pk}": str(following.pk), f"item_{second.pk}": "0"},
    }[place]

    assert client.post(url, data).status_code == 303

    goes = dict(WorkItem.objects.values_list("pk", "sprint_id"))
    expected = {"backlog": (None, None), "next": (following.pk, following.pk), "choose": (following.pk, None)}[place]
    assert (goes[first.pk], goes[second.pk]) == expected
    assert goes[done.pk] == running.pk
    running.refresh_from_db()
    assert running.state == SprintState.CLOSED
    again = client.post(url, {"carry_to": "0"})
    assert again.status_code == 422
    assert "not active" in again.content.decode()


def test_sprint_detail_of_a_closed_sprint_shows_what_it_came_to(
    team: Team, running: Sprint, client_as: Callable[[str], Client]
) -> None:
    now = timezone.now()
    done = item_make(team, title="Kept", sprint=running, estimate=Decimal(3), at=now - timedelta(days=1))
    open_item = item_make(team, title="Not kept", sprint=running, estimate=Decimal(5), at=now - timedelta(days=1))
    item_to(done, StateCategory.DONE, at=now)
    client = client_as("scrum_master")
    client.post(f"/teams/HAR/sprints/{running.pk}/close/", {"carry_to": "0"})

    html = client.get(f"/teams/HAR/sprints/{running.pk}/").content.decode()
    assert "frozen since" in html
    assert html.index("Completed") < html.index("Kept")
    assert "Not completed" in html
    # What happens later does not change it.
    items.item_edit(actor=SYSTEM, item=open_item, values={"estimate": Decimal(20)}, seen_version=None, at=now)
    item_to(open_item, StateCategory.DONE, at=now)
    assert "20" not in client.get(f"/teams/HAR/sprints/{running.pk}/").content.decode().split("Not completed")[1][:900]
    assert "One" in client.get("/teams/HAR/sprints/").content.decode()


def test_sprint_list_shows_velocity_from_three_closed_sprints_on(
    team: Team, client_as: Callable[[str], Client]
) -> None:
    client, now = client_as("scrum_master"), timezone.now()
    for number in range(3):
        assert "Velocity" not in client.get("/teams/HAR/sprints/").content.decode()
        sprint = sprint_make(team, name=f"S{number}", starts_at=now - timedelta(days=1), start=True)
        item = item_make(team, sprint=sprint, estimate=Decimal(3 * (number + 1)), at=now)
        item_to(item, StateCategory.DONE, at=now)
        client.post(f"/teams/HAR/sprints/{sprint.pk}/close/", {"carry_to": "0"})
    html = client.get("/teams/HAR/sprints/").content.decode()
    assert "mean of the last 3 closed sprints" in html
    assert "6 points" in html


def test_sprint_delete_is_for_planned_ones(team: Team, running: Sprint, client_as: Callable[[str], Client]) -> None:
    planned = sprint_make(team)
    item = item_make(team, sprint=planned, at=timezone.now())
    client = client_as("scrum_master")
    client.post(f"/teams/HAR/sprints/{planned.pk}/delete/")
    client.post(f"/teams/HAR/sprints/{running.pk}/delete/")
    assert list(Sprint.objects.all()) == [running]
    assert WorkItem.objects.get(pk=item.pk).sprint is None


def test_sprint_edit_with_a_stale_form_is_refused(
    team: Team, running: Sprint, client_as: Callable[[str], Client]
) -> None:
    client, url = client_as("scrum_master"), f"/teams/HAR/sprints/{running.pk}/edit/"
    data = {
        "name": "Renamed",
        "goal": "",
        "first_day": "2026-12-01",
        "last_day": "2026-12-20",
        "version": running.version,
    }
    assert client.post(url, data).status_code == 303
    assert client.post(url, data | {"name": "Stale"}).status_code == 422
    assert Sprint.objects.get(pk=running.pk).name == "Renamed"


@pytest.mark.parametrize(("persona", "seen", "done"), [("developer", 200, 403), ("neighbour", 404, 404)])
def test_sprints_are_run_by_those_who_may(
    persona: str, seen: int, done: int, team: Team, running: Sprint, client_as: Callable[[str], Client]
) -> None:
    client = client_as(persona)
    base = f"/teams/HAR/sprints/{running.pk}/"
    assert client.get(base).status_code == seen
    assert client.post(f"{base}close/", {"carry_to": "0"}).status_code == done
    assert client.post(f"{base}edit/", {"name": "X"}).status_code == done
    assert client.post(f"{base}delete/").status_code == done
    assert client.get("/teams/HAR/sprints/new/").status_code == done
    assert Sprint.objects.get(pk=running.pk).state == SprintState.ACTIVE


def test_sprint_under_the_address_of_another_team_does_not_exist(
    team: Team, running: Sprint, world: World, client_as: Callable[[str], Client]
) -> None:
    team_make(world.lighthouse)
    assert client_as("product_owner").get(f"/teams/LIG/sprints/{running.pk}/").status_code == 404
