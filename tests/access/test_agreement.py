"""The two answers of every policy agree with each other, and with the grants: "which objects?" and "this object?" are
one set of facts."""

from __future__ import annotations

import pytest

from organization.models import Person
from pmo_portal.lib.access import Action, all_policies
from tests.access.oracle import NOUNS, WHOLE_ORGANISATION, holds, may
from tests.access.subjects import MAKERS
from tests.personas import PERSONAS
from tests.stage import Stage


def test_every_model_with_a_policy_has_a_subject_and_a_noun() -> None:
    assert {model for model in all_policies() if model not in MAKERS} == set()
    assert {model: policy.noun for model, policy in all_policies().items()} == {
        model: noun for model, noun in NOUNS.items() if model in all_policies()
    }


@pytest.mark.parametrize("name", PERSONAS)
def test_visible_agrees_with_allows_and_with_the_grants(stage: Stage, name: str) -> None:
    actor = stage.actors[name]
    for relation, place in stage.places.items():
        for model, policy in all_policies().items():
            obj = place.the(model)
            said = f"{name} {model.__name__} {relation}"
            wanted = may(name, "VIEW", model, place)
            assert policy.visible(actor, model._default_manager.filter(pk=obj.pk)).exists() == wanted, said
            assert policy.allows(actor, Action.VIEW, obj) == wanted, said


@pytest.mark.parametrize("name", PERSONAS)
def test_every_action_is_allowed_by_the_grants_and_nothing_else(stage: Stage, name: str) -> None:
    actor = stage.actors[name]
    for relation, place in stage.places.items():
        for model, policy in all_policies().items():
            obj, unit = place.the(model), place.unit_at(model)
            for action in Action:
                wanted = may(name, action, model, place)
                said = f"{name} {action} {model.__name__} {relation}"
                assert policy.allows(actor, action, obj) == wanted, said
                assert policy.allows_within(actor, action, unit.pk) == wanted, said


@pytest.mark.parametrize("name", PERSONAS)
def test_hidden_fields_are_those_of_the_groups_not_granted(stage: Stage, name: str) -> None:
    actor = stage.actors[name]
    for place in stage.places.values():
        for model, policy in all_policies().items():
            wanted = {
                field
                for group, fields in policy.field_groups.items()
                if not holds(name, f"{group.lower()}.view", place.unit_at(model).code)
                for field in fields
            }
            assert policy.hidden_fields(actor, place.the(model)) == wanted, f"{name} {model.__name__}"


def test_amounts_and_addresses_belong_to_groups() -> None:
    """The field groups themselves: without this line, an emptied group would hide nothing and fail nothing."""
    groups = {
        model.__name__: dict(policy.field_groups) for model, policy in all_policies().items() if policy.field_groups
    }
    assert groups == {
        "Person": {"PERSONAL": ("email",)},
        "BusinessCase": {"MONEY": ("cost_mvp", "cost_full", "benefit")},
        "Kpi": {
            "MONEY": ("baseline_value", "target_value", "target_high", "at_risk_at", "off_at", "tolerance", "formula")
        },
        "Measurement": {"MONEY": ("value", "comment")},
        "KeyResult": {"MONEY": ("start_value", "target_value")},
        "CheckIn": {"MONEY": ("value", "comment")},
        "Benefit": {"MONEY": ("baseline_value", "promised_value")},
        "BenefitReview": {"MONEY": ("value", "comment")},
        "AuditRecord": {"PERSONAL": ("about", "place")},
        "ApprovalRequest": {"MONEY": ("amount", "above_amount")},
        "ApprovalRule": {"MONEY": ("above_amount",)},
    }


def test_everybody_sees_themself_and_their_own_address(stage: Stage) -> None:
    stranger = stage.world.persona("stranger")
    policy = all_policies()[Person]
    assert policy.allows(stranger.actor, Action.VIEW, stranger.person)
    assert policy.hidden_fields(stranger.actor, stranger.person) == frozenset()


def test_the_stranger_sees_nothing_but_themself(stage: Stage) -> None:
    stranger = stage.world.persona("stranger")
    for model, policy in all_policies().items():
        seen = set(policy.visible(stranger.actor, model._default_manager.all()))
        assert seen == ({stranger.person} if model is Person else set()), model


def test_nothing_crosses_between_portfolios(stage: Stage) -> None:
    """Staff of the south see nothing of the north; only calendars and words belong to everybody."""
    for model, policy in all_policies().items():
        if model not in WHOLE_ORGANISATION:
            mine = model._default_manager.filter(pk=stage.places["own"].the(model).pk)
            assert not policy.visible(stage.actors["south_staff"], mine).exists(), model
