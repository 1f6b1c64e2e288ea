"""The inbox by keys, and the star and the eye of a thing, in a browser."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from collaboration.models import Notification, Watch
from collaboration.services.notifications import notify
from tests.factories.teams import item_make, team_make
from tests.personas import World

pytestmark = pytest.mark.django_db(transaction=True)


def test_inbox_by_keys_and_watching_by_one(page: Page, live_server: LiveServer, world: World) -> None:
    reader, writer = world.persona("developer"), world.persona("scrum_master")
    team = team_make(world.harbour)
    items = [item_make(team, title=title) for title in ("Berths", "Cranes", "Lights")]
    for item in items:
        notify(
            kind="comment",
            people=[reader.person.pk],
            actor=writer.actor,
            at=timezone.now(),
            title=str(item),
            url=f"/items/{item.key}/",
            subject=("item", item.pk),
            unit_id=item.team_id,
            text="Look",
        )
    client = Client()
    client.force_login(reader.user)
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_server.url}])
    page.on("pageerror", lambda error: pytest.fail(f"A script failed: {error}"))

    page.goto(f"{live_server.url}/inbox/")
    rows, badge = page.locator("[data-inbox-row]"), page.locator(".top-count")
    expect(rows).to_have_count(3)
    expect(badge).to_have_text("3")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(rows.nth(1).get_by_role("link", name="Cranes")).to_be_focused()
    page.keyboard.press("e")
    expect(rows).to_have_count(2)
    expect(rows.nth(1).get_by_role("link", name="Berths")).to_be_focused()  # what stands in its place
    expect(badge).to_have_text("2")
    page.keyboard.press("k")
    expect(rows.nth(0).get_by_role("link", name="Lights")).to_be_focused()
    page.keyboard.press("s")
    expect(page.get_by_role("button", name="Tomorrow")).to_be_focused()
    page.keyboard.press("Enter")
    expect(rows).to_have_count(1)
    expect(rows.get_by_role("link", name="Berths")).to_be_focused()
    page.keyboard.press("Enter")

    # It leads to the thing, which knows no news any more; its page has a place for the star and the eye.
    expect(page).to_have_url(re.compile(rf"/items/{items[0].key}/$"))
    expect(page.get_by_role("button", name="Watch", exact=True)).to_be_visible()
    expect(badge).to_have_count(0)
    page.keyboard.press("w")
    expect(page.get_by_role("button", name="Watching")).to_be_visible()
    page.get_by_role("button", name="Starred").click()
    expect(page.get_by_role("button", name="Starred")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.get_by_role("button", name="Watching")).to_be_visible()
    assert Watch.objects.get(person=reader.person).subject_id == items[0].pk
    assert Notification.objects.filter(read_at=None, snoozed_until=None).count() == 0
