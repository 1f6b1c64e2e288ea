"""Moving a card: state and rank in one step, under the rules of the workflow."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TypeVar

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from pmo_portal.lib.access import Actor
from pmo_portal.lib.errors import Conflict, FieldConflict, Refused
from portfolio.models import EventKind, EventSource, Tracked, TrackedEvent, WorkflowState, WorkflowTransition
from portfolio.services.limits import check_limit
from portfolio.services.rank import REKEY_LENGTH, list_rekey_when_free, rank_after, rank_before, rank_on_top
from portfolio.services.tracking import Change, moment_of, record
from portfolio.services.types import TrackedType, tracked_type

T = TypeVar("T", bound=Tracked)


def move(
    subject: T,
    *,
    actor: Actor,
    to_state: WorkflowState,
    after_id: int | None,
    seen_version: int | None,
    at: datetime,
    source: EventSource = EventSource.PORTAL,
    roles: frozenset[str] | None = None,
    before_id: int | None = None,
) -> list[TrackedEvent]:
    """Put a *locked* subject into ``to_state``, right behind the card ``after_id``, right before ``before_id``, or
    on top of the state.

    A move conflicts only with another move since ``seen_version``. ``roles`` are those of the mover, for
    transitions that only some may make; None asks nothing (imports, the system).
    """
    tracked = tracked_type(type(subject))
    at = moment_of(subject, at)
    changes: list[Change] = []
    columns = ["rank", "version", "updated_at"]
    if to_state.pk != subject.state_id:
        _check_moved_since(tracked, subject, to_state, seen_version)
        check_transition(subject.state, to_state, roles=roles)
        check_limit(tracked, subject, to_state)
        changes.append(Change(EventKind.STATE, old_ref=subject.state_id, new_ref=to_state.pk))
        subject.state = to_state
        subject.state_entered_at = at
        columns += ["state", "state_entered_at"]
    list_id = tracked.unit_id(subject)
    into = to_state.pk if changes else None
    if before_id is not None:
        rank = rank_before(tracked, list_id, before_id=before_id, moving=subject, into=into)
    elif after_id is None:
        rank = rank_on_top(tracked, list_id, state_id=to_state.pk, moving=subject, into=into)
    else:
        rank = rank_after(tracked, list_id, after_id=after_id, moving=subject, into=into)
    if rank is not None:
        changes.append(Change(EventKind.RANK, old_value=subject.rank, new_value=rank))
        subject.rank = rank
    if not changes:
        return []
    events = record(subject=subject, changes=changes, actor=actor, at=at, source=source)
    subject.updated_at = at
    subject.save(update_fields=columns)
    if rank is not None and len(rank) > REKEY_LENGTH:
        transaction.on_commit(partial(list_rekey_when_free, tracked, list_id))
    return events


def _check_moved_since(
    tracked: TrackedType, subject: Tracked, to_state: WorkflowState, seen_version: int | None
) -> None:
    if seen_version is None or seen_version >= subject.version:
        return
    moved = tracked.events(subject).filter(seq__gt=seen_version, kind=EventKind.STATE).exists()
    if moved:
        raise Conflict([FieldConflict("state", yours=to_state.name, theirs=subject.state.name)])


def states_with_rules() -> QuerySet[WorkflowState]:
    """States, each with ``has_rules``: whether its workflow restricts moves at all. A move into a state read this way
    need not look for rules that are not there."""
    rules = WorkflowTransition.objects.filter(workflow=OuterRef("workflow"))
    return WorkflowState.objects.annotate(has_rules=Exists(rules))


def check_transition(current: WorkflowState, to_state: WorkflowState, *, roles: frozenset[str] | None) -> None:
    """Refuse a move the workflow does not allow, or not for these roles. A workflow without transitions allows all."""
    if to_state.workflow_id != current.workflow_id or to_state.is_archived:
        raise Refused(_("“%(state)s” is not a state of this board.") % {"state": to_state.name})
    if getattr(to_state, "has_rules", None) is False:
        return
    rules = list(
        WorkflowTransition.objects.filter(workflow_id=current.workflow_id).values_list(
            "from_state_id", "to_state_id", "roles"
        )
    )
    if not rules:
        return
    fitting = [rule for rule in rules if rule[0] in {None, current.pk} and rule[1] == to_state.pk]
    if not fitting:
        raise Refused(
            _("This board does not allow moves from “%(old)s” to “%(new)s”.")
            % {"old": current.name, "new": to_state.name}
        )
    if roles is not None and not any(not rule[2] or roles & set(rule[2]) for rule in fitting):
        raise Refused(_("Your role may not move cards to “%(new)s”.") % {"new": to_state.name})
