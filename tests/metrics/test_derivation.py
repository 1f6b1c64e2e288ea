"""One truth, three ways: increment, rebuild and the plain reference give the same rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics.calculations.rollup import RolledUp
from metrics.calculations.timeline import Change
from metrics.models import CycleWeek, ItemFact, ItemInterval, Rollup, StockCheckpoint
from metrics.selectors.histograms import Wanted, cycle_histograms
from metrics.services.draining import outbox_drain, units_waiting
from metrics.services.rebuilding import rollup_rebuild, team_rebuild_next
from metrics.services.rules import rules_check
from metrics.services.scopes import checkpoints_set, memberships_refresh, scopes_repair
from organization.access import SYSTEM
from organization.models import Unit, UnitParent
from organization.services.units import unit_move
from pmo_portal.lib.windows import Window, day_start
from portfolio.models import StateCategory
from portfolio.services.workflows import state_recategorise
from teams.models import Team, WorkItem
from tests.metrics.calculations.histories import TEST
from tests.metrics.calculations.strategies import worlds
from tests.metrics.stored import (
    NOW,
    Derived,
    derived_by_database,
    derived_by_reference,
    event_store,
    item_settle,
    item_store,
    memberships_now,
    organisation_make,
    rolled_in_database,
    rules_now,
)

pytestmark = pytest.mark.django_db


@contextmanager
def undone() -> Iterator[None]:
    """Give each drawn example a database of its own."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def drain_all() -> None:
    for unit_id in units_waiting():
        outbox_drain(unit_id=unit_id, at=NOW, batch_size=3)


def work_all() -> None:
    """What the sweep does, until nothing is left."""
    drain_all()
    memberships_refresh()
    rules_check(at=NOW)
    while team_rebuild_next(at=NOW) is not None:
        pass


def derived_tables_empty() -> None:
    for model in (ItemFact, ItemInterval, Rollup, CycleWeek, StockCheckpoint):
        model._default_manager.all().delete()


def checkpoints_hold(rolled: RolledUp) -> None:
    """Every checkpoint is the sum of the changes before it."""
    expected: dict[tuple[int, date, str], int] = {}
    for checkpoint in StockCheckpoint.objects.values("scope_id", "day").distinct():
        for key, row in rolled.rows.items():
            if key.unit_id == checkpoint["scope_id"] and key.day < checkpoint["day"]:
                place = (key.unit_id, checkpoint["day"], key.item_type)
                expected[place] = expected.get(place, 0) + row.wip_delta
    held = {(row.scope_id, row.day, row.item_type): row.wip for row in StockCheckpoint.objects.all() if row.wip}
    assert held == {place: wip for place, wip in expected.items() if wip}


class Story:
    """Histories told in the order in which their events were recorded, with things happening in between."""

    def __init__(self, histories: dict[int, list[Change]]) -> None:
        self.organisation = organisation_make()
        self.histories = histories
        self.items: dict[int, WorkItem] = {}
        self.told: dict[int, list[Change]] = {}

    def chapters(self) -> Iterator[None]:
        """Tell every item's next event; pause after each round."""
        longest = max((len(changes) for changes in self.histories.values()), default=0)
        for position in range(longest):
            for number, changes in self.histories.items():
                if position < len(changes):
                    self._tell(number, changes[: position + 1])
            yield

    def _tell(self, number: int, so_far: list[Change]) -> None:
        if number not in self.items:
            self.items[number] = item_store(self.organisation, so_far)
        else:
            event_store(self.organisation, self.items[number], so_far[-1])
        item = self.items[number]
        item_settle(self.organisation, item, so_far)
        self.told[item.pk] = so_far

    def happen(self, event: str, day: date) -> None:
        """Let something happen that makes history read differently."""
        team = self.organisation.team(1)
        state = self.organisation.columns[TEST]
        match event:
            case "drain":
                drain_all()
            case "team moves":
                move_team(team.unit, self.organisation.programs, day)
            case "meaning corrected":
                category = StateCategory.DONE if state.category == StateCategory.WAITING else StateCategory.WAITING
                state.category = state_recategorise(actor=SYSTEM, state=state, category=category, from_at=None).category
            case "meaning changes":
                state.category = state_recategorise(
                    actor=SYSTEM, state=state, category=StateCategory.ACTIVE, from_at=day_start(day)
                ).category
            case "work starts later":
                Team.objects.filter(pk=team.pk).update(started_from=StateCategory.ACTIVE)
            case "checkpoint":
                checkpoints_set(day=day)
            case _:
                work_all()

    def reference(self) -> Derived:
        return derived_by_reference(self.organisation, self.told)

    def database(self) -> Derived:
        return derived_by_database(self.told)


