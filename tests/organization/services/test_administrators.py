"""The way into an empty portal, and back into one whose administrators are gone."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from organization.access import SYSTEM, actor_for
from organization.models import Person, Role, RoleAssignment, User
from organization.services.administrators import administrator_ensure
from pmo_portal.lib.access import Denied
from tests.factories.organization import NOW
from tests.personas import World

pytestmark = pytest.mark.django_db

PASSWORD = "a long one for the test"


def made(*arguments: str) -> str:
    out = StringIO()
    call_command("make_administrator", *arguments, stdout=out)
    return out.getvalue()


def test_an_empty_portal_gets_an_administrator_who_can_sign_in_and_open_a_unit() -> None:
    said = made("First@Example.org", "--name", "First Example", "--portal", "https://portal.example.org")
    link = said.split()[-1]
    assert link.startswith("https://portal.example.org/")

    client = Client()
    form = client.get(link.removeprefix("https://portal.example.org"), follow=True)
    client.post(form.request["PATH_INFO"], {"new_password1": PASSWORD, "new_password2": PASSWORD})
    assert client.login(username="first@example.org", password=PASSWORD)
    assert client.get("/units/new/").status_code == 200
    first = {"kind": "PORTFOLIO", "name": "First", "code": "FIRST", "valid_from": "2026-01-01"}
    assert client.post("/units/new/", first).status_code == 303
    assert client.get("/units/FIRST/").status_code == 200


def test_doing_it_twice_changes_nothing_more() -> None:
    made("first@example.org")
    made("first@example.org")
    assert (Person.objects.count(), User.objects.count(), RoleAssignment.objects.count()) == (1, 1, 1)


def test_it_lets_an_inactive_person_and_a_bare_sign_in_back_in(world: World) -> None:
    developer = world.persona("developer")
    Person.objects.filter(pk=developer.person.pk).update(is_active=False)
    User.objects.filter(pk=developer.user.pk).update(is_active=False)
    User.objects.create_superuser("bare@example.org", PASSWORD)
    for email in (developer.user.email, "bare@example.org"):
        user = administrator_ensure(actor=SYSTEM, name="Somebody Example", email=email, at=NOW)
        assert user.is_active
        assert actor_for(user, day=NOW.date()).can("unit.create", None)


def test_a_role_that_ended_is_given_anew() -> None:
    user = administrator_ensure(actor=SYSTEM, name="First Example", email="first@example.org", at=NOW)
    RoleAssignment.objects.update(valid_to=NOW.date() + timedelta(days=10))
    later = NOW + timedelta(days=20)
    administrator_ensure(actor=SYSTEM, name="First Example", email="first@example.org", at=later)
    assert RoleAssignment.objects.filter(person=user.person, role=Role.ADMINISTRATOR).count() == 2


def test_it_is_for_those_who_hold_all_of_it(world: World) -> None:
    with pytest.raises(Denied):
        administrator_ensure(
            actor=world.persona("pmo_staff").actor, name="Friend Example", email="friend@example.org", at=NOW
        )
    assert not User.objects.filter(email="friend@example.org").exists()


def test_an_address_that_is_none_is_refused_in_one_sentence() -> None:
    with pytest.raises(CommandError, match="valid"):
        made("nobody at all")
    assert not Person.objects.exists()
