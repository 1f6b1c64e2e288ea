"""Workflows: made from a template, changed state by state, and re-read when a meaning is corrected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from organization.access import SYSTEM
from organization.models import Unit
from pmo_portal.lib import live, registry
from pmo_portal.lib.access import Action, Actor, require, require_within
from pmo_portal.lib.errors import Refused, field_error
from portfolio.models import StateCategory, StateMeaning, TrackedKind, Workflow, WorkflowState
from portfolio.services.types import tracked_types

ALWAYS: Final = datetime(1900, 1, 1, tzinfo=UTC)
"""From when the first meaning of a state holds: longer than any history."""


@dataclass(frozen=True, slots=True)
class StateTemplate:
    """One state of a ready-made workflow."""

    name: Any
    category: StateCategory
    wip_limit: int | None = None
    policy: Any = ""
    needs_approval: bool = False


SCRUM_STATES: Final = (
    StateTemplate(gettext_lazy("To do"), StateCategory.BACKLOG),
    StateTemplate(gettext_lazy("Ready"), StateCategory.COMMITTED),
    StateTemplate(gettext_lazy("In progress"), StateCategory.ACTIVE, 4),
    StateTemplate(gettext_lazy("Review"), StateCategory.WAITING, 3),
    StateTemplate(gettext_lazy("Test"), StateCategory.ACTIVE, 3),
    StateTemplate(gettext_lazy("Done"), StateCategory.DONE),
)
KANBAN_STATES: Final = (
    StateTemplate(gettext_lazy("Options"), StateCategory.BACKLOG),
    StateTemplate(gettext_lazy("Committed"), StateCategory.COMMITTED, 5),
    StateTemplate(gettext_lazy("Build"), StateCategory.ACTIVE, 3),
    StateTemplate(gettext_lazy("Waiting for test"), StateCategory.WAITING, 3),
    StateTemplate(gettext_lazy("Test"), StateCategory.ACTIVE, 2),
    StateTemplate(gettext_lazy("Done"), StateCategory.DONE),
)
EPIC_STATES: Final = (
    StateTemplate(
        gettext_lazy("Funnel"), StateCategory.BACKLOG, None, gettext_lazy("Any idea large enough for the portfolio.")
    ),
    StateTemplate(
        gettext_lazy("Reviewing"),
        StateCategory.BACKLOG,
        8,
        gettext_lazy("An owner has agreed to write the epic hypothesis."),
    ),
    StateTemplate(
        gettext_lazy("Analyzing"),
        StateCategory.COMMITTED,
        5,
        gettext_lazy("Lean business case, MVP and options considered."),
    ),
    StateTemplate(
        gettext_lazy("Portfolio backlog"),
        StateCategory.COMMITTED,
        None,
        gettext_lazy("Approved to go; waits for capacity in its order."),
        needs_approval=True,
    ),
    StateTemplate(
        gettext_lazy("Implementing: MVP"),
        StateCategory.ACTIVE,
        4,
        gettext_lazy("Teams build the MVP; leading indicators are measured."),
    ),
    StateTemplate(
        gettext_lazy("Implementing: persevere"),
        StateCategory.ACTIVE,
        4,
        gettext_lazy("The hypothesis held; work goes on until other epics are worth more."),
    ),
    StateTemplate(gettext_lazy("Done"), StateCategory.DONE),
    StateTemplate(gettext_lazy("Stopped"), StateCategory.CANCELLED),
)
FEATURE_STATES: Final = (
    StateTemplate(gettext_lazy("Funnel"), StateCategory.BACKLOG),
    StateTemplate(gettext_lazy("Analyzing"), StateCategory.BACKLOG),
    StateTemplate(gettext_lazy("Program backlog"), StateCategory.COMMITTED),
    StateTemplate(gettext_lazy("Implementing"), StateCategory.ACTIVE),
    StateTemplate(gettext_lazy("Validating"), StateCategory.WAITING),
    StateTemplate(gettext_lazy("Done"), StateCategory.DONE),
    StateTemplate(gettext_lazy("Dropped"), StateCategory.CANCELLED),
)


def workflow_create(
    *, actor: Actor, unit: Unit, kind: TrackedKind, name: str, states: Sequence[StateTemplate]
) -> Workflow:
    """A workflow for things of one kind in a unit, with its states in order."""
    require_within(actor, Action.CONFIGURE, Workflow, unit.pk)
    with transaction.atomic():
        workflow = Workflow.objects.create(unit=unit, kind=kind, name=name)
        for template in states:
            state_create(
                actor=actor,
                workflow=workflow,
                name=str(template.name),
                category=template.category,
                wip_limit=template.wip_limit,
                policy=str(template.policy),
                needs_approval=template.needs_approval,
            )
    return workflow


REFERENCE_STATES: Final = {TrackedKind.EPIC: EPIC_STATES, TrackedKind.FEATURE: FEATURE_STATES}
"""What the kanban of a portfolio or program looks like until somebody changes it."""


def workflow_of(unit: Unit, kind: TrackedKind) -> Workflow:
    """The workflow of epics of a portfolio or features of a program; made with the reference states when missing.

    Units are opened by ``organization``, which knows no workflow; so whoever needs it first makes it, under a lock
    on the unit.
    """
    workflow = Workflow.objects.filter(unit=unit, kind=kind).order_by("pk").first()
    if workflow is not None:
        return workflow
    with transaction.atomic():
        Unit.objects.select_for_update(no_key=True).get(pk=unit.pk)
        workflow = Workflow.objects.filter(unit=unit, kind=kind).order_by("pk").first()
        return workflow or workflow_create(
            actor=SYSTEM, unit=unit, kind=kind, name=unit.name, states=REFERENCE_STATES[kind]
        )


def state_create(
    *,
    actor: Actor,
    workflow: Workflow,
    name: str,
    category: StateCategory,
    wip_limit: int | None = None,
    is_hard_limit: bool = False,
    policy: str = "",
    needs_approval: bool = False,
    source_ref: str = "",
) -> WorkflowState:
    """A new state at the end of a workflow; its meaning holds from the beginning of time."""
    require(actor, Action.CONFIGURE, workflow)
    with transaction.atomic():
        Workflow.objects.select_for_update().get(pk=workflow.pk)
        state = WorkflowState(
            workflow=workflow,
            name=name.strip(),
            category=category,
            position=workflow.states.count(),
            wip_limit=wip_limit,
            is_hard_limit=is_hard_limit,
            policy=policy,
            needs_approval=needs_approval,
            source_ref=source_ref,
        )
        _save_state(state)
        StateMeaning.objects.create(state=state, category=category, valid_from=ALWAYS)
    return state


def state_edit(
    *,
    actor: Actor,
    state: WorkflowState,
    name: str,
    wip_limit: int | None,
    is_hard_limit: bool,
    policy: str,
) -> WorkflowState:
    """Change what a state is called, its limit and its policy; none of it changes a number of the past.

    Raises ValidationError by field.
    """
    require(actor, Action.CONFIGURE, state)
    with transaction.atomic():
        Workflow.objects.select_for_update().get(pk=state.workflow_id)
        state = WorkflowState.objects.select_related("workflow").get(pk=state.pk)
        state.name, state.wip_limit, state.is_hard_limit, state.policy = name.strip(), wip_limit, is_hard_limit, policy
        _save_state(state)
    return state


def _save_state(state: WorkflowState) -> None:
    """Store a state of a locked workflow; boards that show it are told."""
    state.clean_fields(exclude=["workflow"])
    same = WorkflowState.objects.filter(workflow=state.workflow_id, name=state.name, is_archived=False)
    if not state.is_archived and same.exclude(pk=state.pk).exists():
        raise field_error("name", _("There is a column of this name already."))
    state.save()
    _tell_boards(state)


def _tell_boards(state: WorkflowState) -> None:
    """After the commit, let open boards draw their columns anew."""
    live.publish_on_commit(unit_id=state.workflow.unit_id, kind=live.Kind.UNIT)


def state_recategorise(
    *, actor: Actor, state: WorkflowState, category: StateCategory, from_at: datetime | None
) -> WorkflowState:
    """Change what a state means.

    ``from_at`` None is a correction: it always meant this, and all history is read again. With a moment, what
    entered the state before keeps the old meaning. Derived numbers of the workflow's units are rebuilt either way.
    A moment to come is refused: the board would show a meaning that does not hold yet.
    """
    require(actor, Action.CONFIGURE, state)
    if from_at is not None and from_at > timezone.now():
        raise Refused(_("A state cannot change its meaning in the future; come back on that day."))
    with transaction.atomic():
        state = WorkflowState.objects.select_related("workflow").select_for_update(of=("self",)).get(pk=state.pk)
        if from_at is None:
            StateMeaning.objects.filter(state=state).delete()
            StateMeaning.objects.create(state=state, category=category, valid_from=ALWAYS)
        else:
            StateMeaning.objects.filter(state=state, valid_from__gte=from_at).delete()
            StateMeaning.objects.filter(state=state, valid_to__isnull=True).update(valid_to=from_at)
            StateMeaning.objects.filter(state=state, valid_to__gt=from_at).update(valid_to=from_at)
            StateMeaning.objects.create(state=state, category=category, valid_from=from_at)
        state.category = category
        state.save(update_fields=["category"])
        _tell_boards(state)
        transaction.on_commit(partial(tell_meaning_changed, state.workflow_id))
    return state


def state_reorder(*, actor: Actor, state: WorkflowState, by: int) -> WorkflowState:
    """Shift a state ``by`` places among the states of its board; numbers go by categories, not by places."""
    require(actor, Action.CONFIGURE, state)
    with transaction.atomic():
        workflow = Workflow.objects.select_for_update().get(pk=state.workflow_id)
        states = list(WorkflowState.objects.filter(workflow_id=state.workflow_id).order_by("position", "pk"))
        places = [each.pk for each in states if not each.is_archived]
        if state.pk not in places:
            raise Refused(_("An archived column has no place on the board."))
        old = places.index(state.pk)
        places.insert(min(max(old + by, 0), len(places) - 1), places.pop(old))
        places += [each.pk for each in states if each.is_archived]
        for each in states:
            each.position = places.index(each.pk)
        WorkflowState.objects.bulk_update(states, ["position"])
        live.publish_on_commit(unit_id=workflow.unit_id, kind=live.Kind.UNIT)
    return next(each for each in states if each.pk == state.pk)


def tell_meaning_changed(workflow_id: int) -> None:
    """Let whoever derives numbers know that the history of a workflow reads differently now."""
    for listener in registry.meaning_listeners:
        listener.notify(workflow_id)


def state_archive(*, actor: Actor, state: WorkflowState) -> None:
    """Take an empty state off the board; its history keeps its meaning.

    Whoever brings a card in holds the row until the commit (see `rank.state_hold`): either the card is seen here, or
    the column is seen gone there.
    """
    require(actor, Action.CONFIGURE, state)
    with transaction.atomic():
        state = WorkflowState.objects.select_related("workflow").select_for_update(of=("self",)).get(pk=state.pk)
        for tracked in tracked_types():
            if tracked.model._default_manager.filter(state=state, deleted_at__isnull=True).exists():
                raise Refused(_("Move its cards to another state first."))
        state.is_archived = True
        state.save(update_fields=["is_archived"])
        _tell_boards(state)
