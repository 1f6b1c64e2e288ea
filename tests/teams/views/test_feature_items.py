"""The items of a feature: how far they are, which they are, and what a reader may not look into."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from organization.access import SYSTEM
from portfolio.models import Feature, StateCategory
from teams.models import Team
from teams.selectors.feature_items import feature_progress
from teams.services.items import item_delete
from teams.views import feature_items as views
from tests.factories.organization import person_make
from tests.factories.portfolio import feature_make
from tests.factories.teams import item_make, item_to, team_make
from tests.personas import World

pytestmark = pytest.mark.django_db

PANEL: dict[str, Any] = {"headers": {"HX-Request": "true", "HX-Target": "panel"}}
MOST_STATEMENTS = 12


@pytest.fixture
def feature(world: World) -> Feature:
    return feature_make(world.coast, title="Refund in parts")


@pytest.fixture
def harbour(world: World) -> Team:
    return team_make(world.harbour)


@pytest.fixture
def lighthouse(world: World) -> Team:
    return team_make(world.lighthouse)


def url_of(feature: Feature) -> str:
    return f"/features/{feature.key}/items/"


def test_items_are_listed_team_by_team_with_how_far_they_are(
    feature: Feature, harbour: Team, lighthouse: Team, client_as: Callable[[str], Client]
) -> None:
    now = timezone.now()
    item_make(lighthouse, title="Far light", feature=feature, at=now)
    first = item_make(harbour, title="First form", feature=feature, assignee=person_make("Ada Example"), at=now)
    item_make(harbour, title="Second form", feature=feature, at=now)
    item_make(harbour, title="For nobody", at=now)
    item_to(first, StateCategory.DONE, at=now)
    html = client_as("program_lead").get(url_of(feature)).content.decode()
    places = [html.index(title) for title in ("First form", "Second form", "Far light")]
    assert places == sorted(places)
    assert "For nobody" not in html
    assert "1 of 3 done" in html
    assert "Ada Example" in html
    assert f'href="/items/{first.key}/"' in html
    assert "may not look into" not in html


def test_what_a_reader_may_not_look_into_is_only_counted(
    feature: Feature, harbour: Team, lighthouse: Team, client_as: Callable[[str], Client]
) -> None:
    item_make(harbour, title="Ours", feature=feature, at=timezone.now())
    for _n in range(2):
        item_make(lighthouse, title="Theirs", feature=feature, at=timezone.now())
    html = client_as("developer").get(url_of(feature)).content.decode()
    assert "Ours" in html
    assert "Theirs" not in html
    assert "LIG-" not in html
    assert "0 of 1 done" in html
    assert "2 items of this feature belong to teams that you may not look into" in html
    stakeholder = client_as("stakeholder").get(url_of(feature)).content.decode()
    assert "Ours" not in stakeholder
    assert "3 items of this feature belong to teams" in stakeholder
    assert "No items yet" not in stakeholder


def test_sub_tasks_and_deleted_items_do_not_count_and_cancelled_ones_are_said_apart(
    world: World, feature: Feature, harbour: Team
) -> None:
    now = timezone.now()
    story = item_make(harbour, feature=feature, at=now)
    item_make(harbour, type="SUBTASK", parent=story, feature=feature, at=now)
    item_delete(actor=SYSTEM, item=item_make(harbour, feature=feature, at=now), at=now)
    item_make(harbour, feature=feature, category=StateCategory.DONE, at=now)
    item_make(harbour, feature=feature, category=StateCategory.BACKLOG, at=now)
    progress = feature_progress(feature, actor=world.persona("developer").actor)
    assert (progress.seen, progress.done, progress.whole, progress.hidden) == (3, 1, 3, 0)
    assert feature_progress(feature, actor=SYSTEM).seen == 3


def test_the_tab_stands_on_every_page_of_the_feature_with_its_count(
    feature: Feature, harbour: Team, client_as: Callable[[str], Client]
) -> None:
    client = client_as("developer")
    for _n in range(2):
        item_make(harbour, feature=feature, at=timezone.now())
    for page in ("", "items/", "history/"):
        html = client.get(f"/features/{feature.key}/{page}").content.decode()
        assert f'href="/features/{feature.key}/items/"' in html
        assert 'Items <span class="nav-count">2</span>' in html
    panel = client.get(url_of(feature), **PANEL).content.decode()
    assert "<html" not in panel
    assert f"/features/{feature.key}/?panel=1" in panel


def test_a_feature_without_items_says_what_to_do(feature: Feature, client_as: Callable[[str], Client]) -> None:
    developer = client_as("developer").get(url_of(feature)).content.decode()
    assert "No items yet" in developer
    assert 'href="/items/new/">New item' in developer
    assert 'href="/items/new/">New item' not in client_as("coach").get(url_of(feature)).content.decode()


def test_a_long_list_goes_on_on_another_page(
    feature: Feature, harbour: Team, client_as: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "PAGE_ROWS", 2)
    for number in range(3):
        item_make(harbour, title=f"Part {number}", feature=feature, at=timezone.now())
    client = client_as("developer")
    first = client.get(url_of(feature)).content.decode()
    assert "Part 2" not in first
    assert f'href="{url_of(feature)}?page=2"' in first
    assert "Part 2" in client.get(url_of(feature), {"page": "2"}).content.decode()


@pytest.mark.parametrize(
    ("persona", "status"), [("developer", 200), ("stakeholder", 200), ("south_staff", 404), ("stranger", 404)]
)
def test_it_exists_for_those_who_see_the_feature(
    persona: str, status: int, feature: Feature, client_as: Callable[[str], Client]
) -> None:
    assert client_as(persona).get(url_of(feature)).status_code == status


def test_it_asks_as_often_for_3_items_as_for_30(
    feature: Feature, harbour: Team, lighthouse: Team, client_as: Callable[[str], Client]
) -> None:
    client, counts = client_as("program_lead"), []
    for number in (3, 27):
        for index in range(number):
            team = harbour if index % 2 else lighthouse
            item_make(team, feature=feature, assignee=person_make(), at=timezone.now())
        client.get(url_of(feature))
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url_of(feature)).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1] <= MOST_STATEMENTS
