"""Planning while others plan, close and undo: one order of locks, and no way back into a closed sprint."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from functools import partial
from threading import Barrier, BrokenBarrierError, local
from typing import Any

import pytest
from django.db import OperationalError

from organization.access import SYSTEM
from pmo_portal.lib.errors import Refused
from portfolio.models import EventKind, StateCategory, WorkflowState
from portfolio.selectors.history import history
from portfolio.services import tracking
from portfolio.services.workflows import state_edit
from teams.models import ItemEvent, Sprint, WorkItem
from teams.services import items, sprints
from tests.factories.organization import NOW
from tests.factories.teams import item_make, item_to, sprint_make, team_make
from tests.portfolio.racing import race


@pytest.mark.django_db
def test_undo_does_not_put_an_item_back_into_a_closed_sprint() -> None:
    team = team_make()
    sprint = sprint_make(team, start=True)
    left = item_make(team, category=StateCategory.ACTIVE, sprint=sprint)
    sprints.sprint_close(actor=SYSTEM, sprint=sprint, carry_to=None, at=NOW + timedelta(days=14))
    carried = ItemEvent.objects.filter(subject=left, kind=EventKind.SPRINT).latest("seq")

    with pytest.raises(Refused, match="closed"):
        items.item_undo(actor=SYSTEM, item=left, event=carried, at=NOW + timedelta(days=15))

    left.refresh_from_db()
    assert left.sprint is None


@pytest.mark.django_db
def test_undo_does_not_put_an_item_into_a_sprint_of_the_team_it_left() -> None:
    here, there = team_make(), team_make()
    sprint = sprint_make(here)
    item = item_make(here, sprint=sprint)
    items.items_plan(actor=SYSTEM, items=[item], sprint=None, at=NOW)
    taken_out = ItemEvent.objects.filter(subject=item, kind=EventKind.SPRINT).latest("seq")
    items.item_transfer(actor=SYSTEM, item=item, team=there, state=None, at=NOW)

    with pytest.raises(Refused, match="another team"):
        items.item_undo(actor=SYSTEM, item=item, event=taken_out, at=NOW)


@pytest.mark.django_db
def test_undo_puts_an_item_back_into_an_open_sprint() -> None:
    team = team_make()
    sprint = sprint_make(team)
    item = item_make(team, sprint=sprint)
    items.items_plan(actor=SYSTEM, items=[item], sprint=None, at=NOW)
    taken_out = ItemEvent.objects.filter(subject=item, kind=EventKind.SPRINT).latest("seq")

    assert items.item_undo(actor=SYSTEM, item=item, event=taken_out, at=NOW).sprint_id == sprint.pk


@pytest.mark.django_db
def test_transfer_takes_the_sub_tasks_along_even_deleted_ones() -> None:
    here, there = team_make(), team_make()
    item = item_make(here)
    part, gone = (item_make(here, type="SUBTASK", parent=item) for _ in range(2))
    items.item_delete(actor=SYSTEM, item=gone, at=NOW)

    items.item_transfer(actor=SYSTEM, item=item, team=there, state=None, at=NOW)

    assert set(WorkItem.objects.values_list("team_id", flat=True)) == {there.pk}
    assert set(WorkItem.objects.values_list("state__workflow_id", flat=True)) == {there.workflow_id}
    assert ItemEvent.objects.filter(subject=part, kind=EventKind.TEAM, new_ref=there.pk).exists()


@pytest.mark.django_db
def test_a_sub_task_is_not_handed_over_without_its_item() -> None:
    here, there = team_make(), team_make()
    part = item_make(here, type="SUBTASK", parent=item_make(here))
    with pytest.raises(Refused, match="part of another item"):
        items.item_transfer(actor=SYSTEM, item=part, team=there, state=None, at=NOW)


@pytest.mark.django_db(transaction=True)
def test_two_who_plan_overlapping_items_into_one_sprint_do_not_block_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each has locked their first item when both reach for the rest; the sprint, taken first, keeps them in line."""
    team = team_make()
    sprint = sprint_make(team)
    one, two, three = (item_make(team) for _ in range(3))
    outcomes = _planned_together(monkeypatch, sprint, [[one, two], [two, three]])
    assert [each for each in outcomes if isinstance(each, Exception)] == []
    assert set(WorkItem.objects.values_list("sprint_id", flat=True)) == {sprint.pk}


@pytest.mark.django_db(transaction=True)
def test_control_without_the_order_of_locks_they_do(monkeypatch: pytest.MonkeyPatch) -> None:
    team = team_make()
    sprint = sprint_make(team)
    one, two, three = (item_make(team) for _ in range(3))
    hold = items._hold_sprint
    # As it was: the sprint is taken after the item.
    monkeypatch.setattr(items, "_hold_sprint", lambda actor, held: None)
    check = items._check_references

    def check_then_hold(actor: Any, team: Any, fields: Any) -> None:
        check(actor, team, fields)
        hold(actor, fields.get("sprint"))

    monkeypatch.setattr(items, "_check_references", check_then_hold)
    # Who has the sprint first decides: only if it is the one who still needs an item of the other they are stuck.
    outcomes = [
        each
        for _attempt in range(8)
        for each in _planned_together(monkeypatch, sprint, [[one, two], [two, three]], patience=20)
    ]
    assert any(isinstance(each, OperationalError) for each in outcomes)


_LOCKED = tracking.locked


