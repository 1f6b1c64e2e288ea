"""Which workers may run beside each other.

Reading items and applying differences goes on in parallel, one worker a unit. Whoever rewrites whole scopes
(the unit tree has changed, a checkpoint is set) is alone for that moment. Locks end with the transaction,
also with that of a killed worker.

Everybody takes them in one order: rules, scopes, unit, rows of teams, facts by item, roll-ups by key, parts of features
by key, stays of epics, stays of features.
"""

from __future__ import annotations

from django.db import connection

from pmo_portal.lib.locks import lock, lock_if_free, lock_shared

_SCOPES = "metrics.scopes"


def lock_unit(unit_id: int) -> None:
    """Be the one worker that takes in changes of this unit, beside workers of other units."""
    _commit_without_waiting()
    lock_shared(_SCOPES)
    lock(f"metrics.unit.{unit_id}")


def lock_unit_if_free(unit_id: int) -> bool:
    """`lock_unit`, unless somebody works on that unit now; returns whether it is ours."""
    _commit_without_waiting()
    lock_shared(_SCOPES)
    return lock_if_free(f"metrics.unit.{unit_id}")


def lock_scopes() -> None:
    """Be alone with the roll-ups: nobody adds a difference while whole scopes are rewritten."""
    lock(_SCOPES)


def lock_rules() -> None:
    """Be the only one that compares rules and requests rebuilds, which touches many teams' rows at once."""
    lock("metrics.rules")


def _commit_without_waiting() -> None:
    """Let this transaction's commit not wait for the disk.

    Should the server lose it, it loses all of it: the lines are in the outbox, the requests stand, and the next
    worker does it again. What a person writes is never committed so.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
