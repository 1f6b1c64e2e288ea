"""The kanbans: filters, moves, quick adds, refreshed cards."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from organization.access import SYSTEM
from portfolio.models import Epic, EpicType, Feature, TrackedKind
from portfolio.services.epics import epic_align, epic_move
from portfolio.services.workflows import state_edit
from tests.factories.portfolio import epic_make, feature_make, state_named, theme_make
from tests.personas import World

HTMX = {"HTTP_HX_REQUEST": "true"}


def toast_of(response: HttpResponse) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(response["HX-Trigger"])["toast"]
    return said


def cards_of(response: HttpResponse) -> list[str]:
    return re.findall(r'class="k">([^<]+)<', response.content.decode())


def test_board_shows_every_state_with_its_limit_and_policy(world: World, client_as: Callable[[str], Client]) -> None:
    page = client_as("pmo_staff").get(reverse("portfolio:epic_board", args=["NORTH"])).content.decode()
    for name in ("Funnel", "Reviewing", "Analyzing", "Portfolio backlog", "Implementing: MVP", "Done", "Stopped"):
        assert name in page
    assert "0 / 5" in page
    assert "Lean business case, MVP and options considered." in page


def test_board_of_a_reader_has_no_moves_and_no_adds(world: World, client_as: Callable[[str], Client]) -> None:
    epic_make(world.north)
    page = client_as("executive").get(reverse("portfolio:epic_board", args=["NORTH"])).content.decode()
    assert "data-readonly" in page
    assert "data-quick-add" not in page


def test_board_says_when_a_limit_is_passed(world: World, client_as: Callable[[str], Client]) -> None:
    reviewing = state_named(world.north, TrackedKind.EPIC, "Reviewing")
    state_edit(actor=SYSTEM, state=reviewing, name="Reviewing", wip_limit=1, is_hard_limit=False, policy="")
    for _number in range(3):
        epic_make(world.north, state=reviewing)
    page = client_as("executive").get(reverse("portfolio:epic_board", args=["NORTH"])).content.decode()
    assert "3 / 1 over by 2" in page


def test_filters_live_in_the_address_and_count(world: World, client_as: Callable[[str], Client]) -> None:
    theme = theme_make(world.north)
    mine = epic_make(world.north, title="Quick refunds", owner=world.persona("pmo_staff").person)
    enabler = epic_make(world.north, title="Backbone", type=EpicType.ENABLER)
    epic_align(actor=SYSTEM, epic=enabler, shares={theme.pk: 100}, seen_version=None, at=timezone.now())
    client = client_as("pmo_staff")
    url = reverse("portfolio:epic_board", args=["NORTH"])
    for query, keys in (
        ("", [mine.key, enabler.key]),
        ("?q=refund", [mine.key]),
        (f"?q={enabler.key.lower()}", [enabler.key]),
        ("?owner=me", [mine.key]),
        ("?type=ENABLER", [enabler.key]),
        (f"?theme={theme.pk}", [enabler.key]),
        ("?theme=none", [mine.key]),
        ("?type=ENABLER&owner=me", []),
        ("?type=nonsense&theme=x%00", [mine.key, enabler.key]),
    ):
        response = client.get(url + query)
        assert cards_of(response) == keys, query
        assert f"{len(keys)} of 2" in response.content.decode(), query


def test_text_filter_answers_with_the_board_and_the_chips_only(
    world: World, client_as: Callable[[str], Client]
) -> None:
    epic_make(world.north, title="Quick refunds")
    response = client_as("pmo_staff").get(reverse("portfolio:epic_board", args=["NORTH"]) + "?q=quick", **HTMX)
    html = response.content.decode()
    assert "<html" not in html
    assert "data-board" in html
    assert 'hx-swap-oob="true"' in html


def test_what_ended_long_ago_is_left_to_the_list(world: World, client_as: Callable[[str], Client]) -> None:
    done = state_named(world.north, TrackedKind.EPIC, "Done")
    epic = epic_make(world.north, at=timezone.now() - timedelta(days=400))
    epic_move(
        actor=SYSTEM,
        epic=epic,
        to_state=done,
        after_id=None,
        seen_version=None,
        at=timezone.now() - timedelta(days=200),
    )
    client = client_as("executive")
    board = client.get(reverse("portfolio:epic_board", args=["NORTH"]))
    assert cards_of(board) == []
    assert "0 of 1" in board.content.decode()
    assert epic.key in client.get(reverse("portfolio:epic_list", args=["NORTH"])).content.decode()


# -- moves -----------------------------------------------------------------------------------------------------------


def test_move_answers_with_the_card_the_heads_and_the_way_back(
    world: World, client_as: Callable[[str], Client]
) -> None:
    first, second = epic_make(world.north), epic_make(world.north)
    target = state_named(world.north, TrackedKind.EPIC, "Reviewing")
    client = client_as("pmo_staff")
    url = reverse("portfolio:epic_board_move", args=["NORTH"])
    response = client.post(url, {"id": first.pk, "to": target.pk, "after": "", "version": first.version}, **HTMX)
    assert response.status_code == 200
    html = response.content.decode()
    assert f'id="card-{first.pk}"' in html
    assert f'id="card-{second.pk}"' not in html
    assert f'id="head-{target.pk}"' in html
    first.refresh_from_db()
    assert first.state == target
    client.post(toast_of(response)["undo_url"], **HTMX)
    first.refresh_from_db()
    assert first.state.name == "Funnel"


def test_move_is_kept_in_the_order_of_the_drop(world: World, client_as: Callable[[str], Client]) -> None:
    first, second, third = (epic_make(world.north) for _ in range(3))
    url = reverse("portfolio:epic_board_move", args=["NORTH"])
    client_as("pmo_staff").post(url, {"id": first.pk, "to": first.state_id, "after": second.pk}, **HTMX)
    assert list(Epic.objects.ranked()) == [second, first, third]


def test_a_refused_move_gives_the_reason_and_the_card_as_it_is(
    world: World, client_as: Callable[[str], Client]
) -> None:
    target = state_named(world.north, TrackedKind.EPIC, "Reviewing")
    state_edit(actor=SYSTEM, state=target, name="Reviewing", wip_limit=1, is_hard_limit=True, policy="")
    epic_make(world.north, state=target)
    epic = epic_make(world.north)
    url = reverse("portfolio:epic_board_move", args=["NORTH"])
    response = client_as("pmo_staff").post(url, {"id": epic.pk, "to": target.pk}, **HTMX)
    assert response.status_code == 422
    assert toast_of(response)["kind"] == "error"
    assert "its limit is 1 card" in toast_of(response)["text"]
    assert f'data-column="{epic.state_id}"' in response.content.decode()


def test_a_move_against_a_move_is_a_conflict(world: World, client_as: Callable[[str], Client]) -> None:
    epic = epic_make(world.north)
    seen = epic.version
    reviewing = state_named(world.north, TrackedKind.EPIC, "Reviewing")
    analyzing = state_named(world.north, TrackedKind.EPIC, "Analyzing")
    epic_move(actor=SYSTEM, epic=epic, to_state=reviewing, after_id=None, seen_version=None, at=timezone.now())
    url = reverse("portfolio:epic_board_move", args=["NORTH"])
    response = client_as("pmo_staff").post(url, {"id": epic.pk, "to": analyzing.pk, "version": seen}, **HTMX)
    assert response.status_code == 409
    assert f'data-column="{reviewing.pk}"' in response.content.decode()


@pytest.mark.parametrize(
    ("name", "status"), [("executive", 403), ("developer", 403), ("south_staff", 404), ("stranger", 404)]
)
def test_move_is_for_who_may(world: World, client_as: Callable[[str], Client], name: str, status: int) -> None:
    epic = epic_make(world.north)
    url = reverse("portfolio:epic_board_move", args=["NORTH"])
    response = client_as(name).post(url, {"id": epic.pk, "to": epic.state_id}, **HTMX)
    assert response.status_code == status


def test_move_knows_only_cards_and_columns_of_its_board(world: World, client_as: Callable[[str], Client]) -> None:
    epic, foreign = epic_make(world.north), epic_make(world.south)
    client = client_as("administrator")
    url = reverse("portfolio:epic_board_move", args=["NORTH"])
    assert client.post(url, {"id": foreign.pk, "to": epic.state_id}, **HTMX).status_code == 404
    assert client.post(url, {"id": epic.pk, "to": foreign.state_id}, **HTMX).status_code == 404
    assert client.post(url, {"id": "x", "to": epic.state_id}, **HTMX).status_code == 422


# -- adds and refreshed cards ----------------------------------------------------------------------------------------


def test_add_makes_one_card_a_line_or_none(world: World, client_as: Callable[[str], Client]) -> None:
    state = state_named(world.coast, TrackedKind.FEATURE, "Analyzing")
    client = client_as("program_lead")
    url = reverse("portfolio:feature_board_add", args=["COAST"])
    response = client.post(url, {"column": state.pk, "title": ["One", " ", "Two"]}, **HTMX)
    assert response.status_code == 200
    assert list(Feature.objects.ranked().values_list("title", "state__name")) == [
        ("One", "Analyzing"),
        ("Two", "Analyzing"),
    ]
    assert client.post(url, {"column": state.pk, "title": ["Three", "x" * 300]}, **HTMX).status_code == 422
    assert client.post(url, {"column": state.pk, "title": ""}, **HTMX).status_code == 422
    assert Feature.objects.count() == 2


def test_add_works_without_javascript(world: World, client_as: Callable[[str], Client]) -> None:
    state = state_named(world.north, TrackedKind.EPIC, "Funnel")
    response = client_as("pmo_staff").post(
        reverse("portfolio:epic_board_add", args=["NORTH"]), {"column": state.pk, "title": "New"}
    )
    assert response.status_code == 303
    assert Epic.objects.get().title == "New"


def test_cards_says_what_is_there_and_what_is_gone(world: World, client_as: Callable[[str], Client]) -> None:
    shown, hidden = epic_make(world.north, title="Quick"), epic_make(world.north, title="Slow")
    url = reverse("portfolio:epic_board_cards", args=["NORTH"])
    html = client_as("executive").get(f"{url}?ids={shown.pk},{hidden.pk},999999&q=quick").content.decode()
    assert f'data-id="{shown.pk}" data-version' in html
    assert f'data-id="{hidden.pk}" data-gone' in html
    assert 'data-id="999999" data-gone' in html


def test_a_feature_card_names_its_epic_only_to_who_sees_it(world: World, client_as: Callable[[str], Client]) -> None:
    secret = epic_make(world.south, title="Merger")
    feature_make(world.coast, epic=secret)
    page = client_as("program_lead").get(reverse("portfolio:program_board", args=["COAST"])).content.decode()
    assert "Merger" not in page


def test_a_drop_that_changes_nothing_offers_no_undo(world: World, client_as: Callable[[str], Client]) -> None:
    epic = epic_make(world.north)
    answer = client_as("pmo_staff").post(
        reverse("portfolio:epic_board_move", args=["NORTH"]),
        {"id": epic.pk, "to": epic.state_id, "after": "", "version": epic.version},
        **HTMX,
    )
    assert answer.status_code == 200
    assert "undo_url" not in toast_of(answer)


def test_numbers_that_are_none_are_no_error(world: World, client_as: Callable[[str], Client]) -> None:
    epic = epic_make(world.north)
    client = client_as("pmo_staff")
    for odd in ("²", "9" * 30, "9" * 18, "x"):
        history = client.get(reverse("portfolio:epic_history", args=[epic.key]), {"before": odd})
        assert history.status_code == 200, odd
        moved = client.post(reverse("portfolio:epic_move", args=[epic.key]), {"to": odd})
        assert moved.status_code == 404, odd
        aligned = client.post(reverse("portfolio:epic_align", args=[epic.key]), {f"theme_{odd}": "10", "version": odd})
        assert aligned.status_code in {303, 422}, odd