def _planned_together(
    monkeypatch: pytest.MonkeyPatch, sprint: Sprint, selections: list[list[WorkItem]], *, patience: float = 1
) -> list[Any]:
    """Plan each selection in a thread of its own; who locks a first item waits a moment for the others to do so."""
    barrier, seen = Barrier(len(selections)), local()
    locked = _LOCKED

    def locked_and_waited(model: Any, pk: int) -> Any:
        row = locked(model, pk)
        if not hasattr(seen, "first"):
            seen.first = pk
            with suppress(BrokenBarrierError):  # the others wait for the sprint: nobody to meet
                barrier.wait(timeout=patience)
        return row

    monkeypatch.setattr(tracking, "locked", locked_and_waited)
    return race([partial(items.items_plan, actor=SYSTEM, items=each, sprint=sprint, at=NOW) for each in selections])


@pytest.mark.django_db(transaction=True)
def test_a_close_that_waited_for_a_card_counts_what_it_waited_for() -> None:
    """The close was asked for first, the card moved while it waited: figures and cards say the same."""
    team = team_make()
    sprint = sprint_make(team, start=True)
    item = item_make(team, category=StateCategory.ACTIVE, sprint=sprint, at=NOW + timedelta(days=1))
    asked_at = NOW + timedelta(days=14)
    item_to(item, StateCategory.DONE, at=asked_at + timedelta(seconds=1))

    result = sprints.sprint_close(actor=SYSTEM, sprint=sprint, carry_to=None, at=asked_at)

    assert result.sprint.completed_count == 1
    assert result.sprint.carried_over_count == result.carried_over + result.returned_to_backlog == 0
    assert result.sprint.completed_at is not None
    assert result.sprint.completed_at > asked_at


@pytest.mark.django_db
def test_a_close_cannot_carry_over_to_itself_or_to_a_sprint_that_is_gone() -> None:
    team = team_make()
    sprint, following = sprint_make(team, start=True), sprint_make(team, starts_at=NOW + timedelta(days=14))
    at = NOW + timedelta(days=14)
    with pytest.raises(Refused, match="another sprint"):
        sprints.sprint_close(actor=SYSTEM, sprint=sprint, carry_to=sprint, at=at)
    gone = Sprint.objects.get(pk=following.pk)
    sprints.sprint_delete(actor=SYSTEM, sprint=following, at=NOW)
    with pytest.raises(Refused, match="deleted"):
        sprints.sprint_close(actor=SYSTEM, sprint=sprint, carry_to=gone, at=at)


@pytest.mark.django_db
def test_undo_does_not_make_an_item_part_of_one_of_the_team_it_left() -> None:
    here, there = team_make(), team_make()
    whole = item_make(here)
    part = item_make(here, parent=whole)
    items.item_edit(actor=SYSTEM, item=part, values={"parent": None}, seen_version=None, at=NOW)
    taken_off = ItemEvent.objects.filter(subject=part, kind=EventKind.PARENT).latest("seq")
    again = items.item_undo(actor=SYSTEM, item=part, event=taken_off, at=NOW)
    assert again.parent_id == whole.pk
    items.item_edit(actor=SYSTEM, item=part, values={"parent": None}, seen_version=None, at=NOW)
    taken_off = ItemEvent.objects.filter(subject=part, kind=EventKind.PARENT).latest("seq")
    items.item_transfer(actor=SYSTEM, item=part, team=there, state=None, at=NOW)

    with pytest.raises(Refused, match="cannot become part"):
        items.item_undo(actor=SYSTEM, item=part, event=taken_off, at=NOW)


@pytest.mark.django_db
def test_history_offers_no_undo_that_would_be_refused() -> None:
    team = team_make()
    sprint = sprint_make(team, start=True)
    item = item_make(team, category=StateCategory.ACTIVE, sprint=sprint)
    sprints.sprint_close(actor=SYSTEM, sprint=sprint, carry_to=None, at=NOW + timedelta(days=14))
    item = item_to(item, StateCategory.DONE, at=NOW + timedelta(days=15))
    item.refresh_from_db()
    assert offered(item) == {EventKind.STATE}, "not back into the closed sprint, but back to the column"
    state = WorkflowState.objects.get(workflow_id=team.workflow_id, name="In progress")
    item_make(team, category=StateCategory.ACTIVE)
    state_edit(actor=SYSTEM, state=state, name=state.name, wip_limit=1, is_hard_limit=True, policy="")
    assert offered(item) == set(), "nor into a column that is full"
    items.item_delete(actor=SYSTEM, item=item, at=NOW + timedelta(days=16))
    item.refresh_from_db()
    assert offered(item) == {EventKind.DELETED}


def offered(item: WorkItem) -> set[str]:
    """The kinds of change the history offers to undo."""
    steps = history(item, actor=SYSTEM).steps
    return {
        str(event.kind)
        for step in steps
        if step.can_undo
        for event in ItemEvent.objects.filter(subject=item, seq=step.seq)
    } - {"RANK"}


@pytest.mark.django_db
def test_no_service_voids_a_void() -> None:
    """Numbers need not follow chains of undoing: an undo, and what came out of the recycle bin, cannot be undone."""
    team = team_make()
    item = item_make(team)
    items.item_edit(actor=SYSTEM, item=item, values={"title": "New"}, seen_version=None, at=NOW)
    changed = ItemEvent.objects.filter(subject=item, kind=EventKind.TITLE).latest("seq")
    items.item_undo(actor=SYSTEM, item=item, event=changed, at=NOW)
    items.item_delete(actor=SYSTEM, item=item, at=NOW)
    items.item_restore(actor=SYSTEM, item=item, at=NOW)
    voids = list(ItemEvent.objects.filter(subject=item, voids__isnull=False))
    assert {each.kind for each in voids} == {EventKind.TITLE, EventKind.RESTORED}
    for each in voids:
        with pytest.raises(Refused):
            items.item_undo(actor=SYSTEM, item=item, event=each, at=NOW)
    assert not ItemEvent.objects.filter(voids__voids__isnull=False).exists()
