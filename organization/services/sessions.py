"""Sessions as people see them: which browsers are signed in as somebody, and ending them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django.db import connection, transaction

from organization.models import AuditAction, SignInWay, User, UserSession
from organization.services.audit import audit_record
from pmo_portal.lib.access import Action, Actor, Denied

SEEN_MINUTES = 5
"""How exactly "last seen" is known: a page costs no statement for it more often than this."""


def session_open(
    *, user: User, session_key: str, device: str, browser: str, place: str, way: SignInWay, at: datetime
) -> UserSession:
    """Note that a browser is signed in as somebody."""
    row, _is_new = UserSession.objects.update_or_create(
        session_key=session_key,
        defaults={
            "user": user,
            "device": device,
            "browser": browser[:80],
            "place": place[:64],
            "way": way,
            "began_at": at,
            "seen_at": at,
            "ended_at": None,
        },
    )
    return row


def session_move(*, old_key: str, new_key: str) -> None:
    """A session goes on under another key, as after a change of the password."""
    UserSession.objects.filter(session_key=old_key).update(session_key=new_key)


def session_close(*, session_key: str, at: datetime) -> None:
    """A session is over: its person left, or nobody may use it any more."""
    UserSession.objects.filter(session_key=session_key).update(session_key=None, ended_at=at)


def session_seen(*, session_id: int, at: datetime) -> None:
    """Its browser was here just now."""
    UserSession.objects.filter(pk=session_id).update(seen_at=at)


@transaction.atomic
def session_end(*, actor: Actor, session: UserSession, at: datetime) -> None:
    """Sign one's own other browser out. Its streams end with the next look at who may listen."""
    _require_own(actor, session.user_id)
    _end([session], at=at)


@transaction.atomic
def sessions_end_others(*, actor: Actor, user: User, keep_id: int, at: datetime) -> int:
    """Sign out everywhere but here; returns how many browsers that were."""
    _require_own(actor, user.pk)
    others = UserSession.objects.filter(user=user, ended_at=None).exclude(pk=keep_id)
    return _end(list(others.select_related("user")), at=at)


@transaction.atomic
def sessions_end(*, user: User, at: datetime, keep_id: int = 0) -> int:
    """End every session of a user, but for one if it is named; returns how many."""
    open_ones = UserSession.objects.filter(user=user, ended_at=None).exclude(pk=keep_id)
    return _end(list(open_ones.select_related("user")), at=at)


_LIVE = """
    SELECT seen.user_id, array_agg(seen.id)
      FROM organization_usersession seen
      JOIN django_session session ON session.session_key = seen.session_key
     WHERE seen.user_id = ANY(%(users)s) AND seen.ended_at IS NULL AND session.expire_date > now()
     GROUP BY 1
"""


def live_session_ids(user_ids: Sequence[int]) -> dict[int, frozenset[int]]:
    """The open sessions of each of these users: streams of any other end. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_LIVE, {"users": list(user_ids)})
        return {user_id: frozenset(ids) for user_id, ids in cursor.fetchall()}


def sessions_forget(*, before: datetime) -> int:
    """Delete what is known of sessions that ended, or whose time was over, before then; returns how many rows."""
    long_over = UserSession.objects.filter(ended_at__lt=before)
    never_closed = UserSession.objects.filter(ended_at=None, seen_at__lt=before).exclude(
        session_key__in=Session.objects.filter(expire_date__gt=before + timedelta(days=1)).values("session_key")
    )
    gone = long_over.delete()[0]
    return gone + never_closed.delete()[0]


def _require_own(actor: Actor, user_id: int) -> None:
    if actor.user_id != user_id:
        raise Denied(Action.EDIT, "session")


def _end(rows: list[UserSession], *, at: datetime) -> int:
    keys = [row.session_key for row in rows if row.session_key]
    # The session itself first: whoever holds its cookie is nobody from here on.
    Session.objects.filter(pk__in=keys).delete()
    UserSession.objects.filter(pk__in=[row.pk for row in rows]).update(session_key=None, ended_at=at)
    for row in rows:
        audit_record(
            action=AuditAction.SESSION_ENDED,
            at=at,
            person_id=row.user.person_id,
            about=row.browser,
            place=row.place,
        )
    return len(rows)
