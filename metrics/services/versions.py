"""Things that count their versions: what somebody changed on top of the version they saw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import models

from pmo_portal.lib import merging


def merged(obj: models.Model, values: Mapping[str, Any], seen_version: int | None) -> dict[str, Any]:
    """Return the fields of ``values`` to write to a locked ``obj`` that pghistory tracks and that counts its versions.

    What somebody else changed since ``seen_version`` is kept; raises Conflict for a field both have changed.
    """
    if seen_version is None or seen_version == obj.version:  # type: ignore[attr-defined]
        return merging.merged(obj, values, base=obj)
    snapshots = type(obj).pgh_event_model._default_manager  # type: ignore[attr-defined]
    base = snapshots.filter(pgh_obj_id=obj.pk, version=seen_version).order_by("-pgh_id").first()
    return merging.merged(obj, values, base=base)
