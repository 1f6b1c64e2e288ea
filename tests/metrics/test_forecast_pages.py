"""Forecasts on their pages: known answers, inputs in the address, work of several teams, and what is kept of them."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from metrics.calculations.forecast import chance_by, how_many_at
from metrics.models import Rollup, ScopeKind
from metrics.selectors.forecasts import when_range
from metrics.selectors.work_forecasts import WorkQuestion, work_forecast
from metrics.services.forecasting import forecasts_refresh
from metrics.services.sweeping import sweep
from metrics.work_streams import Why
from organization.access import SYSTEM
from pmo_portal.lib.windows import portal_zone
from portfolio.models import Epic, EpicForecast, Feature, FeatureForecast, StateCategory, TrackedKind
from portfolio.services.workflows import workflow_of
from teams.models import Team, TeamMethod
from tests.factories.portfolio import epic_make, feature_make
from tests.factories.teams import item_make, item_to, team_make
from tests.personas import World

pytestmark = pytest.mark.django_db

TODAY = date(2026, 6, 26)
DATA = Path(__file__).parents[1] / "data" / "titanium" / "issues.jsonl.gz"


def at(days_ago: int, hour: int = 12) -> datetime:
    day = TODAY - timedelta(days=days_ago)
    return datetime(day.year, day.month, day.day, hour, tzinfo=portal_zone())


@pytest.fixture(autouse=True)
def _today() -> Any:
    with time_machine.travel(at(0, 14), tick=False):
        yield


def paced(unit_id: int, *, every: int = 2, days: int = 91) -> None:
    """A past in which a unit finished one item every so many days, as its roll-up says."""
    Rollup.objects.bulk_create(
        Rollup(
            scope_kind=ScopeKind.UNIT,
            scope_id=unit_id,
            day=TODAY - timedelta(days=number),
            item_type="STORY",
            finished=number % every == 0,
        )
        for number in range(1, days + 1)
    )


def page(client: Client, url: str, *, status: int = 200, **query: object) -> str:
    response = client.get(url, query)
    assert response.status_code == status
    return str(response.content.decode())


def test_cases_6_and_7_hold_for_what_pages_say() -> None:
    when = np.repeat([3, 4, 5, 6, 7, 9], [1, 2, 3, 2, 1, 1])
    assert when_range(when) == {50: 5, 70: 6, 85: 7, 95: 9}
    assert chance_by(when, 5) == 0.6
    many = np.repeat([9, 7, 5, 4, 3], [1, 2, 4, 2, 1])
    assert [how_many_at(many, percent) for percent in (10, 30, 50, 85)] == [9, 7, 5, 4]


def test_case_8_holds_on_the_page(world: World, client_as: Callable[[str], Client]) -> None:
    """Titanium, 2,720 resolutions on 1,778 days: 254 weeks of a unit's past, asked for over the page."""
    with gzip.open(DATA, "rt", encoding="utf-8") as file:
        issues = [json.loads(line) for line in file if '"key":"TIMOB-' in line]
    days = Counter(
        datetime.fromisoformat(issue["fields"]["resolutiondate"].replace("+0000", "+00:00")).date()
        for issue in issues
        if issue["key"].startswith("TIMOB-")
        and issue["fields"]["resolutiondate"]
        and issue["fields"]["created"] >= "2017-01-01"
    )
    first, last = min(days), max(days)
    assert (sum(days.values()), (last - first).days + 1) == (2720, 1778)
    Rollup.objects.bulk_create(
        Rollup(scope_kind=ScopeKind.UNIT, scope_id=world.harbour.pk, day=day, item_type="STORY", finished=count)
        for day, count in days.items()
    )
    start = last + timedelta(days=1)
    url = reverse("metrics:unit_forecast", args=["HAR"])
    for horizon, expected in ((30, (45, 39, 33, 27)), (14, (20, 16, 13, 9))):
        shown = page(
            client_as("executive"),
            url,
            history=254,
            items=500,
            start=start.isoformat(),
            target=(start + timedelta(days=horizon - 1)).isoformat(),
        )
        found = [int(count) for count in re.findall(r"<dd>at least (\d+) items", shown)]
        # The expected are of an exact convolution; 10,000 trials may be off by one.
        assert all(abs(one - exact) <= 1 for one, exact in zip(found, expected, strict=True)), (horizon, found)


