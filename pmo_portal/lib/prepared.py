"""Statements the database plans once.

Django puts values into a statement before it sends it, so PostgreSQL reads and plans every statement anew: for the
frame of a board that is longer than running it. A cursor from here sends values apart from the text; the driver lets
the server keep the plan of a text that it has seen a few times on the same connection (``prepare_threshold``,
pmo_portal/settings/services.py). For statements that every page runs; their text must be constant.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.backends.utils import CursorWrapper
from psycopg import Cursor


@contextmanager
def prepared_cursor() -> Iterator[CursorWrapper]:
    """A cursor whose values go apart from the text, wrapped as Django's own are.

    While statements are logged or counted it is Django's own: the log shows the values, too.
    """
    if connection.queries_logged:
        with connection.cursor() as cursor:
            yield cursor
        return
    connection.ensure_connection()
    with connection.wrap_database_errors:
        raw = Cursor(connection.connection)
    with connection._prepare_cursor(raw) as cursor:  # type: ignore[attr-defined]
        yield cursor
