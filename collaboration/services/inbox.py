"""What a person does with what they were told: read it, keep it for later, leave it for tomorrow."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from collaboration.models import Favourite, Notification, Watch
from collaboration.services.notifications import badges_forget
from collaboration.tell_policies import notifications_seen
from pmo_portal.lib.access import Actor
from pmo_portal.lib.errors import field_error
from pmo_portal.lib.subjects import all_subjects

MORNING: Final = time(8)
"""When what was put off until a day comes back, on the clock of whoever put it off."""

READ_KEPT: Final = timedelta(days=90)
UNREAD_KEPT: Final = timedelta(days=365)
LONGEST_SNOOZE: Final = timedelta(days=366)


def thread_of(row: Notification) -> Q:
    """Everything told of the same thing."""
    if row.subject_kind:
        return Q(subject_kind=row.subject_kind, subject_id=row.subject_id)
    return Q(subject_kind="", url=row.url)


def notifications_read(*, actor: Actor, rows: Collection[Notification], at: datetime) -> int:
    """Read what is told of these things, up to these rows: what came since the page was drawn stays unread."""
    if not rows:
        return 0
    threads = Q(pk__in=[])
    for row in rows:
        threads |= thread_of(row) & Q(pk__lte=row.pk)
    return _read(actor, _own(actor).filter(threads), at=at)


def notifications_read_all(*, actor: Actor, upto: int, at: datetime) -> int:
    """Read everything that has been told up to a row, except what was put off until later."""
    now_shown = Q(snoozed_until__isnull=True) | Q(snoozed_until__lte=at)
    return _read(actor, _own(actor).filter(now_shown, pk__lte=upto), at=at)


def _read(actor: Actor, rows: QuerySet[Notification], *, at: datetime) -> int:
    count = rows.filter(read_at__isnull=True).update(read_at=at, snoozed_until=None)
    _forget_badge(actor)
    return count


def notifications_unread(*, actor: Actor, rows: Collection[Notification], at: datetime) -> None:
    """Make what was told last of these things new again."""
    _own(actor).filter(pk__in=[row.pk for row in rows]).update(read_at=None, snoozed_until=None)
    _forget_badge(actor)


def notifications_read_undo(*, actor: Actor, read_at: datetime, at: datetime) -> int:
    """Take one step of reading back: it is known by its moment."""
    count = _own(actor).filter(read_at=read_at).update(read_at=None)
    _forget_badge(actor)
    return count


def notifications_snooze(*, actor: Actor, rows: Collection[Notification], until: datetime, at: datetime) -> None:
    """Leave these things until later; something new about one of them comes at once all the same."""
    if until <= at:
        raise field_error("until", _("Choose a day after today."))
    if until > at + LONGEST_SNOOZE:
        raise field_error("until", _("Choose a day within a year."))
    threads = Q(pk__in=[])
    for row in rows:
        threads |= thread_of(row) & Q(pk__lte=row.pk)
    _own(actor).filter(threads, read_at__isnull=True).update(snoozed_until=until)
    _own(actor).filter(pk__in=[row.pk for row in rows]).update(snoozed_until=until, read_at=None)
    _forget_badge(actor)


def morning_of(day: date) -> datetime:
    """The morning of a day on the clock of the person of this request."""
    return datetime.combine(day, MORNING, tzinfo=timezone.get_current_timezone())


def notifications_expire(*, at: datetime) -> int:
    """Let go of what was read three months ago, and of what nobody read within a year."""
    old = Q(read_at__lt=at - READ_KEPT) | Q(read_at__isnull=True, at__lt=at - UNREAD_KEPT)
    # Rows that mails and nothing else point to; no history of anybody's work.
    rows = Notification.objects.filter(old)
    count = rows.count()
    rows.delete()
    return count


def marks_expire() -> int:
    """Forget who watched or starred things that have left the recycle bin for good."""
    gone = 0
    for subject in all_subjects():
        there = Exists(subject.model._default_manager.filter(pk=OuterRef("subject_id")))
        for model in (Watch, Favourite):
            rows: QuerySet[Watch | Favourite] = model._default_manager.filter(~there, subject_kind=subject.code)
            gone += rows.delete()[0]
    return gone


def _own(actor: Actor) -> QuerySet[Notification]:
    return notifications_seen(actor)


def _forget_badge(actor: Actor) -> None:
    if actor.person_id is not None:
        transaction.on_commit(partial(badges_forget, [actor.person_id]))
