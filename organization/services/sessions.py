"""Sessions as people see them: which browsers are signed in as somebody, and ending them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection, transaction

from organization.models import AuditAction, SignInWay, User, UserSession
from organization.services.audit import audit_record
from organization.services.security_news import sessions_ended_tell
from pmo_portal.lib.access import Action, Actor, Denied
from pmo_portal.lib.windows import local_day

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
            "must_set_up": False,
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
    sessions_ended_tell(user=session.user, where=[_where(session)], at=at)


@transaction.atomic
def sessions_end_others(*, actor: Actor, user: User, keep_id: int, at: datetime) -> int:
    """Sign out everywhere but here; returns how many browsers that were."""
    _require_own(actor, user.pk)
    others = list(UserSession.objects.filter(user=user, ended_at=None).exclude(pk=keep_id).select_related("user"))
    if others:
        _end(others, at=at)
        sessions_ended_tell(user=user, where=[_where(row) for row in others], at=at)
    return len(others)


@transaction.atomic
def sessions_end(*, user: User, at: datetime, keep_id: int = 0) -> int:
    """End every session of a user, but for one if it is named; returns how many."""
    open_ones = UserSession.objects.filter(user=user, ended_at=None).exclude(pk=keep_id)
    return _end(list(open_ones.select_related("user")), at=at)


# Who came by the organisation's own sign-in proved it twice there, where it is known to ask for that.
_ASK = """
    UPDATE organization_usersession open
       SET must_set_up = asked.is_asked
      FROM (SELECT seen.id,
                   seen.way <> ALL(%(enough)s)
                   AND EXISTS (
                       SELECT FROM organization_roleassignment role
                         JOIN organization_signinrule rule ON role.role = ANY(rule.second_step_roles)
                        WHERE role.person_id = u.person_id
                          AND role.valid_from <= %(day)s AND role.valid_to > %(day)s)
                   AND NOT EXISTS (
                       SELECT FROM mfa_authenticator own
                        WHERE own.user_id = u.id AND own.type IN ('totp', 'webauthn')) AS is_asked
              FROM organization_usersession seen
              JOIN organization_user u ON u.id = seen.user_id
             WHERE seen.ended_at IS NULL AND (%(person)s::bigint IS NULL OR u.person_id = %(person)s)) asked
     WHERE open.id = asked.id AND open.must_set_up <> asked.is_asked
"""


def sessions_ask_second_step(*, at: datetime, person_id: int | None = None) -> int:
    """Let every open session, or those of one person, lead to making a second step where a role of its person needs one
    and there is none; and no longer where it is made. Returns how many were changed. Streams of such sessions end."""
    enough = [SignInWay.DEMO.value, *([SignInWay.ORGANISATION.value] if settings.OIDC_HAS_SECOND_STEP else [])]
    with connection.cursor() as cursor:
        cursor.execute(_ASK, {"enough": enough, "day": local_day(at), "person": person_id})
        return int(cursor.rowcount)


_LIVE = """
    SELECT seen.user_id, array_agg(seen.id)
      FROM organization_usersession seen
      JOIN django_session session ON session.session_key = seen.session_key
     WHERE seen.user_id = ANY(%(users)s) AND seen.ended_at IS NULL AND NOT seen.must_set_up
       AND session.expire_date > now()
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


def _where(session: UserSession) -> str:
    return " ".join(part for part in (session.browser, session.place) if part)


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
