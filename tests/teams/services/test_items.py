"""Work items through their services: what is written, what is refused, what is recorded."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from organization.access import SYSTEM
from pmo_portal.lib.access import Denied
from pmo_portal.lib.errors import Conflict, Refused
from portfolio.models import EventKind, Outbox, StateCategory
from teams.models import ItemEvent, ItemKeyAlias, TeamMode, WorkItem
from teams.services import items
from tests.factories.organization import NOW
from tests.factories.teams import item_make, item_to, sprint_make, state_of, team_make
from tests.personas import World

pytestmark = pytest.mark.django_db


def kinds_of(item: WorkItem) -> list[str]:
    return list(ItemEvent.objects.filter(subject=item).order_by("seq").values_list("kind", flat=True))


def test_item_create_records_one_event_per_fact_and_one_outbox_row() -> None:
    team = team_make()

    item = item_make(team, title="  Refund in parts  ", estimate=Decimal(5), type="BUG")

    assert item.key == f"{team.key_prefix}-1"
    assert item.title == "Refund in parts"
    assert kinds_of(item) == ["CREATED", "STATE", "TITLE", "TYPE", "ESTIMATE", "PRIORITY", "CLASS"]
    assert WorkItem.objects.get().version == 7
    assert Outbox.objects.filter(kind="ITEM", subject_id=item.pk, unit_id=team.pk).count() == 1


def test_item_create_puts_items_in_order_of_creation() -> None:
    team = team_make()
    made = [item_make(team) for _ in range(5)]
    assert list(WorkItem.objects.ranked()) == made


def test_item_create_is_for_those_who_may(world: World) -> None:
    team = team_make(world.harbour)
    with pytest.raises(Denied):
        items.item_create(actor=world.persona("neighbour").actor, team=team, title="No", at=NOW)
    assert not WorkItem.objects.exists()
    made = items.item_create(actor=world.persona("developer").actor, team=team, title="Yes", at=NOW)
    assert made.reporter == world.persona("developer").person


def test_item_create_in_a_mirrored_team_is_refused(world: World) -> None:
    team = team_make(world.harbour, mode=TeamMode.MIRRORED)
    with pytest.raises(Refused, match="own tracker"):
        items.item_create(actor=world.persona("developer").actor, team=team, title="No", at=NOW)


def test_item_edit_merges_disjoint_fields_and_refuses_the_same_one() -> None:
    item = item_make(team_make(), title="Old", estimate=Decimal(3))
    seen = item.version
    items.item_edit(actor=SYSTEM, item=item, values={"title": "Theirs"}, seen_version=seen, at=NOW)

    items.item_edit(actor=SYSTEM, item=item, values={"estimate": Decimal(8)}, seen_version=seen, at=NOW)
    with pytest.raises(Conflict) as caught:
        items.item_edit(actor=SYSTEM, item=item, values={"title": "Mine"}, seen_version=seen, at=NOW)

    item.refresh_from_db()
    assert (item.title, item.estimate) == ("Theirs", Decimal(8))
    (conflict,) = caught.value.conflicts
    assert (conflict.field, conflict.yours, conflict.theirs) == ("title", "Mine", "Theirs")


def test_item_edit_to_the_same_value_writes_nothing() -> None:
    item = item_make(team_make(), title="Same")
    before = item.version
    edited = items.item_edit(actor=SYSTEM, item=item, values={"title": "Same"}, seen_version=None, at=NOW)
    assert edited.version == before
    assert kinds_of(item)[-1] == "CLASS"


def test_item_edit_refuses_fields_that_have_a_service_of_their_own() -> None:
    item = item_make(team_make())
    for name in ("state", "rank", "team", "version", "key", "deleted_at", "blocked_at", "resolution"):
        with pytest.raises(ValueError, match="not editable"):
            items.item_edit(actor=SYSTEM, item=item, values={name: None}, seen_version=None, at=NOW)


def test_item_edit_refuses_a_person_outside_sight(world: World) -> None:
    item = item_make(team_make(world.harbour))
    foreign = world.persona("south_developer").person
    with pytest.raises(Denied):
        items.item_edit(
            actor=world.persona("developer").actor,
            item=item,
            values={"assignee": foreign},
            seen_version=None,
            at=NOW,
        )


def test_item_move_writes_one_row_state_and_place() -> None:
    team = team_make()
    first, second, third = (item_make(team, category=StateCategory.ACTIVE) for _ in range(3))
    moved = item_make(team)

    items.item_move(
        actor=SYSTEM,
        item=moved,
        to_state=state_of(team, StateCategory.ACTIVE),
        after_id=first.pk,
        seen_version=moved.version,
        at=NOW + timedelta(hours=1),
    )

    column = WorkItem.objects.filter(state=first.state).ranked()
    assert list(column) == [first, moved, second, third]
    moved.refresh_from_db()
    assert moved.state_entered_at == NOW + timedelta(hours=1)


def test_item_move_on_top_comes_before_the_first_card() -> None:
    team = team_make()
    first = item_make(team, category=StateCategory.ACTIVE)
    moved = item_to(item_make(team), StateCategory.ACTIVE, at=NOW)
    assert list(WorkItem.objects.filter(state=first.state).ranked()) == [moved, first]


def test_item_move_never_conflicts_with_text() -> None:
    team = team_make()
    item = item_make(team, title="Old")
    seen = item.version
    items.item_edit(actor=SYSTEM, item=item, values={"title": "New"}, seen_version=seen, at=NOW)
    active = state_of(team, StateCategory.ACTIVE)
    moved = items.item_move(actor=SYSTEM, item=item, to_state=active, after_id=None, seen_version=seen, at=NOW)
    assert (moved.title, moved.state) == ("New", active)


def test_item_move_conflicts_with_another_move() -> None:
    team = team_make()
    item = item_make(team)
    seen = item.version
    item_to(item, StateCategory.ACTIVE, at=NOW)
    done = state_of(team, StateCategory.DONE)
    with pytest.raises(Conflict):
        items.item_move(actor=SYSTEM, item=item, to_state=done, after_id=None, seen_version=seen, at=NOW)


def test_item_undo_takes_back_the_whole_step() -> None:
    team = team_make()
    other = item_make(team, category=StateCategory.ACTIVE)
    item = item_make(team)
    old_rank = item.rank
    moved = items.item_move(
        actor=SYSTEM, item=item, to_state=other.state, after_id=None, seen_version=None, at=NOW + timedelta(days=1)
    )
    assert moved.rank < other.rank
    event = ItemEvent.objects.filter(subject=item, kind=EventKind.STATE).latest("seq")

    back = items.item_undo(actor=SYSTEM, item=item, event=event, at=NOW + timedelta(days=2))

    assert back.state == state_of(team, StateCategory.BACKLOG)
    assert back.rank == old_rank
    assert back.state_entered_at == NOW
    assert ItemEvent.objects.get(voids=event).new_ref == event.old_ref


def test_item_undo_is_refused_once_the_field_was_changed_again() -> None:
    item = item_make(team_make(), title="One")
    items.item_edit(actor=SYSTEM, item=item, values={"title": "Two"}, seen_version=None, at=NOW)
    event = ItemEvent.objects.filter(subject=item, kind=EventKind.TITLE).latest("seq")
    items.item_edit(actor=SYSTEM, item=item, values={"title": "Three"}, seen_version=None, at=NOW)
    with pytest.raises(Refused, match="changed again"):
        items.item_undo(actor=SYSTEM, item=item, event=event, at=NOW)


def test_item_block_keeps_its_clock_and_undo_gives_it_back() -> None:
    item = item_make(team_make())
    items.item_block(actor=SYSTEM, item=item, reason="bank sandbox down", at=NOW)
    items.item_block(actor=SYSTEM, item=item, reason="still down", at=NOW + timedelta(days=3))
    item.refresh_from_db()
    assert (item.blocked_at, item.blocked_reason) == (NOW, "still down")

    items.item_unblock(actor=SYSTEM, item=item, at=NOW + timedelta(days=4))
    event = ItemEvent.objects.filter(subject=item, kind=EventKind.BLOCKED).latest("seq")
    back = items.item_undo(actor=SYSTEM, item=item, event=event, at=NOW + timedelta(days=4))
    assert (back.blocked_at, back.blocked_reason) == (NOW, "still down")


def test_item_delete_and_restore_are_a_voided_pair() -> None:
    item = item_make(team_make())
    items.item_delete(actor=SYSTEM, item=item, at=NOW)
    assert not WorkItem.objects.present().exists()
    items.item_restore(actor=SYSTEM, item=item, at=NOW)
    assert WorkItem.objects.present().get() == item
    deletion = ItemEvent.objects.get(kind=EventKind.DELETED)
    assert ItemEvent.objects.get(kind=EventKind.RESTORED).voids == deletion


def test_item_transfer_keeps_the_key_and_leaves_the_sprint() -> None:
    here, there = team_make(), team_make()
    sprint = sprint_make(here)
    item = item_make(here, category=StateCategory.ACTIVE, sprint=sprint)

    moved = items.item_transfer(actor=SYSTEM, item=item, team=there, state=None, at=NOW)

    assert (moved.team, moved.key, moved.sprint) == (there, item.key, None)
    assert moved.state == state_of(there, StateCategory.ACTIVE)
    assert set(Outbox.objects.filter(subject_id=item.pk).values_list("unit_id", flat=True)) == {here.pk, there.pk}


def test_items_plan_refuses_a_foreign_sprint() -> None:
    item = item_make(team_make())
    with pytest.raises(Refused, match="another team"):
        items.items_plan(actor=SYSTEM, items=[item], sprint=sprint_make(team_make()), at=NOW)


def test_item_rekey_keeps_the_old_key_working() -> None:
    item = item_make(team_make())
    old = item.key
    items.item_rekey(item=item, key="NEW-7")
    assert ItemKeyAlias.objects.get(key=old).item == item


def test_who_waited_for_the_row_comes_second_in_time_too() -> None:
    """A request reads the clock, then waits for the row: history by time must end where the row ends."""
    team = team_make()
    item = item_make(team)
    item_to(item, StateCategory.ACTIVE, at=NOW + timedelta(seconds=5))
    late = item_to(item, StateCategory.DONE, at=NOW + timedelta(seconds=4))
    last = ItemEvent.objects.filter(subject=item, kind=EventKind.STATE).order_by("at", "seq").last()
    assert last is not None
    assert last.new_ref == late.state_id
    assert late.state_entered_at == NOW + timedelta(seconds=5)


def test_a_move_may_be_dated_back_on_purpose() -> None:
    team = team_make()
    item = item_make(team)
    item_to(item, StateCategory.ACTIVE, at=NOW + timedelta(days=5))
    item_to(item, StateCategory.DONE, at=NOW + timedelta(days=3))
    assert ItemEvent.objects.filter(subject=item, kind=EventKind.STATE).latest("seq").at == NOW + timedelta(days=3)
