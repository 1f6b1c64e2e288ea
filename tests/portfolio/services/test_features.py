"""Features: keys, references, conflicts, place."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError

from organization.access import SYSTEM
from organization.models import Period, PeriodKind, Unit
from organization.services.periods import period_create
from pmo_portal.lib.access import Denied
from pmo_portal.lib.errors import Conflict, Refused
from portfolio.models import EventKind, Feature, TrackedKind
from portfolio.services.epics import epic_delete
from portfolio.services.features import (
    feature_create,
    feature_delete,
    feature_edit,
    feature_move,
    feature_restore,
    feature_undo,
)
from tests.factories.organization import NOW
from tests.factories.portfolio import epic_make, feature_make, state_named
from tests.personas import World

LATER = NOW + timedelta(hours=1)


def pi_of(unit: Unit) -> Period:
    return period_create(
        actor=SYSTEM,
        unit=unit,
        kind=PeriodKind.PI,
        name="PI 1",
        starts_on=date(2026, 4, 1),
        ends_on=date(2026, 7, 1),
        at=NOW,
    )


def test_feature_create_gives_key_first_state_and_last_place(world: World) -> None:
    epic = epic_make(world.north)
    first, second = feature_make(world.coast, epic=epic), feature_make(world.coast)
    assert (first.key, second.key) == ("COAST-F1", "COAST-F2")
    assert first.state.name == "Funnel"
    assert first.rank < second.rank
    assert first.events.get(kind=EventKind.EPIC).new_ref == epic.pk


def test_feature_create_wants_a_program(world: World) -> None:
    with pytest.raises(ValidationError, match="belong to a program"):
        feature_make(world.north)


def test_feature_create_says_which_field_is_wrong(world: World) -> None:
    with pytest.raises(ValidationError) as raised:
        feature_make(world.coast, title=" ")
    assert "title" in raised.value.message_dict


def test_feature_belongs_to_an_epic_above_its_program(world: World) -> None:
    lead = world.persona("program_lead").actor
    foreign = epic_make(world.south)
    with pytest.raises(Denied):
        feature_create(actor=lead, unit=world.coast, title="New", values={"epic": foreign}, at=NOW)
    administrator = world.persona("administrator").actor
    with pytest.raises(ValidationError, match="portfolio the program belongs to"):
        feature_create(actor=administrator, unit=world.coast, title="New", values={"epic": foreign}, at=NOW)


def test_feature_is_not_put_into_a_deleted_epic(world: World) -> None:
    epic = epic_delete(actor=SYSTEM, epic=epic_make(world.north), at=NOW)
    with pytest.raises(Refused, match="recycle bin"):
        feature_edit(actor=SYSTEM, feature=feature_make(world.coast), values={"epic": epic}, seen_version=None, at=NOW)


def test_feature_period_may_be_the_programs_or_one_above(world: World) -> None:
    feature = feature_make(world.coast)
    for unit in (world.coast, world.north):
        feature = feature_edit(
            actor=SYSTEM, feature=feature, values={"period": pi_of(unit)}, seen_version=None, at=LATER
        )
    with pytest.raises(ValidationError, match="unit above"):
        feature_edit(actor=SYSTEM, feature=feature, values={"period": pi_of(world.inland)}, seen_version=None, at=LATER)


def test_feature_edit_conflicts_by_field(world: World) -> None:
    feature = feature_make(world.coast)
    seen = feature.version
    feature_edit(actor=SYSTEM, feature=feature, values={"benefit_hypothesis": "More"}, seen_version=seen, at=LATER)
    feature_edit(actor=SYSTEM, feature=feature, values={"is_mvp": True}, seen_version=seen, at=LATER)
    with pytest.raises(Conflict):
        feature_edit(actor=SYSTEM, feature=feature, values={"benefit_hypothesis": "Less"}, seen_version=seen, at=LATER)


def test_feature_edit_says_which_field_is_wrong(world: World) -> None:
    feature = feature_make(world.coast)
    with pytest.raises(ValidationError) as raised:
        feature_edit(actor=SYSTEM, feature=feature, values={"title": ""}, seen_version=None, at=LATER)
    assert list(raised.value.message_dict) == ["title"]


def test_feature_move_goes_behind_another_one(world: World) -> None:
    first, second, third = (feature_make(world.coast) for _ in range(3))
    target = state_named(world.coast, TrackedKind.FEATURE, "Funnel")
    feature_move(actor=SYSTEM, feature=first, to_state=target, after_id=second.pk, seen_version=None, at=LATER)
    assert list(Feature.objects.ranked()) == [second, first, third]


def test_feature_undo_and_recycle_bin(world: World) -> None:
    feature = feature_make(world.coast, title="One")
    feature_edit(actor=SYSTEM, feature=feature, values={"title": "Two"}, seen_version=None, at=LATER)
    edited = feature.events.latest("seq")
    feature = feature_delete(actor=SYSTEM, feature=feature, at=LATER)
    with pytest.raises(Refused, match="recycle bin"):
        feature_undo(actor=SYSTEM, feature=feature, event=edited, at=LATER)
    feature = feature_restore(actor=SYSTEM, feature=feature, at=LATER)
    assert feature_undo(actor=SYSTEM, feature=feature, event=edited, at=LATER).title == "One"


@pytest.mark.parametrize(("name", "may"), [("program_lead", True), ("inland_lead", False), ("developer", False)])
def test_feature_create_is_for_who_leads_the_program(world: World, name: str, may: bool) -> None:
    actor = world.persona(name).actor
    if may:
        assert feature_create(actor=actor, unit=world.coast, title="New", at=NOW).pk
    else:
        with pytest.raises(Denied):
            feature_create(actor=actor, unit=world.coast, title="New", at=NOW)
