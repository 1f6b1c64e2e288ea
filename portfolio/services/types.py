"""What the engine needs to know of each kind of tracked thing; said once per kind."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db import models

from pmo_portal.lib.access import Action
from portfolio.models import EventKind, Tracked, TrackedEvent, TrackedKind

METRIC_KINDS: Final = frozenset(
    {
        EventKind.CREATED,
        EventKind.STATE,
        EventKind.TYPE,
        EventKind.ESTIMATE,
        EventKind.SPRINT,
        EventKind.TEAM,
        EventKind.UNIT,
        EventKind.PARENT,
        EventKind.FEATURE,
        EventKind.EPIC,
        EventKind.THEMES,
        EventKind.BLOCKED,
        EventKind.RESOLUTION,
        EventKind.CLASS,
        EventKind.DELETED,
        EventKind.RESTORED,
    }
)
"""Changes that can change a number; all others never reach the outbox."""

NEVER_UNDONE: Final = frozenset({EventKind.CREATED, EventKind.TEAM, EventKind.KEY, EventKind.UNIT})
"""Changes that other things were built on at once; they are taken back by doing the opposite."""

PLACE_KINDS: Final = frozenset({EventKind.STATE, EventKind.RANK})
"""What moving a card changes; it has a permission of its own."""


def undo_action(kinds: Collection[EventKind]) -> Action:
    """What a person must be allowed in order to undo a step: the same as for taking it."""
    if EventKind.DELETED in kinds:
        return Action.DELETE
    return Action.MOVE if set(kinds) <= PLACE_KINDS else Action.EDIT


@dataclass(frozen=True, slots=True)
class TrackedField:
    """One editable field: which kind of event records it, and whether the event holds an id or a value."""

    kind: EventKind
    is_ref: bool = False

    def stored(self, subject: Tracked, name: str) -> Any:
        """What ``subject`` has in this field: for a reference its id, without a query."""
        return getattr(subject, f"{name}_id" if self.is_ref else name)

    def holds(self, subject: Tracked, name: str, value: Any) -> bool:
        """Whether ``subject`` already has ``value`` in this field."""
        return bool(self.stored(subject, name) == (getattr(value, "pk", value) if self.is_ref else value))

    def encode(self, value: Any) -> Any:
        """The value as an event holds it: an id for references, plain JSON for the rest."""
        if value is None:
            return None
        if self.is_ref:
            return getattr(value, "pk", value)
        if isinstance(value, Decimal):
            return format(value.normalize(), "f")
        if isinstance(value, (datetime, date)):
            return value.isoformat()
        return value


@dataclass(frozen=True, slots=True)
class TrackedType:
    """How the engine treats one kind of tracked thing.

    ``unit_field`` names the foreign key to the owning unit (or team, whose key is its unit's); it is also the
    list that ranks are unique in. ``live_kind`` is what live pages call a change of it. ``cards`` says which of them
    are cards of their own, that a column's limit counts.
    """

    kind: TrackedKind
    model: type[Tracked]
    event_model: type[TrackedEvent]
    unit_field: str
    live_kind: str
    fields: Mapping[str, TrackedField]
    cards: models.Q = field(default_factory=models.Q)

    @property
    def table(self) -> str:
        """The table of the model; a constant of the code, safe to put into SQL."""
        return self.model._meta.db_table

    @property
    def unit_column(self) -> str:
        """The column of the owning unit."""
        return f"{self.unit_field}_id"

    def events(self, subject: Tracked) -> models.QuerySet[Any]:
        """The history of ``subject``, in no order."""
        manager: Any = self.event_model._default_manager
        history: models.QuerySet[Any] = manager.filter(subject_id=subject.pk)
        return history

    def unit_id(self, subject: Tracked) -> int:
        """The unit that owns ``subject`` now."""
        result: int = getattr(subject, self.unit_column)
        return result


_types: dict[type[Tracked], TrackedType] = {}


def register_tracked(tracked: TrackedType) -> TrackedType:
    """Make a model known to the engine."""
    _types[tracked.model] = tracked
    return tracked


def tracked_type(model: type[Tracked]) -> TrackedType:
    """What the engine knows of ``model``."""
    return _types[model]


def tracked_types() -> Collection[TrackedType]:
    """Every kind of thing the engine knows."""
    return tuple(_types.values())
