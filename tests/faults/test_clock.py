"""The clock jumps, and the nights on which an hour is missing or comes twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from metrics.models import ItemFact, ItemInterval
from metrics.services.sweeping import sweep
from organization.access import SYSTEM
from portfolio.models import StateCategory
from teams.models import Team, TeamMethod, WorkItem
from teams.services.items import item_move
from teams.services.sprints import sprint_close
from tests.factories.teams import item_make, item_to, sprint_make, state_of, team_make

pytestmark = pytest.mark.django_db

AUTUMN = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
"""02:30 in Berlin, the first time; an hour later it is 02:30 again."""

SPRING = datetime(2026, 3, 29, 0, 59, tzinfo=UTC)
"""01:59 in Berlin; two minutes later it is 03:01."""


def moved(item: WorkItem, category: StateCategory) -> None:
    """As a request moves it: by the clock of now."""
    item.refresh_from_db()
    item_move(
        actor=SYSTEM, item=item, to_state=state_of(item.team, category), after_id=None, seen_version=None,
        at=timezone.now(),
    )  # fmt: skip


@pytest.fixture
def team() -> Team:
    return team_make(method=TeamMethod.KANBAN)


@pytest.mark.parametrize("back", [timedelta(seconds=30), timedelta(hours=1), timedelta(days=400)])
def test_a_clock_set_back_does_not_turn_history_round(team: Team, back: timedelta) -> None:
    with time_machine.travel(datetime(2026, 6, 3, 12, tzinfo=UTC), tick=False) as clock:
        item = item_make(team, at=timezone.now() - timedelta(days=2))
        moved(item, StateCategory.ACTIVE)
        clock.shift(timedelta(minutes=5))
        moved(item, StateCategory.DONE)
        clock.shift(-back)
        moved(item, StateCategory.ACTIVE)
        sweep(at=timezone.now())
    item.refresh_from_db()
    fact = ItemFact.objects.get(pk=item.pk)
    assert item.state.category == fact.category == StateCategory.ACTIVE, "what the board says and what the numbers say"
    assert ItemInterval.objects.get(item_id=item.pk, to_at=None).state_id == item.state_id
    moments = list(item.events.order_by("seq").values_list("at", flat=True))
    assert moments == sorted(moments)


def test_a_clock_set_back_before_a_close_counts_what_the_cards_say() -> None:
    with time_machine.travel(datetime(2026, 6, 3, 12, tzinfo=UTC), tick=False) as clock:
        team = team_make()
        sprint = sprint_make(team, starts_at=timezone.now() - timedelta(days=14), start=True)
        done, left = (
            item_make(team, category=StateCategory.ACTIVE, sprint=sprint, at=timezone.now() - timedelta(days=3))
            for _ in range(2)
        )
        moved(done, StateCategory.DONE)
        clock.shift(timedelta(hours=-2))
        result = sprint_close(actor=SYSTEM, sprint=sprint, carry_to=None, at=timezone.now())
    assert (result.sprint.completed_count, result.sprint.carried_over_count) == (1, 1)
    left.refresh_from_db()
    assert left.sprint_id is None


def test_work_left_by_a_clock_that_was_ahead_is_not_left_for_ever(team: Team) -> None:
    with time_machine.travel(datetime(2027, 6, 3, 12, tzinfo=UTC), tick=False) as clock:
        item = item_make(team, at=timezone.now())
        sweep(at=timezone.now())
        clock.shift(timedelta(days=-365))
        moved(item, StateCategory.DONE)
        sweep(at=timezone.now())
    assert ItemFact.objects.get(pk=item.pk).category == StateCategory.DONE


@pytest.mark.parametrize(("night", "later"), [(AUTUMN, timedelta(hours=1)), (SPRING, timedelta(minutes=2))])
def test_the_nights_of_the_clocks_are_one_day_of_the_numbers(team: Team, night: datetime, later: timedelta) -> None:
    item = item_make(team, at=night - timedelta(days=1))
    item_to(item, StateCategory.ACTIVE, at=night)
    item.refresh_from_db()
    item_to(item, StateCategory.DONE, at=night + later)
    late = item_make(team, at=night)
    item_to(late, StateCategory.DONE, at=night + timedelta(days=1))
    sweep(at=night + timedelta(days=2))
    fact = ItemFact.objects.get(pk=item.pk)
    day = night.date()
    assert (fact.created_on, fact.started_on, fact.finished_on) == (day - timedelta(days=1), day, day)
    assert (fact.cycle_days, fact.lead_days) == (1, 2)
    assert fact.active_seconds == later.total_seconds(), "an hour that comes twice is two hours of work"
    assert ItemFact.objects.get(pk=late.pk).finished_on == date(day.year, day.month, day.day + 1)
