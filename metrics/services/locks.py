"""Which workers may run beside each other.

Reading items and applying differences goes on in parallel, one worker a unit. Whoever rewrites whole scopes
(the unit tree has changed, a checkpoint is set) is alone for that moment. Locks end with the transaction,
also with that of a killed worker.

Everybody takes them in one order: rules, scopes, unit, rows of teams, facts by item, roll-ups by key.
"""

from __future__ import annotations

from django.db import connection

_SCOPES = "metrics.scopes"


def lock_unit(unit_id: int) -> None:
    """Be the one worker that takes in changes of this unit, beside workers of other units."""
    _call("pg_advisory_xact_lock_shared", _SCOPES)
    _call("pg_advisory_xact_lock", f"metrics.unit.{unit_id}")


def lock_unit_if_free(unit_id: int) -> bool:
    """`lock_unit`, unless somebody works on that unit now; returns whether it is ours."""
    _call("pg_advisory_xact_lock_shared", _SCOPES)
    return bool(_call("pg_try_advisory_xact_lock", f"metrics.unit.{unit_id}"))


def lock_scopes() -> None:
    """Be alone with the roll-ups: nobody adds a difference while whole scopes are rewritten."""
    _call("pg_advisory_xact_lock", _SCOPES)


def lock_rules() -> None:
    """Be the only one that compares rules and requests rebuilds, which touches many teams' rows at once."""
    _call("pg_advisory_xact_lock", "metrics.rules")


def _call(function: str, name: str) -> object:
    """Call one of PostgreSQL's lock functions; a deadlock or a time limit is an error, never a silent no."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(hashtextextended(%s, 0))", [name])
        (answer,) = cursor.fetchone()
    return answer
