"""Many tracked things at once, for imports: the same rows, events and outbox lines as one by one, in a few statements.

Callers decide what is true; this module writes it: new rows and events by COPY, changed rows from a temporary table,
one outbox line for each row whose change can change a number. Run it in a transaction.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from fractional_indexing import generate_n_keys_between

from portfolio.models import EventKind, EventSource, Outbox
from portfolio.services.tracking import announce
from portfolio.services.types import METRIC_KINDS, TrackedType


@dataclass(slots=True)
class BulkEvent:
    """One fact to record; like :class:`tracking.Change`, but with its own time, author and unit."""

    kind: EventKind
    at: datetime
    unit_id: int
    old_ref: int | None = None
    new_ref: int | None = None
    old_value: Any = None
    new_value: Any = None
    actor_id: int | None = None
    source_ref: str | None = None


@dataclass(slots=True)
class BulkRow:
    """A row to insert (all its ``columns`` but the version) or to change (the same columns for all rows of a call),
    with the events that make it so. ``version`` is the one it had."""

    pk: int
    is_new: bool
    unit_id: int
    columns: dict[str, Any]
    events: list[BulkEvent] = field(default_factory=list)
    version: int = 0


_EVENT_COLUMNS: Final = (
    "subject_id", "seq", "kind", "old_ref", "new_ref", "old_value", "new_value", "unit_id", "at", "recorded_at",
    "actor_id", "source", "source_ref", "correlation_id",
)  # fmt: skip


def ids_reserve(model: type[models.Model], count: int) -> list[int]:
    """``count`` fresh primary keys: rows that refer to each other can be written together."""
    if not count:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, count],
        )
        return [row[0] for row in cursor.fetchall()]


def ranks_at_end(tracked: TrackedType, counts: Mapping[int, int]) -> dict[int, list[str]]:
    """So many keys after everything in each list, in order. A clash with somebody who appends meanwhile is refused by
    the unique constraint: the caller runs again."""
    found: dict[int, list[str]] = {}
    with connection.cursor() as cursor:
        for list_id, count in counts.items():
            cursor.execute(
                f"SELECT max(rank) FROM {tracked.table} WHERE {tracked.unit_column} = %s",  # noqa: S608 - constants
                [list_id],
            )
            (last,) = cursor.fetchone()
            found[list_id] = list(generate_n_keys_between(last, None, count))
    return found


def creation_events(
    tracked: TrackedType, *, state_id: int, key: str, unit_id: int, values: Mapping[str, Any], at: datetime
) -> list[BulkEvent]:
    """What :func:`tracking.created` records of a new row: CREATED, its state, and each field that has a value.

    ``values`` holds the fields of ``tracked`` as their columns hold them (ids for references).
    """
    events = [
        BulkEvent(EventKind.CREATED, at, unit_id, new_ref=state_id, new_value={"key": key}),
        BulkEvent(EventKind.STATE, at, unit_id, new_ref=state_id),
    ]
    for name, tracked_field in tracked.fields.items():
        value = tracked_field.encode(values.get(name))
        if tracked_field.kind == EventKind.DESCRIPTION or value in (None, "", [], {}, False):
            continue
        if tracked_field.is_ref:
            events.append(BulkEvent(tracked_field.kind, at, unit_id, new_ref=value))
        else:
            events.append(BulkEvent(tracked_field.kind, at, unit_id, new_value=value))
    return events


def rows_write(
    tracked: TrackedType,
    rows: Sequence[BulkRow],
    *,
    recorded_at: datetime,
    source: EventSource,
    also_told: Collection[int] = (),
) -> None:
    """Insert and change ``rows``, append their events, put them into the outbox, announce them after the commit.

    ``also_told`` are units that lost something by it. Rows without events are written but neither counted nor told.
    """
    inserted = [row for row in rows if row.is_new]
    changed = [row for row in rows if not row.is_new]
    for row in rows:
        row.columns["version"] = row.version + len(row.events)
    if inserted:
        _copy(
            tracked.model,
            ("id", *inserted[0].columns),
            ((row.pk, *row.columns.values()) for row in inserted),
        )
    if changed:
        _update(tracked.model, changed)
    _copy(tracked.event_model, _EVENT_COLUMNS, _event_lines(rows, recorded_at, source))
    counted = [row for row in rows if any(event.kind in METRIC_KINDS for event in row.events)]
    _copy(
        Outbox,
        ("kind", "subject_id", "unit_id", "recorded_at"),
        ((tracked.kind.value, row.pk, row.unit_id, recorded_at) for row in counted),
    )
    told = [row for row in rows if row.events]
    if told:
        units = {row.unit_id for row in told} | set(also_told)
        announce(tracked, unit_ids=units, ids=[row.pk for row in told], counts=bool(counted))


def statistics_refresh(tracked: TrackedType) -> None:
    """Let the planner know what has just been written: the server itself would notice only a minute later, and until
    then plans statements over many new rows as if there were none (hours instead of seconds)."""
    with connection.cursor() as cursor:
        for model in (tracked.model, tracked.event_model):
            cursor.execute(f'ANALYZE "{model._meta.db_table}"')


def _event_lines(rows: Sequence[BulkRow], recorded_at: datetime, source: EventSource) -> Iterable[tuple[Any, ...]]:
    for row in rows:
        correlation_id = uuid.uuid4()
        for number, event in enumerate(row.events, start=1):
            yield (
                row.pk,
                row.version + number,
                event.kind.value,
                event.old_ref,
                event.new_ref,
                _json(event.old_value),
                _json(event.new_value),
                event.unit_id,
                event.at,
                recorded_at,
                event.actor_id,
                source.value,
                event.source_ref,
                correlation_id,
            )


def _update(model: type[models.Model], rows: Sequence[BulkRow]) -> None:
    table, names = model._meta.db_table, list(rows[0].columns)
    listed = ", ".join(f'"{name}"' for name in names)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bulk_change")
        # Table and column names come from the models; values go through COPY.
        cursor.execute(
            f'CREATE TEMPORARY TABLE bulk_change ON COMMIT DROP AS SELECT id, {listed} FROM "{table}" WITH NO DATA'  # noqa: S608
        )
        _copy(model, ("id", *names), ((row.pk, *row.columns.values()) for row in rows), table="bulk_change")
        assignments = ", ".join(f'"{name}" = c."{name}"' for name in names)
        cursor.execute(f'UPDATE "{table}" t SET {assignments} FROM bulk_change c WHERE t.id = c.id')  # noqa: S608


def _copy(
    model: type[models.Model], columns: Sequence[str], lines: Iterable[tuple[Any, ...]], *, table: str = ""
) -> None:
    """COPY lines into a table, in PostgreSQL's text format made here: several times the speed of adapting values one
    by one in the driver."""
    jsons = {f.attname for f in model._meta.concrete_fields if isinstance(f, models.JSONField)} - {
        "old_value",
        "new_value",
    }
    arrays = {f.attname for f in model._meta.concrete_fields if isinstance(f, ArrayField)}
    special = [(n, name in jsons) for n, name in enumerate(columns) if name in jsons or name in arrays]
    listed = ", ".join(f'"{name}"' for name in columns)
    buffer: list[str] = []
    with (
        connection.cursor() as cursor,
        cursor.copy(f'COPY "{table or model._meta.db_table}" ({listed}) FROM STDIN') as copy,
    ):
        for line in lines:
            if special:
                line = _prepared(line, special)
            buffer.append("\t".join([_text(value) for value in line]))
            if len(buffer) >= _LINES_A_WRITE:
                copy.write("\n".join(buffer) + "\n")
                buffer.clear()
        if buffer:
            copy.write("\n".join(buffer) + "\n")


_LINES_A_WRITE: Final = 500
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _prepared(line: tuple[Any, ...], special: Sequence[tuple[int, bool]]) -> tuple[Any, ...]:
    values = list(line)
    for position, is_json in special:
        values[position] = _json(values[position]) if is_json else _array(values[position])
    return tuple(values)


def _text(value: Any) -> str:
    """A value as COPY reads it."""
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value if value.isalnum() else value.translate(_ESCAPES)
    if value is True:
        return "t"
    if value is False:
        return "f"
    if isinstance(value, (int, uuid.UUID, Decimal)):
        return str(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be copied")


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _array(values: Iterable[str]) -> str:
    quoted = ('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)
    return "{" + ",".join(quoted) + "}"
