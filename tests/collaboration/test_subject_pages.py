"""Things beside their lists: every kind has its panel, its tabs are a part of the address, their counts follow."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from collaboration.services.links import link_add
from organization.access import SYSTEM
from organization.models import Unit
from pmo_portal.lib import live
from pmo_portal.lib.subjects import all_subjects
from tests.access.subjects import Place
from tests.factories.metrics import key_result_make, kpi_make, objective_make
from tests.factories.organization import NOW
from tests.factories.portfolio import epic_make, theme_make
from tests.personas import World

PANEL = {"HX-Request": "true", "HX-Target": "panel"}


@pytest.mark.django_db
def test_every_kind_opens_in_the_panel_and_stays_there_from_tab_to_tab(
    world: World, client_as: Callable[[str], Client]
) -> None:
    client = client_as("pmo_staff")
    place = Place(portfolio=world.north, program=world.coast, team=world.harbour)
    for subject in all_subjects():
        thing = place.the(subject.model)
        body = client.get(subject.url(thing), headers=PANEL).content.decode()
        assert "<html" not in body, subject.code
        assert f'/talk/{subject.code}/{thing.pk}/?panel=1"' in body, subject.code
        tab = client.get(f"/talk/{subject.code}/{thing.pk}/?panel=1", headers=PANEL | {"HX-Target": "subject"})
        assert "<html" not in tab.content.decode()
        assert f'/files/{subject.code}/{thing.pk}/?panel=1"' in tab.content.decode(), subject.code
        page = client.get(subject.url(thing)).content.decode()
        assert "<html" in page
        assert "panel=1" not in page, subject.code
        # The whole page again when Back asks for it, and the counts of this thing and no other.
        back = client.get(subject.url(thing), headers=PANEL | {"HX-History-Restore-Request": "true"})
        assert "<html" in back.content.decode()
        counts = client.get(f"/counts/{subject.code}/{thing.pk}/", headers={"HX-Request": "true"}).content.decode()
        assert f'id="count-{subject.code}-{thing.pk}-comments"' in counts
        assert f'data-live="{subject.unit_id(thing)}" data-live-kinds="talk"' in counts


@pytest.mark.django_db
def test_panel_says_what_the_thing_is_for_as_far_as_one_sees_it(
    world: World, client_as: Callable[[str], Client]
) -> None:
    kpi = kpi_make(world.coast, name="Calls about refunds")
    objective = objective_make(world.coast, title="Fewer calls")
    key_result_make(objective, driven_by="KPI", kpi=kpi)
    kinds = [("kpi", kpi.pk, "Fewer calls"), ("theme", theme_make(world.north).pk, "North")]
    kinds.append(("unit", world.coast.pk, "North"))
    for kind, pk, text in kinds:
        body = client_as("pmo_staff").get(f"/talk/{kind}/{pk}/?panel=1", headers=PANEL).content.decode()
        (why,) = re.findall(r'<ol class="why">(.*?)</ol>', body, re.DOTALL)
        assert text in why, kind


@pytest.mark.django_db
def test_pages_of_both_ends_are_told_of_a_link(
    world: World, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    told: list[int] = []
    monkeypatch.setattr(live, "publish", lambda *, unit_id, kind, **_more: told.append(unit_id))
    epic, unit = epic_make(world.north), Unit.objects.get(pk=world.coast.pk)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        link_add(actor=SYSTEM, thing=epic, relation="RELATES", other=unit, at=NOW)
    assert sorted(told)[-2:] == sorted([world.north.pk, world.coast.pk])


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_tabs_are_a_part_of_the_address_of_page_and_panel(page: Page, live_server: LiveServer, world: World) -> None:
    theme = theme_make(world.north, name="Growth")
    client = Client()
    client.force_login(world.persona("pmo_staff").user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
    page.on("pageerror", lambda error: pytest.fail(f"A script failed: {error}"))
    page.goto(f"{live_server.url}/strategy/")
    link = page.locator("[data-panel-links]").get_by_role("link", name="Growth")
    link.focus()
    page.keyboard.press("Enter")
    panel = page.locator("#panel")
    expect(panel.get_by_role("heading", name="Growth")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"/themes/{theme.pk}/$"))
    panel.get_by_role("link", name="Comments").click()
    expect(panel.locator("#talk")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"/talk/theme/{theme.pk}/$"))
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page).to_have_url(re.compile("/strategy/$"))
    expect(link).to_be_focused()

    # The page: each tab is a step that Back takes back, and what is said counts at once.
    page.goto(f"{live_server.url}/themes/{theme.pk}/")
    tabs = page.get_by_role("navigation", name="Growth")
    tabs.get_by_role("link", name="Comments").click()
    page.locator("#talk textarea").fill("Shall we?")
    page.keyboard.press("Control+Enter")
    expect(tabs.get_by_role("link", name=re.compile(r"Comments\s+1"))).to_be_visible()
    tabs.get_by_role("link", name="Links").click()
    expect(page).to_have_url(re.compile(rf"/links/theme/{theme.pk}/$"))
    page.go_back()
    expect(page.locator("#talk").get_by_text("Shall we?")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"/talk/theme/{theme.pk}/$"))
