"""One change of many tracked things: all of them or none, and the way back. Who may, ask the services of one thing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from pmo_portal.lib.errors import DomainError, Refused
from portfolio.models import Tracked
from portfolio.services.types import tracked_type

MOST_LABELS: Final = 20


class LabelsChange(StrEnum):
    """What is done with labels of many things."""

    ADD = "add"
    REMOVE = "remove"
    REPLACE = "replace"


def labels_changed(thing: Tracked, *, how: str, labels: Sequence[str]) -> list[str]:
    """The labels of a thing after a change of many, as they are now: the row is locked, so that two people who each put
    a label on keep both. Call it in the transaction of the change."""
    rows = type(thing)._default_manager.select_for_update(of=("self",))
    held: list[str] = rows.values_list("labels", flat=True).get(pk=thing.pk)
    match LabelsChange(how):
        case LabelsChange.ADD:
            wanted = [*held, *(label for label in labels if label not in held)]
        case LabelsChange.REMOVE:
            wanted = [label for label in held if label not in labels]
        case LabelsChange.REPLACE:
            wanted = list(labels)
    if len(wanted) > MOST_LABELS:
        raise Refused(_("At most %(count)s labels.") % {"count": MOST_LABELS})
    return wanted


def many_edit(*, things: Sequence[Any], edit: Callable[[Any], Any]) -> list[tuple[int, int]]:
    """Let ``edit``, a service for one thing, change each of them; returns (id, its version now) of those that changed:
    of what is tracked, the number of its last event. A refusal names the thing and undoes the others. Things are locked
    in the order of their ids."""
    steps = []
    with transaction.atomic():
        for thing in sorted(things, key=lambda each: each.pk):
            version = thing.version
            try:
                changed = edit(thing)
            except DomainError as error:
                raise refused(thing, error) from error
            if changed.version > version:
                steps.append((changed.pk, changed.version))
    return steps


def many_undo(*, model: type[Tracked], steps: Sequence[tuple[int, int]], undo: Callable[..., Any]) -> None:
    """Take the steps of a bulk edit back, all or none; refused when one of the things was changed again since.
    ``undo`` is the service for one thing: (thing, event)."""
    tracked = tracked_type(model)
    things = model._default_manager.in_bulk([pk for pk, _seq in steps])
    with transaction.atomic():
        for pk, seq in sorted(steps):
            thing = things.get(pk)
            event = tracked.events(thing).filter(seq=seq).first() if thing is not None else None
            if thing is None or event is None:
                raise Refused(_("One of them does not exist any more."))
            try:
                undo(thing, event)
            except DomainError as error:
                raise refused(thing, error) from error


def refused(thing: Any, error: Exception) -> Refused:
    """A refusal that says which of many it is about."""
    return Refused(_("%(key)s: %(reason)s") % {"key": getattr(thing, "key", thing), "reason": error})
