"""Order as one fractional key per list: a move writes one row; a clash retries.

Keys sort by bytes (collation C). Two people who drop at the same place at once get the same key; the
unique constraint refuses the second, and the whole service runs again with the neighbours of now.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils.translation import gettext as _
from fractional_indexing import generate_key_between, generate_n_keys_between
from psycopg.errors import DeadlockDetected, LockNotAvailable

from pmo_portal.lib import live
from pmo_portal.lib.errors import Refused
from portfolio.models import Tracked
from portfolio.services.types import TrackedType

R = TypeVar("R")

MAX_ATTEMPTS = 30
REKEY_LENGTH = 80
"""A key this long means that thousands dropped at one place: the list gets fresh, short keys."""

# Whoever enters a column keeps it from being archived until the commit, and asks whether it was. Asked together with
# the place in it: the busiest write of the portal has no statement to spare.
_INTO = "(SELECT is_archived FROM portfolio_workflowstate WHERE id = %(into)s FOR KEY SHARE)"


def state_hold(state_id: int) -> None:
    """Keep a column that something is about to enter on its board until the commit; refuse one that was archived."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_INTO}", {"into": state_id})
        (is_archived,) = cursor.fetchone()
    _refuse_archived(is_archived)


def _refuse_archived(is_archived: bool | None) -> None:
    if is_archived:
        raise Refused(_("That column is not on the board any more."))


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


def rank_at_end(tracked: TrackedType, list_id: int, *, into: int) -> str:
    """A key after everything in the list, for what enters the column ``into``."""
    table, column = tracked.table, tracked.unit_column
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT max(rank), {_INTO} FROM {table} WHERE {column} = %(list)s", {"list": list_id, "into": into}
        )
        last, is_archived = cursor.fetchone()
    _refuse_archived(is_archived)
    key: str = generate_key_between(last, None)
    return key


def rank_after(tracked: TrackedType, list_id: int, *, after_id: int, moving: Tracked, into: int | None) -> str | None:
    """A key right behind ``after_id`` in its list, or None when that is where ``moving`` already is, or when
    ``after_id`` is not in the list (any more). ``into`` is the column it enters, None when it stays in its own."""
    table, column = tracked.table, tracked.unit_column
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT a.rank, (SELECT min(n.rank) FROM {table} n WHERE n.{column} = %(list)s AND n.rank > a.rank),
                       {_INTO}
                  FROM {table} a WHERE a.id = %(after)s AND a.{column} = %(list)s""",
            {"list": list_id, "after": after_id, "into": into},
        )
        row = cursor.fetchone()
    if row is None:
        _no_place(into)
        return None
    previous, following, is_archived = row
    _refuse_archived(is_archived)
    return None if following == moving.rank else str(generate_key_between(previous, following))


def rank_before(tracked: TrackedType, list_id: int, *, before_id: int, moving: Tracked, into: int | None) -> str | None:
    """A key right before ``before_id`` in its list, or None when that is where ``moving`` already is, or when
    ``before_id`` is not in the list (any more)."""
    table, column = tracked.table, tracked.unit_column
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT b.rank, (SELECT max(p.rank) FROM {table} p WHERE p.{column} = %(list)s AND p.rank < b.rank),
                       {_INTO}
                  FROM {table} b WHERE b.id = %(before)s AND b.{column} = %(list)s""",
            {"list": list_id, "before": before_id, "into": into},
        )
        row = cursor.fetchone()
    if row is None:
        _no_place(into)
        return None
    following, previous, is_archived = row
    _refuse_archived(is_archived)
    return None if previous == moving.rank else str(generate_key_between(previous, following))


def _no_place(into: int | None) -> None:
    """The neighbour is gone: it keeps its rank, in the column it enters."""
    if into is not None:
        state_hold(into)


def rank_on_top(tracked: TrackedType, list_id: int, *, state_id: int, moving: Tracked, into: int | None) -> str | None:
    """A key before everything else in one state of the list, or None when ``moving`` is before it all anyway."""
    table, column = tracked.table, tracked.unit_column
    with connection.cursor() as cursor:
        cursor.execute(
            f"""WITH first AS (
                    SELECT min(rank) AS rank FROM {table}
                     WHERE {column} = %(list)s AND state_id = %(state)s AND id <> %(self)s AND deleted_at IS NULL)
                SELECT first.rank,
                       (SELECT max(p.rank) FROM {table} p
                         WHERE p.{column} = %(list)s AND p.rank < first.rank AND p.id <> %(self)s),
                       {_INTO}
                  FROM first""",
            {"list": list_id, "state": state_id, "self": moving.pk, "into": into},
        )
        following, previous, is_archived = cursor.fetchone()
    _refuse_archived(is_archived)
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
