"""Sprints as charts: the lines of one, frozen when it is closed, and velocity and say/do over time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from metrics.selectors.sprint_charts import sprint_lines
from metrics.services.sprint_burns import sprint_burns_freeze
from metrics.services.sweeping import sweep
from organization.access import SYSTEM
from pmo_portal.lib.windows import portal_zone
from portfolio.models import StateCategory
from teams.models import Sprint, Team, WorkItem
from teams.services.items import item_delete, item_edit
from teams.services.sprints import sprint_close
from tests.factories.teams import item_make, item_to, sprint_make, team_make
from tests.personas import World

pytestmark = pytest.mark.django_db

TODAY = date(2026, 6, 26)


def at(days_ago: int, hour: int = 12) -> datetime:
    day = TODAY - timedelta(days=days_ago)
    return datetime(day.year, day.month, day.day, hour, tzinfo=portal_zone())


@pytest.fixture(autouse=True)
def _today() -> Any:
    with time_machine.travel(at(0, 14), tick=False):
        yield


def edit(item: WorkItem, *, days_ago: int, **values: Any) -> None:
    item_edit(actor=SYSTEM, item=item, values=values, seen_version=None, at=at(days_ago))


@pytest.fixture
def harbour(world: World) -> Team:
    return team_make(world.harbour)


@pytest.fixture
def sprint(harbour: Team) -> Sprint:
    """A sprint two days before its end: one item done, one re-opened, one added, one removed, one grown."""
    sprint = sprint_make(harbour, name="Sprint 7", starts_at=at(12, 9), days=14)
    items = [item_make(harbour, title=f"Item {n}", at=at(20), sprint=sprint, estimate=Decimal(5)) for n in range(4)]
    Sprint.objects.filter(pk=sprint.pk).update(state="ACTIVE", started_at=at(12, 9))
    item_to(items[0], StateCategory.DONE, at=at(10))
    item_to(items[1], StateCategory.DONE, at=at(9))
    item_to(items[1], StateCategory.ACTIVE, at=at(8))
    edit(items[2], days_ago=7, sprint=None)
    edit(items[3], days_ago=6, estimate=Decimal(8))
    item_make(harbour, title="Late", at=at(5), sprint=sprint, estimate=Decimal(2))
    sweep(at=at(0))
    return Sprint.objects.get(pk=sprint.pk)


def page(client: Client, name: str, *args: Any, **query: str) -> str:
    response = client.get(reverse(name, args=args), query)
    assert response.status_code == 200, response.status_code
    return str(response.content.decode())


def test_a_running_sprint_shows_its_lines_and_what_changed(sprint: Sprint, client_as: Callable[[str], Client]) -> None:
    client = client_as("scrum_master")
    shown = page(client, "metrics:sprint_charts", "HAR", sprint.pk)
    assert "From 20 points to 15 points left." in shown
    assert "1 item was re-opened and raised the line." in shown
    assert "5 points of 20 points done. The scope was 20 points at the start." in shown
    for change in ("Added", "Removed", "Estimated anew", "+2", "−5", "+3"):
        assert change in shown
    by_items = page(client, "metrics:sprint_charts", "HAR", sprint.pk, by="items")
    assert "From 4 items to 3 items left." in by_items

    file = client.get(reverse("metrics:sprint_charts", args=["HAR", sprint.pk]), {"csv": "burndown"})
    assert file["Content-Type"].startswith("text/csv")
    rows = b"".join(file.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert rows[0] == "When,What,Item,Left"
    assert rows[1] == "2026-06-14T07:00:00+00:00,Start,,20.0"
    assert rows[-1] == "2026-06-26T12:00:00+00:00,As it stands,,15.0"

    card = page(client, "metrics:sprint_card", "HAR", sprint.pk)
    assert "<html" not in card
    assert "From 20 points to 15 points left." in card


def test_a_closed_sprint_is_frozen(sprint: Sprint, client_as: Callable[[str], Client]) -> None:
    sprint_close(actor=SYSTEM, sprint=sprint, carry_to=None, at=at(0, 13))
    assert sprint_burns_freeze(at=at(0)) == 0, "changes are on their way to the numbers"
    sweep(at=at(0))
    closed = Sprint.objects.get(pk=sprint.pk)
    before = sprint_lines(closed, now=at(0, 14))
    assert before is not None
    assert before.steps[-1].remaining.items == closed.carried_over_count == 3
    assert before.steps[-1].done.points == closed.completed_points == 5
    assert len([change for change in before.changes if change.kind == "ADDED"]) == closed.added_count == 1
    assert len([change for change in before.changes if change.kind == "REMOVED"]) == closed.removed_count == 1
    assert (sprint_burns_freeze(at=at(0)), sprint_burns_freeze(at=at(0))) == (1, 0)

    # Whatever happens later: an item re-opened, one deleted, one re-estimated at a time before.
    for item in WorkItem.objects.filter(team_id=closed.team_id, title__in=["Item 0", "Item 1"]):
        edit(item, days_ago=11, estimate=Decimal(40))
        item_delete(actor=SYSTEM, item=WorkItem.objects.get(pk=item.pk), at=at(0, 14))
    sweep(at=at(0, 14))
    kept = sprint_lines(closed, now=at(0, 14))
    assert kept is not None
    assert (kept.steps, tuple(kept.changes), kept.guide) == (before.steps, before.changes, before.guide)
    shown = page(client_as("scrum_master"), "metrics:sprint_charts", "HAR", closed.pk)
    assert "later changes leave it alone" in shown
    assert "From 20 points to 15 points left." in shown


def test_a_planned_sprint_says_that_it_has_no_lines_yet(harbour: Team, client_as: Callable[[str], Client]) -> None:
    planned = sprint_make(harbour, starts_at=at(-5))
    assert "Not started yet" in page(client_as("scrum_master"), "metrics:sprint_charts", "HAR", planned.pk)


def closed_sprints(team: Team, count: int, items: int) -> None:
    """Sprints that promised `items` items of 3 points and kept all but one; one more had no estimate."""
    for number in range(count):
        began = 14 * (count - number) + 1
        sprint = sprint_make(team, name=f"S{number}", starts_at=at(began), days=14)
        made = [item_make(team, at=at(began + 1), sprint=sprint, estimate=Decimal(3)) for _ in range(items)]
        Sprint.objects.filter(pk=sprint.pk).update(state="ACTIVE", started_at=at(began))
        bare = item_make(team, at=at(began), sprint=sprint)
        for item in (*made[1:], bare):
            item_to(item, StateCategory.DONE, at=at(began - 3))
        sprint_close(actor=SYSTEM, sprint=Sprint.objects.get(pk=sprint.pk), carry_to=None, at=at(began - 13))
    sweep(at=at(0))


def test_velocity_and_say_do_over_time(harbour: Team, client_as: Callable[[str], Client]) -> None:
    client = client_as("executive")
    assert "No sprint was closed yet." in page(client, "metrics:team_sprints", "HAR")
    closed_sprints(harbour, 3, 4)
    shown = page(client, "metrics:team_sprints", "HAR")
    assert "Velocity 9 points a sprint, from 9 to 9, over the last 3 closed sprints." in shown
    assert "3 completed items had no estimate and count 0." in shown
    assert "75 % of the commitment was kept in every sprint." in shown
    by_items = page(client, "metrics:team_sprints", "HAR", by="items")
    assert "Velocity 4 items a sprint" in by_items
    definition = page(client, "metrics:unit_definition", "HAR", "velocity")
    assert "3 of 12 items completed in the last sprints had no estimate and count 0." in definition


def test_sprint_pages_cost_the_same_whatever_is_in_them(
    harbour: Team, sprint: Sprint, client_as: Callable[[str], Client]
) -> None:
    client = client_as("scrum_master")
    urls = [
        reverse("metrics:sprint_charts", args=["HAR", sprint.pk]),
        reverse("metrics:team_sprints", args=["HAR"]),
    ]

    def statements(url: str) -> int:
        client.get(url)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(url).status_code == 200
        return len(queries)

    few = [statements(url) for url in urls]
    for _ in range(20):
        item_make(harbour, at=at(3), sprint=sprint, estimate=Decimal(1))
    Sprint.objects.filter(pk=sprint.pk).update(state="FUTURE")  # a team has one active sprint
    closed_sprints(harbour, 4, 3)
    Sprint.objects.filter(pk=sprint.pk).update(state="ACTIVE")
    assert [statements(url) for url in urls] == few
    assert max(few) <= 20


def test_a_sprint_is_not_found_under_another_team(
    world: World, sprint: Sprint, client_as: Callable[[str], Client]
) -> None:
    team_make(world.lighthouse)
    for name in ("metrics:sprint_charts", "metrics:sprint_card"):
        assert client_as("executive").get(reverse(name, args=["LIG", sprint.pk])).status_code == 404
        assert client_as("south_staff").get(reverse(name, args=["HAR", sprint.pk])).status_code == 404
