"""The board in real browsers: moving by hand and by key, and two people who see each other's moves."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as configured
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from pmo_portal.lib import live
from pmo_portal.streams.application import Options, StreamApplication
from portfolio.models import StateCategory
from teams.models import Team, TeamMethod, WorkItem
from tests.factories.teams import item_make, state_of, team_make
from tests.personas import World
from tests.streams.listening import serving

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PageOf = Callable[..., Page]


@pytest.fixture
def world(transactional_db: None) -> World:
    """The organisation of the tests, committed: the server is another thread."""
    from tests import personas

    made: World = personas.world.__wrapped__(None)  # type: ignore[attr-defined]
    return made


@pytest.fixture
def team(world: World) -> Team:
    return team_make(world.harbour, method=TeamMethod.KANBAN)


@pytest.fixture
def page_of(browser: Browser, live_server: LiveServer, world: World, settings: Any) -> Iterator[PageOf]:
    """A page in a browser of its own in which somebody is signed in; streams run beside the server."""
    contexts = []
    options = Options(redis_url=settings.REDIS_URL, channel_prefix=live.channel_prefix())
    with serving(StreamApplication(options)) as port:
        settings.STREAM_URL = f"http://localhost:{port}/stream"
        policy = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
        settings.CONTENT_SECURITY_POLICY = {
            "DIRECTIVES": {**policy, "connect-src": [*policy["connect-src"], f"http://localhost:{port}"]}
        }

        def signed_in(name: str, path: str, **more: Any) -> Page:
            client = Client()
            client.force_login(world.persona(name).user)
            cookie = client.cookies[configured.SESSION_COOKIE_NAME]
            context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB", **more)
            context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
            contexts.append(context)
            page = context.new_page()
            page.on("pageerror", lambda error: pytest.fail(f"A script failed: {error}"))
            page.goto(f"{live_server.url}{path}")
            return page

        yield signed_in
        for context in contexts:
            context.close()


def column(page: Page, team: Team, category: StateCategory) -> Locator:
    return page.locator(f'.board-column[data-column="{state_of(team, category).pk}"]')


def card(page: Page, item: WorkItem) -> Locator:
    return page.locator(f"#card-{item.pk}")


def test_a_card_dragged_by_one_moves_at_the_other_within_two_seconds(team: Team, page_of: PageOf) -> None:
    item = item_make(team, category=StateCategory.ACTIVE, at=timezone.now())
    item_make(team, category=StateCategory.DONE, at=timezone.now())
    mine, theirs = page_of("developer", "/teams/HAR/board/"), page_of("executive", "/teams/HAR/board/")
    theirs.wait_for_timeout(2500)  # a stream process that has just begun asks every page to refresh once
    target = column(mine, team, StateCategory.DONE)

    start_box, end_box = card(mine, item).bounding_box(), target.locator(".board-card").bounding_box()
    assert start_box
    assert end_box
    mine.mouse.move(start_box["x"] + 40, start_box["y"] + 14)
    mine.mouse.down()
    mine.mouse.move(start_box["x"] + 70, start_box["y"] + 30, steps=5)
    mine.mouse.move(end_box["x"] + 40, end_box["y"] + end_box["height"] - 4, steps=12)
    mine.wait_for_timeout(200)
    mine.mouse.up()
    start = time.monotonic()

    expect(target.locator(f"#card-{item.pk}")).to_be_visible()
    expect(column(theirs, team, StateCategory.DONE).locator(f"#card-{item.pk}")).to_be_visible()
    assert time.monotonic() - start < 2
    expect(column(theirs, team, StateCategory.DONE).locator("header .limit")).to_have_text("2")
    assert WorkItem.objects.get(pk=item.pk).state.category == "DONE"


def test_a_card_is_moved_by_keys_and_a_refusal_puts_it_back_with_the_reason(team: Team, page_of: PageOf) -> None:
    item = item_make(team, category=StateCategory.BACKLOG, at=timezone.now())
    full = state_of(team, StateCategory.ACTIVE)
    team.workflow.states.filter(pk=full.pk).update(wip_limit=0, is_hard_limit=True)
    page = page_of("developer", "/teams/HAR/board/")
    card(page, item).locator("a.t").focus()

    page.keyboard.press("m")
    dialog = page.locator("#board-move")
    expect(dialog).to_be_visible()
    page.keyboard.press("2")
    expect(column(page, team, StateCategory.COMMITTED).locator(f"#card-{item.pk}")).to_be_visible()
    expect(page.locator("[data-announcer] p", has_text=re.compile(r"moved to Committed, 1 of 1"))).to_have_count(1)

    page.keyboard.press("m")
    page.keyboard.press("3")
    expect(page.locator(".toast", has_text="is full")).to_be_visible()
    expect(column(page, team, StateCategory.COMMITTED).locator(f"#card-{item.pk}")).to_be_visible()


def test_quick_add_keeps_the_focus_for_the_next_card(team: Team, page_of: PageOf) -> None:
    page = page_of("developer", "/teams/HAR/board/")
    first = column(page, team, StateCategory.BACKLOG)
    first.get_by_role("button", name=re.compile("^Add")).first.click()
    page.keyboard.type("One")
    page.keyboard.press("Enter")
    expect(first.locator(".board-card")).to_have_count(1)
    page.keyboard.type("Two")
    page.keyboard.press("Enter")
    expect(first.locator(".board-card .t")).to_have_text([re.compile("One"), re.compile("Two")])
    assert WorkItem.objects.count() == 2


def test_panel_edits_in_place_and_gives_the_board_back(team: Team, page_of: PageOf) -> None:
    item = item_make(team, title="Old title", category=StateCategory.ACTIVE, at=timezone.now())
    page = page_of("developer", "/teams/HAR/board/")
    page.wait_for_timeout(2500)
    card(page, item).click()
    panel = page.locator("#panel")
    expect(panel.get_by_text("Old title").first).to_be_visible()
    expect(page).to_have_url(re.compile(f"/items/{item.key}/$"))

    panel.get_by_role("button", name=re.compile("Title: Old title")).click()
    page.keyboard.press("Control+A")
    page.keyboard.type("New title")
    page.keyboard.press("Enter")
    expect(panel.get_by_text("Saved")).to_be_visible()
    expect(card(page, item)).to_contain_text("New title")

    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page).to_have_url(re.compile("/teams/HAR/board/$"))


def test_board_on_a_phone_shows_one_column_at_a_time(team: Team, page_of: PageOf) -> None:
    item = item_make(team, category=StateCategory.DONE, at=timezone.now())
    page = page_of("developer", "/teams/HAR/board/")
    page.set_viewport_size({"width": 360, "height": 780})
    expect(card(page, item)).not_to_be_in_viewport()
    page.locator(f'[data-jump="{item.state_id}"]').click()
    expect(card(page, item)).to_be_in_viewport()


@pytest.mark.parametrize("path", ["board/", "backlog/", "sprints/", "items/", "settings/"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(path: str, scheme: str, world: World, page_of: PageOf) -> None:
    team = team_make(world.harbour)
    item_make(team, at=timezone.now())
    page = page_of("scrum_master", f"/teams/HAR/{path}", color_scheme=scheme)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_axe_finds_nothing_in_an_item(team: Team, page_of: PageOf) -> None:
    item = item_make(team, description="**bold**", at=timezone.now())
    for path in (f"/items/{item.key}/", f"/items/{item.key}/?tab=history", f"/items/{item.key}/edit/"):
        found = Axe().run(page_of("scrum_master", path))
        assert found.violations_count == 0, found.generate_report()
