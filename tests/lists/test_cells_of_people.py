"""People and units edited where they stand in their lists: as their forms do it, with the same rights and conflicts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from organization.access import SYSTEM
from organization.models import Person, Unit
from organization.services.people import person_edit
from organization.services.units import unit_edit
from pmo_portal.lib.merging import last_change
from tests.personas import World

pytestmark = pytest.mark.django_db

NOW = timezone.now()
PEOPLE, UNITS = "/people/", "/units/"
CELL = {"headers": {"HX-Request": "true"}}


def test_people_are_edited_in_place_as_in_their_form(world: World, client_as: Callable[[str], Client]) -> None:
    staff, developer = client_as("pmo_staff"), client_as("developer")
    ada = Person.objects.create(name="Ada Lind", email="ada@example.org", unit=world.harbour)
    theirs = Person.objects.create(name="Of others", unit=world.meadow)
    page = staff.get(f"{PEOPLE}?q=Ada").content.decode()
    assert {f'data-cell="{name}"' in page for name in ("name", "unit", "email")} == {True}
    assert "data-cell=" not in developer.get(f"{PEOPLE}?q=Ada").content.decode()
    asked = {"field": "name", "id": ada.pk}
    form = staff.get(f"{PEOPLE}cell/", asked, **CELL).content.decode()
    seen = last_change(ada)
    assert f'name="version" value="{seen}"' in form
    assert 'name="email"' not in form

    data: dict[str, Any] = {**asked, "version": seen}
    saved = staff.post(f"{PEOPLE}cell/?q=Ada", {**data, "name": "Ada Lindgren"}, **CELL)
    assert (saved.status_code, "Ada Lindgren" in saved.content.decode()) == (200, True)
    # Another field that somebody changed meanwhile is no conflict; the same one is, and says who and what.
    ada.refresh_from_db()
    assert ada.email == "ada@example.org"
    told = {"name": "Ada L.", "email": "ada@example.org", "is_external": True, "unit": world.harbour}
    person_edit(actor=SYSTEM, person=ada, at=NOW, **told)
    stale = staff.post(f"{PEOPLE}cell/", {**data, "name": "Ada"}, **CELL)
    assert (stale.status_code, "Ada L." in stale.content.decode()) == (409, True)
    newest = last_change(ada)
    assert f'name="version" value="{newest}"' in stale.content.decode()
    assert (
        staff.post(f"{PEOPLE}cell/", {**data, "field": "email", "email": "new@example.org"}, **CELL).status_code == 200
    )
    # A refusal keeps what its writer saw: what came between is still a conflict.
    wrong = staff.post(f"{PEOPLE}cell/", {**data, "field": "email", "email": "nowhere"}, **CELL)
    assert (wrong.status_code, f'value="{seen}"' in wrong.content.decode()) == (422, True)
    outside = staff.post(f"{PEOPLE}cell/", {**data, "field": "unit", "unit": world.meadow.pk}, **CELL)
    assert outside.status_code == 422
    for field in ("is_active", "roles", "seen", "nonsense"):
        assert staff.post(f"{PEOPLE}cell/", {**data, "field": field, field: "1"}, **CELL).status_code == 422
    assert staff.get(f"{PEOPLE}cell/", {**asked, "id": theirs.pk}, **CELL).status_code == 404
    assert developer.post(f"{PEOPLE}cell/", {**data, "name": "Mine"}, **CELL).status_code in {403, 404}
    ada.refresh_from_db()
    assert (ada.name, ada.email, ada.unit, ada.is_external) == ("Ada L.", "new@example.org", world.harbour, True)


def test_units_are_edited_in_place_as_in_their_form(world: World, client_as: Callable[[str], Client]) -> None:
    staff, developer = client_as("pmo_staff"), client_as("developer")
    page = staff.get(f"{UNITS}?cols=name,currency,calendar").content.decode()
    assert 'data-cell="calendar"' in page
    assert "data-cell=" not in developer.get(UNITS).content.decode()
    seen = last_change(world.harbour)
    data: dict[str, Any] = {"field": "name", "id": world.harbour.pk, "name": "Old Harbour", "version": seen or ""}
    assert staff.post(f"{UNITS}cell/", data, **CELL).status_code == 200
    unit = Unit.objects.get(pk=world.harbour.pk)
    assert (unit.name, unit.code, unit.description) == ("Old Harbour", "HAR", world.harbour.description)
    unit_edit(actor=SYSTEM, unit=unit, name="Quay", at=NOW)
    assert staff.post(f"{UNITS}cell/", {**data, "version": last_change(unit), "name": ""}, **CELL).status_code == 422
    if seen is not None:
        assert staff.post(f"{UNITS}cell/", {**data, "name": "Pier"}, **CELL).status_code == 409
    assert staff.post(f"{UNITS}cell/", {**data, "field": "code", "code": "NEW"}, **CELL).status_code == 422
    assert staff.post(f"{UNITS}cell/", {**data, "id": world.meadow.pk}, **CELL).status_code == 404
    assert developer.post(f"{UNITS}cell/", data, **CELL).status_code == 403


@pytest.mark.parametrize("url", [PEOPLE, f"{UNITS}?cols=name,calendar,currency"])
def test_editing_in_place_costs_no_statement_a_row(url: str, world: World, client_as: Callable[[str], Client]) -> None:
    client, counts = client_as("pmo_staff"), []
    for number in range(30):
        Person.objects.create(name=f"N{number:02}", unit=world.harbour)
        if number in {2, 29}:
            client.get(url)
            with CaptureQueriesContext(connection) as captured:
                client.get(url)
            counts.append(len(captured))
    assert counts[0] == counts[1], counts
    assert counts[1] <= 12
