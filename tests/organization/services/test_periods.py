"""Periods of one kind never share a day in one unit."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from django.core.exceptions import ValidationError

from organization.access import SYSTEM
from organization.models import Period, PeriodKind
from organization.services import periods
from pmo_portal.lib.access import Denied
from tests.factories.organization import NOW
from tests.personas import World

pytestmark = pytest.mark.django_db


def make(world: World, name: str, start: date, end: date, kind: str = "QUARTER") -> Period:
    return periods.period_create(
        actor=SYSTEM, unit=world.north, kind=kind, name=name, starts_on=start, ends_on=end, at=NOW
    )


def test_quarters_of_year_are_half_open_and_leave_no_gap(world: World) -> None:
    planned = periods.quarters_of_year(starts_on=date(2026, 4, 1), name="FY26")
    year, *quarters = planned
    assert (year.starts_on, year.ends_on) == (date(2026, 4, 1), date(2027, 4, 1))
    assert [quarter.starts_on for quarter in quarters] == [
        date(2026, 4, 1),
        date(2026, 7, 1),
        date(2026, 10, 1),
        date(2027, 1, 1),
    ]
    assert all(one.ends_on == two.starts_on for one, two in pairwise(quarters))
    periods.period_create_series(actor=SYSTEM, unit=world.north, planned=planned, at=NOW)
    assert Period.objects.filter(unit=world.north).count() == 5


def test_quarters_of_a_year_that_begins_on_the_last_day_of_a_month() -> None:
    year, *quarters = periods.quarters_of_year(starts_on=date(2026, 11, 30), name="FY")
    assert year.ends_on == date(2027, 11, 30)
    assert all(quarter.ends_on > quarter.starts_on for quarter in quarters)


def test_increments_follow_one_another() -> None:
    planned = periods.increments(starts_on=date(2026, 1, 5), weeks=10, count=5, name="PI", first_number=3)
    assert [one.name for one in planned] == ["PI 3", "PI 4", "PI 5", "PI 6", "PI 7"]
    assert planned[0].kind == PeriodKind.PI
    assert (planned[-1].ends_on - planned[0].starts_on).days == 5 * 70


def test_period_create_refuses_a_shared_day_but_not_a_shared_edge(world: World) -> None:
    make(world, "Q1", date(2026, 1, 1), date(2026, 4, 1))
    make(world, "Q2", date(2026, 4, 1), date(2026, 7, 1))
    make(world, "FY", date(2026, 1, 1), date(2027, 1, 1), kind="FISCAL_YEAR")
    with pytest.raises(ValidationError) as refused:
        make(world, "Q2b", date(2026, 6, 30), date(2026, 9, 1))
    assert "starts_on" in refused.value.message_dict


def test_period_create_refuses_a_turned_period_and_a_used_name(world: World) -> None:
    make(world, "Q1", date(2026, 1, 1), date(2026, 4, 1))
    with pytest.raises(ValidationError) as refused:
        make(world, "Q2", date(2026, 7, 1), date(2026, 7, 1))
    assert "ends_on" in refused.value.message_dict
    with pytest.raises(ValidationError):
        make(world, "Q1", date(2027, 1, 1), date(2027, 4, 1))


def test_period_series_is_all_or_nothing(world: World) -> None:
    make(world, "in the way", date(2026, 8, 1), date(2026, 9, 1))
    with pytest.raises(ValidationError):
        periods.period_create_series(
            actor=SYSTEM,
            unit=world.north,
            planned=periods.quarters_of_year(starts_on=date(2026, 1, 1), name="FY26"),
            at=NOW,
        )
    assert Period.objects.count() == 1


def test_period_edit_and_delete_need_the_right(world: World) -> None:
    period = make(world, "Q1", date(2026, 1, 1), date(2026, 4, 1))
    lead = world.persona("program_lead").actor
    with pytest.raises(Denied):
        periods.period_delete(actor=lead, period=period, at=NOW)
    edited = periods.period_edit(
        actor=world.persona("pmo_staff").actor,
        period=period,
        name="First quarter",
        starts_on=period.starts_on,
        ends_on=date(2026, 4, 2),
        at=NOW,
    )
    assert edited.name == "First quarter"