def test_a_units_forecast_is_a_range_with_its_inputs_and_its_record(
    world: World, client_as: Callable[[str], Client]
) -> None:
    client, url = client_as("executive"), reverse("metrics:unit_forecast", args=["HAR"])
    assert "there is nothing to forecast from" in page(client, url)

    paced(world.harbour.pk, every=1, days=450)
    shown = page(client, url, items=10)
    assert "Done by <b>5 Jul 2026</b>, with 85 % confidence." in shown
    assert "at least 30 items" in shown
    assert all(said in shown for said in ("10 items left, growth included.", "Drawn from 27 Mar 2026 to 25 Jun 2026"))
    assert "How such forecasts have held" in shown
    assert 'name="seed" value="1"' in shown
    grown = page(client, url, items=10, growth="1.5", start="2026-07-01", target="2026-07-10")
    assert "Done by <b>15 Jul 2026</b>" in grown
    assert "Chance by 10 Jul 2026</dt><dd>0 %" in grown
    shared = page(client, url, items=10, share=50, confidence=95)
    assert "an even chance by the first day, 95 % by the last" in shared
    answers = [re.findall(r"<dd>(.*?)</dd>", page(client, url, items=10, share=50)) for _ in range(2)]
    assert len(answers[0]) >= 9
    assert answers[0] == answers[1], "seeded"

    assert "Nothing is left to do." in page(client, url, items=0)
    assert "Chance by 30 Jan 2027" in page(client, url, items=10, start="2027-01-01")
    assert "Not within ten years at this pace." in page(client, url, items=9000)
    thin = page(client, url, items=10, history=2)
    assert "Thin history" in thin
    file = client.get(url, {"items": 10, "csv": "how-many"})
    assert b"".join(file.streaming_content).decode("utf-8-sig").splitlines()[1] == "30,10000,1.0"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("growth", "0", "greater than or equal to 0.1"),
        ("items", "many", "Enter a whole number."),
        ("history", "9999", "less than or equal to"),
        ("share", "101", "less than or equal to 100"),
        ("start", "0001-01-01", "A day between 1970 and ten years from now."),
        ("target", "2020-01-01", "A day from the first day on, within ten years."),
        ("confidence", "99", "is not one of the available choices"),
    ],
)
def test_bad_inputs_come_back_with_what_was_typed(
    field: str, value: str, message: str, client_as: Callable[[str], Client]
) -> None:
    shown = page(client_as("executive"), reverse("metrics:unit_forecast", args=["HAR"]), status=422, **{field: value})
    assert message in shown
    assert field == "confidence" or f'value="{value}"' in shown


@pytest.fixture
def epic(world: World) -> Epic:
    return epic_make(world.north)


def working(world: World, epic: Epic) -> tuple[Feature, Team, Team]:
    """A feature of the epic with three open items of one team, one of another."""
    harbour = team_make(world.harbour, method=TeamMethod.KANBAN)
    lighthouse = team_make(world.lighthouse, method=TeamMethod.KANBAN)
    feature = feature_make(world.coast, epic=epic)
    for _ in range(3):
        item_make(harbour, at=at(9), feature=feature)
    item_make(lighthouse, at=at(9), feature=feature)
    for team in (harbour, lighthouse):
        item_to(item_make(team, at=at(20)), StateCategory.DONE, at=at(1))
    sweep(at=at(0))
    return feature, harbour, lighthouse


def ask(epic: Epic, **changes: Any) -> Any:
    question = WorkQuestion(starts_on=TODAY, today=TODAY, days=91, **changes)
    return work_forecast(SYSTEM, TrackedKind.EPIC, epic.pk, question)


def test_an_epic_is_done_with_the_last_of_its_teams(
    world: World, epic: Epic, client_as: Callable[[str], Client]
) -> None:
    assert ask(epic).why is Why.NO_FEATURES
    feature, harbour, lighthouse = working(world, epic)
    Rollup.objects.filter(scope_kind=ScopeKind.UNIT).delete()
    paced(harbour.pk, every=1)
    assert ask(epic).why is Why.NO_PACE, "the other team has finished nothing"
    paced(lighthouse.pk, every=10)
    found = ask(epic, share=1.0)
    alone = {part.unit.code: part.when_days for part in found.parts}
    assert set(alone["HAR"].values()) == {3}
    assert alone["LIG"][85] > 10
    assert found.when_days[85] >= max(alone["HAR"][85], alone["LIG"][85])
    assert ask(epic, share=0.2).when_days[50] > found.when_days[50]
    assert ask(epic, share=1.0, growth=3.0).when_days[50] > found.when_days[50]
    # Neither team has anything of an epic in progress but this: all of its throughput is for it.
    assert [part.share for part in ask(epic).parts] == [1.0, 1.0]

    shown = page(client_as("executive"), reverse("metrics:epic_forecast", args=[epic.key]))
    assert "Who still has to do what" in shown
    assert shown.index("Harbour") < shown.index("Lighthouse")
    tab = page(client_as("program_lead"), reverse("metrics:feature_forecast", args=[feature.key]))
    assert "Done between" in tab
    assert "an even chance by the first day, 85 % by the last" in tab
    page(client_as("executive"), reverse("metrics:epic_forecast", args=[epic.key]), status=422, share=0)


