"""Two people edit one thing: changes of different fields are both kept, of the same field the later one is refused.

For everything whose history pghistory keeps. A form carries ``seen``, the number of the last change its writer knew;
what the fields were then is read from the history, so no row needs a version of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import models

from pmo_portal.lib.errors import Conflict, FieldConflict


def last_change(row: models.Model) -> int | None:
    """The number of the last change of ``row``; None while it has no history."""
    number: int | None = _changes(row).order_by("-pgh_id").values_list("pgh_id", flat=True).first()
    return number


def own_changes(row: models.Model, values: Mapping[str, Any], *, seen: int | None) -> dict[str, Any]:
    """The fields of ``values`` that are this writer's to write, who saw the change ``seen`` last.

    ``row`` is locked and read afresh. Without ``seen`` everything that differs is written. Raises Conflict as
    `merged` does, for everything that differs when ``seen`` names no change of this row.
    """
    if seen is None or seen == last_change(row):
        return merged(row, values, base=row)
    return merged(row, values, base=_changes(row).filter(pgh_id=seen).first())


def merged(row: models.Model, values: Mapping[str, Any], *, base: object) -> dict[str, Any]:
    """The fields of ``values`` to write, by somebody who saw ``base``: the row, an event of it, or nothing known.

    A form sends all its fields: those that its writer left as they saw them stay as somebody else has made them
    since. Raises Conflict, with both values, for a field that both changed.
    """
    mine = {
        name: value
        for name, value in values.items()
        if _plain(value) != _stored(row, row, name) and (base is None or _plain(value) != _stored(row, base, name))
    }
    conflicts = [
        FieldConflict(name, yours=value, theirs=getattr(row, name))
        for name, value in mine.items()
        if base is None or _stored(row, base, name) != _stored(row, row, name)
    ]
    if conflicts:
        raise Conflict(conflicts)
    return mine


def _changes(row: models.Model) -> models.QuerySet[Any]:
    events: models.QuerySet[Any] = row.pgh_event_model._default_manager.filter(pgh_obj_id=row.pk)  # type: ignore[attr-defined]
    return events


def _stored(row: models.Model, holder: object, name: str) -> Any:
    """A field as it is stored, of the row or of an event that has its columns: the id of a reference."""
    return getattr(holder, row._meta.get_field(name).attname)  # type: ignore[union-attr]


def _plain(value: Any) -> Any:
    return value.pk if isinstance(value, models.Model) else value
