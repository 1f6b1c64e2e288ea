"""Telling people what happened to their sign-in, by mail: whoever got in elsewhere could read it inside, too."""

from __future__ import annotations

import logging
from datetime import datetime
from smtplib import SMTPException
from typing import TYPE_CHECKING

from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from organization.models import User
from pmo_portal.lib.format import moment
from pmo_portal.lib.nudge import nudge

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

logger = logging.getLogger(__name__)


def new_device_tell(*, user: User, browser: str, place: str, at: datetime) -> None:
    """Somebody signed in with a browser that was never here."""
    with _language_of(user):
        text = _("Somebody, most likely you, signed in with a browser that was not used here before.")
        where = " · ".join(part for part in (browser, place, moment(at)) if part)
    _later(user, f"{text}\n\n{where}")


def proof_changed_tell(*, user: User, what: StrPromise, at: datetime) -> None:
    """An app, a passkey or codes came or went; ``what`` says it in any language."""
    with _language_of(user):
        _later(user, f"{what}\n\n{moment(at)}")


def password_changed_tell(*, user: User, at: datetime) -> None:
    """Their password is another one."""
    with _language_of(user):
        text = _("Your password was changed.")
        _later(user, f"{text}\n\n{moment(at)}")


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


def _later(user: User, text: str) -> None:
    from organization.tasks import security_mail  # noqa: PLC0415 - tasks import services

    user_id = user.pk
    transaction.on_commit(lambda: nudge(security_mail, user_id=user_id, text=text))