def test_a_feature_without_items_draws_its_size_from_the_programs_past(world: World, epic: Epic) -> None:
    _feature, harbour, lighthouse = working(world, epic)
    Rollup.objects.filter(scope_kind=ScopeKind.UNIT).delete()
    for unit_id in (harbour.pk, lighthouse.pk, world.coast.pk):
        paced(unit_id, every=1)
    split = ask(epic, share=1.0)
    feature_make(world.coast, epic=epic)
    assert ask(epic).why is Why.NO_SIZES
    done = workflow_of(world.coast, TrackedKind.FEATURE).states.filter(category=StateCategory.DONE)[0]
    for size in (4, 6, 8):
        past = feature_make(world.coast, state=done)
        for _ in range(size):
            item_make(harbour, at=at(60), feature=past, category=StateCategory.DONE)
    sweep(at=at(0))
    found = ask(epic, share=1.0)
    assert found.why is None
    unsplit = next(part for part in found.parts if part.part.unsplit)
    assert list(unsplit.part.sizes) == [4, 6, 8]
    assert set(unsplit.when_days.values()) == {6, 8}
    assert found.when_days[95] == 8 > split.when_days[95]


def test_who_may_not_see_a_part_sees_no_date(world: World, epic: Epic, client_as: Callable[[str], Client]) -> None:
    feature, _harbour, _lighthouse = working(world, epic)
    quarry = team_make(world.quarry, method=TeamMethod.KANBAN)
    item_make(quarry, at=at(9), feature=feature)
    item_to(item_make(quarry, at=at(20)), StateCategory.DONE, at=at(1))
    sweep(at=at(0))
    assert forecasts_refresh(at=at(0)) == 2
    url = reverse("metrics:feature_forecast", args=[feature.key])
    detail = reverse("portfolio:feature_detail", args=[feature.key])
    assert "Done between" in page(client_as("executive"), url)
    assert "Likely done" in page(client_as("executive"), detail)
    shown = page(client_as("program_lead"), url)
    assert "Part of the work belongs to teams you may not look into." in shown
    assert "Quarry" not in shown
    assert "Done between" not in shown
    assert "Likely done" not in page(client_as("program_lead"), detail)


def test_what_is_kept_is_what_the_page_says_and_follows_what_changes(world: World, epic: Epic) -> None:
    feature, harbour, _lighthouse = working(world, epic)
    assert forecasts_refresh(at=at(0)) == 2
    assert forecasts_refresh(at=at(0)) == 0, "the same inputs"
    kept = EpicForecast.objects.get(epic=epic)
    days = ask(epic).when_days
    assert [kept.p50_on, kept.p70_on, kept.p85_on, kept.p95_on] == [
        TODAY + timedelta(days=days[percent] - 1) for percent in (50, 70, 85, 95)
    ]
    item_make(harbour, at=at(0), feature=feature)
    assert forecasts_refresh(at=at(0)) == 2
    assert EpicForecast.objects.get(epic=epic).digest != kept.digest
    Feature.objects.filter(pk=feature.pk).update(deleted_at=at(0))
    assert forecasts_refresh(at=at(0)) == 1
    assert EpicForecast.objects.get(epic=epic).why == Why.NO_FEATURES
    assert not FeatureForecast.objects.exists()


def test_forecast_pages_cost_the_same_whatever_the_teams(
    world: World, epic: Epic, client_as: Callable[[str], Client]
) -> None:
    feature, _harbour, _lighthouse = working(world, epic)
    client = client_as("executive")
    urls = [
        reverse("metrics:epic_forecast", args=[epic.key]),
        reverse("metrics:feature_forecast", args=[feature.key]),
        reverse("metrics:unit_forecast", args=["COAST"]),
    ]

    def statements(url: str) -> int:
        client.get(url)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        return len(queries)

    few = [statements(url) for url in urls]
    quarry = team_make(world.quarry, method=TeamMethod.KANBAN)
    for _ in range(6):
        other = feature_make(world.coast, epic=epic)
        item_make(quarry, at=at(9), feature=other)
        item_make(quarry, at=at(9), feature=feature)
        item_to(item_make(quarry, at=at(20)), StateCategory.DONE, at=at(1))
    sweep(at=at(0))
    assert [statements(url) for url in urls] == few
    assert max(few) <= 25
