"""Periods and calendars in the browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client

from organization.models import Calendar, CalendarDay, Period
from tests.personas import World

pytestmark = pytest.mark.django_db

ClientAs = Callable[[str], Client]


def test_period_create_edit_and_delete(world: World, client_as: ClientAs) -> None:
    client = client_as("pmo_staff")
    data = {"kind": "PI", "name": "PI 1", "starts_on": "2026-01-05", "last_day": "2026-03-15"}
    assert client.post("/units/NORTH/periods/new/", data)["Location"] == "/units/NORTH/periods/"
    period = Period.objects.get()
    assert period.ends_on == date(2026, 3, 16)
    assert "5 Jan 2026 to 15 Mar 2026" in client.get("/units/HAR/periods/").content.decode()
    overlapping = client.post("/units/NORTH/periods/new/", {**data, "name": "PI 2"})
    assert overlapping.status_code == 422
    assert "PI 1 already covers days" in overlapping.content.decode()
    client.post(f"/periods/{period.pk}/", {"name": "PI one", "starts_on": "2026-01-05", "last_day": "2026-03-20"})
    assert Period.objects.get().name == "PI one"
    client.post(f"/periods/{period.pk}/delete/")
    assert not Period.objects.exists()


def test_period_series_makes_a_year_or_increments(world: World, client_as: ClientAs) -> None:
    client = client_as("pmo_staff")
    year = {"what": "YEAR", "name": "2026", "starts_on": "2026-01-01", "count": "", "weeks": "", "first_number": ""}
    assert client.post("/units/NORTH/periods/series/", year).status_code == 303
    increments = {"what": "INCREMENTS", "name": "PI", "starts_on": "2026-01-05", "weeks": 10, "first_number": 1}
    assert client.post("/units/NORTH/periods/series/", {**increments, "count": ""}).status_code == 422
    assert client.post("/units/NORTH/periods/series/", {**increments, "count": 5}).status_code == 303
    kinds = list(Period.objects.values_list("kind", flat=True))
    assert (kinds.count("FISCAL_YEAR"), kinds.count("QUARTER"), kinds.count("PI")) == (1, 4, 5)


def test_calendar_create_shows_holidays_and_special_days(world: World, client_as: ClientAs) -> None:
    client = client_as("pmo_staff")
    data = {"name": "Hamburg", "country": "DE", "subdivision": "HH", "workdays": [1, 2, 3, 4, 5]}
    assert client.post("/calendars/new/", {**data, "country": "XX"}).status_code == 422
    client.post("/calendars/new/", data)
    calendar = Calendar.objects.get(name="Hamburg")
    address = f"/calendars/{calendar.pk}/"
    page = client.get(f"{address}?year=2026").content.decode()
    assert "25 Dec 2026" in page
    wrong = client.post(f"{address}days/", {"day": "2026-12-24", "is_working": "no", "label": ""})
    assert wrong.status_code == 422
    client.post(f"{address}days/", {"day": "2026-12-24", "is_working": "no", "label": "Company holiday"})
    special = CalendarDay.objects.get()
    assert not special.is_working
    assert "Company holiday" in client.get(address).content.decode()
    other = Calendar.objects.create(name="Other")
    assert client.post(f"/calendars/{other.pk}/days/{special.pk}/remove/").status_code == 404
    client.post(f"{address}days/{special.pk}/remove/")
    assert not CalendarDay.objects.exists()


def test_calendar_delete_says_who_uses_it(world: World, client_as: ClientAs) -> None:
    client = client_as("administrator")
    calendar = Calendar.objects.create(name="Used")
    client.post("/units/NORTH/edit/", {"name": "North", "description": "", "currency": "", "calendar": calendar.pk})
    page = client.post(f"/calendars/{calendar.pk}/delete/", follow=True).content.decode()
    assert "Units use this calendar" in page
    assert Calendar.objects.exists()
