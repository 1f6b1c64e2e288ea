"""Objectives of increments: from the promise to the number, as teams, leads and neighbours use them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from metrics.calculations.predictability import predictability
from metrics.models import PiObjective
from metrics.selectors.pi_objectives import increment_now, increments_of, objectives_by_unit, predictability_of
from metrics.services.pi_objectives import (
    pi_objective_create,
    pi_objective_edit,
    pi_objective_remove,
    pi_objective_score,
)
from organization.access import SYSTEM
from organization.models import Period, PeriodKind, Unit
from organization.services.periods import period_create
from organization.services.units import unit_move
from pmo_portal.lib.access import Denied
from pmo_portal.lib.errors import Conflict, Refused
from pmo_portal.lib.windows import local_day
from tests.factories.organization import NOW
from tests.personas import World

ClientAs = Callable[[str], Client]
pytestmark = pytest.mark.django_db


def increment(unit: Unit, name: str, starts_on: date, *, weeks: int = 10, kind: PeriodKind = PeriodKind.PI) -> Period:
    return period_create(
        actor=SYSTEM,
        unit=unit,
        kind=kind,
        name=name,
        starts_on=starts_on,
        ends_on=starts_on + timedelta(weeks=weeks),
        at=NOW,
    )


@pytest.fixture
def running(world: World) -> Period:
    """An increment of the portfolio that runs today, whichever day that is."""
    return increment(world.north, "PI 3", local_day(timezone.now()) - timedelta(weeks=5))


def promise(unit: Unit, period: Period, planned: int = 8, *, actual: int | None = None, **values: Any) -> PiObjective:
    objective = pi_objective_create(
        actor=SYSTEM,
        unit=unit,
        period=period,
        values={"title": f"{unit.name} opens", "planned_value": planned, **values},
        at=NOW,
    )
    if actual is not None:
        pi_objective_score(actor=SYSTEM, objective=objective, actual_value=actual, seen_version=None, at=timezone.now())
    return objective


def test_a_team_promises_and_its_lead_scores(running: Period, client_as: ClientAs) -> None:
    owner, lead = client_as("product_owner"), client_as("program_lead")
    url = reverse("metrics:pi_objectives", args=["HAR"])
    assert "Nothing is promised" in owner.get(url).content.decode()
    new = reverse("metrics:pi_objective_create", args=["HAR"])
    typed = {"title": "Fees are shown", "planned_value": "11", "is_committed": "on", "period": running.pk}
    refused = owner.post(new, typed)
    assert refused.status_code == 422
    assert "Fees are shown" in refused.content.decode()
    assert owner.post(new, {**typed, "planned_value": "8"}).status_code == 303
    objective = PiObjective.objects.get()
    score = reverse("metrics:pi_objective_score", args=[objective.pk])
    assert owner.post(score, {"actual_value": "10"}).status_code == 403  # nobody scores their own promise
    assert lead.post(score, {"actual_value": "6", "version": objective.version}).status_code == 303
    page = lead.get(reverse("metrics:pi_objectives", args=["COAST"])).content.decode()
    assert "75 %" in page.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")
    assert "Fees are shown" in page
    assert b"Fees are shown" in lead.get(url, {"format": "csv"}).getvalue()
    history = lead.get(reverse("metrics:pi_objective_edit", args=[objective.pk])).content.decode()
    assert "actual business value" in history


def test_numbers_are_those_of_the_list_whoever_looks(world: World, running: Period) -> None:
    promise(world.harbour, running, 8, actual=6)
    promise(world.harbour, running, 5, actual=5, is_committed=False)
    promise(world.lighthouse, running, 10)
    gone = promise(world.lighthouse, running, 9, actual=9)
    pi_objective_remove(actor=SYSTEM, objective=gone, is_removed=True, at=NOW)
    promise(world.quarry, running, 4, actual=4)  # another program
    today = local_day(timezone.now())
    for name, unit in (("program_lead", world.coast), ("pmo_staff", world.north), ("developer", world.harbour)):
        actor = world.persona(name).actor
        groups = objectives_by_unit(actor, unit, running, day=today)
        summed = sum((group.total for group in groups), predictability([]))
        assert predictability_of(actor, unit, [running], day=today) == {running.pk: summed}, name
    lead = world.persona("program_lead").actor
    (total,) = predictability_of(lead, world.coast, [running], day=today).values()
    assert (total.planned, total.actual, total.unscored) == (18, 11, 1)


def test_a_past_increment_counts_where_a_team_stood_then(world: World) -> None:
    today = local_day(timezone.now())
    before = increment(world.north, "PI 1", today - timedelta(weeks=40))
    now = increment(world.north, "PI 2", today - timedelta(weeks=2))
    promise(world.lighthouse, before, 8, actual=8)
    promise(world.lighthouse, now, 5, actual=5)
    unit_move(
        actor=SYSTEM,
        unit=world.lighthouse,
        parent=world.inland,
        from_day=today - timedelta(weeks=4),
        at=timezone.now(),
    )
    for unit, expected in (
        (world.coast, {before.pk: 8}),
        (world.inland, {now.pk: 5}),
        (world.north, {before.pk: 8, now.pk: 5}),
    ):
        sums = predictability_of(SYSTEM, unit, [before, now], day=today)
        assert {period: total.planned for period, total in sums.items()} == expected, unit


def test_the_increment_of_a_page_is_the_one_that_runs(world: World) -> None:
    today = date(2026, 6, 3)
    assert increment_now([], day=today) is None
    ahead = increment(world.north, "PI 9", date(2026, 9, 1))
    assert increment_now(increments_of(world.harbour, day=today), day=today) == ahead
    increment(world.north, "Q", date(2026, 5, 1), kind=PeriodKind.QUARTER)
    now = increment(world.north, "PI 8", date(2026, 5, 1))
    increment(world.south, "PI 8", date(2026, 5, 1))
    found = increments_of(world.harbour, day=today)
    assert found == [ahead, now]
    assert increment_now(found, day=today) == now


def test_what_cannot_be_promised_or_scored(world: World, running: Period) -> None:
    other = increment(world.south, "PI 3", date(2026, 5, 1))
    year = increment(world.north, "FY", date(2026, 1, 1), weeks=52, kind=PeriodKind.FISCAL_YEAR)
    for period in (other, year):
        with pytest.raises(ValidationError, match="program increment"):
            promise(world.harbour, period)
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        promise(world.harbour, running, 0)
    ahead = increment(world.north, "PI 4", local_day(timezone.now()) + timedelta(weeks=20))
    with pytest.raises(ValidationError, match="not begun"):
        promise(world.harbour, ahead, actual=5)
    with pytest.raises(Denied):
        pi_objective_create(
            actor=world.persona("developer").actor, unit=world.harbour, period=running, values={}, at=NOW
        )


def test_two_people_change_one_objective(world: World, running: Period, client_as: ClientAs) -> None:
    objective = promise(world.harbour, running)

    def edit(**values: Any) -> PiObjective:
        return pi_objective_edit(actor=SYSTEM, objective=objective, values=values, seen_version=1, at=NOW)

    edit(planned_value=9)
    assert edit(title="Two piers open").planned_value == 9  # different fields: both are kept
    with pytest.raises(Conflict):
        edit(planned_value=3)
    scored = promise(world.harbour, running, actual=5)
    with pytest.raises(ValidationError, match="what was planned stays"):
        pi_objective_edit(actor=SYSTEM, objective=scored, values={"planned_value": 4}, seen_version=None, at=NOW)
    pi_objective_remove(actor=SYSTEM, objective=objective, is_removed=True, at=NOW)
    with pytest.raises(Refused, match="removed"):
        edit(title="Three")
    client = client_as("product_owner")
    back = reverse("metrics:pi_objective_remove", args=[objective.pk])
    assert client.post(f"{back}?back=1").status_code == 303
    objective.refresh_from_db()
    assert objective.removed_at is None
    assert client.post(back, follow=True).status_code == 200
    objective.refresh_from_db()
    assert objective.removed_at is not None


def test_a_page_of_thirty_costs_as_much_as_one_of_three(
    world: World, running: Period, client_as: ClientAs, django_assert_max_num_queries: Any
) -> None:
    client = client_as("pmo_staff")
    url = reverse("metrics:pi_objectives", args=["NORTH"])
    for count in (3, 27):
        for number in range(count):
            promise(world.harbour if number % 2 else world.quarry, running, 5, actual=4)
        client.get(url)
        with django_assert_max_num_queries(12) as seen:
            client.get(url)
        if count == 3:
            first = len(seen)
    assert len(seen) == first
