"""What people do to units in the browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client

from organization.models import Unit, UnitParent
from pmo_portal.lib.windows import FOREVER
from tests.personas import World

pytestmark = pytest.mark.django_db

ClientAs = Callable[[str], Client]


def test_unit_list_shows_only_what_one_may_see(world: World, client_as: ClientAs) -> None:
    page = client_as("developer").get("/units/").content.decode()
    assert "Harbour" in page
    assert "Coast" in page
    assert "Lighthouse" not in page
    assert "Meadow" not in page


def test_unit_list_answers_htmx_with_its_part_and_history_with_the_page(client_as: ClientAs) -> None:
    client = client_as("pmo_staff")
    part = client.get("/units/?kind=TEAM", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "Harbour" in part
    assert "Coast" not in part
    whole = client.get("/units/?kind=TEAM", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<html" in whole.content.decode()


def test_unit_create_from_the_form(world: World, client_as: ClientAs) -> None:
    data = {"kind": "TEAM", "parent": world.coast.pk, "name": "Pier", "code": "PIE", "valid_from": "2026-02-01"}
    assert client_as("pmo_staff").post("/units/new/", data)["Location"] == "/units/PIE/"
    assert UnitParent.objects.get(unit__code="PIE").valid_from == date(2026, 2, 1)


def test_unit_create_keeps_what_was_typed_and_says_what_is_wrong(world: World, client_as: ClientAs) -> None:
    data = {"kind": "TEAM", "parent": world.coast.pk, "name": "Kept", "code": "HAR"}
    response = client_as("administrator").post("/units/new/", data)
    assert response.status_code == 422
    page = response.content.decode()
    assert 'value="Kept"' in page
    assert "already exists" in page
    data = {"kind": "TEAM", "parent": world.valley.pk, "name": "Spy", "code": "SPY"}
    assert client_as("pmo_staff").post("/units/new/", data).status_code == 422
    assert not Unit.objects.filter(code="SPY").exists()


def test_unit_edit_changes_name_but_never_the_code(world: World, client_as: ClientAs) -> None:
    client = client_as("pmo_staff")
    client.post("/units/HAR/edit/", {"name": "Haven", "code": "XXX", "description": "", "currency": ""})
    assert Unit.objects.get(pk=world.harbour.pk).name == "Haven"
    assert Unit.objects.get(pk=world.harbour.pk).code == "HAR"
    refused = client.post("/units/HAR/edit/", {"name": "", "description": "", "currency": ""})
    assert refused.status_code == 422


def test_unit_move_shows_what_changes_before_it_happens(world: World, client_as: ClientAs) -> None:
    client = client_as("pmo_staff")
    data = {"parent": world.inland.pk, "from_day": "2026-03-01"}
    shown = client.post("/units/HAR/move/", data)
    assert shown.status_code == 200
    assert "This is what changes" in shown.content.decode()
    assert "computed anew" in shown.content.decode()
    assert UnitParent.objects.get(unit=world.harbour).parent == world.coast
    assert client.post("/units/HAR/move/", {**data, "confirmed": "1"})["Location"] == "/units/HAR/place/"
    stays = UnitParent.objects.filter(unit=world.harbour).order_by("valid_from")
    assert [(stay.parent.code, stay.valid_to) for stay in stays] == [
        ("COAST", date(2026, 3, 1)),
        ("INLAND", FOREVER),
    ]


def test_unit_move_offers_no_unit_beyond_ones_own(world: World, client_as: ClientAs) -> None:
    client = client_as("pmo_staff")
    assert "Valley" not in client.get("/units/HAR/move/").content.decode()
    refused = client.post("/units/HAR/move/", {"parent": world.valley.pk, "from_day": "2026-03-01", "confirmed": "1"})
    assert refused.status_code == 422
    assert UnitParent.objects.get(unit=world.harbour).parent == world.coast


def test_unit_close_after_its_last_day_and_open_again(world: World, client_as: ClientAs) -> None:
    client = client_as("pmo_staff")
    refused = client.post("/units/COAST/close/", {"last_day": "2026-03-01"})
    assert refused.status_code == 422
    assert "Harbour" in refused.content.decode()
    client.post("/units/HAR/close/", {"last_day": "2026-03-01"})
    assert Unit.objects.get(code="HAR").closed_on == date(2026, 3, 2)
    assert "/units/HAR/" not in client.get("/units/").content.decode()
    assert "/units/HAR/" in client.get("/units/?state=all").content.decode()
    client.post("/units/HAR/reopen/")
    assert Unit.objects.get(code="HAR").closed_on is None


def test_buttons_are_those_of_the_viewer(client_as: ClientAs) -> None:
    assert "/units/HAR/move/" in client_as("pmo_staff").get("/units/HAR/").content.decode()
    seen = client_as("developer").get("/units/HAR/").content.decode()
    for address in ("/units/HAR/move/", "/units/HAR/edit/", "/units/HAR/close/", "/units/new/"):
        assert address not in seen


def test_unit_history_says_who_and_from_what_to_what(world: World, client_as: ClientAs) -> None:
    client = client_as("pmo_staff")
    client.post("/units/HAR/edit/", {"name": "Haven", "description": "", "currency": ""})
    client.post("/units/HAR/move/", {"parent": world.inland.pk, "from_day": "2026-03-01", "confirmed": "1"})
    page = client.get("/units/HAR/history/").content.decode()
    for text in ("Pmo Staff Example", "Haven", '<span class="was">Harbour</span>', "Inland"):
        assert text in page


def test_unit_history_names_nothing_one_may_not_see(world: World, client_as: ClientAs) -> None:
    administrator = client_as("administrator")
    administrator.post("/units/HAR/move/", {"parent": world.valley.pk, "from_day": "2026-03-01", "confirmed": "1"})
    page = client_as("south_staff").get("/units/HAR/history/").content.decode()
    assert "Valley" in page
    assert "Coast" not in page
    assert "(not visible to you)" in page


def test_placements_name_no_parent_one_may_not_see(world: World, client_as: ClientAs) -> None:
    administrator = client_as("administrator")
    administrator.post("/units/HAR/move/", {"parent": world.valley.pk, "from_day": "2026-03-01", "confirmed": "1"})
    for address in ("/units/HAR/place/", "/units/HAR/"):
        assert "Coast" not in client_as("south_staff").get(address).content.decode(), address


def test_scope_switcher_stays_on_the_kind_of_page(world: World, client_as: ClientAs) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/units/HAR/people/"}
    tree = client_as("pmo_staff").get("/scope/", headers=headers).content.decode()
    assert 'href="/units/COAST/people/"' in tree
    assert tree.count('aria-current="true"') == 1
