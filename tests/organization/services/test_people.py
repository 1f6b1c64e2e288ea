"""People are added and invited; who goes is out at once."""

from __future__ import annotations

from smtplib import SMTPException

import pytest
from django.contrib.auth import SESSION_KEY
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from organization.access import SYSTEM
from organization.models import Person, Role, User
from organization.services import people
from pmo_portal.lib.access import Action, Denied, policy_for
from pmo_portal.lib.errors import Refused
from tests.factories.organization import NOW, person_make, role_make, user_make
from tests.personas import World

pytestmark = pytest.mark.django_db


def test_person_create_within_ones_own_units(world: World) -> None:
    staff = world.persona("pmo_staff").actor
    person = people.person_create(actor=staff, name=" Ada Example ", unit=world.harbour, at=NOW)
    assert (person.name, person.initials) == ("Ada Example", "AE")
    with pytest.raises(Denied):
        people.person_create(actor=staff, name="Elsewhere", unit=world.meadow, at=NOW)
    with pytest.raises(Denied):
        people.person_create(actor=world.persona("developer").actor, name="No", unit=world.harbour, at=NOW)


def test_person_edit_keeps_the_address_of_the_sign_in(world: World) -> None:
    """Who may edit a person must not be able to receive that person's password link."""
    developer = world.persona("developer")
    staff = world.persona("pmo_staff").actor
    people.person_edit(
        actor=staff,
        person=developer.person,
        name="Renamed Example",
        email="mine@example.org",
        is_external=True,
        unit=world.coast,
        at=NOW,
    )
    assert Person.objects.get(pk=developer.person.pk).email == "mine@example.org"
    assert User.objects.get(pk=developer.user.pk).email == "developer@example.org"


def test_person_edit_is_for_those_who_look_after_all_of_a_persons_units(world: World) -> None:
    """A role in one's own unit does not hand over somebody who works elsewhere."""
    staff = world.persona("pmo_staff").actor
    shared = person_make(name="Shared Example")
    role_make(shared, Role.DEVELOPER, world.harbour)
    assert policy_for(Person).allows(staff, Action.EDIT, shared)
    role_make(shared, Role.DEVELOPER, world.meadow)
    assert policy_for(Person).allows(staff, Action.VIEW, shared)
    assert not policy_for(Person).allows(staff, Action.EDIT, shared)
    shared.unit = world.harbour
    assert policy_for(Person).allows(staff, Action.EDIT, shared)


def test_user_invite_mails_a_link_that_sets_a_password(world: World, client: Client) -> None:
    person = person_make(unit=world.harbour)
    user = people.user_invite(
        actor=world.persona("pmo_staff").actor,
        person=person,
        email="New@Example.org",
        base_url="https://portal.example.org/",
        at=NOW,
    )
    assert user.email == "new@example.org"
    assert not user.has_usable_password()
    (letter,) = mail.outbox
    assert letter.to == ["new@example.org"]
    assert "https://portal.example.org/" in letter.body


def test_user_invite_survives_a_mail_server_that_is_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> int:
        raise SMTPException("busy")

    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    person = person_make(unit=world.harbour)
    with pytest.raises(people.MailNotSent):
        people.user_invite(actor=SYSTEM, person=person, email=person.email, base_url="https://x.example", at=NOW)
    monkeypatch.undo()
    people.user_invite_again(actor=SYSTEM, person=person, base_url="https://x.example", at=NOW)
    assert len(mail.outbox) == 1


def test_user_create_for_somebody_who_holds_more_is_denied(world: World) -> None:
    """The address of a sign-in is chosen by whoever makes it: it must not lead to more rights."""
    person = person_make(unit=world.harbour)
    role_make(person, Role.ADMINISTRATOR, world.north)
    with pytest.raises(Denied):
        people.user_create(actor=world.persona("pmo_staff").actor, person=person, email="a@example.org", at=NOW)


def test_user_create_twice_or_with_a_taken_address_names_the_field(world: World) -> None:
    developer = world.persona("developer")
    for person, email in [(developer.person, "second@example.org"), (person_make(), "DEVELOPER@example.org")]:
        with pytest.raises(ValidationError) as refused:
            people.user_create(actor=SYSTEM, person=person, email=email, at=NOW)
        assert "email" in refused.value.message_dict


def test_person_deactivate_ends_every_session_at_once(world: World) -> None:
    developer, neighbour = world.persona("developer"), world.persona("neighbour")
    phone, desk, other = Client(), Client(), Client()
    phone.force_login(developer.user)
    desk.force_login(developer.user)
    other.force_login(neighbour.user)
    people.person_deactivate(actor=world.persona("pmo_staff").actor, person=developer.person, at=timezone.now())
    assert SESSION_KEY not in phone.session
    assert SESSION_KEY not in desk.session
    assert SESSION_KEY in other.session
    assert not User.objects.get(pk=developer.user.pk).is_active


def test_person_deactivate_spares_oneself_the_last_administrator_and_those_who_hold_more(world: World) -> None:
    administrator, staff = world.persona("administrator"), world.persona("pmo_staff")
    role_make(administrator.person, Role.DEVELOPER, world.harbour)
    with pytest.raises(Refused):
        people.person_deactivate(actor=administrator.actor, person=administrator.person, at=NOW)
    with pytest.raises(Refused):
        people.person_deactivate(actor=SYSTEM, person=administrator.person, at=NOW)
    with pytest.raises(Denied):
        people.person_deactivate(actor=staff.actor, person=administrator.person, at=NOW)


def test_person_activate_brings_the_roles_back(world: World) -> None:
    developer = world.persona("developer")
    people.person_deactivate(actor=SYSTEM, person=developer.person, at=NOW)
    people.person_activate(actor=SYSTEM, person=developer.person, at=NOW)
    user = User.objects.get(pk=developer.user.pk)
    assert user.is_active
    assert developer.actor.can("item.edit", world.harbour.pk)


def test_preferences_set_only_ones_own(world: World) -> None:
    one, other = world.persona("developer"), user_make()
    people.preferences_set(actor=one.actor, user=one.user, theme="DARK", language="de", time_zone="Asia/Tokyo", at=NOW)
    assert User.objects.get(pk=one.user.pk).theme == "DARK"
    with pytest.raises(Denied):
        people.preferences_set(actor=one.actor, user=other, theme="DARK", language="", time_zone="", at=NOW)
