"""Inviting people: a mailed link that works once and for some days, which can be sent again and withdrawn."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from smtplib import SMTPException
from urllib.parse import urljoin

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from organization.models import AuditAction, Invitation, Person, User
from organization.services.audit import audit_record
from organization.services.roles import require_rights_of_person
from pmo_portal.lib.access import Action, Actor, require
from pmo_portal.lib.errors import DomainError, Refused


class MailNotSent(DomainError):
    """The change is made, but the mail about it could not be handed over."""


def invitation_send(*, actor: Actor, user: User, base_url: str, at: datetime) -> Invitation:
    """Mail somebody the link with which they come in for the first time; a link sent before works no more.

    Raises MailNotSent when the invitation stands but the mail server does not take the letter.
    """
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        person = Person.objects.select_for_update(of=("self",)).get(user=user)
        require(actor, Action.EDIT, person)
        values = {
            "invited_by_id": actor.person_id,
            "digest": _digest(token),
            "sent_at": at,
            "expires_at": at + timedelta(days=settings.INVITATION_DAYS),
        }
        invitation, _is_new = Invitation.objects.update_or_create(
            person=person, accepted_at=None, withdrawn_at=None, defaults=values
        )
        audit_record(action=AuditAction.INVITED, at=at, person_id=actor.person_id, about=user.email)
    context = {
        "person": person,
        "sign_in": user.email,
        "days": settings.INVITATION_DAYS,
        "link": urljoin(base_url, reverse("organization:invitation_accept", args=[token])),
    }
    try:
        send_mail(
            subject=_("Your sign-in to the PMO portal"),
            message=render_to_string("registration/invitation_mail.txt", context),
            from_email=None,
            recipient_list=[user.email],
        )
    except (SMTPException, OSError) as error:
        raise MailNotSent(
            _("The sign-in is made, but the mail to %(address)s could not be sent. Send the link again later.")
            % {"address": user.email}
        ) from error
    return invitation


@transaction.atomic
def invitation_withdraw(*, actor: Actor, person: Person, at: datetime) -> None:
    """Take an invitation back that nobody has used: its link works no more, and the sign-in it would open is gone."""
    require(actor, Action.EDIT, person)
    require_rights_of_person(actor, person, at=at)
    invitation = (
        Invitation.objects.select_for_update().filter(person=person, accepted_at=None, withdrawn_at=None).first()
    )
    if invitation is None:
        raise Refused(_("There is no open invitation of %(person)s.") % {"person": person})
    invitation.withdrawn_at = at
    invitation.save(update_fields=["withdrawn_at"])
    User.objects.filter(person=person, last_login=None).delete()


def invitation_behind(*, token: str, at: datetime) -> tuple[Invitation, User] | None:
    """The open invitation of a link and whom it lets in; nothing for a link that is used, withdrawn, old or forged."""
    found = (
        Invitation.objects.select_related("person__user")
        .filter(digest=_digest(token), accepted_at=None, withdrawn_at=None, expires_at__gt=at, person__is_active=True)
        .filter(person__user__is_active=True)
        .first()
    )
    return (found, found.person.user) if found is not None else None


@transaction.atomic
def invitation_accept(*, token: str, password: str, at: datetime) -> User:
    """Choose the first password through an invitation. The link is the proof, and works once.

    Raises ValidationError for a weak password, Refused for a link that works no more.
    """
    Invitation.objects.select_for_update().filter(digest=_digest(token)).first()
    found = invitation_behind(token=token, at=at)
    if found is None:
        raise Refused(_("This link no longer works."))
    invitation, user = found
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise ValidationError({"new_password2": error.messages}) from error
    user.set_password(password)
    user.save(update_fields=["password"])
    _accepted(invitation, at)
    audit_record(action=AuditAction.PASSWORD_CHANGED, at=at, person_id=user.person_id, about=user.email)
    return user


def invitation_accepted(*, user: User, at: datetime) -> None:
    """Somebody who was invited came in another way, such as by the organisation's sign-in: the link is used up."""
    for invitation in Invitation.objects.filter(person=user.person_id, accepted_at=None, withdrawn_at=None):
        _accepted(invitation, at)


def _accepted(invitation: Invitation, at: datetime) -> None:
    invitation.accepted_at = at
    invitation.save(update_fields=["accepted_at"])


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
