"""What is stored, as numbers a test can compare: rows of every table, history and events included."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

from django.db import connection

UNWATCHED: Final = {"django_session", "django_migrations", "django_content_type"}


@cache
def _statement() -> str:
    tables = sorted(set(connection.introspection.table_names()) - UNWATCHED)
    quoted = [connection.ops.quote_name(table) for table in tables]
    counts = ", ".join(f"(SELECT count(*) FROM {table})" for table in quoted)  # noqa: S608 - names from the catalogue
    return f"SELECT {counts}"


def rows_everywhere() -> tuple[int, ...]:
    """The number of rows of every table; a change of a thing leaves a row in its history or its events."""
    with connection.cursor() as cursor:
        cursor.execute(_statement())
        found = cursor.fetchone()
    assert found is not None
    return tuple(found)


READS: Final = ("SELECT", "SAVEPOINT", "ROLLBACK TO SAVEPOINT", "RELEASE SAVEPOINT")


@contextmanager
def nothing_changes() -> Iterator[None]:
    """No table has more rows or fewer afterwards. They are counted from the first statement that writes on: most
    refusals only ask, and counting two hundred tables takes longer than to refuse."""
    before: list[tuple[int, ...]] = []

    def watch(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if not before and not sql.startswith(READS):
            before.append(())  # counting is a statement itself
            before[0] = rows_everywhere()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield
    if before:
        assert rows_everywhere() == before[0]
