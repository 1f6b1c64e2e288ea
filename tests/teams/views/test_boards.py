"""The board as people use it: what they see, what they may do, what comes back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from organization.access import SYSTEM
from portfolio.models import StateCategory, WorkflowState
from teams.models import ItemEvent, Team, TeamMethod, TeamMode, WorkItem
from teams.services import items
from tests.factories.teams import item_make, item_to, sprint_make, state_of, team_make
from tests.personas import World

pytestmark = pytest.mark.django_db

FRAGMENT: dict[str, Any] = {"headers": {"HX-Request": "true"}}


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cache.clear()


@pytest.fixture
def team(world: World) -> Team:
    return team_make(world.harbour, method=TeamMethod.KANBAN)


def cards_of(html: str) -> list[str]:
    return re.findall(r'<li class="board-card" id="card-(\d+)"[^>]*data-version', html)


def move(client: Client, item: WorkItem, to: WorkflowState, *, after: WorkItem | None = None, **more: Any) -> Any:
    data = {"id": item.pk, "to": to.pk, "after": after.pk if after else "", "version": item.version, **more}
    return client.post(f"/teams/{item.team.unit.code}/board/move/", data, **FRAGMENT)


def test_board_shows_open_items_and_what_was_finished_lately(team: Team, client_as: Callable[[str], Client]) -> None:
    now = timezone.now()
    open_item = item_make(team, category=StateCategory.ACTIVE, at=now)
    fresh = item_to(item_make(team, at=now), StateCategory.DONE, at=now - timedelta(days=3))
    old = item_to(item_make(team, at=now), StateCategory.DONE, at=now - timedelta(days=40))
    part = items.item_create(
        actor=SYSTEM, team=team, title="Part", values={"parent": open_item, "type": "SUBTASK"}, at=now
    )

    html = client_as("developer").get("/teams/HAR/board/").content.decode()

    assert set(cards_of(html)) == {str(open_item.pk), str(fresh.pk)}
    assert str(old.pk) not in cards_of(html)
    assert part.title not in html
    assert "All finished items" in html


def test_board_of_a_scrum_team_shows_its_sprint(world: World, client_as: Callable[[str], Client]) -> None:
    team = team_make(world.harbour)
    client = client_as("scrum_master")
    assert "No sprint is running" in client.get("/teams/HAR/board/").content.decode()
    sprint = sprint_make(team, starts_at=timezone.now() - timedelta(days=2), start=True)
    inside, outside = item_make(team, sprint=sprint), item_make(team)

    html = client.get("/teams/HAR/board/").content.decode()

    assert cards_of(html) == [str(inside.pk)]
    assert outside.title not in html
    assert sprint.name in html


def test_board_statements_are_the_same_for_3_and_30_cards(team: Team, client_as: Callable[[str], Client]) -> None:
    client = client_as("developer")
    counts = []
    for number in (3, 27):
        for _n in range(number):
            item_make(team, category=StateCategory.ACTIVE, at=timezone.now())
        cache.clear()
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/teams/HAR/board/").status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 8


def test_board_unchanged_is_not_sent_again_and_any_change_is(team: Team, client_as: Callable[[str], Client]) -> None:
    item = item_make(team, category=StateCategory.ACTIVE, at=timezone.now())
    client = client_as("developer")
    client.get("/teams/HAR/board/")
    etag = client.get("/teams/HAR/board/").headers["ETag"]
    assert client.get("/teams/HAR/board/", headers={"If-None-Match": etag}).status_code == 304

    items.item_edit(actor=SYSTEM, item=item, values={"title": "Another"}, seen_version=None, at=timezone.now())

    answer = client.get("/teams/HAR/board/", headers={"If-None-Match": etag})
    assert answer.status_code == 200
    assert "Another" in answer.content.decode()


def test_board_draws_one_changed_card_new_and_the_rest_from_the_cache(
    team: Team, client_as: Callable[[str], Client]
) -> None:
    made = [item_make(team, category=StateCategory.ACTIVE, at=timezone.now()) for _n in range(3)]
    client = client_as("developer")
    first = cards_of(client.get("/teams/HAR/board/").content.decode())
    items.item_move(
        actor=SYSTEM,
        item=made[2],
        to_state=state_of(team, StateCategory.ACTIVE),
        after_id=None,
        seen_version=None,
        at=timezone.now(),
    )
    second = cards_of(client.get("/teams/HAR/board/").content.decode())
    assert first == [str(item.pk) for item in made]
    assert second == [str(made[2].pk), str(made[0].pk), str(made[1].pk)]


def test_board_filters_stand_in_the_address_and_say_how_many_are_left(
    team: Team, world: World, client_as: Callable[[str], Client]
) -> None:
    mine = item_make(team, title="Refund 100% of it", assignee=world.persona("developer").person, at=timezone.now())
    other = item_make(team, title="Payout", labels=["bank"], type="BUG", at=timezone.now())
    blocked = items.item_block(actor=SYSTEM, item=other, reason="bank is down", at=timezone.now())
    client = client_as("developer")
    for query, left in [
        ("who=me", mine),
        ("q=refund", mine),
        ("q=100%25", mine),
        ("blocked=1", blocked),
        ("label=bank", blocked),
        ("type=BUG", blocked),
        ("who=none", blocked),
    ]:
        html = client.get(f"/teams/HAR/board/?{query}").content.decode()
        assert cards_of(html) == [str(left.pk)], query
        assert "1 of 2" in html, query
        assert "Clear all" in html, query
    assert cards_of(client.get("/teams/HAR/board/?q=_efund").content.decode()) == []


def test_board_text_filter_answers_htmx_with_chips_and_board_only(
    team: Team, client_as: Callable[[str], Client]
) -> None:
    item = item_make(team, title="Refund", at=timezone.now())
    html = client_as("developer").get("/teams/HAR/board/?q=ref", **FRAGMENT).content.decode()
    assert "<html" not in html
    assert cards_of(html) == [str(item.pk)]
    assert 'id="board-chips" hx-swap-oob="true"' in html


@pytest.mark.parametrize("query", ["who=abc", "epic=9999999999999999999999", "type=x", "q=%00", "who='--"])
def test_board_ignores_nonsense_in_the_address(query: str, team: Team, client_as: Callable[[str], Client]) -> None:
    assert client_as("developer").get(f"/teams/HAR/board/?{query}").status_code == 200


def test_board_move_answers_with_the_card_and_the_heads(team: Team, client_as: Callable[[str], Client]) -> None:
    first = item_make(team, category=StateCategory.ACTIVE, at=timezone.now())
    item = item_make(team, at=timezone.now())
    to = state_of(team, StateCategory.ACTIVE)

    answer = move(client_as("developer"), item, to, after=first)

    html = answer.content.decode()
    assert answer.status_code == 200
    assert cards_of(html) == [str(item.pk)]
    assert f'data-column="{to.pk}"' in html
    assert f'<header id="head-{to.pk}"' in html
    toast = json.loads(answer.headers["HX-Trigger"])["toast"]
    assert to.name in toast["text"]
    item.refresh_from_db()
    first.refresh_from_db()
    assert item.state == to
    assert item.rank > first.rank


def test_board_move_is_undone_from_its_toast(team: Team, client_as: Callable[[str], Client]) -> None:
    client = client_as("developer")
    item = item_make(team, at=timezone.now())
    before = item.state_id
    answer = move(client, item, state_of(team, StateCategory.DONE))
    undo = json.loads(answer.headers["HX-Trigger"])["toast"]["undo_url"]

    assert client.post(undo, **FRAGMENT).status_code == 204

    item.refresh_from_db()
    assert item.state_id == before
    assert ItemEvent.objects.filter(subject=item, voids__isnull=False).exists()


def test_board_move_statements(team: Team, client_as: Callable[[str], Client]) -> None:
    first = item_make(team, category=StateCategory.ACTIVE, at=timezone.now())
    item = item_make(team, at=timezone.now())
    client, to = client_as("developer"), state_of(team, StateCategory.ACTIVE)
    with CaptureQueriesContext(connection) as captured:
        assert move(client, item, to, after=first).status_code == 200
    work = [each["sql"] for each in captured if "SAVEPOINT" not in each["sql"]]
    assert len(work) <= 10, work


def test_board_move_refused_by_a_hard_limit_gives_the_card_back_with_the_reason(
    team: Team, client_as: Callable[[str], Client]
) -> None:
    to = state_of(team, StateCategory.ACTIVE)
    WorkflowState.objects.filter(pk=to.pk).update(wip_limit=1, is_hard_limit=True)
    item_make(team, category=StateCategory.ACTIVE, at=timezone.now())
    item = item_make(team, at=timezone.now())

    answer = move(client_as("developer"), item, to)

    assert answer.status_code == 422
    assert "is full" in json.loads(answer.headers["HX-Trigger"])["toast"]["text"]
    assert f'data-column="{item.state_id}"' in answer.content.decode()
    assert WorkItem.objects.get(pk=item.pk).state_id == item.state_id


def test_board_move_of_a_card_somebody_else_moved_is_a_conflict(team: Team, client_as: Callable[[str], Client]) -> None:
    item = item_make(team, at=timezone.now())
    item_to(item, StateCategory.DONE, at=timezone.now())
    answer = move(client_as("developer"), item, state_of(team, StateCategory.ACTIVE))
    assert answer.status_code == 409
    assert WorkItem.objects.get(pk=item.pk).state.category == "DONE"


def test_board_move_knows_no_foreign_card_and_no_foreign_column(
    team: Team, world: World, client_as: Callable[[str], Client]
) -> None:
    foreign_team = team_make(world.lighthouse, method=TeamMethod.KANBAN)
    foreign = item_make(foreign_team, at=timezone.now())
    mine = item_make(team, at=timezone.now())
    client, url = client_as("developer"), "/teams/HAR/board/move/"
    here = state_of(team, StateCategory.ACTIVE)
    there = state_of(foreign_team, StateCategory.ACTIVE)
    assert client.post(url, {"id": foreign.pk, "to": here.pk}).status_code == 404
    assert client.post(url, {"id": mine.pk, "to": there.pk}).status_code == 404
    assert client.post("/teams/LIG/board/move/", {"id": foreign.pk, "to": there.pk}).status_code == 404
    foreign.refresh_from_db()
    mine.refresh_from_db()
    assert foreign.version == WorkItem.objects.get(pk=foreign.pk).version
    assert mine.state_id != here.pk
    # A foreign card to stand behind is no place at all: the card stands where its column puts it.
    assert client.post(url, {"id": mine.pk, "to": here.pk, "after": foreign.pk}).status_code == 200
    assert ItemEvent.objects.filter(subject=foreign).count() == foreign.version


@pytest.mark.parametrize(
    ("persona", "page", "write"),
    [
        ("developer", 200, 200),
        ("coach", 200, 403),
        ("executive", 200, 403),
        ("neighbour", 404, 404),
        ("stranger", 404, 404),
    ],
)
def test_board_is_seen_and_moved_by_those_who_may(
    persona: str, page: int, write: int, team: Team, client_as: Callable[[str], Client]
) -> None:
    item = item_make(team, at=timezone.now())
    client = client_as(persona)
    assert client.get("/teams/HAR/board/").status_code == page
    assert move(client, item, state_of(team, StateCategory.ACTIVE)).status_code == write
    if page == 200 and write == 403:
        assert "data-readonly" in client.get("/teams/HAR/board/").content.decode()


def test_board_of_a_mirrored_team_is_read_only_and_says_why(world: World, client_as: Callable[[str], Client]) -> None:
    team = team_make(world.harbour, method=TeamMethod.KANBAN, mode=TeamMode.MIRRORED)
    html = client_as("developer").get("/teams/HAR/board/").content.decode()
    assert "This board mirrors" in html
    assert "data-readonly" in html
    assert "data-quick-add" not in html
    assert team.is_mirrored


def test_board_add_makes_a_card_a_line_in_the_column(team: Team, client_as: Callable[[str], Client]) -> None:
    state = state_of(team, StateCategory.ACTIVE)
    answer = client_as("developer").post(
        "/teams/HAR/board/add/", {"column": state.pk, "title": ["One", "Two"]}, **FRAGMENT
    )
    assert answer.status_code == 200
    assert len(cards_of(answer.content.decode())) == 2
    assert list(WorkItem.objects.filter(state=state).ranked().values_list("title", flat=True)) == ["One", "Two"]


def test_board_add_without_javascript_leads_back_to_the_board(team: Team, client_as: Callable[[str], Client]) -> None:
    state = state_of(team, StateCategory.ACTIVE)
    answer = client_as("developer").post("/teams/HAR/board/add/", {"column": state.pk, "title": "One"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/teams/HAR/board/")


@pytest.mark.parametrize("titles", [[""], ["x" * 256], ["line"] * 51], ids=["empty", "long", "many"])
def test_board_add_refuses_what_is_no_title(titles: list[str], team: Team, client_as: Callable[[str], Client]) -> None:
    state = state_of(team, StateCategory.ACTIVE)
    answer = client_as("developer").post("/teams/HAR/board/add/", {"column": state.pk, "title": titles}, **FRAGMENT)
    assert answer.status_code == 422
    assert "toast" in answer.headers["HX-Trigger"]
    assert not WorkItem.objects.exists()


def test_board_cards_marks_what_left_the_board_as_gone(
    team: Team, world: World, client_as: Callable[[str], Client]
) -> None:
    here = item_make(team, at=timezone.now())
    gone = items.item_delete(actor=SYSTEM, item=item_make(team, at=timezone.now()), at=timezone.now())
    foreign = item_make(team_make(world.lighthouse), title="canary", at=timezone.now())
    url = f"/teams/HAR/board/cards/?ids={here.pk},{gone.pk},{foreign.pk}"
    html = client_as("developer").get(url, **FRAGMENT).content.decode()
    assert cards_of(html) == [str(here.pk)]
    assert f'id="card-{gone.pk}" data-id="{gone.pk}" data-gone' in html
    assert "canary" not in html


@pytest.mark.parametrize("ids", ["x", "1,-2", "9" * 25, ",".join(map(str, range(1, 1100)))])
def test_board_cards_refuses_what_are_no_ids(ids: str, team: Team, client_as: Callable[[str], Client]) -> None:
    assert client_as("developer").get(f"/teams/HAR/board/cards/?ids={ids}").status_code == 422


def test_board_shows_text_as_text(team: Team, client_as: Callable[[str], Client]) -> None:
    item_make(team, title='<img src=x onerror=alert(1)>" hx-get="/x', at=timezone.now())
    html = client_as("developer").get("/teams/HAR/board/").content.decode()
    assert "<img src=x" not in html
    assert 'hx-get="/x' not in html


def test_board_card_hides_an_epic_its_reader_may_not_see(
    team: Team, world: World, client_as: Callable[[str], Client]
) -> None:
    from organization.models import Role
    from tests.factories.organization import role_make
    from tests.factories.portfolio import epic_make, feature_make

    epic = epic_make(world.north, title="Secret canary epic")
    item_make(team, feature=feature_make(world.coast, epic=epic), at=timezone.now())
    assert "Secret canary" in client_as("developer").get("/teams/HAR/board/").content.decode()
    # An administrator of one team looks down, not up: the portfolio's epic does not exist for them.
    role_make(world.persona("stranger").person, Role.ADMINISTRATOR, world.harbour)
    answer = client_as("stranger").get("/teams/HAR/board/")
    assert answer.status_code == 200
    assert "Secret canary" not in answer.content.decode()
    assert "Secret canary" not in client_as("stranger").get("/teams/HAR/board/filters/epic/").content.decode()


def test_board_facet_lists_values_with_counts(team: Team, client_as: Callable[[str], Client]) -> None:
    item_make(team, type="BUG", labels=["bank"], at=timezone.now())
    item_make(team, type="BUG", at=timezone.now())
    client = client_as("developer")
    html = client.get("/teams/HAR/board/filters/type/", **FRAGMENT).content.decode()
    assert re.search(r'href="/teams/HAR/board/\?type=BUG">Bug<span class="hint">2</span>', html)
    assert "bank" in client.get("/teams/HAR/board/filters/label/").content.decode()
    assert client.get("/teams/HAR/board/filters/secrets/").status_code == 404


def test_a_drop_that_changes_nothing_offers_no_undo_of_somebody_elses_change(
    team: Team, client_as: Callable[[str], Client]
) -> None:
    item = item_make(team, at=timezone.now())
    items.item_edit(
        actor=SYSTEM, item=item, values={"title": "Written by a colleague"}, seen_version=None, at=timezone.now()
    )
    answer = move(client_as("developer"), item, item.state)
    assert answer.status_code == 200
    assert "undo_url" not in json.loads(answer.headers["HX-Trigger"])["toast"]
