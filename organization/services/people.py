"""People and their sign-ins: added, described, invited, and made inactive."""

from __future__ import annotations

from datetime import datetime
from smtplib import SMTPException
from urllib.parse import urljoin

from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _

from organization.models import Person, RoleAssignment, Unit, User
from organization.services.invitations import MailNotSent as MailNotSent
from organization.services.invitations import invitation_send
from organization.services.roles import (
    administrator_stays,
    is_administration,
    lock_roles,
    require_rights_of_person,
)
from organization.services.sessions import sessions_end
from pmo_portal.lib.access import Action, Actor, Denied, policy_for, require, require_within
from pmo_portal.lib.errors import Refused, field_error
from pmo_portal.lib.merging import own_changes
from pmo_portal.lib.windows import local_day


@transaction.atomic
def person_create(
    *,
    actor: Actor,
    name: str,
    email: str = "",
    is_external: bool = False,
    unit: Unit | None = None,
    at: datetime,
) -> Person:
    """Add somebody who works, decides or asks. ``unit`` is where they belong until roles say more."""
    require_within(actor, Action.CREATE, Person, unit.pk if unit else None)
    person = Person(name=name.strip(), email=email.strip(), is_external=is_external, unit=unit, created_at=at)
    person.full_clean()
    person.save(force_insert=True)
    return person


@transaction.atomic
def person_edit(
    *,
    actor: Actor,
    person: Person,
    name: str,
    email: str,
    is_external: bool,
    unit: Unit | None,
    seen: int | None = None,
    at: datetime,
) -> Person:
    """Describe a person anew. The address they sign in with is their sign-in's and stays.

    ``seen`` is the last change its writer knew; raises Conflict for fields that somebody else changed since.
    """
    require(actor, Action.EDIT, person)
    person = Person.objects.select_for_update(of=("self",)).get(pk=person.pk)
    told = {"name": name.strip(), "email": email.strip(), "is_external": is_external, "unit": unit}
    values = own_changes(person, told, seen=seen)
    if "email" in values and "email" in policy_for(Person).hidden_fields(actor, person):
        raise Denied(Action.EDIT, person)
    if values.get("unit") is not None:
        require_within(actor, Action.CREATE, Person, values["unit"].pk)
    for field, value in values.items():
        setattr(person, field, value)
    person.full_clean()
    person.save()
    return person


@transaction.atomic
def user_create(*, actor: Actor, person: Person, email: str, password: str | None = None, at: datetime) -> User:
    """Give a person a sign-in. Without a password one is chosen through a mailed link.

    Who makes a sign-in must hold every right it will have: the address is theirs to choose.
    """
    require(actor, Action.EDIT, person)
    require_rights_of_person(actor, person, at=at)
    if not person.is_active:
        raise Refused(_("%(person)s is not active.") % {"person": person})
    address = email.strip().lower()
    if User.objects.filter(person=person).exists():
        raise field_error("email", _("%(person)s already has a sign-in.") % {"person": person})
    if User.objects.filter(email=address).exists():
        raise field_error("email", _("Somebody else signs in with this address."))
    user = User(person=person, email=address, date_joined=at)
    user.set_password(password)
    user.full_clean(exclude=["password"])
    user.save(force_insert=True)
    return user


def user_invite(*, actor: Actor, person: Person, email: str, base_url: str, at: datetime) -> User:
    """Give a person a sign-in and mail them an invitation. ``base_url`` is the portal's own.

    Raises MailNotSent when the sign-in is made but the mail server does not take the letter.
    """
    user = user_create(actor=actor, person=person, email=email, at=at)
    invitation_send(actor=actor, user=user, base_url=base_url, at=at)
    return user


def user_invite_again(*, actor: Actor, person: Person, base_url: str, at: datetime) -> None:
    """Mail another link to somebody who has a sign-in: an invitation to who never came in, whose earlier link works no
    more; to others a link to choose another password."""
    require(actor, Action.EDIT, person)
    user = User.objects.filter(person=person, is_active=True).first()
    if user is None:
        raise Refused(_("%(person)s has no sign-in to send a link for.") % {"person": person})
    if user.last_login is None:
        invitation_send(actor=actor, user=user, base_url=base_url, at=at)
    else:
        _send_password_link(user, base_url=base_url)


@transaction.atomic
def person_deactivate(*, actor: Actor, person: Person, at: datetime) -> Person:
    """Let a person no longer act: their sign-in and every open session end now. Their history stays theirs."""
    require(actor, Action.EDIT, person)
    require_rights_of_person(actor, person, at=at)
    lock_roles()
    if person.pk == actor.person_id:
        raise Refused(_("You cannot make yourself inactive: ask another administrator."))
    person = Person.objects.select_for_update(of=("self",)).get(pk=person.pk)
    held = list(RoleAssignment.objects.filter(person=person, valid_to__gt=local_day(at)))
    administration = [assignment.pk for assignment in held if is_administration(assignment)]
    if administration and not administrator_stays(without=administration):
        raise Refused(_("Give somebody else the role of administrator first: one always stays."))
    person.is_active = False
    person.save(update_fields=["is_active"])
    user = User.objects.select_for_update(of=("self",)).filter(person=person).first()
    if user is not None:
        user.is_active = False
        user.save(update_fields=["is_active"])
        sessions_end(user=user, at=at)
    return person


@transaction.atomic
def person_activate(*, actor: Actor, person: Person, at: datetime) -> Person:
    """Let an inactive person act again, with the roles that still hold."""
    require(actor, Action.EDIT, person)
    require_rights_of_person(actor, person, at=at)
    person = Person.objects.select_for_update(of=("self",)).get(pk=person.pk)
    person.is_active = True
    person.save(update_fields=["is_active"])
    for user in User.objects.filter(person=person):
        user.is_active = True
        user.save(update_fields=["is_active"])
    return person


@transaction.atomic
def preferences_set(*, actor: Actor, user: User, theme: str, language: str, time_zone: str, at: datetime) -> User:
    """How a person likes the portal to look and speak; everybody sets their own."""
    if actor.user_id != user.pk:
        raise Denied(Action.EDIT, user)
    user = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    user.theme, user.language, user.time_zone = theme, language, time_zone
    if theme not in User.Theme.values:
        raise ValidationError({"theme": _("Choose one of the themes.")})
    user.save(update_fields=["theme", "language", "time_zone"])
    return user


def password_path(user: User) -> str:
    """The address, without its host, at which this user chooses a password; works once and for a few hours."""
    return reverse(
        "organization:password_reset_confirm",
        args=[urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user)],
    )


def _send_password_link(user: User, *, base_url: str) -> None:
    context = {"person": user.person, "link": urljoin(base_url, password_path(user)), "sign_in": user.email}
    try:
        send_mail(
            subject=_("Your sign-in to the PMO portal"),
            message=render_to_string("registration/password_link_mail.txt", context),
            from_email=None,
            recipient_list=[user.email],
        )
    except (SMTPException, OSError) as error:
        raise MailNotSent(
            _("The mail to %(address)s could not be sent. Try again later.") % {"address": user.email}
        ) from error
