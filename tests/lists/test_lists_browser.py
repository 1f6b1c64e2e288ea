"""A list by the keyboard alone: rows, cells, many at once, and the way back; then on a phone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as configured
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from teams.models import Team, WorkItem
from tests.factories.teams import item_make, team_make
from tests.personas import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


@pytest.fixture
def world(transactional_db: None) -> World:
    """The organisation of the tests, committed: the server is another thread."""
    from tests import personas

    made: World = personas.world.__wrapped__(None)  # type: ignore[attr-defined]
    return made


@pytest.fixture
def team(world: World) -> Team:
    team = team_make(world.harbour)
    for title, estimate, kind in (("Alpha", 1, "STORY"), ("Beta", 2, "STORY"), ("Gamma", 3, "BUG")):
        item_make(team, title=title, estimate=estimate, type=kind, at=timezone.now())
    return team


@pytest.fixture
def list_page(browser: Browser, live_server: LiveServer, world: World, team: Team) -> Any:
    client = Client()
    client.force_login(world.persona("developer").user)
    cookie = client.cookies[configured.SESSION_COOKIE_NAME]
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    context.set_default_navigation_timeout(120_000)  # the first page of a server that has read nothing yet
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"A script failed: {error}"))
    page.goto(f"{live_server.url}/teams/HAR/items/?cols=title,estimate,priority&sort=title")
    yield page
    context.close()


def faults(page: Page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{each['id']}: {node['html'][:160]}" for each in found for node in each["nodes"]]


def estimates(team: Team) -> list[Any]:
    return list(WorkItem.objects.filter(team=team).order_by("title").values_list("estimate", flat=True))


def test_a_list_is_worked_by_keys_and_fits_a_phone(list_page: Page, team: Team) -> None:
    page, keys = list_page, list_page.keyboard
    keys.press("j")
    expect(page.locator("a.row-link").nth(0)).to_be_focused()
    keys.press("j")
    keys.press("ArrowRight")
    keys.press("ArrowRight")
    keys.press("Enter")
    field = page.locator("[data-cell-form] [name=estimate]")
    expect(field).to_be_focused()
    field.select_option("5")
    keys.press("Tab")
    expect(page.locator("[data-cell-form] select[name=priority]")).to_be_focused()
    assert estimates(team) == [1, 5, 3], "Tab saves and edits the next cell"
    keys.press("Escape")
    expect(page.locator("[data-cell-form]")).to_have_count(0)
    assert faults(page) == []

    keys.press("x")
    keys.press("j")
    keys.press("Shift+X")
    expect(page.locator("[data-select-count]")).to_have_text("2 selected")
    page.locator("[data-bulk][value=estimate]").press("Enter")
    page.locator("#list-bulk select").select_option("8")
    page.locator("#list-bulk [type=submit]").press("Enter")
    expect(page.locator("#toasts")).to_contain_text("2 rows changed.")
    assert estimates(team) == [1, 8, 8]
    expect(page.locator("[data-select-row]:checked")).to_have_count(2)
    page.locator("#toasts").get_by_role("button", name="Undo").press("Enter")
    expect(page.locator("#toasts")).to_contain_text("2 rows are as they were.")
    assert estimates(team) == [1, 5, 3]

    # While one question is on its way another is asked: the second takes along what the first had changed.
    held: list[Any] = []
    page.route("**/items/?*wide=priority*", lambda route: held.append(route) if not held else route.continue_())
    with page.expect_request("**/items/?*wide=priority*"):
        page.locator("[data-grip=priority]").press("ArrowRight")
    page.locator("[data-grip=estimate]").press("ArrowRight")
    expect(page).to_have_url(re.compile(r"wide=estimate\.\d+,priority\.\d+"))
    expect(page.locator("th[data-w]")).to_have_count(2)
    expect(page.locator("[data-grip=estimate]")).to_be_focused()
    expect(page.locator("[data-select-row]:checked")).to_have_count(2)  # the same rows, however wide
    page.unroute_all()
    page.goto(f"{page.url}&group=type")
    keys.press("j")
    keys.press("x")
    keys.press("j")
    keys.press("j")
    keys.press("Shift+X")
    expect(page.locator("[data-select-count]")).to_have_text("3 selected")  # over the heads of two groups

    keys.press("/")
    keys.type("alph")
    expect(page.locator("tr[data-row]")).to_have_count(1)
    expect(page.locator("[data-list-search] [type=search]")).to_be_focused()
    assert "q=alph" in page.url

    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert faults(page) == []
