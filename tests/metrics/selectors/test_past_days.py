"""What was open, in progress and done on a past day: drawn histories, read by the portal and by the plain reference."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics.calculations.progress import ProgressThen, progress_then
from metrics.calculations.timeline import Category, Change, Interval
from metrics.selectors.flow import unfinished_count
from metrics.selectors.items import items_behind
from metrics.selectors.progress import progress_then as progress_in_database
from metrics.selectors.selection import Selection
from metrics.services.draining import outbox_drain, units_waiting
from metrics.services.scopes import memberships_refresh
from organization.access import SYSTEM
from pmo_portal.lib.windows import day_start
from portfolio.models import TrackedKind
from portfolio.selectors.progress import Progress
from teams.models import EstimateScale, Team, WorkItem
from tests.factories.portfolio import epic_make, feature_make
from tests.metrics.calculations.strategies import worlds
from tests.metrics.stored import NOW, derived_by_reference, event_store, item_settle, item_store, organisation_make

pytestmark = pytest.mark.django_db
NOBODY_FINISHED = (Category.BACKLOG, Category.COMMITTED, Category.ACTIVE, Category.WAITING)


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories=worlds(), day=st.dates(date(2025, 12, 30), date(2026, 2, 1)))
def test_a_past_day_is_read_as_the_histories_tell_it(histories: dict[int, list[Change]], day: date) -> None:
    with transaction.atomic():
        compare(histories, day)
        transaction.set_rollback(True)


def compare(histories: dict[int, list[Change]], day: date) -> None:
    organisation = organisation_make()
    Team.objects.update(estimate_scale=EstimateScale.FIBONACCI)
    epic = epic_make(unit=organisation.portfolio)
    feature = feature_make(unit=organisation.programs[0], epic=epic)
    told = {}
    for changes in histories.values():
        item = item_store(organisation, changes[:1])
        for change in changes[1:]:
            event_store(organisation, item, change)
        item_settle(organisation, item, changes)
        told[item.pk] = changes
    WorkItem.objects.filter(pk__in=told).update(feature=feature)
    memberships_refresh()
    for unit_id in units_waiting():
        outbox_drain(unit_id=unit_id, at=NOW)
    expected = derived_by_reference(organisation, told)

    end_at = day_start(day + timedelta(days=1))
    selection = Selection(13, day, NOW.date())
    standing = [each for each in expected.intervals if is_running(each, end_at)]
    for unit, teams in (
        (organisation.portfolio, {team.pk for team in organisation.teams.values()}),
        (organisation.team(1).unit, {organisation.team(1).pk}),
    ):
        there = [each for each in standing if each.team_id in teams]
        unfinished = [
            each for each in there if each.category in NOBODY_FINISHED and expected.facts[each.item_id].is_counted
        ]
        assert unfinished_count(unit, selection) == len(unfinished)
        assert unfinished_count(unit, selection.of_type("BUG")) == len(bugs(unfinished))
        in_progress = [each for each in there if each.is_wip]
        found = items_behind(SYSTEM, unit, selection, code="wip")
        assert found.total == len(in_progress)
        keys = sorted((expected.facts[each.item_id].started_on, each.item_id) for each in in_progress)
        assert list(found.found.values_list("pk", flat=True)) == [pk for _started_on, pk in keys]
        assert items_behind(SYSTEM, unit, selection.of_type("BUG"), code="wip").total == len(bugs(in_progress))

    lives = [(fact, [each for each in expected.intervals if each.item_id == pk]) for pk, fact in expected.facts.items()]
    wanted = progress_then(lives, last=day, end_at=end_at)
    for thing, kind in ((feature, TrackedKind.FEATURE), (epic, TrackedKind.EPIC)):
        progress = progress_in_database([thing.pk], selection, kind=kind, actor=SYSTEM)[thing.pk]
        assert as_reference(progress) == wanted


def is_running(interval: Interval, end_at: datetime) -> bool:
    return interval.from_at < end_at and (interval.until_at is None or interval.until_at >= end_at)


def bugs(intervals: Iterable[Interval]) -> list[Interval]:
    return [each for each in intervals if each.item_type == "BUG"]


def as_reference(progress: Progress) -> ProgressThen:
    return ProgressThen(
        progress.item_count,
        progress.started_count,
        progress.finished_count,
        progress.points or Decimal(0),
        progress.finished_points or Decimal(0),
        progress.unestimated_count,
    )
