"""Work items: created, edited, moved, blocked, planned, handed over, deleted, put back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from organization.models import Person
from organization.services.customs import custom_clean
from pmo_portal.lib.access import Action, Actor, Denied, policy_for, require, require_within
from pmo_portal.lib.errors import Refused
from portfolio.models import EventKind, Feature, StateCategory, WorkflowState
from portfolio.services import tracking
from portfolio.services.limits import check_limit
from portfolio.services.moves import move
from portfolio.services.rank import rank_at_end, retrying_rank
from portfolio.services.undoing import undo_together
from teams.models import ItemEvent, ItemKeyAlias, Sprint, SprintState, Team, WorkItem
from teams.services.registration import ITEM
from teams.services.teams import require_hosted

EDITABLE = frozenset(ITEM.fields) - {"resolution"}
"""What a person may set on an item; everything else has a service of its own."""

OURS_WHEN_MIRRORED = frozenset({"feature"})
"""What belongs to the portal when a team's work lives in another tracker: it survives every sync."""


def item_create(
    *,
    actor: Actor,
    team: Team,
    title: str,
    at: datetime,
    state: WorkflowState | None = None,
    values: Mapping[str, Any] | None = None,
) -> WorkItem:
    """A new item at the end of the team's backlog, in ``state`` or the first one of its board."""
    require_within(actor, Action.CREATE, WorkItem, team.pk)
    require_hosted(team, actor)
    fields = dict(values or {})
    _check_fields(fields)
    custom = custom_clean(owner="ITEM", unit_id=team.pk, values=fields.pop("custom", {}))

    def insert() -> WorkItem:
        first = state or _first_state(team)
        if first.workflow_id != team.workflow_id or first.is_archived:
            raise Refused(_("“%(state)s” is not a state of this board.") % {"state": first.name})
        _hold_sprint(actor, fields.get("sprint"))
        _check_references(actor, team, fields)
        Team.objects.filter(pk=team.pk).update(next_number=F("next_number") + 1)
        number = Team.objects.values_list("next_number", flat=True).get(pk=team.pk) - 1
        item = WorkItem(
            key=f"{team.key_prefix}-{number}",
            team=team,
            title=title.strip(),
            state=first,
            rank=rank_at_end(ITEM, team.pk, into=first.pk),
            reporter_id=actor.person_id,
            created_at=at,
            updated_at=at,
            state_entered_at=at,
            custom=custom,
            **fields,
        )
        item.clean_fields(exclude=["rank"])
        item.save(force_insert=True)
        tracking.created(item, actor=actor, at=at)
        return item

    return retrying_rank(insert)


def item_edit(
    *,
    actor: Actor,
    item: WorkItem,
    values: Mapping[str, Any],
    seen_version: int | None,
    at: datetime,
) -> WorkItem:
    """Change fields of an item; each field somebody else changed since ``seen_version`` is a conflict of its own.

    ``values["custom"]`` is a mapping of custom field codes.
    """
    require(actor, Action.EDIT, item)
    fields = dict(values)
    custom = fields.pop("custom", None)
    _check_fields(fields)
    with transaction.atomic():
        _hold_sprint(actor, fields.get("sprint"))
        item = tracking.locked(WorkItem, item.pk)
        require(actor, Action.EDIT, item)
        _check_present(item)
        team = Team.objects.get(pk=item.team_id)
        if set(fields) - OURS_WHEN_MIRRORED:
            require_hosted(team, actor)
        _check_references(actor, team, fields)
        for name, value in fields.items():
            column: Any = item._meta.get_field(name)
            column.clean(getattr(value, "pk", value), item)
        tracking.edit(item, actor=actor, values=fields, seen_version=seen_version, at=at)
        if custom is not None:
            cleaned = custom_clean(owner="ITEM", unit_id=item.team_id, values=custom)
            wanted = {code: cleaned.get(code) for code in custom}
            tracking.custom_edit(item, actor=actor, values=wanted, seen_version=seen_version, at=at)
    return item


def items_edit(*, actor: Actor, items: Sequence[WorkItem], values: Mapping[str, Any], at: datetime) -> list[WorkItem]:
    """Set the same fields on many items, all or none; what they were before is not asked."""
    with transaction.atomic():
        return [
            item_edit(actor=actor, item=item, values=values, seen_version=None, at=at)
            for item in sorted(items, key=lambda each: each.pk)
        ]


