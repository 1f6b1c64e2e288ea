"""Single things that pages of the portfolio look up: a column a request names, a thing as it is stored now."""

from __future__ import annotations

from datetime import date
from typing import Any, TypeVar

from organization.models import Unit, UnitClosure, UnitKind
from organization.querysets import valid_on
from portfolio.models import Epic, Tracked, WorkflowState
from portfolio.services.gates import is_gate

T = TypeVar("T", bound=Tracked)


def column_of(workflow_id: int, state_id: int | None) -> WorkflowState | None:
    """A column of this board, off the board or on it, with the board it belongs to.

    SECURITY: None for a column of another board, whoever may see that one.
    """
    columns = WorkflowState.objects.filter(workflow_id=workflow_id, pk=state_id or 0)
    return columns.select_related("workflow").first()


def as_stored(subject: T) -> T:
    """A thing as it is stored now; for showing what somebody else made of it meanwhile."""
    return type(subject)._default_manager.get(pk=subject.pk)


def version_now(obj: Any) -> object:
    """The version of a thing as it is stored now."""
    return type(obj)._default_manager.values_list("version", flat=True).filter(pk=obj.pk).first()


def programs_below(unit_id: int, *, day: date) -> list[Unit]:
    """The programs under a portfolio on a day, by name."""
    closure = UnitClosure.objects.filter(valid_on(day), ancestor=unit_id, descendant__kind=UnitKind.PROGRAM)
    return [row.descendant for row in closure.select_related("descendant").order_by("descendant__name")]


def gates_ahead(epic: Epic) -> list[WorkflowState]:
    """The columns ahead of an epic that ask for approval, the next one first."""
    ahead = epic.state.workflow.states.filter(
        is_archived=False, needs_approval=True, position__gt=epic.state.position
    ).order_by("position")
    return [state for state in ahead if is_gate(epic, state)]


def states_behind(epic: Epic) -> list[WorkflowState]:
    """The columns an epic can be sent back to."""
    behind = epic.state.workflow.states.filter(is_archived=False, position__lt=epic.state.position)
    return list(behind.order_by("position"))
