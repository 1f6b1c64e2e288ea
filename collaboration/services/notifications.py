"""Telling people: one statement for all of them, in the transaction of what they are told about.

Who is told, and how, is decided by the same statement: nobody is told what they did themselves, nobody twice of one
event, nobody who turned the kind off or muted the unit, nobody who cannot sign in. Whether they may *see* it is asked
when they read it and when it is mailed: rights change, rows stay.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from django.core.cache import cache
from django.db import connection, transaction

from collaboration.models import Notification
from pmo_portal.lib.access import Actor
from pmo_portal.lib.live import publish_inbox
from pmo_portal.lib.nudge import nudge_once
from pmo_portal.lib.telling import Way, kind_named
from pmo_portal.lib.windows import local_day

MOST_LETTERS: Final = 1_000
"""More of what was said is read where it was said."""

MAIL_FLAG: Final = "mail"

_TELL: Final = """
WITH told AS (
    INSERT INTO collaboration_notification
           (person_id, kind, subject_kind, subject_id, unit_id, title, text, url, facts, actor_id, at, way, once)
    SELECT p.id, %(kind)s, %(subject_kind)s, %(subject_id)s, %(unit)s, %(title)s, %(text)s, %(url)s, %(facts)s::jsonb,
           %(actor)s, %(at)s, coalesce(choice.way, %(way)s), %(once)s
      FROM organization_person p
      JOIN organization_user u ON u.person_id = p.id AND u.is_active
      LEFT JOIN collaboration_notificationchoice choice ON choice.person_id = p.id AND choice.kind = %(kind)s
     WHERE p.id = ANY(%(people)s) AND p.is_active
       AND p.id IS DISTINCT FROM %(actor)s::bigint
       AND coalesce(choice.way, %(way)s) <> 'NONE'
       AND (%(urgent)s OR NOT EXISTS (
               SELECT FROM collaboration_mutedunit muted
                 JOIN organization_unitclosure closure ON closure.ancestor_id = muted.unit_id
                WHERE muted.person_id = p.id AND closure.descendant_id = %(unit)s::bigint
                  AND closure.valid_from <= %(day)s AND closure.valid_to > %(day)s))
        ON CONFLICT (person_id, once) DO NOTHING
 RETURNING id, person_id, way
), mailed AS (
    INSERT INTO collaboration_mail (person_id, kind, notification_id, due_at, attempts, outcome)
    SELECT person_id, 'NOW', id, %(at)s, 0, '' FROM told WHERE way = 'NOW'
)
SELECT told.person_id, told.way, u.id FROM told JOIN organization_user u ON u.person_id = told.person_id
"""


def notify(
    *,
    actor: Actor,
    kind: str,
    people: Iterable[int],
    at: datetime,
    title: str,
    url: str,
    subject: tuple[str, int] | None = None,
    unit_id: int | None = None,
    text: str = "",
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Tell people of one event, in the caller's transaction; whoever did it is never told.

    ``title`` names the thing ("HAR-12 Berths at night"), ``text`` is what somebody wrote; why they are told is said by
    the kind, in the language of the reader. ``subject`` and ``unit_id`` say who may read it: those who may see the
    thing, or, where there is none, look into the unit. An event is the same when its subject, address, moment and actor
    are: a person is told of it once, for the reason given first, so call with the most personal reason first.
    """
    wanted = sorted(set(people) - {actor.person_id})
    if not wanted:
        return
    if not url.startswith("/") or url.startswith("//"):
        raise ValueError("a notification leads to a page of the portal")
    spec = kind_named(kind)
    subject_kind, subject_id = subject or ("", None)
    event = [subject_kind, subject_id, url, at.astimezone(UTC).isoformat(), actor.person_id, "" if subject else title]
    values = {
        "kind": kind,
        "people": wanted,
        "actor": actor.person_id,
        "at": at,
        "day": local_day(at),
        "title": title[:300],
        "text": text[:MOST_LETTERS],
        "url": url[:500],
        "facts": json.dumps(dict(facts or {})),
        "subject_kind": subject_kind,
        "subject_id": subject_id,
        "unit": unit_id,
        "way": spec.way.value,
        "urgent": spec.is_urgent,
        "once": hashlib.sha256(json.dumps(event).encode()).hexdigest(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_TELL, values)
        told = cursor.fetchall()
    if told:
        people, ways, users = zip(*told, strict=True)
        transaction.on_commit(partial(_say, people, users=users, mails=Way.NOW.value in ways))


def words_changed(*, subject: tuple[str, int], url: str, text: str) -> None:
    """What somebody wrote at this address says something else now, or nothing any more: so do the inboxes and the
    mails that are yet to go out."""
    kind, pk = subject
    told = Notification.objects.filter(subject_kind=kind, subject_id=pk, url=url[:500])
    told.update(text=text[:MOST_LETTERS])


def thread_read(*, person_id: int | None, subject: tuple[str, int], at: datetime) -> None:
    """Whoever has dealt with a thing knows what they were told of it; one statement."""
    if person_id is None:
        return
    kind, pk = subject
    told = Notification.objects.filter(person_id=person_id, subject_kind=kind, subject_id=pk, read_at__isnull=True)
    if told.update(read_at=at, snoozed_until=None):
        transaction.on_commit(partial(badges_forget, [person_id]))


def badge_key(person_id: int) -> str:
    """Where the number of somebody's unread notifications is remembered between pages."""
    return f"inbox:{person_id}"


def badges_forget(people: Iterable[int]) -> None:
    """Let the number on these people's pages be counted anew."""
    cache.delete_many([badge_key(person_id) for person_id in people])


def _say(people: Iterable[int], *, users: Collection[int], mails: bool) -> None:
    badges_forget(people)
    publish_inbox(users)
    if mails:
        from collaboration.tasks import mail_send  # noqa: PLC0415 - tasks call services

        nudge_once(mail_send, MAIL_FLAG)