def item_move(
    *,
    actor: Actor,
    item: WorkItem,
    to_state: WorkflowState,
    after_id: int | None,
    seen_version: int | None,
    at: datetime,
    before_id: int | None = None,
) -> WorkItem:
    """Move a card to a state: behind another card, before another one, or on top. Refused by limits and transitions
    of the board."""
    require(actor, Action.MOVE, item)

    def work() -> WorkItem:
        current = tracking.locked(WorkItem, item.pk)
        require(actor, Action.MOVE, current)
        _check_present(current)
        team = item.team if item.team_id == current.team_id else Team.objects.get(pk=current.team_id)
        require_hosted(team, actor)
        move(
            current,
            actor=actor,
            to_state=to_state,
            after_id=after_id,
            before_id=before_id,
            seen_version=seen_version,
            at=at,
            roles=None if actor.is_system else frozenset(getattr(actor, "roles", ())),
        )
        return current

    return retrying_rank(work)


def item_block(*, actor: Actor, item: WorkItem, reason: str, at: datetime) -> WorkItem:
    """Flag an item as blocked, with the reason everybody sees. A new reason for a blocked one keeps its clock."""
    if not reason.strip():
        raise Refused(_("Say what blocks it."))
    return _flag(actor=actor, item=item, reason=reason.strip(), at=at)


def item_unblock(*, actor: Actor, item: WorkItem, at: datetime) -> WorkItem:
    """Take the flag off; the time it was blocked stays in the numbers."""
    return _flag(actor=actor, item=item, reason="", at=at)


def _flag(*, actor: Actor, item: WorkItem, reason: str, at: datetime) -> WorkItem:
    require(actor, Action.EDIT, item)
    with transaction.atomic():
        item = tracking.locked(WorkItem, item.pk)
        require(actor, Action.EDIT, item)
        _check_present(item)
        require_hosted(Team.objects.get(pk=item.team_id), actor)
        at = tracking.moment_of(item, at)
        old = _flag_value(item)
        item.blocked_at = (item.blocked_at or at) if reason else None
        item.blocked_reason = reason
        new = _flag_value(item)
        if old == new:
            return item
        tracking.record(
            subject=item,
            changes=[tracking.Change(EventKind.BLOCKED, old_value=old, new_value=new)],
            actor=actor,
            at=at,
        )
        item.updated_at = at
        item.save(update_fields=["blocked_at", "blocked_reason", "updated_at", "version"])
    return item


def _flag_value(item: WorkItem) -> dict[str, str] | None:
    return {"at": item.blocked_at.isoformat(), "reason": item.blocked_reason} if item.blocked_at else None


def items_plan(*, actor: Actor, items: Sequence[WorkItem], sprint: Sprint | None, at: datetime) -> list[WorkItem]:
    """Put items into a sprint, or back into the backlog; in an active sprint this is a scope change."""
    return items_edit(actor=actor, items=items, values={"sprint": sprint}, at=at)


def item_transfer(*, actor: Actor, item: WorkItem, team: Team, state: WorkflowState | None, at: datetime) -> WorkItem:
    """Hand an item to another team, and its sub-tasks with it. It keeps its key, leaves its sprint, and enters
    ``state`` of the new board, or the first state of the same category."""
    require(actor, Action.EDIT, item)
    require_within(actor, Action.CREATE, WorkItem, team.pk)

    def work() -> WorkItem:
        current = tracking.locked(WorkItem, item.pk)
        require(actor, Action.EDIT, current)
        _check_present(current)
        require_hosted(Team.objects.get(pk=current.team_id), actor)
        require_hosted(team, actor)
        if current.team_id == team.pk:
            return current
        if current.parent_id is not None:
            raise Refused(_("%(key)s is part of another item and goes where that goes.") % {"key": current.key})
        _hand_over(current, team=team, state=state, actor=actor, at=at)
        # SECURITY: a sub-task left behind would be shown to the new team with an item they may see, in a team they
        # may not look into. What lies in the recycle bin goes along: it may be taken out again.
        for part in WorkItem.objects.select_for_update().filter(parent=current).order_by("pk"):
            _hand_over(part, team=team, state=None, actor=actor, at=at)
        return current

    return retrying_rank(work)


def _hand_over(item: WorkItem, *, team: Team, state: WorkflowState | None, actor: Actor, at: datetime) -> None:
    at = tracking.moment_of(item, at)
    old_team_id, old_state_id = item.team_id, item.state_id
    target = state or _same_category(team, item.state)
    if target.workflow_id != team.workflow_id:
        raise Refused(_("“%(state)s” is not a state of this board.") % {"state": target.name})
    changes = [
        tracking.Change(EventKind.TEAM, old_ref=old_team_id, new_ref=team.pk),
        tracking.Change(EventKind.STATE, old_ref=old_state_id, new_ref=target.pk),
    ]
    if item.sprint_id is not None:
        changes.append(tracking.Change(EventKind.SPRINT, old_ref=item.sprint_id, new_ref=None))
    item.team, item.state, item.sprint = team, target, None
    check_limit(ITEM, item, target)
    item.rank = rank_at_end(ITEM, team.pk, into=target.pk)
    item.state_entered_at = item.updated_at = at
    tracking.record(subject=item, changes=changes, actor=actor, at=at)
    tracking.announce(ITEM, unit_ids={old_team_id}, ids=[item.pk], counts=True)
    item.save(update_fields=["team", "state", "sprint", "rank", "state_entered_at", "updated_at", "version"])


