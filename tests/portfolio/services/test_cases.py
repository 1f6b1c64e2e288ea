"""The business case: versions, two authors at once, money."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from organization.access import SYSTEM
from organization.models import Role
from pmo_portal.lib.access import Denied
from pmo_portal.lib.errors import Conflict, Refused
from portfolio.models import BusinessCase, Epic, Recommendation
from portfolio.services.cases import case_latest, case_save
from tests.factories.organization import NOW, person_make, role_make, user_make
from tests.factories.portfolio import epic_make
from tests.personas import World


@pytest.fixture
def epic(world: World) -> Epic:
    return epic_make(world.north)


def test_case_save_writes_the_next_version_and_keeps_the_old(epic: Epic) -> None:
    case_save(actor=SYSTEM, epic=epic, values={"mvp": "A form"}, seen_number=None, at=NOW)
    second = case_save(actor=SYSTEM, epic=epic, values={"mvp": "A page"}, seen_number=1, at=NOW)
    assert second is not None
    assert second.number == 2
    assert list(BusinessCase.objects.order_by("number").values_list("mvp", flat=True)) == ["A form", "A page"]


def test_case_save_without_a_change_makes_no_version(epic: Epic) -> None:
    first = case_save(actor=SYSTEM, epic=epic, values={"mvp": "A form"}, seen_number=None, at=NOW)
    assert case_save(actor=SYSTEM, epic=epic, values={"mvp": "A form"}, seen_number=1, at=NOW) == first


def test_case_save_of_nothing_makes_no_case(epic: Epic) -> None:
    assert case_save(actor=SYSTEM, epic=epic, values={"mvp": ""}, seen_number=None, at=NOW) is None
    assert case_latest(epic) is None


def test_case_save_merges_what_two_authors_wrote_in_different_fields(epic: Epic) -> None:
    case_save(actor=SYSTEM, epic=epic, values={"mvp": "A form", "risks": ""}, seen_number=None, at=NOW)
    case_save(actor=SYSTEM, epic=epic, values={"mvp": "A page", "risks": ""}, seen_number=1, at=NOW)
    case_save(actor=SYSTEM, epic=epic, values={"mvp": "A form", "risks": "Privacy"}, seen_number=1, at=NOW)
    latest = case_latest(epic)
    assert latest is not None
    assert (latest.number, latest.mvp, latest.risks) == (3, "A page", "Privacy")


def test_case_save_refuses_the_same_field_by_two_authors(epic: Epic) -> None:
    case_save(actor=SYSTEM, epic=epic, values={"mvp": "A form"}, seen_number=None, at=NOW)
    case_save(actor=SYSTEM, epic=epic, values={"mvp": "A page"}, seen_number=1, at=NOW)
    with pytest.raises(Conflict) as raised:
        case_save(actor=SYSTEM, epic=epic, values={"mvp": "An app"}, seen_number=1, at=NOW)
    (conflict,) = raised.value.conflicts
    assert (conflict.field, conflict.yours, conflict.theirs) == ("mvp", "An app", "A page")


def test_two_first_versions_at_once_conflict_too(epic: Epic) -> None:
    case_save(actor=SYSTEM, epic=epic, values={"mvp": "A form"}, seen_number=None, at=NOW)
    with pytest.raises(Conflict):
        case_save(actor=SYSTEM, epic=epic, values={"mvp": "A page"}, seen_number=None, at=NOW)


def test_case_save_from_a_version_that_never_was(epic: Epic) -> None:
    case_save(actor=SYSTEM, epic=epic, values={"mvp": "A form"}, seen_number=None, at=NOW)
    with pytest.raises(Refused, match="does not exist"):
        case_save(actor=SYSTEM, epic=epic, values={"mvp": "A page"}, seen_number=9, at=NOW)


def test_case_save_wants_amounts_that_are_not_negative(epic: Epic) -> None:
    with pytest.raises(ValidationError):
        case_save(actor=SYSTEM, epic=epic, values={"cost_mvp": Decimal(-1)}, seen_number=None, at=NOW)


def test_an_author_without_money_keeps_the_amounts_and_cannot_set_them(
    world: World, epic: Epic, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_save(actor=SYSTEM, epic=epic, values={"cost_mvp": Decimal(5000)}, seen_number=None, at=NOW)
    person = person_make()
    role_make(person, Role.PROGRAM_LEAD, world.north)
    author = _with(user_make(person).pk, person.pk, world.north.pk)
    case_save(actor=author, epic=epic, values={"recommendation": Recommendation.GO}, seen_number=1, at=NOW)
    latest = case_latest(epic)
    assert latest is not None
    assert (latest.cost_mvp, latest.recommendation) == (Decimal(5000), Recommendation.GO)
    with pytest.raises(Denied):
        case_save(actor=author, epic=epic, values={"cost_mvp": Decimal(1)}, seen_number=2, at=NOW)


def test_case_save_is_refused_to_readers(world: World, epic: Epic) -> None:
    with pytest.raises(Denied):
        case_save(actor=world.persona("executive").actor, epic=epic, values={"mvp": "Mine"}, seen_number=None, at=NOW)


def _with(user_id: int, person_id: int, unit_id: int) -> object:
    """An author who may edit business cases but holds no ``money.view``; no role is like that today, one may be."""
    from organization.access import PersonActor

    held = frozenset({unit_id})
    return PersonActor(
        user_id=user_id,
        person_id=person_id,
        grants=dict.fromkeys(("epic.view", "business_case.view", "business_case.edit"), held),
    )
