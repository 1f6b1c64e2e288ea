"""Advisory locks of PostgreSQL by name, held until the transaction ends, also that of a killed process.

A deadlock or a time limit is an error here, never a silent "no".
"""

from __future__ import annotations

from django.db import connection


def lock(name: str) -> None:
    """Wait until nobody else holds ``name``, then be alone with it."""
    _call("pg_advisory_xact_lock", name)


def lock_shared(name: str) -> None:
    """Wait until nobody is alone with ``name``, then hold it beside others who share it."""
    _call("pg_advisory_xact_lock_shared", name)


def lock_if_free(name: str) -> bool:
    """:func:`lock`, unless somebody holds it now; returns whether it is ours."""
    return bool(_call("pg_try_advisory_xact_lock", name))


def _call(function: str, name: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(hashtextextended(%s, 0))", [name])
        (answer,) = cursor.fetchone()
    return answer
