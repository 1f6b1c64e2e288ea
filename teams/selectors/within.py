"""Things looked up inside a team or an item that the view's door has let its reader into.

SECURITY: every function takes its container and finds nothing outside of it: an id of another team's column, sprint or
card is an id that never existed.
"""

from __future__ import annotations

from datetime import date

from django.db.models import QuerySet, Subquery

from organization.models import Unit
from organization.querysets import UnitQuerySet
from pmo_portal.lib.access import Actor, visible
from portfolio.models import WorkflowState
from portfolio.services.moves import states_with_rules
from teams.models import ItemEvent, ItemKeyAlias, Sprint, SprintState, Team, WorkItem


def column_of(team: Team, pk: int) -> WorkflowState | None:
    """A column of the team's board, archived ones included."""
    return WorkflowState.objects.filter(workflow_id=team.workflow_id, pk=pk).select_related("workflow").first()


def column_for_move(team: Team, *, to: int, item_id: int) -> tuple[WorkflowState, int] | None:
    """The column a card is to enter, and the id of the one it is in; one statement for both. None without either."""
    item = WorkItem.objects.present().filter(pk=item_id, team=team).values("state_id")
    columns = states_with_rules().annotate(left_id=Subquery(item)).filter(workflow_id=team.workflow_id)
    state = columns.filter(pk=to, left_id__isnull=False).first()
    return None if state is None else (state, state.left_id)


def last_card(team: Team, state: WorkflowState, *, without: WorkItem) -> int | None:
    """The id of the lowest other card of a column."""
    cards = WorkItem.objects.present().filter(team=team, state=state).exclude(pk=without.pk)
    return cards.order_by("-rank").values_list("pk", flat=True).first()


def deleted_items(team: Team) -> QuerySet[WorkItem]:
    """The team's recycle bin, the last deleted first."""
    return WorkItem.objects.deleted().filter(team=team).select_related("state").order_by("-deleted_at", "-pk")


def running_sprint(team: Team) -> Sprint | None:
    """The sprint the team's board works on."""
    return Sprint.objects.filter(team=team, state=SprintState.ACTIVE).order_by("-starts_at", "-pk").first()


def open_sprint(team: Team, pk: int) -> Sprint | None:
    """A sprint of the team that is not closed."""
    return Sprint.objects.filter(team=team, pk=pk).exclude(state=SprintState.CLOSED).first()


def last_sprint(team: Team) -> tuple[Sprint | None, int]:
    """The sprint that ends last, and how many the team has had."""
    sprints = Sprint.objects.filter(team=team)
    return sprints.filter(ends_at__isnull=False).order_by("-ends_at", "-pk").first(), sprints.count()


def event_of(item: WorkItem, seq: int) -> ItemEvent | None:
    """One event of an item's history."""
    return ItemEvent.objects.filter(subject=item, seq=seq).first()


def item_behind(key: str, *, actor: Actor) -> WorkItem | None:
    """The item that had this key before, if this person may see it."""
    aliases = ItemKeyAlias.objects.filter(key=key, item__in=visible(actor, WorkItem)).select_related("item")
    alias = aliases.first()
    return alias.item if alias else None


def units_over(team: Team, *, day: date) -> UnitQuerySet:
    """The team's unit and all above it on a day."""
    return Unit.objects.over([team.pk], day=day)


def has_team(unit: Unit) -> bool:
    """Whether a unit has been set up as a team."""
    return Team.objects.filter(pk=unit.pk).exists()
