"""Tickets with which a page opens its live stream.

The stream process has no sessions and no views. The view that renders a page knows who looks and
which units the page shows; it writes both, signed, into the page, and the stream process checks
them against the rights of that moment, again and again.
"""

from __future__ import annotations

import hmac
import logging
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.contrib.auth.base_user import AbstractBaseUser
from django.core import signing

logger = logging.getLogger(__name__)

LIFETIME_SECONDS = 600
"""For so long a ticket opens a stream; how long the stream then lasts is for the stream process to say."""
RENEWABLE_SECONDS = 24 * 3600
"""A page left open overnight may still exchange its ticket; after that it is loaded anew."""
MAX_UNITS = 500
_SALT = "pmo_portal.live.ticket"
_DIGEST_LENGTH = 24
SESSION_OF_USER = "session_of_request"
"""Where a request's user carries the number of the session they came with; the middleware puts it there."""


class TicketInvalid(Exception):
    """Not a ticket of ours."""


class TicketExpired(TicketInvalid):
    """A ticket of ours whose time has passed: the page fetches a new one."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """Whose page it is, which units it shows, and since when (seconds since 1970)."""

    user_id: int
    auth_digest: str
    unit_ids: frozenset[int]
    issued_at: int
    session_id: int = 0
    """The session in which the page was asked for; 0 when that is not known."""

    def is_held_by(self, auth_digest: str) -> bool:
        """False once the person has changed the password (and with it ended every session)."""
        return hmac.compare_digest(self.auth_digest, auth_digest)


def auth_digest(user: AbstractBaseUser) -> str:
    """What changes when all sessions of this user end: Django's session hash, shortened."""
    return user.get_session_auth_hash()[:_DIGEST_LENGTH]


def issue(*, user: AbstractBaseUser, unit_ids: Collection[int]) -> str:
    """A ticket for a page that shows these units; the caller has checked that the user may see them.

    Units beyond MAX_UNITS are left out: the page is complete, only not live for them.
    """
    named = sorted(set(unit_ids))
    if len(named) > MAX_UNITS:
        logger.warning("A page names %d units; only %d of them are live.", len(named), MAX_UNITS)
    return signing.Signer(salt=_SALT).sign_object(
        {
            "p": user.pk,
            "h": auth_digest(user),
            "u": named[:MAX_UNITS],
            "t": int(time.time()),
            "s": getattr(user, SESSION_OF_USER, 0),
        },
        compress=True,
    )


def read(text: str, *, lifetime_seconds: int = LIFETIME_SECONDS) -> Ticket:
    """The ticket behind this text; TicketInvalid when forged, TicketExpired when too old."""
    try:
        content = signing.Signer(salt=_SALT).unsign_object(text)
        ticket = Ticket(
            user_id=int(content["p"]),
            auth_digest=str(content["h"]),
            unit_ids=frozenset(int(unit_id) for unit_id in content["u"]),
            issued_at=int(content["t"]),
            session_id=int(content.get("s", 0)),
        )
    except (signing.BadSignature, LookupError, TypeError, ValueError) as error:
        raise TicketInvalid("not a ticket of this portal") from error
    if time.time() - ticket.issued_at > lifetime_seconds:
        raise TicketExpired("the ticket's time has passed")
    return ticket


def renew(texts: Iterable[str], *, user: AbstractBaseUser, visible_unit_ids: Collection[int]) -> str:
    """One fresh ticket for what these tickets named, as far as this user may still see it.

    The signed-in user must be the one the tickets were issued to; TicketInvalid otherwise, and
    when nothing of them is left to see.
    """
    named: set[int] = set()
    for text in texts:
        ticket = read(text, lifetime_seconds=RENEWABLE_SECONDS)
        if ticket.user_id != user.pk:
            raise TicketInvalid("the ticket was issued to somebody else")
        named |= ticket.unit_ids
    still_visible = named.intersection(visible_unit_ids)
    if not still_visible:
        raise TicketInvalid("the ticket names no unit that this person may see")
    return issue(user=user, unit_ids=still_visible)
