"""What the services of epics and features check and do alike."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from organization.models import Unit
from organization.services.customs import custom_clean
from pmo_portal.lib.access import Actor, require
from pmo_portal.lib.errors import Refused
from portfolio.models import EventKind, Tracked, TrackedEvent, TrackedKind, WorkflowState
from portfolio.services import tracking
from portfolio.services.types import tracked_type, undo_action
from portfolio.services.undoing import undo_together
from portfolio.services.workflows import workflow_of

T = TypeVar("T", bound=Tracked)


def check_names(values: Mapping[str, Any], editable: frozenset[str]) -> None:
    """A service is asked for a field it does not have: an error of ours, not of the person."""
    unknown = set(values) - editable
    if unknown:
        raise ValueError(f"not editable: {sorted(unknown)}")


def present(subject: T) -> T:
    """``subject``, unless it lies in the recycle bin: nothing but restoring happens to it there."""
    if subject.deleted_at is not None:
        raise Refused(_("%(key)s is in the recycle bin.") % {"key": subject.key})
    return subject


def roles_of(actor: Actor) -> frozenset[str] | None:
    """The roles of whoever moves a card, for transitions that only some may make; None for the system."""
    return None if actor.is_system else frozenset(getattr(actor, "roles", ()))


def state_for_new(unit: Unit, kind: TrackedKind, state: WorkflowState | None) -> WorkflowState:
    """Where a new thing begins: ``state``, which must be of the unit's workflow, or the first one."""
    workflow = workflow_of(unit, kind)
    if state is not None:
        if state.workflow_id != workflow.pk or state.is_archived:
            raise Refused(_("“%(state)s” is not a state of this board.") % {"state": state.name})
        return state
    first = workflow.states.filter(is_archived=False).order_by("position", "pk").first()
    if first is None:
        raise Refused(_("%(unit)s has no column yet.") % {"unit": unit.name})
    return first


def edit_customs(
    subject: Tracked,
    kind: TrackedKind,
    *,
    actor: Actor,
    values: Mapping[str, Any],
    seen_version: int | None,
    at: datetime,
) -> None:
    """Write custom fields of a locked subject; an empty value clears the field."""
    if not values:
        return
    unit_id = tracked_type(type(subject)).unit_id(subject)
    cleaned = custom_clean(owner=kind, unit_id=unit_id, values=values)
    wanted = {code: cleaned.get(code) for code in values}
    tracking.custom_edit(subject, actor=actor, values=wanted, seen_version=seen_version, at=at)


def undo_step(subject: Tracked, *, event: TrackedEvent, actor: Actor, at: datetime) -> None:
    """Take back the step ``event`` belongs to, of a locked subject, for somebody who may take such a step."""
    tracked = tracked_type(type(subject))
    kinds = tracked.events(subject).filter(correlation_id=event.correlation_id).values_list("kind", flat=True)
    require(actor, undo_action({EventKind(kind) for kind in kinds}), subject)
    undo_together(subject, event=event, actor=actor, at=at)
