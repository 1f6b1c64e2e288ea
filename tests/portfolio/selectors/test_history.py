"""The history of a tracked thing, as a person reads it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from organization.access import SYSTEM
from organization.models import CustomFieldType
from organization.services.customs import custom_field_create
from pmo_portal.lib.access import Actor
from portfolio.models import Epic, EpicType, EventKind, TrackedKind
from portfolio.selectors.history import HistoryChange, HistoryStep, history
from portfolio.services.epics import epic_align, epic_create, epic_delete, epic_edit, epic_move, epic_undo
from portfolio.services.features import feature_edit
from tests.factories.organization import NOW, person_make
from tests.factories.portfolio import epic_make, feature_make, state_named, theme_make
from tests.personas import World

LATER = NOW + timedelta(hours=1)


def steps_of(epic: Epic, actor: Actor = SYSTEM) -> tuple[HistoryStep, ...]:
    return history(epic, actor=actor).steps


def only_change(step: HistoryStep) -> HistoryChange:
    (change,) = step.changes
    return change


def test_history_names_who_changed_which_field_from_what_to_what(world: World) -> None:
    staff = world.persona("pmo_staff")
    epic = epic_make(world.north, title="Self-service")
    owner = person_make("Olga Example")
    epic_edit(actor=staff.actor, epic=epic, values={"owner": owner}, seen_version=None, at=LATER)
    step, creation = steps_of(epic)
    change = only_change(step)
    assert (step.who, change.label, change.old, change.new) == ("Pmo Staff Example", "Owner", "", "Olga Example")
    assert step.at == LATER
    assert creation.is_creation


def test_history_shows_choices_dates_and_states_in_words(world: World) -> None:
    epic = epic_make(world.north, type=EpicType.BUSINESS, starts_on=date(2026, 7, 1))
    epic_edit(actor=SYSTEM, epic=epic, values={"type": EpicType.ENABLER}, seen_version=None, at=LATER)
    epic_edit(actor=SYSTEM, epic=epic, values={"starts_on": date(2026, 8, 1)}, seen_version=None, at=LATER)
    target = state_named(world.north, TrackedKind.EPIC, "Analyzing")
    epic_move(actor=SYSTEM, epic=epic, to_state=target, after_id=None, seen_version=None, at=LATER)
    words = [(only_change(step).old, only_change(step).new) for step in steps_of(epic)[:3]]
    assert words == [("Funnel", "Analyzing"), ("1 Jul 2026", "1 Aug 2026"), ("Business", "Enabler")]


def test_history_writes_alignment_with_the_names_of_the_themes(world: World) -> None:
    theme = theme_make(world.north, name="Faster service")
    epic = epic_make(world.north)
    epic_align(actor=SYSTEM, epic=epic, shares={theme.pk: 60}, seen_version=None, at=LATER)
    assert only_change(steps_of(epic)[0]).new == "Faster service 60 %"


def test_history_names_custom_fields_by_their_label(world: World) -> None:
    custom_field_create(
        actor=SYSTEM, unit=world.north, owner="EPIC", code="region", label="Region", type=CustomFieldType.TEXT, at=NOW
    )
    epic = epic_make(world.north)
    epic_edit(actor=SYSTEM, epic=epic, values={"custom": {"region": "Nordics"}}, seen_version=None, at=LATER)
    epic_edit(actor=SYSTEM, epic=epic, values={"custom": {"region": ""}}, seen_version=None, at=LATER)
    words = [(only_change(step).label, only_change(step).old, only_change(step).new) for step in steps_of(epic)[:2]]
    assert words == [("Region", "Nordics", ""), ("Region", "", "Nordics")]


def test_an_undo_and_what_it_took_back_are_both_shown_and_marked(world: World) -> None:
    epic = epic_make(world.north, title="Old")
    epic_edit(actor=SYSTEM, epic=epic, values={"title": "New"}, seen_version=None, at=LATER)
    event = epic.events.get(kind=EventKind.TITLE, new_value="New")
    epic_undo(actor=SYSTEM, epic=epic, event=event, at=LATER + timedelta(hours=1))
    undo, undone, _creation = steps_of(epic)
    assert undo.is_undo
    assert undone.is_undone
    assert not undo.can_undo
    assert not undone.can_undo


def test_only_the_newest_change_of_a_field_offers_undo(world: World) -> None:
    epic = epic_make(world.north, title="One")
    epic_edit(actor=SYSTEM, epic=epic, values={"title": "Two"}, seen_version=None, at=LATER)
    epic_edit(actor=SYSTEM, epic=epic, values={"title": "Three"}, seen_version=None, at=LATER)
    epic_edit(actor=SYSTEM, epic=epic, values={"description": "Words"}, seen_version=None, at=LATER)
    assert [step.can_undo for step in steps_of(epic)] == [True, True, False, False]


def test_undo_is_offered_only_to_who_may_take_such_a_step(world: World) -> None:
    epic = epic_make(world.north)
    epic_edit(actor=SYSTEM, epic=epic, values={"title": "New"}, seen_version=None, at=LATER)
    target = state_named(world.north, TrackedKind.EPIC, "Reviewing")
    epic_move(actor=SYSTEM, epic=epic, to_state=target, after_id=None, seen_version=None, at=LATER)
    assert [step.can_undo for step in steps_of(epic, world.persona("pmo_staff").actor)] == [True, True, False]
    assert [step.can_undo for step in steps_of(epic, world.persona("executive").actor)] == [False, False, False]


def test_in_the_recycle_bin_only_the_deletion_can_be_undone(world: World) -> None:
    epic = epic_make(world.north)
    epic_edit(actor=SYSTEM, epic=epic, values={"title": "New"}, seen_version=None, at=LATER)
    epic = epic_delete(actor=SYSTEM, epic=epic, at=LATER)
    assert [step.can_undo for step in steps_of(epic)] == [True, False, False]


def test_a_name_the_reader_may_not_see_is_not_shown(world: World) -> None:
    secret = epic_make(world.south, title="Merger")
    feature = feature_make(world.coast)
    feature_edit(actor=SYSTEM, feature=feature, values={"epic": secret}, seen_version=None, at=LATER)
    lead = world.persona("program_lead").actor
    change = only_change(history(feature, actor=lead).steps[0])
    assert change.new == "(not visible to you)"


def test_a_late_record_is_marked(world: World) -> None:
    epic = epic_make(world.north, at=NOW)
    assert steps_of(epic)[0].is_late


def test_history_pages_never_cut_a_step(world: World) -> None:
    epic = epic_create(
        actor=SYSTEM, unit=world.north, title="Big", values={"type": EpicType.ENABLER, "labels": ["a"]}, at=NOW
    )
    for number in range(5):
        epic_edit(
            actor=SYSTEM,
            epic=epic,
            values={"title": f"T{number}", "description": f"D{number}"},
            seen_version=None,
            at=LATER,
        )
    seen: list[int] = []
    before: int | None = None
    while True:
        page = history(epic, actor=SYSTEM, before=before, limit=5)
        seen += [change.seq for step in page.steps for change in reversed(step.changes)]
        before = page.older_than
        if before is None:
            break
    epic.refresh_from_db()
    assert seen == list(range(epic.version, 0, -1))


@pytest.mark.parametrize("edits", [3, 30])
def test_history_asks_as_often_whatever_its_length(world: World, django_assert_num_queries: Any, edits: int) -> None:
    epic = epic_make(world.north)
    for number in range(edits):
        values = {"title": f"T{number}", "owner": person_make()}
        epic_edit(actor=SYSTEM, epic=epic, values=values, seen_version=None, at=LATER)
    # One of them asks whether the owner to go back to is still there.
    with django_assert_num_queries(5):
        steps_of(epic)
