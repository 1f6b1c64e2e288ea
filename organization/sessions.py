"""Django's sessions in the database, read with one prepared statement: every request begins with it."""

from __future__ import annotations

from typing import Final

from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.contrib.sessions.base_session import AbstractBaseSession
from django.utils import timezone

from pmo_portal.lib.prepared import prepared_cursor

_READ: Final = """
    SELECT session_key, session_data, expire_date FROM django_session
     WHERE session_key = %(key)s AND expire_date > %(now)s
"""


class SessionStore(DatabaseSessionStore):
    """Reads without building a query; everything else is Django's."""

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
        key, data, expires = row
        return self.model(session_key=key, session_data=data, expire_date=expires)
