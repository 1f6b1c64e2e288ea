"""The palette in a browser, by keys alone: things, the page's own actions, and answers that come late."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.factories.teams import item_make, team_make
from tests.personas import World

pytestmark = pytest.mark.django_db(transaction=True)


def test_palette_runs_what_the_page_offers_and_goes_to_what_is_found(
    page: Page, live_server: LiveServer, world: World
) -> None:
    item = item_make(team_make(world.harbour), title="Mend the crane")
    client = Client()
    client.force_login(world.persona("developer").user)
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_server.url}])
    page.on("pageerror", lambda error: pytest.fail(f"A script failed: {error}"))
    page.goto(f"{live_server.url}/items/{item.key}/")
    options = page.locator("#palette [role=option]")

    # What this page offers stands first; typed words find one's own menu, too.
    page.keyboard.press("Control+k")
    expect(options.first).to_be_visible()
    expect(page.get_by_role("group", name="On this page").get_by_role("option", name="Edit all fields")).to_be_visible()
    page.keyboard.type("theme dark")
    expect(options).to_have_count(1)
    expect(page.locator("#palette input[type=search]")).to_have_attribute(
        "aria-activedescendant", re.compile("palette-own")
    )
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")

    # Enter before the answer is there waits for it: it never runs what stood there before.
    page.keyboard.press("Control+k")
    page.keyboard.type("mend the cra")
    page.keyboard.press("Enter")
    expect(page.locator("#palette")).to_be_hidden()
    expect(page).to_have_url(re.compile(rf"/items/{item.key}/$"))

    # The page of all results, from the same box.
    page.keyboard.press("Control+k")
    page.keyboard.type("nothing like it")
    expect(page.locator(".palette-empty")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/search/\?go=1&q=nothing"))
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
