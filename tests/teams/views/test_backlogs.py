"""The backlog: order, estimates, planning into sprints."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portfolio.models import StateCategory
from teams.models import ItemEvent, Team, TeamMethod, WorkItem
from tests.factories.teams import item_make, item_to, sprint_make, team_make
from tests.personas import World

pytestmark = pytest.mark.django_db

FRAGMENT: dict[str, Any] = {"headers": {"HX-Request": "true"}}


@pytest.fixture
def team(world: World) -> Team:
    return team_make(world.harbour)


def rows_of(html: str, section: int) -> list[int]:
    part = re.split(r'<section class="board-column" data-column="(\d+)"', html)
    by_section = dict(zip(part[1::2], part[2::2], strict=True))
    return [int(pk) for pk in re.findall(r'id="card-(\d+)"', by_section[str(section)])]


def drop(client: Client, item: WorkItem, to: int, after: WorkItem | None = None) -> Any:
    data = {"id": item.pk, "to": to, "after": after.pk if after else ""}
    return client.post(f"/teams/{item.team.unit.code}/backlog/move/", data, **FRAGMENT)


def test_backlog_shows_sprints_then_what_waits_with_sums(team: Team, client_as: Callable[[str], Client]) -> None:
    now = timezone.now()
    running = sprint_make(team, name="Running", starts_at=now - timedelta(days=1), start=True)
    planned = sprint_make(team, name="Planned", starts_at=now + timedelta(days=13))
    first, second = (item_make(team, sprint=running, estimate=Decimal(n), at=now) for n in (3, 5))
    later = item_make(team, sprint=planned, at=now)
    waiting = item_make(team, at=now)
    item_to(item_make(team, title="Finished", at=now), StateCategory.DONE, at=now)

    html = client_as("developer").get("/teams/HAR/backlog/").content.decode()

    assert rows_of(html, running.pk) == [first.pk, second.pk]
    assert rows_of(html, planned.pk) == [later.pk]
    assert rows_of(html, 0) == [waiting.pk]
    assert "8 pts" in html
    assert html.index("Running") < html.index("Planned")


def test_backlog_of_a_kanban_team_is_what_nobody_committed_to(world: World, client_as: Callable[[str], Client]) -> None:
    team = team_make(world.harbour, method=TeamMethod.KANBAN)
    option = item_make(team, at=timezone.now())
    item_make(team, category=StateCategory.COMMITTED, at=timezone.now())
    html = client_as("developer").get("/teams/HAR/backlog/").content.decode()
    assert rows_of(html, 0) == [option.pk]
    assert "Plan sprint" not in html


def test_backlog_statements_are_the_same_for_3_and_30_rows(team: Team, client_as: Callable[[str], Client]) -> None:
    client, counts = client_as("developer"), []
    for number in (3, 27):
        for _n in range(number):
            item_make(team, at=timezone.now())
        with CaptureQueriesContext(connection) as captured:
            client.get("/teams/HAR/backlog/")
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 8


def test_backlog_move_gives_another_place(team: Team, client_as: Callable[[str], Client]) -> None:
    one, two, three = (item_make(team, at=timezone.now()) for _n in range(3))
    client = client_as("developer")
    assert drop(client, one, 0, after=two).status_code == 200
    assert list(WorkItem.objects.ranked()) == [two, one, three]
    assert drop(client, three, 0).status_code == 200
    assert list(WorkItem.objects.ranked()) == [three, two, one]


def test_backlog_move_into_a_sprint_is_one_step(team: Team, client_as: Callable[[str], Client]) -> None:
    sprint = sprint_make(team)
    inside = item_make(team, sprint=sprint, at=timezone.now())
    item = item_make(team, at=timezone.now())
    client = client_as("developer")

    answer = drop(client, item, sprint.pk)

    assert answer.status_code == 200
    item.refresh_from_db()
    inside.refresh_from_db()
    assert item.sprint == sprint
    assert item.rank < inside.rank
    assert f'<header id="head-{sprint.pk}"' in answer.content.decode()
    assert drop(client, item, 0, after=inside).status_code == 200
    item.refresh_from_db()
    assert item.sprint is None


def test_backlog_move_knows_no_foreign_item_and_no_foreign_or_closed_sprint(
    team: Team, world: World, client_as: Callable[[str], Client]
) -> None:
    other = team_make(world.lighthouse)
    foreign, mine = item_make(other, at=timezone.now()), item_make(team, at=timezone.now())
    client = client_as("developer")
    data = {"id": foreign.pk, "to": 0}
    assert client.post("/teams/HAR/backlog/move/", data, **FRAGMENT).status_code == 404
    assert drop(client, mine, sprint_make(other).pk).status_code == 404
    assert drop(client_as("coach"), mine, 0).status_code == 403
    assert drop(client_as("neighbour"), mine, 0).status_code == 404
    for item in (foreign, mine):
        assert ItemEvent.objects.filter(subject=item).count() == item.version


def test_backlog_plan_puts_the_picked_items_into_a_sprint(team: Team, client_as: Callable[[str], Client]) -> None:
    sprint = sprint_make(team)
    picked = [item_make(team, at=timezone.now()) for _n in range(3)]
    client, url = client_as("developer"), "/teams/HAR/backlog/plan/"
    assert client.post(url, {"ids": [item.pk for item in picked], "sprint": sprint.pk}).status_code == 303
    assert WorkItem.objects.filter(sprint=sprint).count() == 3
    assert client.post(url, {"ids": [picked[0].pk], "sprint": 0}).status_code == 303
    assert WorkItem.objects.filter(sprint=sprint).count() == 2
    assert client.post(url, {"sprint": sprint.pk}).status_code == 422


def test_backlog_plan_is_all_or_nothing_when_an_id_is_foreign(
    team: Team, world: World, client_as: Callable[[str], Client]
) -> None:
    sprint, mine = sprint_make(team), item_make(team, at=timezone.now())
    foreign = item_make(team_make(world.lighthouse), at=timezone.now())
    data = {"ids": [mine.pk, foreign.pk], "sprint": sprint.pk}
    assert client_as("developer").post("/teams/HAR/backlog/plan/", data).status_code == 404
    assert not WorkItem.objects.filter(sprint=sprint).exists()


def test_item_estimate_in_its_row(team: Team, client_as: Callable[[str], Client]) -> None:
    item = item_make(team, at=timezone.now())
    client, url = client_as("developer"), f"/items/{item.key}/estimate/"
    answer = client.post(url, {"estimate": "5"}, **FRAGMENT)
    assert answer.status_code == 200
    assert 'value="5"' in answer.content.decode()
    assert WorkItem.objects.get(pk=item.pk).estimate == Decimal(5)
    refused = client.post(url, {"estimate": "4"}, **FRAGMENT)
    assert "toast" in json.loads(refused.headers["HX-Trigger"])
    assert WorkItem.objects.get(pk=item.pk).estimate == Decimal(5)


def test_backlog_rows_are_fetched_again_by_id(team: Team, client_as: Callable[[str], Client]) -> None:
    item = item_make(team, at=timezone.now())
    html = client_as("developer").get(f"/teams/HAR/backlog/rows/?ids={item.pk},999999", **FRAGMENT).content.decode()
    assert f'id="card-{item.pk}"' in html
    assert 'id="card-999999" data-id="999999" data-gone' in html
