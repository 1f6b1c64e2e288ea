"""Telling people what happened to their sign-in: in their inbox, and by mail, for whoever got in elsewhere could read
and clear it inside."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from smtplib import SMTPException
from typing import TYPE_CHECKING, Final

from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from organization.access import SYSTEM
from organization.models import User
from pmo_portal.lib.format import moment
from pmo_portal.lib.nudge import nudge
from pmo_portal.lib.telling import tell

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

logger = logging.getLogger(__name__)

MOST_NAMED: Final = 5


def new_device_tell(*, user: User, browser: str, place: str, at: datetime) -> None:
    """Somebody signed in with a browser that was never here."""
    with _language_of(user):
        text = _("Somebody, most likely you, signed in with a browser that was not used here before.")
        _say(user, text, browser, place, at=at)


def proof_changed_tell(*, user: User, what: StrPromise, at: datetime) -> None:
    """An app, a passkey or codes came or went; ``what`` says it in any language."""
    with _language_of(user):
        _say(user, str(what), at=at)


def password_changed_tell(*, user: User, at: datetime) -> None:
    """Their password is another one."""
    with _language_of(user):
        _say(user, _("Your password was changed."), at=at)


def recovery_code_used_tell(*, user: User, left: int, at: datetime) -> None:
    """One of their recovery codes opened the door: most often the phone is lost, now and then the codes are."""
    with _language_of(user):
        used = ngettext(
            "A recovery code was used; %(count)s is left.", "A recovery code was used; %(count)s are left.", left
        )
        _say(user, used % {"count": left}, at=at)


def sessions_ended_tell(*, user: User, where: Sequence[str], at: datetime) -> None:
    """They, or somebody in their name, signed other browsers out; ``where`` names those."""
    with _language_of(user):
        count = len(where)
        text = ngettext("%(count)s browser was signed out.", "%(count)s browsers were signed out.", count)
        _say(user, text % {"count": count}, *where[:MOST_NAMED], at=at)


def security_mail_send(*, user_id: int, text: str) -> None:
    """Hand one such letter over; once a worker has time for it."""
    user = User.objects.select_related("person").filter(pk=user_id).first()
    if user is None:
        return
    with _language_of(user):
        body = render_to_string("registration/security_mail.txt", {"person": user.person, "text": text})
        subject = _("Your sign-in to the PMO portal")
    try:
        send_mail(subject=subject, message=body, from_email=None, recipient_list=[user.email])
    except (SMTPException, OSError) as error:
        logger.warning("Security mail not sent: %s", error)


def _language_of(user: User) -> translation.override:
    return translation.override(user.language or translation.get_language())


def _say(user: User, text: str, *details: str, at: datetime) -> None:
    """Once in the inbox and once by mail."""
    known = " · ".join(part for part in details if part)
    if user.person_id is not None:
        said = f"{text} ({known})" if known else text
        people, url = [user.person_id], reverse("organization:security")
        tell(actor=SYSTEM, kind="sign_in", people=people, at=at, title=_("Your sign-in"), url=url, text=said)
    facts = " · ".join(part for part in (known, moment(at)) if part)
    _later(user, f"{text}\n\n{facts}")


def _later(user: User, text: str) -> None:
    from organization.tasks import security_mail  # noqa: PLC0415 - tasks import services

    user_id = user.pk
    transaction.on_commit(lambda: nudge(security_mail, user_id=user_id, text=text))
