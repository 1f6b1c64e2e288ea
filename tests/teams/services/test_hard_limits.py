"""A hard limit holds whichever way a card comes into the column, and counts what the board counts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from organization.access import SYSTEM
from pmo_portal.lib.errors import Refused
from portfolio.models import EventKind, StateCategory, WorkflowState
from portfolio.services.workflows import state_archive, state_edit
from teams.models import ItemEvent, Team, TeamMethod, WorkItem
from teams.services import items
from tests.factories.organization import NOW
from tests.factories.teams import item_make, item_to, state_of, team_make

pytestmark = pytest.mark.django_db


def limited(team: Team, *, to: int = 1) -> WorkflowState:
    """The team's column of active work, with a hard limit."""
    state = state_of(team, StateCategory.ACTIVE)
    return state_edit(actor=SYSTEM, state=state, name=state.name, wip_limit=to, is_hard_limit=True, policy="")


def by_undo(team: Team) -> Callable[[], WorkItem]:
    item = item_to(item_make(team, category=StateCategory.ACTIVE), StateCategory.DONE, at=NOW)
    event = ItemEvent.objects.filter(subject=item, kind=EventKind.STATE).latest("seq")
    return lambda: items.item_undo(actor=SYSTEM, item=item, event=event, at=NOW)


def by_restore(team: Team) -> Callable[[], WorkItem]:
    item = items.item_delete(actor=SYSTEM, item=item_make(team, category=StateCategory.ACTIVE), at=NOW)
    return lambda: items.item_restore(actor=SYSTEM, item=item, at=NOW)


def by_creation(team: Team) -> Callable[[], WorkItem]:
    return lambda: item_make(team, category=StateCategory.ACTIVE)


def by_transfer(team: Team) -> Callable[[], WorkItem]:
    item = item_make(team_make(method=TeamMethod.KANBAN), category=StateCategory.ACTIVE)
    return lambda: items.item_transfer(actor=SYSTEM, item=item, team=team, state=None, at=NOW)


def by_move(team: Team) -> Callable[[], WorkItem]:
    item = item_make(team)
    return lambda: item_to(item, StateCategory.ACTIVE, at=NOW)


@pytest.mark.parametrize("way", [by_undo, by_restore, by_creation, by_transfer, by_move])
def test_nothing_comes_into_a_full_column(way: Callable[[Team], Callable[[], WorkItem]]) -> None:
    team = team_make(method=TeamMethod.KANBAN)
    enter = way(team)
    occupant = item_make(team, category=StateCategory.ACTIVE)
    state = limited(team)
    with pytest.raises(Refused, match="full"):
        enter()
    assert list(WorkItem.objects.present().filter(team=team, state=state)) == [occupant]


@pytest.mark.parametrize("way", [by_undo, by_restore, by_creation, by_transfer, by_move])
def test_it_does_while_there_is_room(way: Callable[[Team], Callable[[], WorkItem]]) -> None:
    team = team_make(method=TeamMethod.KANBAN)
    enter = way(team)
    state = limited(team)
    assert enter().state_id == state.pk


def test_sub_tasks_take_no_room_and_need_none() -> None:
    team = team_make(method=TeamMethod.KANBAN)
    item = item_make(team, category=StateCategory.ACTIVE)
    limited(team)
    for _number in range(2):
        part = item_make(team, type="SUBTASK", parent=item)
        item_to(part, StateCategory.ACTIVE, at=NOW)
    assert item_to(item, StateCategory.DONE, at=NOW).state.category == StateCategory.DONE
    item_to(item, StateCategory.ACTIVE, at=NOW)


def test_a_card_comes_out_of_the_bin_into_a_column_that_is_there() -> None:
    team = team_make(method=TeamMethod.KANBAN)
    first, second = WorkflowState.objects.filter(workflow_id=team.workflow_id, category="ACTIVE").order_by("position")
    item = item_to(item_make(team), StateCategory.ACTIVE, at=NOW)
    assert item.state == first
    items.item_delete(actor=SYSTEM, item=item, at=NOW)
    state_archive(actor=SYSTEM, state=first)

    back = items.item_restore(actor=SYSTEM, item=item, at=NOW)

    assert back.state == second
    assert ItemEvent.objects.filter(subject=item, kind=EventKind.STATE).latest("seq").new_ref == second.pk
    assert back.version == ItemEvent.objects.filter(subject=item).count()