def item_delete(*, actor: Actor, item: WorkItem, at: datetime) -> WorkItem:
    """Put an item into the recycle bin."""
    require(actor, Action.DELETE, item)
    with transaction.atomic():
        item = tracking.locked(WorkItem, item.pk)
        require_hosted(Team.objects.get(pk=item.team_id), actor)
        tracking.delete(item, actor=actor, at=at)
    return item


def item_restore(*, actor: Actor, item: WorkItem, at: datetime) -> WorkItem:
    """Take an item out of the recycle bin."""
    require(actor, Action.DELETE, item)
    with transaction.atomic():
        item = tracking.locked(WorkItem, item.pk)
        tracking.restore(item, actor=actor, at=at)
    return item


def item_undo(*, actor: Actor, item: WorkItem, event: ItemEvent, at: datetime) -> WorkItem:
    """Undo the step an event belongs to; refused when one of its fields was changed again since."""
    require(actor, Action.DELETE if event.kind == EventKind.DELETED else Action.EDIT, item)

    def work() -> WorkItem:
        left = ItemEvent.objects.filter(
            subject_id=item.pk, correlation_id=event.correlation_id, kind=EventKind.SPRINT, old_ref__isnull=False
        ).values("old_ref")
        _hold_sprint(actor, Sprint.objects.filter(pk__in=left).first())
        current = tracking.locked(WorkItem, item.pk)
        require_hosted(Team.objects.get(pk=current.team_id), actor)
        undo_together(current, event=event, actor=actor, at=at)
        return current

    return retrying_rank(work)


def item_rekey(*, item: WorkItem, key: str) -> WorkItem:
    """Give a locked item the key its tracker uses now; the old one goes on working as an alias."""
    ItemKeyAlias.objects.get_or_create(key=item.key, defaults={"item": item})
    item.key = key
    item.save(update_fields=["key"])
    return item


def _check_fields(fields: Mapping[str, Any]) -> None:
    unknown = set(fields) - EDITABLE - {"custom"}
    if unknown:
        raise ValueError(f"not editable on an item: {sorted(unknown)}")


def _check_present(item: WorkItem) -> None:
    if item.deleted_at is not None:
        raise Refused(_("%(key)s is in the recycle bin; restore it first.") % {"key": item.key})


def _check_references(actor: Actor, team: Team, fields: Mapping[str, Any]) -> None:
    """SECURITY: an object named by a form must be one the actor may see, and must belong with the item."""
    feature: Feature | None = fields.get("feature")
    if feature is not None and not policy_for(Feature).allows(actor, Action.VIEW, feature):
        raise Denied(Action.VIEW, feature)
    assignee: Person | None = fields.get("assignee")
    if assignee is not None and not policy_for(Person).allows(actor, Action.VIEW, assignee):
        raise Denied(Action.VIEW, assignee)
    parent: WorkItem | None = fields.get("parent")
    if parent is not None and (parent.team_id != team.pk or parent.parent_id is not None):
        raise Refused(_("A sub-task belongs to an item of the same team that is not a sub-task itself."))
    sprint: Sprint | None = fields.get("sprint")
    if sprint is not None and sprint.team_id != team.pk:
        raise Refused(_("That sprint belongs to another team."))


def _hold_sprint(actor: Actor, sprint: Sprint | None) -> None:
    """Keep a sprint that items are about to enter from being closed until the commit; refuse one that is closed.

    Before any item is locked: a close takes its sprint first and then what is in it, and two people who plan the same
    items must not wait for each other.
    """
    if sprint is None:
        return
    held = Sprint.objects.select_for_update(no_key=True, of=("self",)).filter(pk=sprint.pk)
    state = held.values_list("state", flat=True).first()
    if state is None:
        raise Refused(_("That sprint does not exist any more."))
    if state == SprintState.CLOSED and not actor.is_system:
        raise Refused(_("“%(sprint)s” is closed; what it knew at its close is kept.") % {"sprint": sprint.name})


def _first_state(team: Team) -> WorkflowState:
    state = (
        WorkflowState.objects.filter(workflow_id=team.workflow_id, is_archived=False).order_by("position", "pk").first()
    )
    if state is None:
        raise Refused(_("%(team)s has no column yet.") % {"team": team})
    return state


def _same_category(team: Team, current: WorkflowState) -> WorkflowState:
    state = (
        WorkflowState.objects.filter(
            workflow_id=team.workflow_id, is_archived=False, category=StateCategory(current.category)
        )
        .order_by("position", "pk")
        .first()
    )
    return state or _first_state(team)
