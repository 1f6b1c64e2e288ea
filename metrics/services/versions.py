"""Two people change the same thing: disjoint fields merge, the same field is a conflict with both values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import models

from pmo_portal.lib.errors import Conflict, FieldConflict


def merged(obj: models.Model, values: Mapping[str, Any], seen_version: int | None) -> dict[str, Any]:
    """Return the fields of ``values`` to write to a locked ``obj`` that pghistory tracks and that counts its versions.

    A form sends all its fields: those that the person left as they saw them are not theirs to write when somebody else
    has changed them since. Raises Conflict for a field both have changed.
    """
    changed = {name: value for name, value in values.items() if _plain(value) != _stored(obj, name)}
    version: int = obj.version  # type: ignore[attr-defined]
    if seen_version is None or seen_version == version:
        return changed
    snapshots = type(obj).pgh_event_model._default_manager  # type: ignore[attr-defined]
    base = snapshots.filter(pgh_obj_id=obj.pk, version=seen_version).order_by("-pgh_id").first()
    mine = {name: value for name, value in changed.items() if base is None or _plain(value) != _stored(base, name)}
    conflicts = [
        FieldConflict(name, yours=value, theirs=getattr(obj, name))
        for name, value in mine.items()
        if base is None or _stored(base, name) != _stored(obj, name)
    ]
    if conflicts:
        raise Conflict(conflicts)
    return mine


def _stored(obj: models.Model, name: str) -> Any:
    """A field as the row holds it: the id of a reference, anything else as it is."""
    column: Any = obj._meta.get_field(name)
    return getattr(obj, column.attname)


def _plain(value: Any) -> Any:
    return getattr(value, "pk", value)
