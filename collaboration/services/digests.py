"""Mails: at once about what cannot wait, else once a day.

A mail that is due is a row. Whoever sends it takes it first, by putting its next try off in a transaction of its own:
so two workers never send the same one, a crash while sending only delays it, and one that always crashes is given up.
Its words are made when it is sent, of what its reader may see at that moment; where nothing is left, nothing is sent.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import Min
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import ngettext

from collaboration.models import Mail, MailKind, MailOutcome, Notification
from collaboration.tell_policies import notifications_seen
from collaboration.tell_words import Line, line_of
from organization.access import actor_for
from organization.models import User
from pmo_portal.lib.telling import Way, kind_named

logger = logging.getLogger(__name__)

MORNING: Final = time(7)
"""When the daily mail goes out, on the clock of its reader."""

PAUSES: Final = tuple(timedelta(minutes=minutes) for minutes in (5, 5, 15, 60, 240))
"""After each try, until the next one; after the last the mail is given up. Longer than a mail server may hang."""

MOST_LINES: Final = 40
NEWS_FOR: Final = timedelta(days=7)
"""What could not be mailed for a week is no news any more; it stands in the inbox."""

ENDED_KEPT: Final = timedelta(days=90)
MOST_AT_ONCE: Final = 500
SALT: Final = "collaboration.unsubscribe"
DIGEST: Final = "digest"


@dataclass(frozen=True, slots=True)
class _Block:
    """One thing of a mail with what happened to it."""

    title: str
    url: str
    lines: Sequence[Line]


def digests_prepare(*, at: datetime) -> int:
    """Let everybody whose morning has come, and who was told something before it, have a mail; returns how many.

    May run anywhere at any time, also twice at once: there is one row a person and day.
    """
    told = (
        Notification.objects.filter(
            way=Way.DIGEST, mailed_at__isnull=True, read_at__isnull=True, at__gt=at - NEWS_FOR, at__lt=at
        )
        .order_by()
        .values("person")
        .annotate(first=Min("at"))
    )
    first = {row["person"]: row["first"] for row in told}
    users = User.objects.filter(person__in=first, is_active=True, person__is_active=True)
    due = []
    for person_id, zone_name in users.values_list("person", "time_zone"):
        morning = _morning(at, _zone(zone_name))
        if morning <= at and first[person_id] < morning:
            due.append(Mail(person_id=person_id, kind=MailKind.DIGEST, day=morning.date(), due_at=at))
    lately = Mail.objects.filter(kind=MailKind.DIGEST, day__gte=(at - timedelta(days=2)).date())
    known = set(lately.values_list("person", "day"))
    new = [mail for mail in due if (mail.person_id, mail.day) not in known]
    Mail.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def mails_send(*, at: datetime) -> int:
    """Send every mail that is due; returns how many were. What a mail server refuses is tried again later."""
    sent = 0
    for _number in range(MOST_AT_ONCE):
        mail = _take(at=at)
        if mail is None:
            break
        sent += _deliver(mail, at=at)
    return sent


def mails_expire(*, at: datetime) -> int:
    """Forget mails that ended long ago."""
    old = Mail.objects.filter(ended_at__lt=at - ENDED_KEPT)
    count = old.count()
    old.delete()
    return count


def unsubscribe_token(person_id: int, what: str) -> str:
    """What a mail carries to end mails of its kind: good for that and nothing else."""
    return signing.dumps([person_id, what], salt=SALT)


@transaction.atomic
def _take(*, at: datetime) -> Mail | None:
    """The next mail that is due, its next try put off; those tried too often are given up."""
    while True:
        mail = (
            Mail.objects.select_for_update(skip_locked=True)
            .filter(ended_at__isnull=True, due_at__lte=at)
            .order_by("due_at", "pk")
            .first()
        )
        if mail is None:
            return None
        if mail.attempts < len(PAUSES):
            mail.due_at = at + PAUSES[mail.attempts]
            mail.attempts += 1
            mail.save(update_fields=["attempts", "due_at"])
            return mail
        _end(mail, MailOutcome.FAILED, at=at)
        logger.error("Mail %s is given up after %s tries", mail.pk, mail.attempts)


def _deliver(mail: Mail, *, at: datetime) -> bool:
    """Make a mail of what its reader may see now, and hand it over."""
    user = User.objects.filter(person=mail.person_id, is_active=True, person__is_active=True).first()
    if user is None or not user.email:
        _end(mail, MailOutcome.NOTHING, at=at)
        return False
    zone = _zone(user.time_zone)
    with timezone.override(zone), translation.override(user.language or settings.LANGUAGE_CODE):
        rows = _rows(mail, user, zone, at=at)
        if not rows:
            _end(mail, MailOutcome.NOTHING, at=at)
            return False
        try:
            _message(mail, user, rows).send()
        except OSError as error:  # smtplib's own failures are of this kind, too
            logger.warning("Mail %s is tried again at %s: %s", mail.pk, mail.due_at, type(error).__name__)
            return False
    with transaction.atomic():
        Notification.objects.filter(pk__in=[row.pk for row in rows]).update(mailed_at=at)
        _end(mail, MailOutcome.SENT, at=at)
    return True


def _rows(mail: Mail, user: User, zone: ZoneInfo, *, at: datetime) -> list[Notification]:
    """What the mail tells: still unread, not put off, and to be seen by whoever reads it."""
    seen = notifications_seen(actor_for(user)).filter(
        mailed_at__isnull=True, read_at__isnull=True, snoozed_until__isnull=True
    )
    if mail.kind == MailKind.NOW:
        seen = seen.filter(mail=mail, way=Way.NOW)
    else:
        seen = seen.filter(way=Way.DIGEST, at__gt=at - NEWS_FOR, at__lt=_morning(at, zone))
    return list(seen.select_related("actor").order_by("-at", "-pk"))


def _message(mail: Mail, user: User, rows: Sequence[Notification]) -> EmailMultiAlternatives:
    blocks = _blocks(rows)
    shown, room = [], MOST_LINES
    for block in blocks:
        if room <= 0:
            break
        shown.append(_Block(block.title, block.url, block.lines[:room]))
        room -= len(block.lines)
    is_digest = mail.kind == MailKind.DIGEST
    what = DIGEST if is_digest else rows[0].kind
    ending = _absolute(reverse("collaboration:unsubscribe", args=[unsubscribe_token(mail.person_id, what)]))
    context: Mapping[str, Any] = {
        "person": user.person,
        "is_digest": is_digest,
        "blocks": shown,
        "more": max(0, len(blocks) - len(shown)),
        "inbox_url": _absolute(reverse("collaboration:inbox")),
        "settings_url": _absolute(reverse("collaboration:notification_settings")),
        "unsubscribe_url": ending,
        "kind_label": "" if is_digest else kind_named(rows[0].kind).label,
    }
    message = EmailMultiAlternatives(
        subject=_subject(rows, len(blocks), is_digest=is_digest),
        body=render_to_string("email/notifications.txt", dict(context)),
        to=[user.email],
        headers={
            "Message-ID": f"<mail-{mail.pk}@{urlsplit(settings.PORTAL_URL).hostname or 'portal'}>",
            "List-Unsubscribe": f"<{ending}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(render_to_string("email/notifications.html", dict(context)), "text/html")
    return message


def _subject(rows: Sequence[Notification], count: int, *, is_digest: bool) -> str:
    if is_digest:
        text = ngettext("%(count)s thing has news", "%(count)s things have news", count) % {"count": count}
    else:
        text = f"{line_of(rows[0]).sentence}: {rows[0].title}"
    # A title is somebody's words: no line of it may become a header of its own.
    return " ".join(text.split())[:200]


def _blocks(rows: Sequence[Notification]) -> list[_Block]:
    """One block a thing, in the order of its newest line."""
    by_thread: dict[tuple[str, Any], list[Notification]] = {}
    for row in rows:
        key = (row.subject_kind, row.subject_id if row.subject_kind else row.url)
        by_thread.setdefault(key, []).append(row)
    return [
        _Block(
            group[0].title,
            _absolute(reverse("collaboration:inbox_open", args=[group[0].pk])),
            [line_of(row) for row in group],
        )
        for group in by_thread.values()
    ]


def _end(mail: Mail, outcome: MailOutcome, *, at: datetime) -> None:
    mail.outcome, mail.ended_at = outcome, at
    mail.save(update_fields=["outcome", "ended_at"])


def _absolute(path: str) -> str:
    return f"{settings.PORTAL_URL}{path}"


def _morning(at: datetime, zone: ZoneInfo) -> datetime:
    """The morning of the reader's own today."""
    return datetime.combine(at.astimezone(zone).date(), MORNING, tzinfo=zone)


def _zone(name: str) -> ZoneInfo:
    """The person's own zone; the portal's when it is unset or no longer exists."""
    try:
        return ZoneInfo(name or settings.PORTAL_TIME_ZONE)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(settings.PORTAL_TIME_ZONE)