def move_team(unit: Unit, programs: Sequence[Unit], day: date) -> None:
    """Put a team under the program it is not in on that day."""
    now = UnitParent.objects.get(unit=unit, valid_from__lte=day, valid_to__gt=day).parent
    other = next(program for program in programs if program != now)
    unit_move(actor=SYSTEM, unit=unit, parent=other, from_day=day, at=NOW)


happenings = st.sampled_from(
    [
        "drain",
        "drain",
        "everything",
        "team moves",
        "meaning corrected",
        "meaning changes",
        "work starts later",
        "checkpoint",
    ]
)
days = st.dates(min_value=date(2025, 12, 28), max_value=date(2026, 2, 3))


def tell(story: Story, data: st.DataObject) -> None:
    for _ in story.chapters():
        for event in data.draw(st.lists(happenings, max_size=2), label="happens"):
            story.happen(event, data.draw(days, label="day"))
    work_all()


def damage(story: Story) -> None:
    """Lose a row of each table, and falsify all others of one program."""
    program = story.organisation.programs[0]
    Rollup.objects.filter(scope_id=program.pk).update(finished=77)
    CycleWeek.objects.filter(scope_id=story.organisation.team(1).pk).delete()
    Rollup.objects.filter(scope_id=story.organisation.team(2).pk).delete()
    StockCheckpoint.objects.filter(scope_id=program.pk).update(wip=99)
    Rollup.objects.filter(scope_id=story.organisation.portfolio.pk).delete()


def check(story: Story) -> None:
    """Compare increment, repair from facts, and rebuild from nothing with the reference."""
    expected = story.reference()
    increment = story.database()
    assert increment.facts == expected.facts
    assert increment.intervals == expected.intervals
    assert increment.rolled == expected.rolled
    checkpoints_hold(expected.rolled)

    assert scopes_repair(actor=SYSTEM, unit_id=None) == 0
    damage(story)
    assert scopes_repair(actor=SYSTEM, unit_id=None) > 0 or not expected.rolled.rows
    assert rolled_in_database() == expected.rolled
    checkpoints_hold(expected.rolled)

    derived_tables_empty()
    rollup_rebuild(actor=SYSTEM, unit_id=None, at=NOW)
    work_all()
    assert story.database() == expected


def histograms_hold(story: Story, windows: Sequence[Window]) -> None:
    """For any days: stored weeks and the facts at their ends say what counting item by item says."""
    rules, memberships = rules_now(), memberships_now()
    units = {membership.ancestor_id for membership in memberships} | {story.organisation.team(1).pk}
    wanted = [Wanted(unit_id, window) for unit_id in sorted(units) for window in windows]
    seen = [
        fact
        for fact in story.reference().facts.values()
        if fact.is_counted and fact.is_start_seen and fact.cycle_days is not None
    ]
    for asked, counts in zip(wanted, cycle_histograms(wanted, item_type=""), strict=True):
        unit_id, window = asked.unit_id, asked.window
        assert counts == Counter(
            fact.cycle_days
            for fact in seen
            if fact.finished_at is not None
            and (day := rules.day(fact.finished_at)) in window
            and (
                fact.finished_team_id == unit_id
                or any(
                    m.ancestor_id == unit_id and m.unit_id == fact.finished_team_id and m.start <= day < m.end
                    for m in memberships
                )
            )
        )


windows = st.tuples(days, days).map(lambda ends: Window(min(ends), max(ends)))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories=worlds(), data=st.data())
def test_increment_rebuild_and_reference_agree(histories: dict[int, list[Change]], data: st.DataObject) -> None:
    with undone():
        story = Story(histories)
        tell(story, data)
        histograms_hold(story, data.draw(st.lists(windows, max_size=4), label="windows"))
        check(story)


@pytest.mark.slow
@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories=worlds(), data=st.data())
def test_increment_rebuild_and_reference_agree_at_length(
    histories: dict[int, list[Change]], data: st.DataObject
) -> None:
    with undone():
        story = Story(histories)
        tell(story, data)
        histograms_hold(story, data.draw(st.lists(windows, max_size=4), label="windows"))
        check(story)
