"""Every page of the organisation opens for those who may see it, at a bounded number of statements."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from organization.access import SYSTEM
from organization.models import CustomField
from organization.services.calendars import calendar_create, calendar_day_set
from organization.services.periods import period_create
from tests.factories.organization import NOW, person_make, role_make, unit_make
from tests.personas import World

pytestmark = pytest.mark.django_db

ClientAs = Callable[[str], Client]
MOST_STATEMENTS = 12


@pytest.fixture
def pages(world: World) -> list[str]:
    """The address of every page that can be opened."""
    calendar = calendar_create(actor=SYSTEM, name="Hamburg", country="DE", subdivision="HH", at=NOW)
    calendar_day_set(actor=SYSTEM, calendar=calendar, day=date(2026, 12, 24), is_working=False, label="Eve", at=NOW)
    period = period_create(
        actor=SYSTEM,
        unit=world.north,
        kind="PI",
        name="PI 1",
        starts_on=date(2026, 1, 5),
        ends_on=date(2027, 1, 4),
        at=NOW,
    )
    field = CustomField.objects.create(owner="ITEM", code="berth", label="Berth", type="TEXT", unit=world.north)
    person = world.persona("developer").person
    role = role_make(person, "COACH", world.coast)
    unit_pages = ("", "edit/", "move/", "close/", "people/", "place/", "history/", "periods/", "periods/new/")
    return [
        "/",
        "/profile/",
        "/profile/password/",
        "/palette/?q=har",
        "/scope/",
        "/components/",
        "/units/",
        "/units/?kind=TEAM&closed=1",
        "/units/new/",
        *(f"/units/HAR/{page}" for page in unit_pages),
        "/units/NORTH/periods/series/",
        "/people/",
        "/people/?q=dev&unit=COAST&role=DEVELOPER&sort=-unit",
        "/people/new/",
        *(f"/people/{person.pk}/{page}" for page in ("", "edit/", "invite/", "history/")),
        f"/roles/new/?person={person.pk}",
        f"/roles/{role.pk}/end/",
        "/periods/?past=1",
        f"/periods/{period.pk}/",
        "/calendars/",
        "/calendars/new/",
        f"/calendars/{calendar.pk}/?year=2027",
        f"/calendars/{calendar.pk}/edit/",
        "/words/",
        "/words/epic/",
        "/fields/",
        "/fields/new/",
        f"/fields/{field.pk}/",
        "/access/",
    ]


def test_every_page_opens_within_the_budget(client_as: ClientAs, pages: list[str]) -> None:
    client = client_as("administrator")
    client.get("/")
    seen = {}
    for page in pages:
        with CaptureQueriesContext(connection) as statements:
            response = client.get(page)
        seen[page] = (response.status_code, len(statements))
    assert {page: status for page, (status, _) in seen.items() if status != 200} == {}
    assert {page: count for page, (_, count) in seen.items() if count > MOST_STATEMENTS} == {}


def test_every_page_says_who_one_is_when_nobody_is_signed_in(client: Client, pages: list[str]) -> None:
    for page in pages:
        response = client.get(page)
        assert response.status_code == 302, page
        assert response["Location"].startswith("/sign-in/"), page


LISTS = ["/", "/units/", "/people/", "/units/HAR/", "/units/HAR/people/", "/units/HAR/history/", "/periods/", "/scope/"]


@pytest.mark.parametrize("page", LISTS)
def test_a_list_costs_the_same_however_long_it_is(world: World, client_as: ClientAs, page: str) -> None:
    client = client_as("pmo_staff")

    def grow(count: int) -> None:
        for number in range(count):
            role_make(person_make(unit=world.harbour), "DEVELOPER", world.harbour)
            unit_make(parent=world.coast)
            period_create(
                actor=SYSTEM,
                unit=world.harbour,
                kind="PI",
                name=f"PI {count}-{number}",
                starts_on=date(2030 + count, 1, 1 + number),
                ends_on=date(2030 + count, 1, 2 + number),
                at=NOW,
            )

    def cost() -> int:
        with CaptureQueriesContext(connection) as statements:
            assert client.get(page).status_code == 200
        return len(statements)

    client.get(page)
    grow(3)
    few = cost()
    grow(27)
    assert cost() == few
