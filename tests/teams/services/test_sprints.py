"""Sprints through their services: commitment, scope change, close, carry-over, and what stays frozen."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from organization.access import SYSTEM
from pmo_portal.lib.errors import Refused
from portfolio.models import StateCategory
from teams.models import SprintOutcome, SprintState, TeamMethod, TeamMode, WorkItem
from teams.services import items, sprints
from tests.factories.organization import NOW
from tests.factories.teams import item_make, item_to, sprint_make, team_make
from tests.personas import World

pytestmark = pytest.mark.django_db

BEFORE = NOW - timedelta(days=2)
CLOSE = NOW + timedelta(days=14)


def day(number: int):
    return NOW + timedelta(days=number)


def test_sprint_close_freezes_figures_and_carries_the_rest_over() -> None:
    team = team_make()
    sprint, following = sprint_make(team), sprint_make(team, starts_at=CLOSE)
    done = item_make(team, at=BEFORE, sprint=sprint, estimate=Decimal(5))
    left = item_make(team, at=BEFORE, sprint=sprint, estimate=Decimal(3))
    removed = item_make(team, at=BEFORE, sprint=sprint, estimate=Decimal(2))
    sprints.sprint_start(actor=SYSTEM, sprint=sprint, at=NOW)
    added = item_make(team, at=day(1), estimate=Decimal(8))
    items.items_plan(actor=SYSTEM, items=[added], sprint=sprint, at=day(2))
    items.items_plan(actor=SYSTEM, items=[removed], sprint=None, at=day(3))
    items.item_edit(actor=SYSTEM, item=done, values={"estimate": Decimal(13)}, seen_version=None, at=day(3))
    for item in (done, added):
        item_to(item, StateCategory.ACTIVE, at=day(4))
        item_to(item, StateCategory.DONE, at=day(5))

    result = sprints.sprint_close(actor=SYSTEM, sprint=sprint, carry_to=following, at=CLOSE)

    closed = result.sprint
    assert closed.state == SprintState.CLOSED
    assert (closed.committed_points, closed.committed_count) == (Decimal(10), 3)
    assert (closed.completed_points, closed.completed_count) == (Decimal(21), 2)
    assert (closed.added_count, closed.removed_count, closed.carried_over_count) == (1, 1, 1)
    assert closed.committed_completed_points == Decimal(5)
    assert (result.carried_over, result.returned_to_backlog) == (1, 0)
    kinds = dict(SprintOutcome.objects.values_list("item_id", "kind"))
    assert kinds == {
        done.pk: "COMPLETED",
        added.pk: "COMPLETED",
        left.pk: "NOT_COMPLETED",
        removed.pk: "REMOVED",
    }
    left.refresh_from_db()
    assert left.sprint == following


def test_a_closed_sprint_does_not_change_whatever_happens_later() -> None:
    team = team_make()
    sprint = sprint_make(team)
    item = item_make(team, at=BEFORE, sprint=sprint, estimate=Decimal(5))
    sprints.sprint_start(actor=SYSTEM, sprint=sprint, at=NOW)
    item_to(item, StateCategory.DONE, at=day(3))
    closed = sprints.sprint_close(actor=SYSTEM, sprint=sprint, carry_to=None, at=CLOSE).sprint

    items.item_edit(actor=SYSTEM, item=item, values={"estimate": Decimal(40)}, seen_version=None, at=day(20))
    item_to(item, StateCategory.ACTIVE, at=day(21))

    closed.refresh_from_db()
    assert closed.completed_points == Decimal(5)


def test_reopened_and_finished_again_counts_in_the_first_sprint_only() -> None:
    team = team_make()
    first, second = sprint_make(team), sprint_make(team, starts_at=CLOSE)
    item = item_make(team, at=BEFORE, sprint=first, estimate=Decimal(5))
    sprints.sprint_start(actor=SYSTEM, sprint=first, at=NOW)
    item_to(item, StateCategory.DONE, at=day(3))
    sprints.sprint_close(actor=SYSTEM, sprint=first, carry_to=None, at=CLOSE)
    item_to(item, StateCategory.ACTIVE, at=day(15))
    items.item_edit(actor=SYSTEM, item=item, values={"sprint": second}, seen_version=None, at=day(15))
    sprints.sprint_start(actor=SYSTEM, sprint=second, at=day(16))
    item_to(item, StateCategory.DONE, at=day(17))

    closed = sprints.sprint_close(actor=SYSTEM, sprint=second, carry_to=None, at=day(28)).sprint

    assert closed.completed_count == 0
    assert SprintOutcome.objects.get(sprint=second).kind == "FINISHED_AGAIN"


def test_finished_before_the_sprint_began_is_not_completed_in_it() -> None:
    team = team_make()
    sprint = sprint_make(team)
    item = item_make(team, at=BEFORE, sprint=sprint, estimate=Decimal(5))
    item_to(item, StateCategory.DONE, at=NOW - timedelta(hours=1))
    sprints.sprint_start(actor=SYSTEM, sprint=sprint, at=NOW)
    closed = sprints.sprint_close(actor=SYSTEM, sprint=sprint, carry_to=None, at=CLOSE).sprint
    assert (closed.completed_points, SprintOutcome.objects.get().kind) == (Decimal(0), "COMPLETED_OUTSIDE")


def test_sprint_close_twice_is_refused() -> None:
    sprint = sprint_make(team_make(), start=True)
    sprints.sprint_close(actor=SYSTEM, sprint=sprint, carry_to=None, at=CLOSE)
    with pytest.raises(Refused, match="not active"):
        sprints.sprint_close(actor=SYSTEM, sprint=sprint, carry_to=None, at=CLOSE)


def test_sprint_close_decides_item_by_item() -> None:
    team = team_make()
    sprint, following = sprint_make(team), sprint_make(team, starts_at=CLOSE)
    stays, goes = item_make(team, at=BEFORE, sprint=sprint), item_make(team, at=BEFORE, sprint=sprint)
    sprints.sprint_start(actor=SYSTEM, sprint=sprint, at=NOW)
    result = sprints.sprint_close(actor=SYSTEM, sprint=sprint, carry_to=following, at=CLOSE, decisions={stays.pk: None})
    assert (result.carried_over, result.returned_to_backlog) == (1, 1)
    assert dict(WorkItem.objects.values_list("pk", "sprint_id")) == {stays.pk: None, goes.pk: following.pk}


def test_a_team_has_one_active_sprint() -> None:
    team = team_make()
    sprint_make(team, start=True)
    with pytest.raises(Refused, match="Another sprint"):
        sprints.sprint_start(actor=SYSTEM, sprint=sprint_make(team), at=NOW)


def test_a_kanban_team_has_no_sprints() -> None:
    with pytest.raises(Refused, match="does not work in sprints"):
        sprint_make(team_make(method=TeamMethod.KANBAN))


def test_items_cannot_enter_a_closed_sprint_by_hand(world) -> None:
    team = team_make(world.harbour)
    item = item_make(team)
    sprint = sprint_make(team, start=True)
    closed = sprints.sprint_close(actor=SYSTEM, sprint=sprint, carry_to=None, at=CLOSE).sprint
    with pytest.raises(Refused, match="closed"):
        items.items_plan(actor=world.persona("developer").actor, items=[item], sprint=closed, at=CLOSE)


def test_sprint_delete_sends_its_items_back() -> None:
    team = team_make()
    sprint = sprint_make(team)
    item = item_make(team, sprint=sprint)
    sprints.sprint_delete(actor=SYSTEM, sprint=sprint, at=NOW)
    item.refresh_from_db()
    assert item.sprint is None


def test_sprints_of_a_mirrored_team_are_run_in_its_tracker(world: World) -> None:
    team = team_make(world.harbour, mode=TeamMode.MIRRORED)
    sprint = sprint_make(team, start=True)
    master = world.persona("scrum_master").actor
    with pytest.raises(Refused, match="own tracker"):
        sprints.sprint_close(actor=master, sprint=sprint, carry_to=None, at=CLOSE)
    with pytest.raises(Refused, match="own tracker"):
        sprints.sprint_create(actor=master, team=team, name="Mine")
