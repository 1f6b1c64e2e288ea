"""What people see of people, and do to them, in the browser."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date

import pytest
from django.core import mail
from django.test import Client

from organization.models import Person, Role, RoleAssignment, User
from tests.factories.organization import person_make, role_make
from tests.personas import World

pytestmark = pytest.mark.django_db

ClientAs = Callable[[str], Client]


def rows(client: Client, query: str = "") -> list[str]:
    """The names a list shows, in its order."""
    answer = client.get(f"/people/?format=csv&{query}")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return [row["Name"] for row in csv.DictReader(io.StringIO(text))]


@pytest.fixture
def crowd(world: World) -> World:
    for name in ("developer", "neighbour", "inland_lead", "south_developer", "product_owner", "pmo_staff"):
        world.persona(name)
    return world


def test_person_list_shows_people_of_units_one_may_look_into(crowd: World, client_as: ClientAs) -> None:
    assert rows(client_as("developer")) == ["Developer Example", "Product Owner Example"]
    assert rows(client_as("south_developer")) == ["South Developer Example"]


def test_person_list_filters_by_text_unit_role_and_activity(crowd: World, client_as: ClientAs) -> None:
    client = client_as("pmo_staff")
    assert rows(client, "q=inland") == ["Inland Lead Example"]
    assert rows(client, "unit=COAST&role=DEVELOPER") == ["Developer Example", "Neighbour Example"]
    assert rows(client, "unit=QUA") == []
    assert "South Developer Example" not in rows(client, "unit=MEA&active=all")
    Person.objects.filter(name="Neighbour Example").update(is_active=False)
    assert rows(client, "active=inactive") == ["Neighbour Example"]


def test_person_list_sorts_both_ways_and_pages(world: World, client_as: ClientAs) -> None:
    for number in range(60):
        person_make(f"Mate {number:02}", unit=world.harbour)
    client = client_as("pmo_staff")
    names = rows(client, "sort=-name")
    assert names == sorted(names, reverse=True)
    second = client.get("/people/?q=mate&page=2").content.decode()
    assert "51 to 60 of 60" in second
    assert "Mate 59" in second
    assert "Mate 10" not in second


def test_addresses_are_for_those_who_may_see_personal_fields(crowd: World, client_as: ClientAs) -> None:
    person = crowd.persona("product_owner").person
    for address in ("/people/", f"/people/{person.pk}/", f"/people/{person.pk}/history/", "/people/?format=csv"):
        shown = client_as("pmo_staff").get(address)
        hidden = client_as("developer").get(address)
        body = [b"".join(r.streaming_content) if r.streaming else r.content for r in (shown, hidden)]  # type: ignore[attr-defined]
        assert b"product_owner@example.org" in body[0], address
        assert b"product_owner@example.org" not in body[1], address


def test_csv_runs_no_formula(world: World, client_as: ClientAs) -> None:
    person_make('=HYPERLINK("http://evil.example")', unit=world.harbour)
    assert '\'=HYPERLINK("http://evil.example")' in rows(client_as("pmo_staff"))


def test_person_create_and_edit_from_the_form(world: World, client_as: ClientAs) -> None:
    client = client_as("pmo_staff")
    made = client.post("/people/new/", {"name": "Ada New", "email": "ada@example.org", "unit": world.harbour.pk})
    person = Person.objects.get(name="Ada New")
    assert made["Location"] == f"/people/{person.pk}/"
    client.post(f"/people/{person.pk}/edit/", {"name": "Ada Old", "email": "", "unit": world.coast.pk})
    person.refresh_from_db()
    assert (person.name, person.email, person.unit) == ("Ada Old", "", world.coast)
    wrong = client.post("/people/new/", {"name": "", "email": "nonsense", "unit": world.meadow.pk})
    assert wrong.status_code == 422
    assert wrong.content.decode().count("field-error") == 3


def test_person_invite_makes_a_sign_in_and_sends_its_link_again(world: World, client_as: ClientAs) -> None:
    client = client_as("pmo_staff")
    person = person_make("Ada New", unit=world.harbour)
    taken = client.post(f"/people/{person.pk}/invite/", {"email": "pmo_staff@example.org"})
    assert taken.status_code == 422
    client.post(f"/people/{person.pk}/invite/", {"email": "ada@example.org"})
    assert User.objects.get(person=person).email == "ada@example.org"
    client.post(f"/people/{person.pk}/invite/", {})
    assert [letter.to for letter in mail.outbox] == [["ada@example.org"]] * 2


def test_person_deactivate_signs_out_and_activate_lets_in_again(world: World, client_as: ClientAs) -> None:
    developer = client_as("developer")
    staff = client_as("pmo_staff")
    pk = world.persona("developer").person.pk
    staff.post(f"/people/{pk}/deactivate/")
    assert developer.get("/").status_code == 302
    assert "inactive" in staff.get(f"/people/{pk}/").content.decode()
    staff.post(f"/people/{pk}/activate/")
    assert User.objects.get(person=pk).is_active


def test_person_deactivate_of_oneself_is_refused_in_words(world: World, client_as: ClientAs) -> None:
    client = client_as("administrator")
    pk = world.persona("administrator").person.pk
    page = client.post(f"/people/{pk}/deactivate/", follow=True).content.decode()
    assert "You cannot make yourself inactive" in page
    assert User.objects.get(person=pk).is_active


def test_role_give_and_end_from_the_forms(world: World, client_as: ClientAs) -> None:
    client = client_as("pmo_staff")
    person = person_make(unit=world.harbour)
    data = {"person": person.pk, "role": "COACH", "unit": world.coast.pk, "valid_from": "2026-01-01"}
    assert client.post("/roles/new/", data)["Location"] == f"/people/{person.pk}/"
    role = RoleAssignment.objects.get(person=person)
    twice = client.post("/roles/new/", data)
    assert twice.status_code == 422
    assert "already holds this role" in twice.content.decode()
    client.post(f"/roles/{role.pk}/end/", {"last_day": "2026-06-30"})
    role.refresh_from_db()
    assert role.valid_to == date(2026, 7, 1)


def test_role_give_of_more_than_one_holds_changes_nothing(world: World, client_as: ClientAs) -> None:
    client = client_as("pmo_staff")
    me = world.persona("pmo_staff").person
    for unit in (world.north.pk, world.south.pk, ""):
        answer = client.post("/roles/new/", {"person": me.pk, "role": Role.ADMINISTRATOR, "unit": unit})
        assert answer.status_code in {403, 422}
    assert not RoleAssignment.objects.filter(role=Role.ADMINISTRATOR).exists()


def test_roles_on_units_beyond_ones_own_are_not_shown(world: World, client_as: ClientAs) -> None:
    person = world.persona("developer").person
    role_make(person, Role.COACH, world.valley)
    page = client_as("pmo_staff").get(f"/people/{person.pk}/").content.decode()
    assert "Harbour" in page
    assert "Valley" not in page
    history = client_as("pmo_staff").get(f"/people/{person.pk}/history/").content.decode()
    assert "Valley" not in history


def test_a_home_unit_beyond_ones_own_is_not_shown(world: World, client_as: ClientAs) -> None:
    person = person_make("Guest Example", unit=world.valley)
    role_make(person, Role.COACH, world.coast)
    client = client_as("pmo_staff")
    for address in (
        "/people/?q=guest",
        f"/people/{person.pk}/",
        f"/people/{person.pk}/history/",
    ):
        assert "Valley" not in client.get(address).content.decode(), address
    assert client.post(f"/people/{person.pk}/edit/", {"name": "Guest Renamed"}).status_code == 403


def test_person_edit_shows_what_somebody_else_made_of_the_same_field(world: World, client_as: ClientAs) -> None:
    person = person_make("Guest Example", unit=world.harbour)
    client = client_as("pmo_staff")
    page = client.get(f"/people/{person.pk}/edit/")
    seen = page.context["form"]["seen"].value()
    typed = {"name": "Mine", "email": "mine@example.org", "unit": world.harbour.pk, "seen": seen}
    Person.objects.filter(pk=person.pk).update(name="Theirs")
    refused = client.post(f"/people/{person.pk}/edit/", typed)
    assert refused.status_code == 422
    assert "Theirs" in refused.context["form"].errors["name"][0]
    assert refused.context["form"]["email"].value() == "mine@example.org"
    again = {**typed, "seen": refused.context["form"]["seen"].value()}
    assert client.post(f"/people/{person.pk}/edit/", again).status_code == 303
    person.refresh_from_db()
    assert (person.name, person.email) == ("Mine", "mine@example.org")
