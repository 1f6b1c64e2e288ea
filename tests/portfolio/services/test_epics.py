"""Epics: keys, fields, conflicts, alignment, the recycle bin."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError

from organization.access import SYSTEM
from pmo_portal.lib.access import Actor, Denied
from pmo_portal.lib.errors import Conflict, Refused
from portfolio.models import Epic, EpicType, EventKind, Outbox, StateCategory, ThemeState, TrackedKind
from portfolio.services.epics import (
    alignment_of,
    epic_align,
    epic_create,
    epic_delete,
    epic_edit,
    epic_move,
    epic_restore,
    epic_undo,
)
from tests.factories.organization import NOW, person_make
from tests.factories.portfolio import epic_make, state_named, theme_make
from tests.personas import World

LATER = NOW + timedelta(hours=1)


def kinds_of(epic: Epic) -> list[str]:
    return list(epic.events.order_by("seq").values_list("kind", flat=True))


# -- create ----------------------------------------------------------------------------------------------------------


def test_epic_create_gives_key_first_state_last_place_and_events(world: World) -> None:
    first = epic_make(world.north)
    second = epic_make(world.north, type=EpicType.ENABLER)
    assert (first.key, second.key) == ("NORTH-E1", "NORTH-E2")
    assert second.state.category == StateCategory.BACKLOG
    assert first.rank < second.rank
    assert kinds_of(second) == ["CREATED", "STATE", "TITLE", "TYPE"]
    assert second.version == 4
    assert Outbox.objects.filter(kind=TrackedKind.EPIC, subject_id=second.pk).exists()


def test_epic_create_never_uses_a_number_twice(world: World) -> None:
    epic_make(world.north)
    epic_delete(actor=SYSTEM, epic=epic_make(world.north), at=NOW)
    assert epic_make(world.north).key == "NORTH-E3"


def test_epic_create_takes_the_key_of_where_it_comes_from(world: World) -> None:
    epic = epic_create(actor=SYSTEM, unit=world.north, title="Imported", key="TIMOB-77", at=NOW)
    assert epic.key == "TIMOB-77"
    with pytest.raises(ValidationError, match="is taken"):
        epic_create(actor=SYSTEM, unit=world.south, title="Again", key="TIMOB-77", at=NOW)


def test_epic_create_wants_a_portfolio(world: World) -> None:
    with pytest.raises(ValidationError, match="belong to a portfolio"):
        epic_make(world.coast)


@pytest.mark.parametrize(
    ("title", "values", "field"),
    [
        ("  ", {}, "title"),
        ("x" * 256, {}, "title"),
        ("Good", {"type": "OTHER"}, "type"),
        ("Good", {"starts_on": date(2026, 5, 2), "ends_on": date(2026, 5, 1)}, "ends_on"),
    ],
)
def test_epic_create_says_which_field_is_wrong(world: World, title: str, values: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError) as raised:
        epic_create(actor=SYSTEM, unit=world.north, title=title, values=values, at=NOW)
    assert field in raised.value.message_dict
    assert not Epic.objects.exists()


@pytest.mark.parametrize(
    ("name", "may"), [("pmo_staff", True), ("executive", False), ("developer", False), ("south_staff", False)]
)
def test_epic_create_is_for_who_shapes_the_portfolio(world: World, name: str, may: bool) -> None:
    actor = world.persona(name).actor
    if may:
        assert epic_create(actor=actor, unit=world.north, title="New", at=NOW).pk
    else:
        with pytest.raises(Denied):
            epic_create(actor=actor, unit=world.north, title="New", at=NOW)


# -- edit ------------------------------------------------------------------------------------------------------------


def test_epic_edit_keeps_what_two_people_changed_in_different_fields(world: World) -> None:
    epic = epic_make(world.north, title="One")
    seen = epic.version
    epic_edit(actor=SYSTEM, epic=epic, values={"title": "Two"}, seen_version=seen, at=LATER)
    epic_edit(actor=SYSTEM, epic=epic, values={"description": "Why"}, seen_version=seen, at=LATER)
    epic.refresh_from_db()
    assert (epic.title, epic.description) == ("Two", "Why")


def test_epic_edit_refuses_the_same_field_and_shows_both_values(world: World) -> None:
    epic = epic_make(world.north, title="One")
    seen = epic.version
    epic_edit(actor=SYSTEM, epic=epic, values={"title": "Two"}, seen_version=seen, at=LATER)
    with pytest.raises(Conflict) as raised:
        epic_edit(actor=SYSTEM, epic=epic, values={"title": "Three"}, seen_version=seen, at=LATER)
    (conflict,) = raised.value.conflicts
    assert (conflict.yours, conflict.theirs) == ("Three", "Two")


def test_epic_edit_after_a_move_is_no_conflict(world: World) -> None:
    epic = epic_make(world.north)
    seen = epic.version
    target = state_named(world.north, TrackedKind.EPIC, "Reviewing")
    epic_move(actor=SYSTEM, epic=epic, to_state=target, after_id=None, seen_version=seen, at=LATER)
    epic = epic_edit(actor=SYSTEM, epic=epic, values={"title": "New"}, seen_version=seen, at=LATER)
    assert (epic.title, epic.state) == ("New", target)


def test_epic_edit_that_changes_nothing_writes_nothing(world: World) -> None:
    epic = epic_make(world.north, title="One")
    seen = epic.version
    assert epic_edit(actor=SYSTEM, epic=epic, values={"title": "One"}, seen_version=None, at=LATER).version == seen


def test_epic_edit_leaves_a_wrong_epic_as_it_was(world: World) -> None:
    epic = epic_make(world.north, starts_on=date(2026, 5, 1))
    with pytest.raises(ValidationError, match="cannot end before"):
        epic_edit(actor=SYSTEM, epic=epic, values={"ends_on": date(2026, 4, 1)}, seen_version=None, at=LATER)
    epic.refresh_from_db()
    assert epic.ends_on is None


def test_epic_edit_of_a_field_that_has_a_service_of_its_own_is_our_mistake(world: World) -> None:
    with pytest.raises(ValueError, match="not editable"):
        epic_edit(actor=SYSTEM, epic=epic_make(world.north), values={"rank": "a0"}, seen_version=None, at=LATER)


# -- alignment -------------------------------------------------------------------------------------------------------


def test_epic_align_replaces_the_shares_with_one_event(world: World) -> None:
    trust, speed = theme_make(world.north), theme_make(world.north)
    epic = epic_make(world.north)
    epic = epic_align(actor=SYSTEM, epic=epic, shares={trust.pk: 60, speed.pk: 40}, seen_version=None, at=LATER)
    epic = epic_align(actor=SYSTEM, epic=epic, shares={speed.pk: 70, trust.pk: 0}, seen_version=epic.version, at=LATER)
    assert alignment_of(epic) == {speed.pk: 70}
    event = epic.events.latest("seq")
    assert (event.kind, event.new_value) == (EventKind.THEMES, {str(speed.pk): 70})
    assert event.old_value == {str(trust.pk): 60, str(speed.pk): 40}


@pytest.mark.parametrize("shares", [(60, 41), (101, 0), (-5, 10)])
def test_epic_align_refuses_more_than_the_whole(world: World, shares: tuple[int, int]) -> None:
    first, second = theme_make(world.north), theme_make(world.north)
    wanted = {first.pk: shares[0], second.pk: shares[1]}
    with pytest.raises(ValidationError) as raised:
        epic_align(actor=SYSTEM, epic=epic_make(world.north), shares=wanted, seen_version=None, at=LATER)
    assert "shares" in raised.value.message_dict


def test_epic_align_knows_only_themes_of_its_portfolio(world: World) -> None:
    foreign = theme_make(world.south)
    with pytest.raises(ValidationError, match="own portfolio"):
        epic_align(actor=SYSTEM, epic=epic_make(world.north), shares={foreign.pk: 5}, seen_version=None, at=LATER)


def test_epic_align_does_not_add_a_closed_theme(world: World) -> None:
    closed = theme_make(world.north, state=ThemeState.CLOSED)
    with pytest.raises(ValidationError, match="is closed"):
        epic_align(actor=SYSTEM, epic=epic_make(world.north), shares={closed.pk: 5}, seen_version=None, at=LATER)


def test_epic_align_by_two_at_once_is_a_conflict(world: World) -> None:
    theme = theme_make(world.north)
    epic = epic_make(world.north)
    seen = epic.version
    epic_align(actor=SYSTEM, epic=epic, shares={theme.pk: 50}, seen_version=seen, at=LATER)
    with pytest.raises(Conflict):
        epic_align(actor=SYSTEM, epic=epic, shares={theme.pk: 70}, seen_version=seen, at=LATER)


def test_undo_of_an_alignment_brings_the_old_shares_back(world: World) -> None:
    theme = theme_make(world.north)
    epic = epic_make(world.north)
    epic_align(actor=SYSTEM, epic=epic, shares={theme.pk: 50}, seen_version=None, at=LATER)
    epic_align(actor=SYSTEM, epic=epic, shares={theme.pk: 80}, seen_version=None, at=LATER)
    epic_undo(actor=SYSTEM, epic=epic, event=epic.events.latest("seq"), at=LATER)
    assert alignment_of(epic) == {theme.pk: 50}


# -- undo, recycle bin -----------------------------------------------------------------------------------------------


def test_epic_undo_voids_the_change_and_restores_the_field(world: World) -> None:
    owner = person_make()
    epic = epic_make(world.north, owner=owner)
    epic_edit(actor=SYSTEM, epic=epic, values={"owner": None}, seen_version=None, at=LATER)
    change = epic.events.latest("seq")
    epic = epic_undo(actor=SYSTEM, epic=epic, event=change, at=LATER)
    assert epic.owner_id == owner.pk
    assert epic.events.latest("seq").voids_id == change.pk


def test_epic_undo_takes_a_whole_step_back(world: World) -> None:
    epic, other = epic_make(world.north), epic_make(world.north)
    state, rank = epic.state_id, epic.rank
    target = state_named(world.north, TrackedKind.EPIC, "Analyzing")
    epic = epic_move(actor=SYSTEM, epic=epic, to_state=target, after_id=other.pk, seen_version=None, at=LATER)
    assert epic.rank != rank
    epic = epic_undo(actor=SYSTEM, epic=epic, event=epic.events.latest("seq"), at=LATER)
    assert (epic.state_id, epic.rank, epic.state_entered_at) == (state, rank, NOW)


def test_epic_undo_asks_for_the_right_of_the_step(world: World) -> None:
    lead = world.persona("program_lead").actor
    epic = epic_make(world.north, title="One")
    target = state_named(world.north, TrackedKind.EPIC, "Reviewing")
    epic_move(actor=SYSTEM, epic=epic, to_state=target, after_id=None, seen_version=None, at=LATER)
    with pytest.raises(Denied):
        epic_undo(actor=lead, epic=epic, event=epic.events.latest("seq"), at=LATER)


def test_epic_undo_refuses_dates_that_no_longer_fit(world: World) -> None:
    epic = epic_make(world.north, starts_on=date(2026, 7, 1))
    epic_edit(actor=SYSTEM, epic=epic, values={"starts_on": date(2026, 5, 1)}, seen_version=None, at=LATER)
    moved = epic.events.latest("seq")
    epic_edit(actor=SYSTEM, epic=epic, values={"ends_on": date(2026, 6, 1)}, seen_version=None, at=LATER)
    with pytest.raises(Refused, match="end before it starts"):
        epic_undo(actor=SYSTEM, epic=epic, event=moved, at=LATER)
    epic.refresh_from_db()
    assert epic.starts_on == date(2026, 5, 1)


def _edit(actor: Actor, epic: Epic) -> Epic:
    return epic_edit(actor=actor, epic=epic, values={"title": "Other"}, seen_version=None, at=LATER)


def _align(actor: Actor, epic: Epic) -> Epic:
    return epic_align(actor=actor, epic=epic, shares={}, seen_version=None, at=LATER)


def _move(actor: Actor, epic: Epic) -> Epic:
    return epic_move(actor=actor, epic=epic, to_state=epic.state, after_id=None, seen_version=None, at=LATER)


@pytest.mark.parametrize("change", [_edit, _align, _move])
def test_nothing_changes_in_the_recycle_bin(world: World, change: Callable[[Actor, Epic], Epic]) -> None:
    epic = epic_delete(actor=SYSTEM, epic=epic_make(world.north), at=LATER)
    with pytest.raises(Refused, match="recycle bin"):
        change(SYSTEM, epic)


def test_epic_restore_voids_the_deletion(world: World) -> None:
    epic = epic_delete(actor=SYSTEM, epic=epic_make(world.north), at=LATER)
    epic = epic_restore(actor=SYSTEM, epic=epic, at=LATER)
    assert epic.deleted_at is None
    restored = epic.events.latest("seq")
    assert restored.kind == EventKind.RESTORED
    assert restored.voids is not None
    assert restored.voids.kind == EventKind.DELETED
    with pytest.raises(Refused):
        epic_restore(actor=SYSTEM, epic=epic, at=LATER)
