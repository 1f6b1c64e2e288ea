"""Django's sessions in the database, read with one prepared statement: every request begins with it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.contrib.sessions.base_session import AbstractBaseSession
from django.utils import timezone

from organization.services.sessions import session_close, session_move
from pmo_portal.lib.prepared import prepared_cursor

_READ: Final = """
    SELECT session.session_key, session.session_data, session.expire_date, seen.id, seen.seen_at,
           seen.must_set_up
      FROM django_session session
      LEFT JOIN organization_usersession seen ON seen.session_key = session.session_key
     WHERE session.session_key = %(key)s AND session.expire_date > %(now)s
"""


class SessionStore(DatabaseSessionStore):
    """Reads without building a query, and with it what people are shown of their session; the rest is Django's.

    ``opened_id`` is its :class:`~organization.models.UserSession`, 0 for a visitor's; ``seen_at`` when its browser was
    last noted, ``must_set_up`` whether its person has to make a second step before anything else.
    """

    seen_at: datetime | None = None
    must_set_up: bool = False
    _opened_id: int = 0

    @property
    def opened_id(self) -> int:
        """Known once the session is read, so it is read for this."""
        self._get_session()  # type: ignore[attr-defined]
        return self._opened_id

    @opened_id.setter
    def opened_id(self, number: int) -> None:
        self._opened_id = number

    def cycle_key(self) -> None:
        """Go on under another key, and stay the same session in the eyes of its person."""
        before = self.session_key
        super().cycle_key()
        if before and self.session_key:
            session_move(old_key=before, new_key=self.session_key)

    def flush(self) -> None:
        """End the session for good."""
        before = self.session_key
        super().flush()
        self._opened_id = 0
        if before:
            session_close(session_key=before, at=timezone.now())

    def _get_session_from_db(self) -> AbstractBaseSession | None:
        row = None
        # A cookie can say anything; our keys are letters and digits.
        if str(self.session_key).isalnum():
            with prepared_cursor() as cursor:
                cursor.execute(_READ, {"key": self.session_key, "now": timezone.now()})
                row = cursor.fetchone()
        if row is None:
            self._session_key = None
            return None
        key, data, expires, opened_id, self.seen_at, must_set_up = row
        self._opened_id = opened_id or 0
        self.must_set_up = bool(must_set_up)
        return self.model(session_key=key, session_data=data, expire_date=expires)
