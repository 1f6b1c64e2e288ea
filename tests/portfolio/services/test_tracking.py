"""The engine: events, versions, conflicts by field, undo, the outbox."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from organization.access import SYSTEM
from organization.models import CustomFieldType, Period, PeriodKind
from organization.services.customs import custom_field_create
from organization.services.periods import period_create
from pmo_portal.lib import registry
from pmo_portal.lib.errors import Conflict, Refused
from portfolio.models import Epic, EventKind, Outbox, TrackedKind
from portfolio.services.epics import epic_delete, epic_edit, epic_move, epic_restore, epic_undo
from portfolio.services.features import feature_edit, feature_undo
from portfolio.services.workflows import state_archive
from tests.factories.organization import NOW, person_make
from tests.factories.portfolio import epic_make, feature_make, state_named
from tests.personas import World

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def epic(world: World) -> Epic:
    return epic_make(world.north, title="One")


@pytest.fixture
def region(world: World) -> str:
    for code in ("region", "site"):
        custom_field_create(
            actor=SYSTEM, unit=world.north, owner="EPIC", code=code, label=code, type=CustomFieldType.TEXT, at=NOW
        )
    return "region"


# -- events ----------------------------------------------------------------------------------------------------------


def test_an_event_says_who_when_where_and_both_values(world: World, epic: Epic) -> None:
    staff = world.persona("pmo_staff")
    epic_edit(actor=staff.actor, epic=epic, values={"starts_on": date(2026, 7, 1)}, seen_version=None, at=LATER)
    event = epic.events.latest("seq")
    assert (event.kind, event.old_value, event.new_value) == (EventKind.START, None, "2026-07-01")
    assert (event.actor, event.at, event.unit_id) == (staff.person, LATER, world.north.pk)
    assert event.recorded_at > LATER
    epic.refresh_from_db()
    assert (epic.version, epic.updated_at) == (event.seq, LATER)


def test_references_are_recorded_as_ids(epic: Epic) -> None:
    owner = person_make()
    epic_edit(actor=SYSTEM, epic=epic, values={"owner": owner}, seen_version=None, at=LATER)
    event = epic.events.latest("seq")
    assert (event.old_ref, event.new_ref, event.new_value) == (None, owner.pk, None)


def test_fields_changed_in_one_step_share_a_correlation(epic: Epic) -> None:
    epic_edit(actor=SYSTEM, epic=epic, values={"title": "Two", "labels": ["a"]}, seen_version=None, at=LATER)
    last = epic.events.order_by("-seq")[:2]
    assert len({event.correlation_id for event in last}) == 1


@pytest.mark.parametrize(("field", "value", "counts"), [("title", "Two", False), ("type", "ENABLER", True)])
def test_only_what_can_change_a_number_reaches_the_outbox(epic: Epic, field: str, value: str, counts: bool) -> None:
    Outbox.objects.all().delete()
    epic_edit(actor=SYSTEM, epic=epic, values={field: value}, seen_version=None, at=LATER)
    assert Outbox.objects.filter(kind=TrackedKind.EPIC, subject_id=epic.pk).exists() == counts


def test_listeners_are_told_after_the_commit(
    epic: Epic, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: object
) -> None:
    told: list[int] = []
    listener = registry.OutboxListener(notify=told.append)
    monkeypatch.setattr(registry, "outbox_listeners", [listener])
    monkeypatch.setattr("portfolio.services.tracking.registry.outbox_listeners", [listener])
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        epic_edit(actor=SYSTEM, epic=epic, values={"type": "ENABLER"}, seen_version=None, at=LATER)
        assert told == []
    assert told == [epic.unit_id]


# -- conflicts -------------------------------------------------------------------------------------------------------


def test_a_writer_who_wants_the_same_value_is_in_no_conflict(epic: Epic) -> None:
    seen = epic.version
    epic_edit(actor=SYSTEM, epic=epic, values={"title": "Two"}, seen_version=seen, at=LATER)
    changed = epic_edit(actor=SYSTEM, epic=epic, values={"title": "Two"}, seen_version=seen, at=LATER)
    assert changed.title == "Two"


def test_a_conflict_in_one_field_writes_none(epic: Epic) -> None:
    seen = epic.version
    epic_edit(actor=SYSTEM, epic=epic, values={"title": "Two"}, seen_version=seen, at=LATER)
    with pytest.raises(Conflict) as raised:
        epic_edit(actor=SYSTEM, epic=epic, values={"title": "X", "labels": ["a"]}, seen_version=seen, at=LATER)
    assert [conflict.field for conflict in raised.value.conflicts] == ["title"]
    epic.refresh_from_db()
    assert epic.labels == []


def test_custom_fields_conflict_one_by_one(epic: Epic, region: str) -> None:
    seen = epic.version
    epic_edit(actor=SYSTEM, epic=epic, values={"custom": {"region": "North"}}, seen_version=seen, at=LATER)
    epic_edit(actor=SYSTEM, epic=epic, values={"custom": {"site": "Hill"}}, seen_version=seen, at=LATER)
    with pytest.raises(Conflict) as raised:
        epic_edit(actor=SYSTEM, epic=epic, values={"custom": {"region": "South"}}, seen_version=seen, at=LATER)
    (conflict,) = raised.value.conflicts
    assert (conflict.yours, conflict.theirs) == ("South", "North")
    epic.refresh_from_db()
    assert epic.custom == {"region": "North", "site": "Hill"}


def test_somebody_who_does_not_say_what_they_saw_overwrites(epic: Epic) -> None:
    epic_edit(actor=SYSTEM, epic=epic, values={"title": "Two"}, seen_version=None, at=LATER)
    assert epic_edit(actor=SYSTEM, epic=epic, values={"title": "X"}, seen_version=None, at=LATER).title == "X"


# -- undo ------------------------------------------------------------------------------------------------------------


def test_what_was_changed_again_cannot_be_undone_first(epic: Epic) -> None:
    epic_edit(actor=SYSTEM, epic=epic, values={"title": "Two"}, seen_version=None, at=LATER)
    first = epic.events.latest("seq")
    epic_edit(actor=SYSTEM, epic=epic, values={"title": "Three"}, seen_version=None, at=LATER)
    second = epic.events.latest("seq")
    with pytest.raises(Refused, match="changed again"):
        epic_undo(actor=SYSTEM, epic=epic, event=first, at=LATER)
    epic_undo(actor=SYSTEM, epic=epic, event=second, at=LATER)
    assert epic_undo(actor=SYSTEM, epic=epic, event=first, at=LATER).title == "One"


def test_nothing_is_undone_twice_and_an_undo_is_not_undone(epic: Epic) -> None:
    epic_edit(actor=SYSTEM, epic=epic, values={"title": "Two"}, seen_version=None, at=LATER)
    change = epic.events.latest("seq")
    epic_undo(actor=SYSTEM, epic=epic, event=change, at=LATER)
    for event in (change, epic.events.latest("seq")):
        with pytest.raises(Refused):
            epic_undo(actor=SYSTEM, epic=epic, event=event, at=LATER)


def test_the_birth_is_not_undone(epic: Epic) -> None:
    for event in epic.events.all():
        with pytest.raises(Refused):
            epic_undo(actor=SYSTEM, epic=epic, event=event, at=LATER)


def test_undo_of_a_custom_field_leaves_the_others(epic: Epic, region: str) -> None:
    epic_edit(actor=SYSTEM, epic=epic, values={"custom": {"region": "North"}}, seen_version=None, at=LATER)
    change = epic.events.latest("seq")
    epic_edit(actor=SYSTEM, epic=epic, values={"custom": {"site": "Hill"}}, seen_version=None, at=LATER)
    assert epic_undo(actor=SYSTEM, epic=epic, event=change, at=LATER).custom == {"site": "Hill"}


def test_undo_does_not_put_a_card_into_a_column_that_is_gone(world: World, epic: Epic) -> None:
    funnel = epic.state
    target = state_named(world.north, TrackedKind.EPIC, "Reviewing")
    epic_move(actor=SYSTEM, epic=epic, to_state=target, after_id=None, seen_version=None, at=LATER)
    state_archive(actor=SYSTEM, state=funnel)
    with pytest.raises(Refused, match="not on this board"):
        epic_undo(actor=SYSTEM, epic=epic, event=epic.events.get(kind="STATE", new_ref=target.pk), at=LATER)


def test_undo_does_not_point_to_what_was_deleted(world: World) -> None:
    period = period_create(
        actor=SYSTEM,
        unit=world.north,
        kind=PeriodKind.PI,
        name="PI 1",
        starts_on=date(2026, 4, 1),
        ends_on=date(2026, 7, 1),
        at=NOW,
    )
    feature = feature_make(world.coast, period=period)
    feature_edit(actor=SYSTEM, feature=feature, values={"period": None}, seen_version=None, at=LATER)
    Period.objects.filter(pk=period.pk).delete()
    with pytest.raises(Refused, match="does not exist any more"):
        feature_undo(actor=SYSTEM, feature=feature, event=feature.events.latest("seq"), at=LATER)


def test_undo_of_a_move_goes_on_with_the_stay_it_ended(world: World, epic: Epic) -> None:
    reviewing = state_named(world.north, TrackedKind.EPIC, "Reviewing")
    analyzing = state_named(world.north, TrackedKind.EPIC, "Analyzing")
    epic_move(actor=SYSTEM, epic=epic, to_state=reviewing, after_id=None, seen_version=None, at=LATER)
    later = LATER + timedelta(days=3)
    epic_move(actor=SYSTEM, epic=epic, to_state=analyzing, after_id=None, seen_version=None, at=later)
    moved = epic.events.filter(kind="STATE").latest("seq")
    changed = epic_undo(actor=SYSTEM, epic=epic, event=moved, at=later + timedelta(days=1))
    assert (changed.state_id, changed.state_entered_at) == (reviewing.pk, LATER)


def test_undo_of_a_place_that_is_taken_leaves_the_card(world: World) -> None:
    first, second = epic_make(world.north), epic_make(world.north)
    old_rank = first.rank
    epic_move(actor=SYSTEM, epic=first, to_state=first.state, after_id=second.pk, seen_version=None, at=LATER)
    moved = first.events.latest("seq")
    Epic.objects.filter(pk=second.pk).update(rank=old_rank)
    changed = epic_undo(actor=SYSTEM, epic=first, event=moved, at=LATER)
    assert changed.rank != old_rank


def test_a_deletion_is_undone_like_anything_else(epic: Epic) -> None:
    epic_delete(actor=SYSTEM, epic=epic, at=LATER)
    deletion = epic.events.latest("seq")
    assert epic_undo(actor=SYSTEM, epic=epic, event=deletion, at=LATER).deleted_at is None
    assert epic.events.latest("seq").voids == deletion


def test_delete_and_restore_take_turns(epic: Epic) -> None:
    for _round in range(2):
        epic_delete(actor=SYSTEM, epic=epic, at=LATER)
        with pytest.raises(Refused):
            epic_delete(actor=SYSTEM, epic=epic, at=LATER)
        epic_restore(actor=SYSTEM, epic=epic, at=LATER)
    assert list(epic.events.filter(kind="RESTORED", voids__isnull=False)) == list(epic.events.filter(kind="RESTORED"))
