"""The engine: every change of an item, feature or epic goes through here.

A change locks its row, checks what was seen against what is there, writes the row, its events and its
outbox line in one transaction, and tells the open pages after the commit.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from django.db import transaction
from django.db.models import Max, Model, OuterRef, Subquery
from django.db.models.functions import JSONObject
from django.utils.translation import gettext as _

from pmo_portal.lib import live, registry
from pmo_portal.lib.access import Actor
from pmo_portal.lib.errors import Conflict, FieldConflict, Refused
from portfolio.models import EventKind, EventSource, Tracked, TrackedEvent, WorkflowState
from portfolio.services.append import events_append
from portfolio.services.limits import check_limit
from portfolio.services.types import METRIC_KINDS, NEVER_UNDONE, TrackedType, tracked_type

T = TypeVar("T", bound=Tracked)

_STATE_COLUMNS: Final = {field.attname: field.attname for field in WorkflowState._meta.concrete_fields}


@dataclass(frozen=True, slots=True)
class Change:
    """One fact to record: what kind, from what, to what. Ids go to ``*_ref``, everything else to ``*_value``."""

    kind: EventKind
    old_ref: int | None = None
    new_ref: int | None = None
    old_value: Any = None
    new_value: Any = None
    voids_id: int | None = None


def locked(model: type[T], pk: int) -> T:
    """The row as it is now, locked until the end of the transaction: whoever writes next waits.

    Its state comes with it by a subquery, not by a join: after waiting for another writer PostgreSQL reads the locked
    row anew but keeps the other side of a join as it was, and a row that had got another state would not be found.
    """
    state = WorkflowState.objects.filter(pk=OuterRef("state_id")).values(row=JSONObject(**_STATE_COLUMNS))
    row: T = model._default_manager.annotate(_state_row=Subquery(state)).select_for_update().get(pk=pk)
    found: dict[str, Any] = row._state_row  # type: ignore[attr-defined]
    row.state = WorkflowState.from_db(row._state.db, list(_STATE_COLUMNS), [found[name] for name in _STATE_COLUMNS])
    return row


def record(
    *,
    subject: Tracked,
    changes: Sequence[Change],
    actor: Actor,
    at: datetime,
    source: EventSource = EventSource.PORTAL,
    correlation_id: uuid.UUID | None = None,
) -> list[TrackedEvent]:
    """Append the events of one change of a locked ``subject``, put it into the outbox, announce it after the commit.

    Advances ``subject.version``; the caller saves the row with it.
    """
    if not changes:
        return []
    tracked = tracked_type(type(subject))
    unit_id = tracked.unit_id(subject)
    correlation = correlation_id or uuid.uuid4()
    event_model: Any = tracked.event_model
    events = [
        event_model(
            subject=subject,
            seq=subject.version + number,
            kind=change.kind,
            old_ref=change.old_ref,
            new_ref=change.new_ref,
            old_value=change.old_value,
            new_value=change.new_value,
            voids_id=change.voids_id,
            unit_id=unit_id,
            at=at,
            actor_id=actor.person_id,
            source=source,
            correlation_id=correlation,
        )
        for number, change in enumerate(changes, start=1)
    ]
    counts = any(change.kind in METRIC_KINDS for change in changes)
    events_append(tracked, events, counts=counts)
    subject.version += len(events)
    announce(tracked, unit_ids={unit_id}, ids=[subject.pk], counts=counts)
    return events


def announce(tracked: TrackedType, *, unit_ids: Iterable[int], ids: Sequence[int], counts: bool) -> None:
    """After the commit, tell open pages what changed and, when ``counts``, whoever derives numbers that work waits."""

    def tell() -> None:
        for unit_id in unit_ids:
            live.publish(unit_id=unit_id, kind=live.Kind(tracked.live_kind), ids=ids)
            if counts:
                for listener in registry.outbox_listeners:
                    listener.notify(unit_id)

    transaction.on_commit(tell)


def check_seen(subject: Tracked, *, seen_version: int | None, wanted: Mapping[str, Any]) -> None:
    """Raise :class:`Conflict` when a field in ``wanted`` was changed by somebody since ``seen_version``.

    Only the same field conflicts: a new title and a move are both kept. ``None`` means the writer does not
    build on what they saw, such as a bulk edit.
    """
    if seen_version is None or seen_version >= subject.version:
        return
    tracked = tracked_type(type(subject))
    changed = set(tracked.events(subject).filter(seq__gt=seen_version).values_list("kind", flat=True))
    conflicts = [
        FieldConflict(name, yours=value, theirs=getattr(subject, name))
        for name, value in wanted.items()
        if tracked.fields[name].kind in changed and not tracked.fields[name].holds(subject, name, value)
    ]
    if conflicts:
        raise Conflict(conflicts)


def edit(
    subject: T,
    *,
    actor: Actor,
    values: Mapping[str, Any],
    seen_version: int | None,
    at: datetime,
    source: EventSource = EventSource.PORTAL,
    correlation_id: uuid.UUID | None = None,
) -> list[TrackedEvent]:
    """Write plain fields of a *locked* subject with one event each; fields that keep their value write nothing.

    ``values`` maps field names to values; a reference takes the object itself, or None.
    """
    tracked = tracked_type(type(subject))
    check_seen(subject, seen_version=seen_version, wanted=values)
    changes = []
    changed_names = []
    for name, value in values.items():
        field = tracked.fields[name]
        if field.holds(subject, name, value):
            continue
        old, new = field.encode(field.stored(subject, name)), field.encode(value)
        if field.is_ref:
            changes.append(Change(field.kind, old_ref=old, new_ref=new))
        else:
            changes.append(Change(field.kind, old_value=old, new_value=new))
        setattr(subject, name, value)
        changed_names.append(name)
    events = record(subject=subject, changes=changes, actor=actor, at=at, source=source, correlation_id=correlation_id)
    if events:
        subject.updated_at = at
        subject.save(update_fields=[*changed_names, "version", "updated_at"])
    return events


def created(
    subject: Tracked,
    *,
    actor: Actor,
    at: datetime,
    source: EventSource = EventSource.PORTAL,
    correlation_id: uuid.UUID | None = None,
) -> None:
    """Record the birth of a just inserted subject: CREATED, its first state, and each field that has a value.

    One event per fact, so that whoever reads history needs no special case for the first value.
    """
    tracked = tracked_type(type(subject))
    check_limit(tracked, subject, subject.state)
    changes = [
        Change(EventKind.CREATED, new_ref=subject.state_id, new_value={"key": subject.key}),
        Change(EventKind.STATE, new_ref=subject.state_id),
    ]
    for name, field in tracked.fields.items():
        value = field.encode(field.stored(subject, name))
        if field.kind == EventKind.DESCRIPTION or value in (None, "", [], {}, False):
            continue
        changes.append(Change(field.kind, new_ref=value) if field.is_ref else Change(field.kind, new_value=value))
    record(subject=subject, changes=changes, actor=actor, at=at, source=source, correlation_id=correlation_id)
    subject.save(update_fields=["version"])


def custom_edit(
    subject: T, *, actor: Actor, values: Mapping[str, Any], seen_version: int | None, at: datetime
) -> list[TrackedEvent]:
    """Write custom fields of a *locked* subject; each code is a field of its own for conflicts and history."""
    tracked = tracked_type(type(subject))
    theirs = _custom_changed_since(tracked, subject, seen_version)
    conflicts = [
        FieldConflict(code, yours=value, theirs=subject.custom.get(code))
        for code, value in values.items()
        if code in theirs and value != subject.custom.get(code)
    ]
    if conflicts:
        raise Conflict(conflicts)
    changes = []
    for code, value in values.items():
        old = subject.custom.get(code)
        if old == value:
            continue
        changes.append(
            Change(
                EventKind.CUSTOM,
                old_value={"code": code, "value": old},
                new_value={"code": code, "value": value},
            )
        )
        if value in (None, ""):
            subject.custom.pop(code, None)
        else:
            subject.custom[code] = value
    events = record(subject=subject, changes=changes, actor=actor, at=at)
    if events:
        subject.updated_at = at
        subject.save(update_fields=["custom", "version", "updated_at"])
    return events


def _custom_changed_since(tracked: TrackedType, subject: Tracked, seen_version: int | None) -> set[str]:
    if seen_version is None or seen_version >= subject.version:
        return set()
    rows = tracked.events(subject).filter(seq__gt=seen_version, kind=EventKind.CUSTOM)
    return {value["code"] for value in rows.values_list("new_value", flat=True) if value}


def delete(subject: Tracked, *, actor: Actor, at: datetime) -> None:
    """Put a locked subject into the recycle bin. Its history stays; numbers leave it out."""
    if subject.deleted_at is not None:
        raise Refused(_("It is in the recycle bin already."))
    subject.deleted_at = at
    subject.updated_at = at
    record(subject=subject, changes=[Change(EventKind.DELETED)], actor=actor, at=at)
    subject.save(update_fields=["deleted_at", "updated_at", "version"])


def restore(subject: Tracked, *, actor: Actor, at: datetime) -> None:
    """Take a locked subject out of the recycle bin; it counts again as if it had never been there."""
    if subject.deleted_at is None:
        raise Refused(_("It is not in the recycle bin."))
    tracked = tracked_type(type(subject))
    changes, columns = _back_on_board(subject, at=at)
    check_limit(tracked, subject, subject.state)
    deletion = tracked.events(subject).filter(kind=EventKind.DELETED, voided_by__isnull=True).order_by("-seq").first()
    subject.deleted_at = None
    subject.updated_at = at
    changes.append(Change(EventKind.RESTORED, voids_id=deletion.pk if deletion else None))
    record(subject=subject, changes=changes, actor=actor, at=at)
    subject.save(update_fields=[*columns, "deleted_at", "updated_at", "version"])


def _back_on_board(subject: Tracked, *, at: datetime) -> tuple[list[Change], list[str]]:
    """Where a column was archived while a card of it lay in the recycle bin, the card enters the first column that
    means the same, else the first one: in an archived column nobody would see it."""
    old = subject.state
    if not old.is_archived:
        return [], []
    columns = list(
        WorkflowState.objects.filter(workflow_id=old.workflow_id, is_archived=False).order_by("position", "pk")
    )
    if not columns:
        raise Refused(_("The column it was in is not on this board any more."))
    subject.state = next((column for column in columns if column.category == old.category), columns[0])
    subject.state_entered_at = at
    return [Change(EventKind.STATE, old_ref=old.pk, new_ref=subject.state.pk)], ["state", "state_entered_at"]


def undo(subject: T, *, event: Any, actor: Actor, at: datetime) -> Any:
    """Void one event of a locked subject: the field gets its old value back and numbers skip both rows.

    Refused when the field was changed again since, or when the row is an undo itself or cannot be undone.
    """
    tracked = tracked_type(type(subject))
    kind = EventKind(event.kind)
    if event.voids_id is not None or kind in NEVER_UNDONE:
        raise Refused(_("This change cannot be undone."))
    if subject.deleted_at is not None and kind != EventKind.DELETED:
        raise Refused(_("Take it out of the recycle bin first."))
    newest = _newest_standing_seq(tracked, subject, kind, event)
    if newest != event.seq:
        raise Refused(_("It was changed again since; undo the later change first."))
    if kind == EventKind.DELETED:
        restore(subject, actor=actor, at=at)
        return tracked.events(subject).get(seq=subject.version)
    names = _put_back(tracked, subject, kind, event)
    change = Change(
        kind,
        old_ref=event.new_ref,
        new_ref=event.old_ref,
        old_value=event.new_value,
        new_value=event.old_value,
        voids_id=event.pk,
    )
    (undone,) = record(subject=subject, changes=[change], actor=actor, at=at)
    subject.updated_at = at
    subject.save(update_fields=[*names, "version", "updated_at"])
    return undone


def undo_together(subject: T, *, event: Any, actor: Actor, at: datetime) -> list[TrackedEvent]:
    """Void everything one step changed in a locked subject: a dropped card gets its state and its place back.

    Refused for a step that is an undo itself, and as a whole when any part of it cannot be undone.
    """
    tracked = tracked_type(type(subject))
    step = list(tracked.events(subject).filter(correlation_id=event.correlation_id).order_by("-seq"))
    return [undo(subject, event=each, actor=actor, at=at) for each in step]


def _newest_standing_seq(tracked: TrackedType, subject: Tracked, kind: EventKind, event: Any) -> int | None:
    standing = tracked.events(subject).filter(kind=kind, voids__isnull=True, voided_by__isnull=True)
    if kind == EventKind.CUSTOM:
        standing = standing.filter(new_value__code=event.new_value["code"])
    newest: int | None = standing.aggregate(newest=Max("seq"))["newest"]
    return newest


def _put_back(tracked: TrackedType, subject: Tracked, kind: EventKind, event: Any) -> list[str]:
    """Set the field of an event to its old value; returns the names of the columns to save."""
    if kind == EventKind.RANK:
        # The old place may be taken by now: then the card stays where it is, which nobody will miss.
        taken = tracked.model._default_manager.filter(
            **{tracked.unit_column: tracked.unit_id(subject)}, rank=event.old_value
        )
        subject.rank = subject.rank if taken.exists() else event.old_value
        return ["rank"]
    if kind == EventKind.CUSTOM:
        code, old = event.new_value["code"], (event.old_value or {}).get("value")
        subject.custom = {key: value for key, value in subject.custom.items() if key != code}
        if old is not None:
            subject.custom[code] = old
        return ["custom"]
    if kind == EventKind.STATE:
        check_limit(tracked, subject, _state_on_board(subject, event.old_ref))
        # The stay in the old state goes on as if it had never been left: its entry is the last one that stands.
        entry = (
            tracked.events(subject)
            .filter(kind=kind, voids__isnull=True, voided_by__isnull=True, new_ref=event.old_ref)
            .exclude(pk=event.pk)
            .order_by("-at", "-seq")
            .first()
        )
        subject.state_id = event.old_ref
        subject.state_entered_at = entry.at if entry else subject.created_at
        return ["state", "state_entered_at"]
    restorer = _restorers.get((tracked.model, kind))
    if restorer is not None:
        names: list[str] = restorer(subject, event)
        return names
    for name, field in tracked.fields.items():
        if field.kind == kind:
            column: Any = subject._meta.get_field(name)
            if field.is_ref:
                _check_is_there(column.related_model, event.old_ref)
                setattr(subject, column.attname, event.old_ref)
            else:
                empty = column.get_default() if event.old_value is None and not column.null else None
                setattr(subject, name, column.to_python(event.old_value) if event.old_value is not None else empty)
            return [name]
    raise Refused(_("This change cannot be undone."))


def _state_on_board(subject: Tracked, state_id: int | None) -> WorkflowState:
    """A card cannot go back to a column that was archived since, or to one of another team's board."""
    states = WorkflowState.objects.filter(workflow_id=subject.state.workflow_id, is_archived=False)
    state = None if state_id is None else states.filter(pk=state_id).first()
    if state is None:
        raise Refused(_("The column it was in is not on this board any more."))
    return state


def _check_is_there(model: type[Model], pk: int | None) -> None:
    if pk is not None and not model._default_manager.filter(pk=pk).exists():
        raise Refused(_("What it was set to before does not exist any more."))


_restorers: dict[tuple[type[Tracked], EventKind], Any] = {}


def register_restorer(model: type[Tracked], kind: EventKind, restorer: Any) -> None:
    """How to undo a kind of event that is more than one column: ``restorer(subject, event) -> column names``."""
    _restorers[(model, kind)] = restorer
