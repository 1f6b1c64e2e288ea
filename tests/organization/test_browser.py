"""The shell in a browser: the palette by keyboard, the scope switcher, filters that keep their address."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.factories.organization import person_make
from tests.personas import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def staff_page(page: Page, live_server: LiveServer, world: World) -> Page:
    """A browser in which PMO staff is signed in."""
    client = Client()
    client.force_login(world.persona("pmo_staff").user)
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_server.url}])
    page.on("pageerror", lambda error: pytest.fail(f"A script failed: {error}"))
    return page


def test_palette_goes_to_a_team_by_keyboard_only(staff_page: Page, live_server: LiveServer) -> None:
    staff_page.goto(f"{live_server.url}/profile/")
    staff_page.keyboard.press("Control+k")
    staff_page.keyboard.type("harb")
    expect(staff_page.locator("#palette-results [role=option]").first).to_contain_text("Harbour")
    staff_page.keyboard.press("Enter")
    expect(staff_page).to_have_url(re.compile(r"/units/HAR/$"))


def test_scope_switcher_keeps_the_kind_of_page(staff_page: Page, live_server: LiveServer) -> None:
    staff_page.goto(f"{live_server.url}/units/HAR/people/")
    staff_page.get_by_role("button", name="Switch portfolio, program or team").click()
    staff_page.locator("#scope").get_by_text("Coast", exact=True).click()
    expect(staff_page).to_have_url(re.compile(r"/units/COAST/people/$"))


def test_people_filter_as_one_types_and_back_again(staff_page: Page, live_server: LiveServer, world: World) -> None:
    for name in ("developer", "neighbour", "coach"):
        world.persona(name)
    staff_page.goto(f"{live_server.url}/people/")
    rows = staff_page.locator("#list tbody tr")
    expect(rows).to_have_count(4)
    staff_page.get_by_label("Search this list").fill("neigh")
    expect(rows).to_have_count(1)
    expect(staff_page).to_have_url(re.compile(r"q=neigh"))
    staff_page.go_back()
    expect(rows).to_have_count(4)


def test_a_wrong_form_gets_the_focus_on_its_field(staff_page: Page, live_server: LiveServer) -> None:
    staff_page.goto(f"{live_server.url}/units/new/")
    staff_page.get_by_label("Code").fill("HAR")
    staff_page.get_by_role("button", name="Open the unit").click()
    expect(staff_page.locator("#field-name .field-error")).to_be_visible()
    expect(staff_page.get_by_label("Code")).to_have_value("HAR")


def test_a_long_list_of_people_is_searched_by_typing(staff_page: Page, live_server: LiveServer, world: World) -> None:
    for number in range(25):
        person_make(f"Person {number:02} Example", unit=world.coast)
    staff_page.goto(f"{live_server.url}/roles/new/")
    field = staff_page.locator("#field-person input[role=combobox]")
    expect(field).to_be_visible()  # the library that makes it one is fetched after the page
    field.focus()
    staff_page.keyboard.type("son 17")
    expect(staff_page.locator(".ts-dropdown .option")).to_have_text(["Person 17 Example"])
    staff_page.keyboard.press("Enter")
    assert staff_page.locator("select[name=person] option:checked").inner_text() == "Person 17 Example"
    assert staff_page.get_by_label("Role", exact=True).evaluate("element => element.tagName") == "SELECT"
