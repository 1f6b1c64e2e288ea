"""The two answers of every policy agree: "which objects?" and "this object?" are one set of facts."""

from __future__ import annotations

import pytest

from pmo_portal.lib.access import Action, all_policies
from tests.access.subjects import MAKERS, Place
from tests.personas import PERSONAS, World

pytestmark = pytest.mark.django_db


def places(world: World) -> list[Place]:
    return [
        Place(portfolio=world.north, program=world.coast, team=world.harbour),
        Place(portfolio=world.north, program=world.inland, team=world.quarry),
        Place(portfolio=world.south, program=world.valley, team=world.meadow),
    ]


def test_every_model_with_a_policy_has_a_subject() -> None:
    assert {model for model in all_policies() if model not in MAKERS} == set()


@pytest.mark.parametrize("name", PERSONAS)
def test_visible_agrees_with_allows(world: World, name: str) -> None:
    made = [(model, place.the(model)) for place in places(world) for model in all_policies()]
    actor = world.persona(name).actor
    for model, obj in made:
        policy = all_policies()[model]
        listed = policy.visible(actor, model._default_manager.filter(pk=obj.pk)).exists()
        assert listed == policy.allows(actor, Action.VIEW, obj), f"{name} {model.__name__} {obj}"


def test_the_stranger_sees_nothing_but_themself(world: World) -> None:
    for place in places(world):
        for model in all_policies():
            place.the(model)
    stranger = world.persona("stranger")
    for model, policy in all_policies().items():
        seen = set(policy.visible(stranger.actor, model._default_manager.all()))
        assert seen == ({stranger.person} if model.__name__ == "Person" else set()), model


def test_nothing_crosses_between_portfolios(world: World) -> None:
    """Staff of the south see nothing of the north; only calendars and words belong to everybody."""
    north = Place(portfolio=world.north, program=world.coast, team=world.harbour)
    actor = world.persona("south_staff").actor
    for model, policy in all_policies().items():
        if model.__name__ in {"Calendar", "CalendarDay", "Term"}:
            continue
        obj = north.the(model)
        assert not policy.visible(actor, model._default_manager.filter(pk=obj.pk)).exists(), model
