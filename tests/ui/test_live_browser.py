"""The page's end of the live stream, with a real stream process, a real Redis and a real browser."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from organization.models import Unit, UnitKind
from pmo_portal.lib import live
from pmo_portal.streams.application import Options, StreamApplication
from tests.factories.organization import unit_make
from tests.patience import within
from tests.streams.listening import serving
from tests.streams.people import member_of
from tests.ui.urls import Asked

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def team(transactional_db: None) -> Unit:
    unit = unit_make(UnitKind.TEAM, parent=unit_make(UnitKind.PORTFOLIO, name="North"), name="Harbour")
    member_of(unit)
    return unit


@pytest.fixture
def live_page(quiet_page: Page, live_server: LiveServer, team: Unit, settings: Any) -> Iterator[Page]:
    settings.ROOT_URLCONF = "tests.ui.urls"
    options = Options(redis_url=settings.REDIS_URL, channel_prefix=live.channel_prefix())
    with serving(StreamApplication(options)) as port:
        settings.STREAM_URL = f"http://localhost:{port}/stream"
        quiet_page.goto(f"{live_server.url}/_live/{team.pk}/")
        settle(quiet_page)
        yield quiet_page
        quiet_page.context.close()


def settle(page: Page) -> None:
    """A stream process that has just begun to hear asks every page to refresh: wait until that is over."""
    page.wait_for_timeout(2500)
    Asked.times = 100


def test_change_reaches_the_page_without_a_reload(live_page: Page, team: Unit) -> None:
    start = time.monotonic()
    live.publish(unit_id=team.pk, kind=live.Kind.METRICS, ids=[1])

    expect(live_page.locator("#number b")).to_have_text("101")
    assert time.monotonic() - start < within(2)


def test_many_changes_are_asked_for_together(live_page: Page, team: Unit) -> None:
    for number in range(40):
        live.publish(unit_id=team.pk, kind=live.Kind.METRICS, ids=[number])
        time.sleep(0.02)
    live_page.wait_for_timeout(2500)

    assert Asked.times - 100 <= 3


def test_other_kinds_leave_the_page_alone(live_page: Page, team: Unit) -> None:
    live.publish(unit_id=team.pk, kind=live.Kind.ITEMS, ids=[1])
    live_page.wait_for_timeout(1500)

    assert Asked.times == 100


def test_what_is_being_typed_is_not_swept_away(live_page: Page, team: Unit) -> None:
    field = live_page.get_by_label("Note")
    field.fill("half a thou")
    live.publish(unit_id=team.pk, kind=live.Kind.METRICS, ids=[1, 2, 3, 4])

    bar = live_page.get_by_role("button", name="Changes waiting: 4")
    expect(bar).to_be_visible()
    expect(field).to_have_value("half a thou")
    bar.click()
    expect(live_page.locator("#number b")).to_have_text("101")
    expect(bar).to_have_count(0)


def test_expired_ticket_is_exchanged_without_the_person_noticing(live_page: Page, team: Unit) -> None:
    live_page.goto(f"{live_page.url}?ticket_age=700")
    live_page.wait_for_timeout(3500)
    Asked.times = 100
    live.publish(unit_id=team.pk, kind=live.Kind.METRICS, ids=[1])

    expect(live_page.locator("#number b")).to_have_text("101")


def test_two_tabs_share_one_stream(live_page: Page, team: Unit, context: BrowserContext) -> None:
    other = context.new_page()
    other.goto(live_page.url)
    settle(other)

    live.publish(unit_id=team.pk, kind=live.Kind.METRICS, ids=[1])

    # One of the tabs is hidden behind the other only for the person: both are told.
    live_page.wait_for_timeout(2000)
    assert Asked.times == 102
