"""Things that count their versions: what somebody changed on top of the version they saw."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _

from pmo_portal.lib import merging
from pmo_portal.lib.errors import DomainError, Refused
from portfolio.services.many import refused


def merged(obj: models.Model, values: Mapping[str, Any], seen_version: int | None) -> dict[str, Any]:
    """Return the fields of ``values`` to write to a locked ``obj`` that pghistory tracks and that counts its versions.

    What somebody else changed since ``seen_version`` is kept; raises Conflict for a field both have changed.
    """
    if seen_version is None or seen_version == obj.version:  # type: ignore[attr-defined]
        return merging.merged(obj, values, base=obj)
    snapshots = type(obj).pgh_event_model._default_manager  # type: ignore[attr-defined]
    base = snapshots.filter(pgh_obj_id=obj.pk, version=seen_version).order_by("-pgh_id").first()
    return merging.merged(obj, values, base=base)


def many_undo(
    *,
    model: type[models.Model],
    steps: Sequence[tuple[int, int]],
    edit: Callable[[Any, Mapping[str, Any], int], Any],
    archive: Callable[[Any, bool], Any],
) -> None:
    """Take one change of each of many things back, all or none: ``steps`` are their ids with the version it made.

    ``edit`` (thing, values, seen version) and ``archive`` (thing, whether it is put away) are the services for one of
    them. Refused when the same field was changed again since.
    """
    things = model._default_manager.in_bulk([pk for pk, _version in steps])
    with transaction.atomic():
        for pk, version in sorted(steps):
            thing: Any = things.get(pk)
            changed = _before(thing, version) if thing is not None else None
            if changed is None:
                raise Refused(_("One of them does not exist any more."))
            try:
                if "archived_at" in changed:
                    if thing.version != version:
                        raise Refused(_("It was changed again since."))
                    archive(thing, changed.pop("archived_at") is not None)
                if changed:
                    edit(thing, changed, version)
            except DomainError as error:
                raise refused(thing, error) from error
            except ValidationError as error:
                raise refused(thing, Refused(" ".join(error.messages))) from error


def _before(thing: models.Model, version: int) -> dict[str, Any] | None:
    """What the fields that the change to ``version`` touched said before it; None when its history is not kept."""
    snapshots = type(thing).pgh_event_model._default_manager.filter(pgh_obj_id=thing.pk)  # type: ignore[attr-defined]
    after = snapshots.filter(version=version).order_by("-pgh_id").first()
    before = snapshots.filter(version=version - 1).order_by("-pgh_id").first()
    if after is None or before is None:
        return None
    found = {}
    for field in type(thing)._meta.concrete_fields:
        old = getattr(before, field.attname)
        if field.name != "version" and old != getattr(after, field.attname):
            related: Any = field.related_model
            found[field.name] = related._default_manager.get(pk=old) if related is not None and old is not None else old
    return found
