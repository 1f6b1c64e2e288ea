"""The access tests are worth what they notice: seeded bugs, one at a time, are found by them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from django.db import transaction

from tests.access import test_agreement, test_bodies, test_matrix, test_pages, test_services
from tests.access.addresses import addresses
from tests.access.bodies import BODIES
from tests.access.mutants import MUTANTS, Mutant
from tests.personas import PERSONAS
from tests.stage import Stage

SHARE_TO_FIND = 0.95


def checks(stage: Stage) -> Iterator[Callable[[], None]]:
    """The tests of this folder as calls, the quick ones first."""
    yield test_matrix.test_rules_are_the_reviewed_ones
    yield test_agreement.test_amounts_and_addresses_belong_to_groups
    yield test_agreement.test_every_model_with_a_policy_has_a_subject_and_a_noun
    yield partial(test_agreement.test_the_stranger_sees_nothing_but_themself, stage)
    for name in PERSONAS:
        yield partial(test_agreement.test_visible_agrees_with_allows_and_with_the_grants, stage, name)
        yield partial(test_agreement.test_every_action_is_allowed_by_the_grants_and_nothing_else, stage, name)
        yield partial(test_agreement.test_hidden_fields_are_those_of_the_groups_not_granted, stage, name)
    for name, service in test_services.services():
        for persona in ("stakeholder", "stranger"):
            if name not in test_services.REASONS:
                yield partial(test_services.test_services_refuse_whoever_lacks_the_right, stage, name, service, persona)
    for body in BODIES:
        for name in body.names:
            yield partial(test_bodies.test_an_id_of_another_portfolio_is_refused, stage, body, name)
    for address in addresses("object"):
        for parameter in address.further:
            if address.swappable(parameter):
                yield partial(
                    test_matrix.test_a_second_id_of_another_place_does_not_exist, stage, address, parameter, "portfolio"
                )
    for address in addresses("object"):
        yield partial(test_matrix.test_guards_answer_by_the_grants, stage, address)
    for persona in ("developer", "stakeholder"):
        yield partial(test_pages.test_nobody_finds_what_is_not_theirs, stage, persona)


def is_noticed(stage: Stage, mutant: Mutant) -> bool:
    """Whether any test fails while the bug is in."""
    with pytest.MonkeyPatch.context() as patch, transaction.atomic():
        mutant.seed(patch)
        try:
            for check in checks(stage):
                with transaction.atomic():
                    check()
        except (Exception, pytest.fail.Exception):  # noqa: BLE001 - whatever fails is a test that noticed
            return True
        finally:
            transaction.set_rollback(True)
    return False


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_seeded_bugs_are_noticed(stage: Stage) -> None:
    for check in checks(stage):
        with transaction.atomic():
            check()
            transaction.set_rollback(True)
    assert len(MUTANTS) >= 30
    missed = [mutant.name for mutant in MUTANTS if not is_noticed(stage, mutant)]
    # Shown by `pytest -rP`; docs/security.md states it.
    sys.stdout.write(f"{len(MUTANTS) - len(missed)} of {len(MUTANTS)} seeded bugs noticed; missed: {missed}\n")
    assert 1 - len(missed) / len(MUTANTS) >= SHARE_TO_FIND, missed
