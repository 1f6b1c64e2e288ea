"""Undo by voiding: an event is taken back by another one, the field gets its old value, numbers skip both."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Max, Model
from django.utils.translation import gettext as _

from pmo_portal.lib.access import Actor
from pmo_portal.lib.errors import Refused
from portfolio.models import EventKind, Tracked, TrackedEvent, WorkflowState
from portfolio.services.limits import check_limit, is_full
from portfolio.services.rank import state_hold
from portfolio.services.tracking import Change, moment_of, record, restore
from portfolio.services.types import NEVER_UNDONE, TrackedType, tracked_type

T = TypeVar("T", bound=Tracked)


def undo(subject: T, *, event: Any, actor: Actor, at: datetime) -> Any:
    """Void one event of a locked subject: the field gets its old value back and numbers skip both rows.

    Refused when the field was changed again since, or when the row is an undo itself or cannot be undone.
    """
    tracked = tracked_type(type(subject))
    at = moment_of(subject, at)
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
    _check_put_back(tracked, subject, kind, event)
    if kind == EventKind.STATE:
        back_to = _state_on_board(subject, event.old_ref)
        state_hold(back_to.pk)
        check_limit(tracked, subject, back_to)
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
                setattr(subject, column.attname, event.old_ref)
            else:
                empty = column.get_default() if event.old_value is None and not column.null else None
                setattr(subject, name, column.to_python(event.old_value) if event.old_value is not None else empty)
            return [name]
    raise Refused(_("This change cannot be undone."))


def could_undo(subject: Tracked, event: Any) -> bool:
    """Whether nothing but time stands against undoing an event now: the place it goes back to is there and has room.

    For offering it only; :func:`undo` asks again, with what it needs locked.
    """
    tracked, kind = tracked_type(type(subject)), EventKind(event.kind)
    try:
        _check_put_back(tracked, subject, kind, event)
        state = None
        if kind == EventKind.STATE:
            state = _state_on_board(subject, event.old_ref)
        elif kind == EventKind.DELETED:
            state = subject.state
    except Refused:
        return False
    if state is None or not state.is_hard_limit or state.wip_limit is None:
        return True
    return not is_full(tracked, subject, state, limit=state.wip_limit)


def _check_put_back(tracked: TrackedType, subject: Tracked, kind: EventKind, event: Any) -> None:
    """Refuse an old value that the field cannot have any more."""
    check = _checks.get((tracked.model, kind))
    if check is not None:
        check(subject, event)
        return
    for name, field in tracked.fields.items():
        if field.kind == kind and field.is_ref:
            _check_is_there(subject._meta.get_field(name).related_model, event.old_ref)  # type: ignore[arg-type]


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
_checks: dict[tuple[type[Tracked], EventKind], Any] = {}


def register_restorer(model: type[Tracked], kind: EventKind, restorer: Any) -> None:
    """How to undo a kind of event that is more than one column: ``restorer(subject, event) -> column names``."""
    _restorers[(model, kind)] = restorer


def register_undo_check(model: type[Tracked], kind: EventKind, check: Any) -> None:
    """What stands against an old value besides its being gone: ``check(subject, event)`` raises Refused."""
    _checks[(model, kind)] = check
