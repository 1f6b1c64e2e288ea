"""Moving a card: place, transitions, limits; and the order of a list."""

from __future__ import annotations

from datetime import timedelta

import pytest

from organization.access import SYSTEM
from organization.models import Role, Unit
from pmo_portal.lib.errors import Conflict, Refused
from portfolio.models import Epic, TrackedKind, WorkflowState, WorkflowTransition
from portfolio.services.epics import epic_move
from portfolio.services.moves import check_transition
from portfolio.services.rank import list_rekey
from portfolio.services.registration import EPIC
from portfolio.services.workflows import state_archive, state_edit
from tests.factories.organization import NOW
from tests.factories.portfolio import epic_make, state_named
from tests.personas import World

LATER = NOW + timedelta(hours=1)


def state(unit: Unit, name: str) -> WorkflowState:
    return state_named(unit, TrackedKind.EPIC, name)


def put(epic: Epic, to: WorkflowState, *, after: Epic | None = None, seen: int | None = None) -> Epic:
    return epic_move(
        actor=SYSTEM, epic=epic, to_state=to, after_id=after.pk if after else None, seen_version=seen, at=LATER
    )


# -- place -----------------------------------------------------------------------------------------------------------


def test_on_top_is_on_top_of_the_column_not_of_the_list(world: World) -> None:
    first, second, third = (epic_make(world.north) for _ in range(3))
    reviewing = state(world.north, "Reviewing")
    put(second, reviewing)
    put(third, reviewing)
    assert list(Epic.objects.filter(state=reviewing).ranked()) == [third, second]
    assert Epic.objects.ranked().first() == first


def test_where_it_stands_already_is_no_change(world: World) -> None:
    first, second = epic_make(world.north), epic_make(world.north)
    assert put(first, first.state).version == first.version
    assert put(second, second.state, after=first).version == second.version


def test_behind_a_card_that_has_left_the_list_only_the_state_changes(world: World) -> None:
    epic, foreign = epic_make(world.north), epic_make(world.south)
    moved = put(epic, state(world.north, "Reviewing"), after=foreign)
    assert (moved.state.name, moved.rank) == ("Reviewing", epic.rank)


def test_the_clock_of_the_column_starts_with_the_move_and_not_with_a_new_place(world: World) -> None:
    first, second = epic_make(world.north), epic_make(world.north)
    assert put(first, first.state, after=second).state_entered_at == NOW
    assert put(first, state(world.north, "Reviewing")).state_entered_at == LATER


def test_list_rekey_keeps_the_order_and_everybodys_version(world: World) -> None:
    epics = [epic_make(world.north) for _ in range(4)]
    put(epics[0], epics[0].state, after=epics[2])
    before = list(Epic.objects.ranked().values_list("pk", "version"))
    assert list_rekey(EPIC, world.north.pk) == 4
    assert list(Epic.objects.ranked().values_list("pk", "version")) == before


# -- conflicts and rules ---------------------------------------------------------------------------------------------


def test_a_move_conflicts_with_a_move_and_a_new_place_with_nothing(world: World) -> None:
    epic, other = epic_make(world.north), epic_make(world.north)
    seen = epic.version
    put(epic, epic.state, after=other)
    moved = put(epic, state(world.north, "Reviewing"), seen=seen)
    with pytest.raises(Conflict) as raised:
        put(moved, state(world.north, "Analyzing"), seen=seen)
    (conflict,) = raised.value.conflicts
    assert (conflict.yours, conflict.theirs) == ("Analyzing", "Reviewing")


def test_a_board_without_rules_allows_every_move(world: World) -> None:
    assert put(epic_make(world.north), state(world.north, "Done")).state.name == "Done"


def test_a_board_with_rules_allows_what_they_say(world: World) -> None:
    funnel, reviewing, done = (state(world.north, name) for name in ("Funnel", "Reviewing", "Done"))
    WorkflowTransition.objects.create(workflow=funnel.workflow, from_state=funnel, to_state=reviewing)
    WorkflowTransition.objects.create(workflow=funnel.workflow, from_state=None, to_state=done)
    epic = put(epic_make(world.north), reviewing)
    with pytest.raises(Refused, match="does not allow moves from “Reviewing” to “Funnel”"):
        put(epic, funnel)
    assert put(epic, done).state == done


def test_a_rule_may_be_for_some_roles_only(world: World) -> None:
    funnel, reviewing = state(world.north, "Funnel"), state(world.north, "Reviewing")
    WorkflowTransition.objects.create(
        workflow=funnel.workflow, from_state=funnel, to_state=reviewing, roles=[Role.COMMITTEE_MEMBER]
    )
    check_transition(funnel, reviewing, roles=None)
    check_transition(funnel, reviewing, roles=frozenset({Role.COMMITTEE_MEMBER, Role.COACH}))
    with pytest.raises(Refused, match="Your role"):
        check_transition(funnel, reviewing, roles=frozenset({Role.PMO_STAFF}))
    with pytest.raises(Refused, match="Your role"):
        epic_move(
            actor=world.persona("pmo_staff").actor,
            epic=epic_make(world.north),
            to_state=reviewing,
            after_id=None,
            seen_version=None,
            at=LATER,
        )


def test_a_state_of_another_board_or_an_archived_one_is_no_target(world: World) -> None:
    epic = epic_make(world.north)
    foreign = epic_make(world.south).state
    reviewing = state(world.north, "Reviewing")
    state_archive(actor=SYSTEM, state=reviewing)
    for target in (foreign, reviewing):
        with pytest.raises(Refused, match="board"):
            put(epic, target)


# -- limits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_hard", [True, False])
def test_a_limit_stops_moves_only_when_it_is_hard(world: World, is_hard: bool) -> None:
    reviewing = state(world.north, "Reviewing")
    state_edit(actor=SYSTEM, state=reviewing, name="Reviewing", wip_limit=1, is_hard_limit=is_hard, policy="")
    reviewing.refresh_from_db()
    first, second = epic_make(world.north), epic_make(world.north)
    put(first, reviewing)
    if is_hard:
        with pytest.raises(Refused, match="its limit is 1 card"):
            put(second, reviewing)
        put(first, reviewing)
        put(first, state(world.north, "Analyzing"))
    put(second, reviewing)
    assert Epic.objects.filter(state=reviewing).count() == (1 if is_hard else 2)
