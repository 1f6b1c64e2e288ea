"""Pages of programs and portfolios: what they show, to whom, that lists have their totals, and what they cost."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from metrics.selectors.alignment import alignment_of
from metrics.selectors.finding import scope_of
from metrics.selectors.flow_types import flow_by_type, predictability_of
from metrics.selectors.items import items_behind
from metrics.selectors.journeys import board_times
from metrics.selectors.progress import burn_up, progress_then, things_under_way
from metrics.selectors.quality import quality_of, quality_together
from metrics.selectors.selection import Selection
from metrics.services.sweeping import sweep
from organization.access import SYSTEM
from organization.services.units import unit_move
from pmo_portal.lib.windows import portal_zone
from portfolio.models import Epic, Feature, StateCategory, TrackedKind
from portfolio.selectors.progress import progress_of_epics, progress_of_features
from portfolio.services.epics import epic_align, epic_move
from portfolio.services.workflows import workflow_of
from teams.models import EstimateScale, Team, TeamMethod
from teams.services.sprints import sprint_close, sprint_start
from tests.factories.organization import unit_make
from tests.factories.portfolio import epic_make, feature_make, theme_make
from tests.factories.teams import item_make, item_to, sprint_make, team_make
from tests.personas import World

pytestmark = pytest.mark.django_db

TODAY = date(2026, 6, 26)
SELECTION = Selection(13, TODAY, TODAY)


def at(days_ago: int, hour: int = 12) -> datetime:
    day = TODAY - timedelta(days=days_ago)
    return datetime(day.year, day.month, day.day, hour, tzinfo=portal_zone())


@pytest.fixture(autouse=True)
def _today() -> Any:
    with time_machine.travel(at(0, 14), tick=False):
        yield


class Work:
    """Two epics, four features, three teams, and items that belong to them or to nothing."""

    def __init__(self, world: World) -> None:
        self.teams = {
            unit.code: team_make(unit, method=TeamMethod.KANBAN)
            for unit in (world.harbour, world.lighthouse, world.quarry)
        }
        self.theme, self.other = theme_make(world.north, name="Reach"), theme_make(world.north, name="Trust")
        self.aligned, self.lost = (epic_make(world.north, at=at(80)) for _ in range(2))
        shares = {self.theme.pk: 60, self.other.pk: 20}
        epic_align(actor=SYSTEM, epic=self.aligned, shares=shares, seen_version=None, at=at(79))
        self.coast = feature_make(world.coast, epic=self.aligned, at=at(78))
        self.alone = feature_make(world.coast, at=at(78))
        self.stray = feature_make(world.coast, epic=self.lost, at=at(78))
        self.inland = feature_make(world.inland, epic=self.aligned, at=at(78))
        for feature, code, count in (
            (self.coast, "HAR", 10),
            (self.coast, "LIG", 5),
            (self.inland, "QUA", 3),
            (self.alone, "HAR", 4),
            (self.stray, "HAR", 2),
            (None, "LIG", 6),
        ):
            for number in range(count):
                values: dict[str, Any] = {"feature": feature} if feature else {}
                kind = "BUG" if number % 3 == 0 else "STORY"
                item = item_make(self.teams[code], at=at(60), estimate=3, type=kind, **values)
                item_to(item, StateCategory.ACTIVE, at=at(40))
                if number % 5 != 4:
                    item_to(item, StateCategory.DONE, at=at(30 - number))
        sweep(at=at(0))


@pytest.fixture
def work(world: World) -> Work:
    return Work(world)


def test_alignment_shares_items_and_names_what_serves_nothing(work: Work, world: World) -> None:
    alignment = alignment_of(scope_of(world.north, SELECTION), actor=SYSTEM)
    aligned = 8 + 4 + 3
    assert alignment.total == aligned + 4 + 2 + 5
    assert {line.theme.name: line.items for line in alignment.themes if line.theme} == {"Reach": 9.0, "Trust": 3.0}
    assert (alignment.without_feature, alignment.without_epic, alignment.without_theme) == (5, 4, 2)
    assert alignment.unaligned == pytest.approx(11 + 0.2 * aligned)
    assert sum(line.items for line in alignment.themes) + alignment.unaligned == pytest.approx(alignment.total)


def test_every_list_has_the_total_of_its_number(work: Work, world: World) -> None:
    """All numbers of these pages, for a team, programs and the portfolio, also after a team changed its program."""

    def total(unit: Any, code: str, selection: Selection) -> int:
        return items_behind(SYSTEM, unit, selection, code=code).total

    unit_move(actor=SYSTEM, unit=world.lighthouse, parent=world.inland, from_day=TODAY - timedelta(days=27), at=at(0))
    item_make(work.teams["HAR"], at=at(2))
    sweep(at=at(0))
    earlier = Selection(4, TODAY - timedelta(days=14), TODAY)
    for unit in (world.harbour, world.coast, world.inland, world.north):
        for selection in (SELECTION, earlier, SELECTION.of_type("BUG")):
            scope = scope_of(unit, selection)
            alignment = alignment_of(scope, actor=SYSTEM)
            for code, number in (
                ("throughput", alignment.total),
                ("no_feature", alignment.without_feature),
                ("no_epic", alignment.without_epic),
                ("no_theme", alignment.without_theme),
                ("unaligned", alignment.orphan_count),
            ):
                assert total(unit, code, selection) == number, (unit, code)
            teams = scope.teams_on(selection.as_of)
            for passed in quality_together(list(quality_of(teams, selection, now=at(0)).values())).passed:
                if passed.check != "start_not_seen":
                    assert total(unit, passed.check, selection) == passed.failed, (unit, passed.check)
        flows, everything = flow_by_type(scope_of(unit, SELECTION), SELECTION)
        for flow in (*flows, everything):
            chosen = SELECTION.of_type(flow.item_type)
            assert total(unit, "throughput", chosen) == flow.finished
            assert total(unit, "wip", chosen) == flow.wip
            assert total(unit, "cycle_time", chosen) == flow.cycles.sample_size
            assert total(unit, "flow_efficiency", chosen) == flow.timed_count


def test_progress_is_the_sum_of_what_one_may_see(work: Work, world: World) -> None:
    whole = progress_of_epics([work.aligned.pk], actor=SYSTEM)[work.aligned.pk]
    assert (whole.item_count, whole.finished_count, whole.hidden_count) == (18, 15, 0)
    assert (whole.points, whole.points_ratio) == (54, 15 / 18)
    developer = world.persona("developer").actor
    seen = progress_of_epics([work.aligned.pk], actor=developer)[work.aligned.pk]
    assert (seen.item_count, seen.finished_count, seen.hidden_count) == (10, 8, 8)
    burn = burn_up(work.aligned, SELECTION, actor=developer)
    assert (burn.scope[-1], burn.finished[-1], burn.hidden_count) == (10, 8, 8)
    burn = burn_up(work.aligned, Selection(4, TODAY - timedelta(days=24), TODAY), actor=SYSTEM)
    assert (burn.scope[-1], burn.finished[-1]) == (18, 13), "as of a day, only what was finished by then"

    then = things_under_way(
        world.north, Selection(4, TODAY - timedelta(days=24), TODAY), kind=TrackedKind.EPIC, actor=developer, page=None
    )
    progress = {row.thing.pk: row.progress for row in then.rows}[work.aligned.pk]
    assert (progress.item_count, progress.finished_count, progress.hidden_count) == (10, 6, 8)
    assert (progress.points, progress.finished_points, progress.unestimated_count) == (30, 18, 0)
    assert (progress.feature_count, progress.empty_feature_count) == (2, 0), "features without items are counted of all"
    long_ago = Selection(4, TODAY - timedelta(days=70), TODAY)
    progress = progress_then([work.aligned.pk], long_ago, kind=TrackedKind.EPIC, actor=SYSTEM)[work.aligned.pk]
    assert (progress.item_count, progress.points, progress.empty_feature_count) == (0, None, 2)

    Team.objects.filter(pk=world.lighthouse.pk).update(estimate_scale=EstimateScale.LINEAR)
    item_to(item_make(work.teams["LIG"], feature=work.coast, at=at(3)), StateCategory.DONE, at=at(2))
    sweep(at=at(0))
    mixed = progress_of_features([work.coast.pk], actor=SYSTEM)[work.coast.pk]
    assert (mixed.points, mixed.points_ratio) == (None, None), "points of two scales are not one unit"
    assert mixed.item_count == 16
    yesterday = Selection(4, TODAY - timedelta(days=1), TODAY)
    mixed = progress_then([work.coast.pk], yesterday, kind=TrackedKind.FEATURE, actor=SYSTEM)[work.coast.pk]
    assert (mixed.item_count, mixed.points, mixed.unestimated_count) == (16, None, 1)


def test_predictability_is_of_committed_items_by_sprint(world: World) -> None:
    team = team_make(world.harbour)
    for number in range(2):
        sprint = sprint_make(team, starts_at=at(60 - 15 * number), start=False)
        items = [item_make(team, at=at(61 - 15 * number), sprint=sprint, estimate=1) for _ in range(4)]
        sprint.refresh_from_db()
        sprint = sprint_start(actor=SYSTEM, sprint=sprint, at=at(60 - 15 * number))
        for item in items[: 3 - number]:
            item_to(item, StateCategory.DONE, at=at(55 - 15 * number))
        sprint_close(actor=SYSTEM, sprint=sprint, carry_to=None, at=at(47 - 15 * number))
    sweep(at=at(0))
    for unit in (world.harbour, world.coast, world.north):
        found = predictability_of(scope_of(unit, SELECTION), SELECTION.window)
        assert (found.sprint_count, found.committed, found.kept) == (2, 8, 5)
    assert predictability_of(scope_of(world.inland, SELECTION), SELECTION.window).ratio is None


def test_lead_times_of_epics_come_from_their_stays(world: World) -> None:
    workflow = workflow_of(world.north, TrackedKind.EPIC)

    def state(category: StateCategory) -> Any:
        return workflow.states.filter(category=category, is_archived=False).order_by("position")[0]

    def move(epic: Epic, category: StateCategory, days: int) -> None:
        epic_move(actor=SYSTEM, epic=epic, to_state=state(category), after_id=None, seen_version=None, at=at(days))

    for number in range(10):
        epic = epic_make(world.north, at=at(80))
        move(epic, StateCategory.ACTIVE, 60)
        move(epic, StateCategory.DONE, 30 - number)
    epic_make(world.north, at=at(5))
    sweep(at=at(0))
    times = board_times(world.north, SELECTION, kind=TrackedKind.EPIC, actor=SYSTEM)
    assert [one.days for one in times.finished] == list(range(60, 50, -1)), "the latest first"
    assert (times.lead_p50_days, times.lead_p85_days) == (pytest.approx(55.5), pytest.approx(58.65))
    by_state = {line.state.category: line for line in times.states if line.count}
    assert by_state[StateCategory.ACTIVE].p50_days == pytest.approx(34.5)
    assert sum(line.open_count for line in times.states) == 11
    then = board_times(
        world.north, Selection(13, TODAY - timedelta(days=26), TODAY), kind=TrackedKind.EPIC, actor=SYSTEM
    )
    assert len(then.finished) == 5, "as of a day, what was finished later is not finished"
    assert then.lead_p50_days is None


PAGES = ("unit_types", "unit_alignment", "unit_progress", "unit_lead_times", "unit_quality")


def test_pages_show_their_numbers_and_only_to_those_with_the_right(
    work: Work, client_as: Callable[[str], Client]
) -> None:
    executive, developer = client_as("executive"), client_as("developer")
    for name in PAGES:
        url = reverse(f"metrics:{name}", args=["NORTH"])
        page = executive.get(url).content.decode()
        assert "<html" in page, name
        fragment = executive.get(url, headers={"HX-Request": "true"}).content.decode()
        assert "<html" not in fragment, name
        assert developer.get(url).status_code == 403, name
        assert client_as("south_staff").get(url).status_code == 404, name
        assert executive.get(url, {"as_of": "2026-06-01", "against": "year", "span": "last-quarter"}).status_code == 200
    assert executive.get(reverse("metrics:unit_lead_times", args=["HAR"])).status_code == 404, "a team has no board"
    alignment = executive.get(reverse("metrics:unit_alignment", args=["NORTH"])).content.decode()
    assert "11 items" in re.sub(r"\s+", " ", alignment)
    assert "Reach" in alignment
    progress = executive.get(reverse("metrics:unit_progress", args=["NORTH"])).content.decode()
    assert "15 of 18 items done" in progress
    assert developer.get(reverse("metrics:unit_quality", args=["HAR"])).status_code == 200
    burn = developer.get(reverse("metrics:epic_burn_up", args=[work.aligned.key])).content.decode()
    assert "8 items in teams you may not look into" in burn
    assert client_as("south_staff").get(reverse("metrics:epic_burn_up", args=[work.aligned.key])).status_code == 404
    file = executive.get(reverse("metrics:unit_alignment", args=["NORTH"]), {"csv": "alignment"})
    assert b"Reach" in b"".join(file.streaming_content)  # type: ignore[attr-defined]


def test_themes_out_of_sight_have_no_name(work: Work, world: World, client_as: Callable[[str], Client]) -> None:
    south = epic_make(world.south, title="Hidden epic", at=at(50))
    secret = theme_make(world.south, name="Secret plan")
    epic_align(actor=SYSTEM, epic=south, shares={secret.pk: 100}, seen_version=None, at=at(49))
    Feature.objects.filter(pk=work.coast.pk).update(epic=south)
    page = client_as("executive").get(reverse("metrics:unit_alignment", args=["NORTH"])).content.decode()
    assert "Secret plan" not in page
    assert "Themes you may not see" in page


def test_operators_see_how_numbers_are_made(work: Work, client_as: Callable[[str], Client]) -> None:
    with time_machine.travel(at(0, 9), tick=False):
        item_make(work.teams["HAR"], at=at(0, 9))
    operator = client_as("administrator")
    page = operator.get(reverse("metrics:operations")).content.decode()
    assert "Harbour" in page
    assert "longer than a minute" in page
    assert operator.post(reverse("metrics:operations_rebuild")).status_code == 303
    assert operator.post(reverse("metrics:operations_retry")).status_code == 303
    for persona in ("executive", "pmo_staff", "developer"):
        assert client_as(persona).get(reverse("metrics:operations")).status_code == 403
        assert client_as(persona).post(reverse("metrics:operations_rebuild")).status_code == 403


def _statements(client: Client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    reads = [query["sql"] for query in captured if "event" in query["sql"].lower() and "FROM" in query["sql"]]
    assert not any("itemevent" in sql or "epicevent" in sql or "featureevent" in sql for sql in reads)
    return len(captured)


def test_pages_cost_as_many_statements_for_much_as_for_little(
    work: Work, world: World, client_as: Callable[[str], Client]
) -> None:
    client = client_as("executive")
    urls = [reverse(f"metrics:{name}", args=["NORTH"]) for name in (*PAGES, "unit_dashboard")]
    urls += [reverse("metrics:epic_burn_up", args=[work.aligned.key]), reverse("metrics:executive")]
    few = [_statements(client, url) for url in urls]
    for number in range(9):
        program = unit_make("PROGRAM", parent=world.north, code=f"P{number}")
        epic = epic_make(world.north, at=at(50))
        epic_align(actor=SYSTEM, epic=epic, shares={work.theme.pk: 50}, seen_version=None, at=at(49))
        feature = feature_make(program, epic=epic if number % 2 else work.aligned, at=at(48))
        for place in range(2):
            team = team_make(unit_make(parent=program, code=f"T{number}{place}"), method=TeamMethod.KANBAN)
            item_to(item_make(team, feature=feature, at=at(20)), StateCategory.DONE, at=at(10))
            item_to(item_make(team, feature=feature, at=at(20)), StateCategory.ACTIVE, at=at(10))
    sweep(at=at(0))
    many = [_statements(client, url) for url in urls]
    assert many == few, list(zip(urls, few, many, strict=True))
    assert max(many) <= 12, list(zip(urls, many, strict=True))


def test_the_scope_switcher_leads_to_the_same_days_of_another_unit(
    work: Work, client_as: Callable[[str], Client]
) -> None:
    here = f"http://testserver{reverse('metrics:unit_quality', args=['COAST'])}?span=quarter&type=BUG"
    headers = {"HX-Request": "true", "HX-Current-URL": here}
    tree = client_as("executive").get(reverse("organization:scope_tree"), headers=headers).content.decode()
    assert "/metrics/units/INLAND/?span=quarter&amp;type=BUG" in tree
