"""Order as one fractional key per list: a move writes one row; a clash retries.

Keys sort by bytes (collation C). Two people who drop at the same place at once get the same key; the
unique constraint refuses the second, and the whole service runs again with the neighbours of now.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, OperationalError, connection, transaction
from fractional_indexing import generate_key_between, generate_n_keys_between
from psycopg.errors import DeadlockDetected, LockNotAvailable

from pmo_portal.lib import live
from portfolio.models import Tracked
from portfolio.services.types import TrackedType

R = TypeVar("R")

MAX_ATTEMPTS = 30
REKEY_LENGTH = 80
"""A key this long means that thousands dropped at one place: the list gets fresh, short keys."""


def retrying_rank(work: Callable[[], R]) -> R:
    """Run ``work`` in a transaction, again as long as its rank was taken by somebody else in the meantime."""
    for _attempt in range(MAX_ATTEMPTS - 1):
        try:
            with transaction.atomic():
                return work()
        except IntegrityError as error:
            if "_rank_once" not in str(error):
                raise
    with transaction.atomic():
        return work()


def rank_at_end(tracked: TrackedType, list_id: int) -> str:
    """A key after everything in the list."""
    table, column = tracked.table, tracked.unit_column
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT max(rank) FROM {table} WHERE {column} = %s", [list_id])
        (last,) = cursor.fetchone()
    key: str = generate_key_between(last, None)
    return key


def rank_after(tracked: TrackedType, list_id: int, *, after_id: int, moving: Tracked) -> str | None:
    """A key right behind ``after_id`` in its list, or None when that is where ``moving`` already is, or when
    ``after_id`` is not in the list (any more)."""
    table, column = tracked.table, tracked.unit_column
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT a.rank, (SELECT min(n.rank) FROM {table} n WHERE n.{column} = %(list)s AND n.rank > a.rank)
                  FROM {table} a WHERE a.id = %(after)s AND a.{column} = %(list)s""",
            {"list": list_id, "after": after_id},
        )
        row = cursor.fetchone()
    if row is None:
        return None
    previous, following = row
    return None if following == moving.rank else str(generate_key_between(previous, following))


def rank_before(tracked: TrackedType, list_id: int, *, before_id: int, moving: Tracked) -> str | None:
    """A key right before ``before_id`` in its list, or None when that is where ``moving`` already is, or when
    ``before_id`` is not in the list (any more)."""
    table, column = tracked.table, tracked.unit_column
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT b.rank, (SELECT max(p.rank) FROM {table} p WHERE p.{column} = %(list)s AND p.rank < b.rank)
                  FROM {table} b WHERE b.id = %(before)s AND b.{column} = %(list)s""",
            {"list": list_id, "before": before_id},
        )
        row = cursor.fetchone()
    if row is None:
        return None
    following, previous = row
    return None if previous == moving.rank else str(generate_key_between(previous, following))


def rank_on_top(tracked: TrackedType, list_id: int, *, state_id: int, moving: Tracked) -> str | None:
    """A key before everything else in one state of the list, or None when ``moving`` is before it all anyway."""
    table, column = tracked.table, tracked.unit_column
    with connection.cursor() as cursor:
        cursor.execute(
            f"""WITH first AS (
                    SELECT min(rank) AS rank FROM {table}
                     WHERE {column} = %(list)s AND state_id = %(state)s AND id <> %(self)s AND deleted_at IS NULL)
                SELECT first.rank,
                       (SELECT max(p.rank) FROM {table} p
                         WHERE p.{column} = %(list)s AND p.rank < first.rank AND p.id <> %(self)s)
                  FROM first""",
            {"list": list_id, "state": state_id, "self": moving.pk},
        )
        following, previous = cursor.fetchone()
    if following is None or moving.rank < following:
        return None
    return str(generate_key_between(previous, following))


def list_rekey(tracked: TrackedType, list_id: int) -> int:
    """Give every row of a list a fresh, short key in the order it has; returns how many rows that were.

    No event is written: the order does not change, and nobody's version moves.
    """
    table, column = tracked.table, tracked.unit_column
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM {table} WHERE {column} = %s ORDER BY rank, id FOR UPDATE", [list_id])
        ids = [row[0] for row in cursor.fetchall()]
        keys = generate_n_keys_between(None, None, len(ids))
        # Two passes: the unique constraint is checked row by row, and a fresh key may still be somebody's old one.
        cursor.execute(f"UPDATE {table} SET rank = '~' || id WHERE id = ANY(%s)", [ids])
        cursor.execute(
            f"""UPDATE {table} t SET rank = n.rank
                  FROM unnest(%s::bigint[], %s::text[]) AS n(id, rank) WHERE t.id = n.id""",
            [ids, keys],
        )
    return len(ids)


def list_rekey_when_free(tracked: TrackedType, list_id: int) -> int:
    """:func:`list_rekey`, and pages that show the list are told, unless somebody is changing the list just now: then
    nothing happens, and the next long key asks again. Call it after the commit that made a key long."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '200ms'")
            rows = list_rekey(tracked, list_id)
            live.publish_on_commit(unit_id=list_id, kind=tracked.live_kind)
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable | DeadlockDetected):
            raise
        return 0
    return rows
