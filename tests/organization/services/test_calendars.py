"""Working days: pattern, holidays, and the days that differ."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.exceptions import ValidationError

from organization.access import SYSTEM
from organization.models import Calendar, Unit
from organization.services import calendars
from organization.working_days import STANDARD, WorkingDays, working_days_of
from pmo_portal.lib.access import Denied
from pmo_portal.lib.errors import Refused
from tests.factories.organization import NOW
from tests.personas import World

CHRISTMAS_EVE = date(2026, 12, 24)
CHRISTMAS = date(2026, 12, 25)
SATURDAY = date(2026, 12, 19)


@pytest.fixture
def bavaria(db: None) -> Calendar:
    return calendars.calendar_create(actor=SYSTEM, name="Bavaria", country="de", subdivision="by", at=NOW)


def test_standard_week_counts_half_open() -> None:
    assert STANDARD.working_days(date(2026, 6, 1), date(2026, 6, 8)) == 5
    assert STANDARD.working_days(date(2026, 6, 1), date(2026, 6, 1)) == 0
    assert STANDARD.working_days(date(2026, 6, 6), date(2026, 6, 8)) == 0


def test_holidays_follow_country_and_subdivision() -> None:
    epiphany = date(2026, 1, 6)
    assert not WorkingDays(country="DE", subdivision="BY").is_working(epiphany)
    assert WorkingDays(country="DE", subdivision="HH").is_working(epiphany)
    assert "2026-12-25" in {day.isoformat() for day in WorkingDays(country="DE").holidays_of(2026)}


def test_a_special_day_beats_holiday_and_pattern(bavaria: Calendar) -> None:
    for day, works in [(CHRISTMAS_EVE, False), (SATURDAY, True), (CHRISTMAS, True)]:
        calendars.calendar_day_set(actor=SYSTEM, calendar=bavaria, day=day, is_working=works, label="decided", at=NOW)
    days = working_days_of(bavaria)
    assert not days.is_working(CHRISTMAS_EVE)
    assert days.is_working(SATURDAY)
    assert days.is_working(CHRISTMAS)


def test_calendar_day_set_twice_keeps_one(bavaria: Calendar) -> None:
    for works in (False, True):
        calendars.calendar_day_set(
            actor=SYSTEM, calendar=bavaria, day=SATURDAY, is_working=works, label="inventory", at=NOW
        )
    assert [day.is_working for day in bavaria.days.all()] == [True]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"country": "XX"}, "country"),
        ({"country": "DE", "subdivision": "ZZ"}, "subdivision"),
        ({"workdays": []}, "workdays"),
        ({"workdays": [0, 8]}, "workdays"),
        ({"name": ""}, "name"),
    ],
)
@pytest.mark.django_db
def test_calendar_create_names_what_does_not_fit(values: dict[str, object], field: str) -> None:
    given: dict[str, object] = {"name": "Any", "country": "", "subdivision": "", "workdays": [1], **values}
    with pytest.raises(ValidationError) as refused:
        calendars.calendar_create(actor=SYSTEM, at=NOW, **given)  # type: ignore[arg-type]
    assert field in refused.value.message_dict


def test_calendar_delete_spares_one_in_use(world: World, bavaria: Calendar) -> None:
    Unit.objects.filter(pk=world.north.pk).update(calendar=bavaria)
    with pytest.raises(Refused):
        calendars.calendar_delete(actor=SYSTEM, calendar=bavaria, at=NOW)
    Unit.objects.filter(pk=world.north.pk).update(calendar=None)
    calendars.calendar_delete(actor=world.persona("pmo_staff").actor, calendar=bavaria, at=NOW)
    assert not Calendar.objects.exists()


def test_calendar_edit_needs_the_right(world: World, bavaria: Calendar) -> None:
    with pytest.raises(Denied):
        calendars.calendar_day_set(
            actor=world.persona("developer").actor,
            calendar=bavaria,
            day=SATURDAY,
            is_working=True,
            label="x",
            at=NOW,
        )
