"""A unit plans by its own calendar, else by that of the nearest unit above, as it stands on the day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from organization.access import SYSTEM
from organization.models import Calendar, Unit
from organization.selectors.calendars import calendar_of, working_days_for
from organization.services.calendars import calendar_create
from organization.services.units import unit_move
from organization.working_days import STANDARD
from tests.factories.organization import NOW
from tests.personas import World

pytestmark = pytest.mark.django_db

JULY = date(2026, 7, 1)


def give(unit: Unit, name: str, **pattern: object) -> Calendar:
    calendar = calendar_create(actor=SYSTEM, name=name, at=NOW, **pattern)  # type: ignore[arg-type]
    Unit.objects.filter(pk=unit.pk).update(calendar=calendar)
    return calendar


def test_without_any_calendar_monday_to_friday_count(world: World) -> None:
    assert working_days_for(world.harbour.pk, day=JULY) == STANDARD


def test_the_nearest_calendar_above_decides(world: World) -> None:
    give(world.north, "North", country="DE")
    coast = give(world.coast, "Coast", workdays=[1, 2, 3, 4])
    assert calendar_of(world.harbour.pk, day=JULY) == coast
    assert not working_days_for(world.harbour.pk, day=JULY).is_working(date(2026, 7, 3))
    assert working_days_for(world.quarry.pk, day=JULY).country == "DE"


def test_a_team_that_moves_plans_by_its_new_units_calendar(world: World) -> None:
    coast, inland = give(world.coast, "Coast"), give(world.inland, "Inland")
    unit_move(actor=SYSTEM, unit=world.harbour, parent=world.inland, from_day=JULY, at=NOW)
    assert calendar_of(world.harbour.pk, day=JULY - timedelta(days=1)) == coast
    assert calendar_of(world.harbour.pk, day=JULY) == inland
