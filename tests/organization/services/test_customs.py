"""Own words and own fields: typed, and only where they belong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from organization.access import SYSTEM
from organization.models import CustomField, Unit
from organization.services import customs
from organization.terms import forget_own_words, word
from pmo_portal.lib.access import Denied
from pmo_portal.lib.registry import CustomFieldOwner, custom_field_owners
from tests.factories.organization import NOW
from tests.personas import World

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _owner() -> Iterator[None]:
    """One owner of custom fields that no app registers."""
    entry = (999, CustomFieldOwner("PROBE", "Probe", Unit))
    custom_field_owners._entries.append(entry)
    yield
    custom_field_owners._entries.remove(entry)


@pytest.fixture(autouse=True)
def _no_words_kept() -> Iterator[None]:
    forget_own_words()
    yield
    forget_own_words()


def add(unit: Unit, code: str, type: str = "TEXT", choices: tuple[str, ...] = ()) -> CustomField:
    return customs.custom_field_create(
        actor=SYSTEM, unit=unit, owner="PROBE", code=code, label=code.title(), type=type, choices=choices, at=NOW
    )


def clean(unit: Unit, **values: object) -> dict[str, customs.CustomValue]:
    return customs.custom_clean(owner="PROBE", unit_id=unit.pk, values=values)


def test_term_set_changes_the_word_and_empty_brings_ours_back(
    world: World, django_capture_on_commit_callbacks: object
) -> None:
    administrator = world.persona("administrator").actor
    assert word("epic", plural=True) == "epics"
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        customs.term_set(actor=administrator, code="epic", singular="initiative", plural="initiatives", at=NOW)
    assert word("epic") == "initiative"
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        customs.term_set(actor=administrator, code="epic", singular="", plural="", at=NOW)
    assert word("epic") == "epic"


def test_term_set_is_for_administrators(world: World) -> None:
    with pytest.raises(Denied):
        customs.term_set(actor=world.persona("pmo_staff").actor, code="epic", singular="a", plural="b", at=NOW)


def test_term_set_needs_both_words(world: World) -> None:
    with pytest.raises(ValidationError):
        customs.term_set(actor=SYSTEM, code="epic", singular="initiative", plural="", at=NOW)


@pytest.mark.parametrize(
    ("type", "given", "stored"),
    [
        ("TEXT", "  any text ", "any text"),
        ("NUMBER", "12", 12),
        ("NUMBER", "12.50", 12.5),
        ("DATE", "2026-02-28", "2026-02-28"),
        ("DATE", date(2026, 2, 28), "2026-02-28"),
        ("CHOICE", "green", "green"),
        ("YES_NO", "on", True),
        ("YES_NO", "no", False),
        ("URL", "https://example.org/a", "https://example.org/a"),
    ],
)
def test_custom_clean_stores_values_by_type(world: World, type: str, given: object, stored: object) -> None:
    add(world.north, "probe", type, ("green", "red"))
    assert clean(world.harbour, probe=given) == {"probe": stored}


@pytest.mark.parametrize(
    ("type", "given"),
    [
        ("TEXT", "x" * 2001),
        ("NUMBER", "twelve"),
        ("NUMBER", "NaN"),
        ("NUMBER", "1e400"),
        ("DATE", "2026-02-30"),
        ("CHOICE", "blue"),
        ("YES_NO", "maybe"),
        ("URL", "javascript:alert(1)"),
    ],
)
def test_custom_clean_refuses_what_does_not_fit(world: World, type: str, given: str) -> None:
    add(world.north, "probe", type, ("green", "red"))
    with pytest.raises(ValidationError) as refused:
        clean(world.harbour, probe=given)
    assert "custom_probe" in refused.value.message_dict


def test_custom_clean_knows_only_fields_of_the_unit_and_above(world: World) -> None:
    add(world.coast, "berth")
    assert clean(world.harbour, berth="4") == {"berth": "4"}
    with pytest.raises(ValidationError):
        clean(world.quarry, berth="4")


def test_custom_clean_leaves_empty_values_out(world: World) -> None:
    add(world.north, "berth")
    assert clean(world.harbour, berth="") == {}


def test_custom_field_archive_takes_it_away_and_back(world: World) -> None:
    field = add(world.north, "berth")
    customs.custom_field_archive(actor=SYSTEM, field=field, is_archived=True, at=NOW)
    with pytest.raises(ValidationError):
        clean(world.harbour, berth="4")
    customs.custom_field_archive(actor=SYSTEM, field=field, is_archived=False, at=NOW)
    assert clean(world.harbour, berth="4") == {"berth": "4"}


def test_custom_field_create_checks_owner_code_and_choices(world: World) -> None:
    add(world.north, "berth")
    for code, kind, choices in [("berth", "TEXT", ()), ("Bad Code", "TEXT", ()), ("colour", "CHOICE", ("one",))]:
        with pytest.raises(ValidationError):
            add(world.north, code, kind, choices)
    with pytest.raises(ValidationError):
        customs.custom_field_create(
            actor=SYSTEM, unit=world.north, owner="NOTHING", code="x", label="X", type="TEXT", at=NOW
        )


def test_custom_field_create_needs_the_right_on_the_unit(world: World) -> None:
    with pytest.raises(Denied):
        customs.custom_field_create(
            actor=world.persona("pmo_staff").actor,
            unit=world.south,
            owner="PROBE",
            code="x",
            label="X",
            type="TEXT",
            at=NOW,
        )


def test_a_field_is_offered_only_for_what_can_carry_it(world: World, client_as: Callable[[str], Client]) -> None:
    client = client_as("administrator")

    def offered(unit: Unit) -> set[str]:
        form = client.get("/fields/new/", {"unit": unit.pk}).context["form"]
        return {code for code, _label in form.fields["owner"].choices} - {"PROBE"}

    assert offered(world.north) == {"EPIC", "FEATURE", "ITEM"}
    assert offered(world.coast) == {"FEATURE", "ITEM"}
    assert offered(world.harbour) == {"ITEM"}
    values = {"unit": world.harbour.pk, "owner": "EPIC", "label": "Ship", "code": "ship", "type": "TEXT"}
    refused = client.post("/fields/new/", values)
    assert refused.status_code == 422
    assert "There are no such things in Harbour or below it." in refused.content.decode()
    assert client.post("/fields/new/", {**values, "owner": "ITEM"}).status_code == 303
