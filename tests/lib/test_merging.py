"""Two people edit one thing: different fields are both kept, the same field is refused with both values."""

from __future__ import annotations

import pytest

from organization.models import Unit, UnitKind
from pmo_portal.lib.errors import Conflict
from pmo_portal.lib.merging import last_change, own_changes
from tests.factories.organization import unit_make

pytestmark = pytest.mark.django_db


def told(unit: Unit, **changes: object) -> dict[str, object]:
    """A form's values: everything as seen, but for the changes."""
    return {"name": unit.name, "description": unit.description, "calendar": unit.calendar, **changes}


@pytest.fixture
def unit() -> Unit:
    return unit_make(UnitKind.PORTFOLIO, name="Harbour")


def test_what_differs_is_written_when_nobody_else_was_there(unit: Unit) -> None:
    seen = last_change(unit)
    assert own_changes(unit, told(unit), seen=seen) == {}
    assert own_changes(unit, told(unit, name="Port"), seen=seen) == {"name": "Port"}


def test_a_field_left_as_seen_stays_as_somebody_else_made_it(unit: Unit) -> None:
    seen, form = last_change(unit), told(unit, description="Mine")
    Unit.objects.filter(pk=unit.pk).update(name="Theirs")
    unit.refresh_from_db()
    assert last_change(unit) != seen
    assert own_changes(unit, form, seen=seen) == {"description": "Mine"}
    assert own_changes(unit, form, seen=None) == {"name": "Harbour", "description": "Mine"}


def test_the_same_field_is_refused_with_both_values(unit: Unit) -> None:
    seen, form = last_change(unit), told(unit, name="Mine", description="Mine too")
    Unit.objects.filter(pk=unit.pk).update(name="Theirs")
    unit.refresh_from_db()
    with pytest.raises(Conflict) as caught:
        own_changes(unit, form, seen=seen)
    assert [(one.field, one.yours, one.theirs) for one in caught.value.conflicts] == [("name", "Mine", "Theirs")]
    # Both wrote the same: nothing to argue about.
    assert own_changes(unit, told(unit, name="Theirs"), seen=seen) == {}


def test_a_change_that_is_not_this_rows_is_no_excuse(unit: Unit) -> None:
    other = last_change(unit_make(UnitKind.PORTFOLIO))
    with pytest.raises(Conflict):
        own_changes(unit, told(unit, name="Mine"), seen=other)
