"""Sprints: planned, started, closed with carry-over; a closed one is frozen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Max, prefetch_related_objects
from django.utils.translation import gettext as _

from pmo_portal.lib.access import Action, Actor, require, require_within
from pmo_portal.lib.errors import Conflict, FieldConflict, Refused
from portfolio.models import EventKind, StateCategory
from portfolio.services import tracking
from teams.models import ItemEvent, ItemType, Sprint, SprintState, Team, WorkItem
from teams.services.sprint_outcomes import sprint_outcomes_freeze
from teams.services.teams import require_hosted


@dataclass(frozen=True, slots=True)
class SprintCloseResult:
    """What closing a sprint did: the frozen sprint, and how many unfinished items went where."""

    sprint: Sprint
    carried_over: int
    returned_to_backlog: int


def sprint_create(
    *,
    actor: Actor,
    team: Team,
    name: str,
    goal: str = "",
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> Sprint:
    """A planned sprint of a team that works in sprints."""
    require_within(actor, Action.CREATE, Sprint, team.pk)
    require_hosted(team, actor)
    if not team.has_sprints:
        raise Refused(_("%(team)s does not work in sprints.") % {"team": team})
    sprint = Sprint(team=team, name=name.strip(), goal=goal.strip(), starts_at=starts_at, ends_at=ends_at)
    sprint.full_clean(exclude=["team"])
    sprint.save(force_insert=True)
    return sprint


def sprint_edit(
    *,
    actor: Actor,
    sprint: Sprint,
    name: str,
    goal: str,
    starts_at: datetime | None,
    ends_at: datetime | None,
    seen_version: int,
) -> Sprint:
    """Change name, goal and planned dates; a closed sprint keeps them."""
    require(actor, Action.EDIT, sprint)
    require_hosted(sprint.team, actor)
    with transaction.atomic():
        sprint = Sprint.objects.select_for_update().get(pk=sprint.pk)
        wanted = {"name": name.strip(), "goal": goal.strip(), "starts_at": starts_at, "ends_at": ends_at}
        if sprint.version != seen_version:
            differing = [
                FieldConflict(field, yours=value, theirs=getattr(sprint, field))
                for field, value in wanted.items()
                if getattr(sprint, field) != value
            ]
            if differing:
                raise Conflict(differing)
        _require_open(sprint)
        for field, value in wanted.items():
            setattr(sprint, field, value)
        sprint.version += 1
        sprint.full_clean(exclude=["team"])
        sprint.save(update_fields=[*wanted, "version"])
    return sprint


def sprint_start(*, actor: Actor, sprint: Sprint, at: datetime) -> Sprint:
    """Start a planned sprint: what is in it now is the commitment. A team has one active sprint."""
    require(actor, Action.MANAGE, sprint)
    require_hosted(sprint.team, actor)
    try:
        with transaction.atomic():
            sprint = Sprint.objects.select_for_update().get(pk=sprint.pk)
            if sprint.state != SprintState.FUTURE:
                raise Refused(_("“%(sprint)s” has been started already.") % {"sprint": sprint.name})
            if sprint.ends_at is None:
                raise Refused(_("Say when the sprint ends before you start it."))
            sprint.state = SprintState.ACTIVE
            sprint.started_at = at
            sprint.starts_at = sprint.starts_at or at
            sprint.version += 1
            sprint.save(update_fields=["state", "started_at", "starts_at", "version"])
    except IntegrityError as error:
        if "sprint_one_active" not in str(error):
            raise
        raise Refused(_("Another sprint of this team is active; close it first.")) from error
    return sprint


def sprint_close(
    *,
    actor: Actor,
    sprint: Sprint,
    carry_to: Sprint | None,
    at: datetime,
    decisions: Mapping[int, Sprint | None] | None = None,
) -> SprintCloseResult:
    """Complete an active sprint at ``at``: freeze what it came to, then send unfinished items on.

    They go to ``carry_to``, or to the backlog when that is None; ``decisions`` overrides it by item id. Cards
    that move meanwhile wait: all figures are of one instant. When a card that was waited for moved after ``at``, that
    instant is just after its move. A second close of the same sprint is refused.
    """
    require(actor, Action.MANAGE, sprint)
    require_hosted(sprint.team, actor)
    with transaction.atomic():
        targets = dict(decisions or {})
        held = _held(sprint, carry_to, *targets.values())
        sprint = held[sprint.pk]
        if sprint.state != SprintState.ACTIVE:
            raise Refused(
                _("“%(sprint)s” is not active; perhaps somebody closed it a moment ago.") % {"sprint": sprint.name}
            )
        _check_targets(sprint, [held[target.pk] for target in (carry_to, *targets.values()) if target is not None])
        # Locked first and read with their states then: a locking join would miss whatever moves at this moment.
        items = list(WorkItem.objects.present().filter(sprint=sprint).select_for_update().order_by("pk"))
        prefetch_related_objects(items, "state")
        at = _after_all_seen(sprint, items, at)
        sprint.state = SprintState.CLOSED
        sprint.completed_at = at
        sprint.version += 1
        sprint.save(update_fields=["state", "completed_at", "version"])
        sprint_outcomes_freeze([sprint.pk])
        carried = returned = 0
        for item in items:
            if item.state.category in {StateCategory.DONE, StateCategory.CANCELLED}:
                continue
            target = targets.get(item.pk, carry_to)
            tracking.edit(item, actor=actor, values={"sprint": target}, seen_version=None, at=at)
            if item.type != ItemType.SUBTASK:
                carried, returned = (carried + 1, returned) if target else (carried, returned + 1)
        sprint.refresh_from_db()
    return SprintCloseResult(sprint, carried_over=carried, returned_to_backlog=returned)


def sprint_delete(*, actor: Actor, sprint: Sprint, at: datetime) -> None:
    """Delete a planned sprint; its items go back to the backlog."""
    require(actor, Action.DELETE, sprint)
    require_hosted(sprint.team, actor)
    with transaction.atomic():
        sprint = Sprint.objects.select_for_update().get(pk=sprint.pk)
        if sprint.state != SprintState.FUTURE:
            raise Refused(_("A sprint that was started stays in the history."))
        items = WorkItem.objects.filter(sprint=sprint).select_for_update(of=("self",)).order_by("pk")
        for item in items:
            tracking.edit(item, actor=actor, values={"sprint": None}, seen_version=None, at=at)
        sprint.delete()


def _require_open(sprint: Sprint) -> None:
    if sprint.state == SprintState.CLOSED:
        raise Refused(_("“%(sprint)s” is closed; what it knew at its close is kept.") % {"sprint": sprint.name})


def _held(*sprints: Sprint | None) -> dict[int, Sprint]:
    """The sprints as they are now, locked in one order: none of them is closed or deleted until the commit."""
    wanted = {sprint.pk for sprint in sprints if sprint is not None}
    found = {sprint.pk: sprint for sprint in Sprint.objects.select_for_update().filter(pk__in=wanted).order_by("pk")}
    if len(found) < len(wanted):
        raise Refused(_("A sprint was deleted a moment ago; load the page again."))
    return found


def _after_all_seen(sprint: Sprint, items: Sequence[WorkItem], at: datetime) -> datetime:
    """``at``, or the moment after the last change that this transaction sees: a change that was waited for is newer
    than the request, and figures read up to ``at`` would contradict the cards."""
    left = ItemEvent.objects.filter(kind=EventKind.SPRINT, old_ref=sprint.pk).aggregate(last=Max("at"))["last"]
    last = max([item.updated_at for item in items] + ([left] if left else []), default=at)
    return at if last < at else last + timedelta(microseconds=1)


def _check_targets(sprint: Sprint, targets: Iterable[Sprint]) -> None:
    for target in targets:
        if target.team_id != sprint.team_id or target.pk == sprint.pk:
            raise Refused(_("Unfinished items can go to another sprint of the same team."))
        _require_open(target)
