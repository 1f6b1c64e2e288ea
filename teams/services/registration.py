"""Work items as the engine knows them."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db.models import Q
from django.utils.translation import gettext as _

from pmo_portal.lib.errors import Refused
from portfolio.models import EventKind, Tracked, TrackedEvent, TrackedKind
from portfolio.services.following import register_following
from portfolio.services.types import TrackedField, TrackedType, register_tracked
from portfolio.services.undoing import register_restorer, register_undo_check
from teams.models import ItemEvent, ItemType, Sprint, SprintState, WorkItem

ITEM: Final = register_tracked(
    TrackedType(
        kind=TrackedKind.ITEM,
        model=WorkItem,
        event_model=ItemEvent,
        unit_field="team",
        live_kind="items",
        cards=Q(parent__isnull=True) & ~Q(type=ItemType.SUBTASK),
        fields={
            "title": TrackedField(EventKind.TITLE),
            "description": TrackedField(EventKind.DESCRIPTION),
            "type": TrackedField(EventKind.TYPE),
            "estimate": TrackedField(EventKind.ESTIMATE),
            "assignee": TrackedField(EventKind.ASSIGNEE, is_ref=True),
            "feature": TrackedField(EventKind.FEATURE, is_ref=True),
            "parent": TrackedField(EventKind.PARENT, is_ref=True),
            "sprint": TrackedField(EventKind.SPRINT, is_ref=True),
            "priority": TrackedField(EventKind.PRIORITY),
            "service_class": TrackedField(EventKind.CLASS),
            "labels": TrackedField(EventKind.LABELS),
            "resolution": TrackedField(EventKind.RESOLUTION),
            "due_on": TrackedField(EventKind.DUE),
        },
    )
)


def _restore_blocked(subject: Tracked, event: TrackedEvent) -> list[str]:
    """A flag is two columns: since when, and why."""
    if not isinstance(subject, WorkItem):
        raise TypeError("Only work items are flagged as blocked.")
    flag = event.old_value
    subject.blocked_at = datetime.fromisoformat(flag["at"]) if flag else None
    subject.blocked_reason = flag["reason"] if flag else ""
    return ["blocked_at", "blocked_reason"]


def _check_sprint(subject: Tracked, event: TrackedEvent) -> None:
    """Back into a sprint only while it is open and the team's own: a closed one keeps what it knew at its close."""
    if not isinstance(subject, WorkItem):
        raise TypeError("Only work items are in sprints.")
    if event.old_ref is not None:
        sprints = Sprint.objects.filter(pk=event.old_ref, team_id=subject.team_id).exclude(state=SprintState.CLOSED)
        if not sprints.exists():
            raise Refused(_("The sprint it was in is closed, or another team's."))


def _check_parent(subject: Tracked, event: TrackedEvent) -> None:
    """Back under an item only while that is there, is of the same team, and neither of the two is in the way."""
    if not isinstance(subject, WorkItem):
        raise TypeError("Only work items are parts of others.")
    if event.old_ref is None:
        return
    items = WorkItem.objects.present()
    parents = items.filter(pk=event.old_ref, team_id=subject.team_id, parent__isnull=True)
    if not parents.exists() or items.filter(parent_id=subject.pk).exists():
        raise Refused(_("It cannot become part of the item it belonged to before."))


register_following(WorkItem)
register_restorer(WorkItem, EventKind.BLOCKED, _restore_blocked)
register_undo_check(WorkItem, EventKind.SPRINT, _check_sprint)
register_undo_check(WorkItem, EventKind.PARENT, _check_parent)
