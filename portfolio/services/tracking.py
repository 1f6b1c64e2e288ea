"""The engine: every change of an item, feature or epic goes through here.

A change locks its row, checks what was seen against what is there, writes the row, its events and its
outbox line in one transaction, and tells the open pages after the commit.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.db.models.functions import JSONObject
from django.utils import timezone
from django.utils.translation import gettext as _

from pmo_portal.lib import live, registry
from pmo_portal.lib.access import Actor
from pmo_portal.lib.errors import Conflict, FieldConflict, Refused
from portfolio.models import EventKind, EventSource, Tracked, TrackedEvent, WorkflowState
from portfolio.services.append import events_append
from portfolio.services.following import followed_by_those_concerned
from portfolio.services.limits import check_limit
from portfolio.services.rank import state_hold
from portfolio.services.types import METRIC_KINDS, TrackedType, tracked_type

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


WAITED_AT_MOST: Final = timedelta(minutes=1)
"""Longer than any request waits for a lock. What claims to be older than that was meant to be back-dated."""


def moment_of(subject: Tracked, at: datetime) -> datetime:
    """When a change of a locked ``subject`` happened: ``at``, or just after the change it had to wait for.

    A request reads the clock before it waits for the row, and clocks are set back. Without this, the writer who came
    second would stand first in the history, and the numbers, which go by time, would disagree with the row.
    """
    if at >= subject.updated_at:
        return at
    is_now = abs(timezone.now() - at) < WAITED_AT_MOST
    return subject.updated_at if is_now or subject.updated_at - WAITED_AT_MOST < at else at


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
    at = moment_of(subject, at)
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
        followed_by_those_concerned(tracked, subject, events, actor=actor, at=at)
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
    events = record(subject=subject, changes=changes, actor=actor, at=at, source=source, correlation_id=correlation_id)
    subject.save(update_fields=["version"])
    followed_by_those_concerned(tracked, subject, events, actor=actor, at=at)


def custom_edit(
    subject: T, *, actor: Actor, values: Mapping[str, Any], seen_version: int | None, at: datetime
) -> list[TrackedEvent]:
    """Write custom fields of a *locked* subject; each code is a field of its own for conflicts and history."""
    tracked = tracked_type(type(subject))
    at = moment_of(subject, at)
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
    at = moment_of(subject, at)
    subject.deleted_at = at
    subject.updated_at = at
    record(subject=subject, changes=[Change(EventKind.DELETED)], actor=actor, at=at)
    subject.save(update_fields=["deleted_at", "updated_at", "version"])


def restore(subject: Tracked, *, actor: Actor, at: datetime) -> None:
    """Take a locked subject out of the recycle bin; it counts again as if it had never been there."""
    if subject.deleted_at is None:
        raise Refused(_("It is not in the recycle bin."))
    at = moment_of(subject, at)
    tracked = tracked_type(type(subject))
    changes, columns = _back_on_board(subject, at=at)
    state_hold(subject.state.pk)
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
