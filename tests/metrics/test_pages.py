"""Pages of numbers: who sees them, what they show, and that every list has the total of its number."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from metrics.definition_text import definitions_as_markdown
from metrics.definitions import METRICS
from metrics.selectors.items import BEHIND, items_behind
from metrics.selectors.numbers import numbers_of
from metrics.selectors.selection import Selection, selection_of
from metrics.services.rebuilding import team_rebuild_next
from metrics.services.scopes import checkpoints_set
from metrics.services.sweeping import sweep
from organization.access import SYSTEM
from organization.services.units import unit_move
from pmo_portal.lib.windows import portal_zone
from portfolio.models import StateCategory
from teams.models import Team, TeamMethod
from teams.services.sprints import sprint_close
from tests.factories.organization import unit_make
from tests.factories.teams import item_make, item_to, sprint_make, team_make
from tests.personas import World

pytestmark = pytest.mark.django_db

TODAY = date(2026, 6, 26)
CODES = ("throughput", "wip", "cycle_time", "start_not_seen", "started", "created", "cancelled")


def at(days_ago: int, hour: int = 12) -> datetime:
    day = TODAY - timedelta(days=days_ago)
    return datetime(day.year, day.month, day.day, hour, tzinfo=portal_zone())


@pytest.fixture(autouse=True)
def _today() -> Any:
    with time_machine.travel(at(0, 14), tick=False):
        yield


@pytest.fixture
def teams(world: World) -> dict[str, Team]:
    """Two teams of one program and one of another, with work in every state."""
    made = {
        unit.code: team_make(unit, method=TeamMethod.KANBAN) for unit in (world.harbour, world.lighthouse, world.quarry)
    }
    for number, team in enumerate(made.values()):
        for days in range(12):
            item = item_make(team, at=at(60 + days))
            item_to(item, StateCategory.ACTIVE, at=at(40 - days))
            item_to(item, StateCategory.DONE, at=at(30 - 2 * days))
        for days in range(3 + number):
            item_to(item_make(team, at=at(20)), StateCategory.ACTIVE, at=at(10 + days))
        item_to(item_make(team, at=at(9)), StateCategory.DONE, at=at(8))
        item_make(team, at=at(5))
    sweep(at=at(0))
    return made


def number_behind(code: str, unit_id: int, selection: Selection) -> int:
    numbers = numbers_of([unit_id], selection)[unit_id]
    return {
        "throughput": numbers.flow.finished,
        "wip": numbers.wip_now,
        "cycle_time": numbers.cycles.sample_size,
        "start_not_seen": numbers.flow.finished_start_not_seen,
        "started": numbers.flow.started,
        "created": numbers.flow.created,
        "cancelled": numbers.flow.cancelled,
    }[code]


def selections() -> list[Selection]:
    return [
        Selection(weeks, as_of, TODAY, item_type)
        for weeks in (4, 13)
        for as_of in (TODAY, TODAY - timedelta(days=12), TODAY - timedelta(days=35))
        for item_type in ("", "STORY", "BUG")
    ]


def every_list_has_its_numbers_total(world: World) -> None:
    for unit in (world.harbour, world.coast, world.inland, world.north):
        for selection in selections():
            for code in CODES:
                items = items_behind(SYSTEM, unit, selection, code=code)
                assert items.total == number_behind(code, unit.pk, selection), (unit, selection, code)
                assert items.found.count() == items.total


@pytest.mark.usefixtures("teams")
def test_every_list_has_the_total_of_its_number(world: World) -> None:
    assert set(CODES) <= set(BEHIND)  # the others: test_flow_page, and the pages that show them
    every_list_has_its_numbers_total(world)


@pytest.mark.usefixtures("teams")
def test_lists_follow_a_team_that_changes_its_program(world: World) -> None:
    unit_move(actor=SYSTEM, unit=world.lighthouse, parent=world.inland, from_day=TODAY - timedelta(days=14), at=at(0))
    sweep(at=at(0))
    every_list_has_its_numbers_total(world)


@pytest.mark.usefixtures("teams")
def test_checkpoints_change_no_number(world: World) -> None:
    before = [numbers_of([world.north.pk], selection)[world.north.pk] for selection in selections()]
    checkpoints_set(day=TODAY - timedelta(days=50))
    checkpoints_set(day=TODAY - timedelta(days=20))
    assert [numbers_of([world.north.pk], selection)[world.north.pk] for selection in selections()] == before


@pytest.mark.usefixtures("teams")
def test_unit_dashboard_shows_numbers_with_source_and_rows(world: World, client_as: Callable[[str], Client]) -> None:
    page = client_as("executive").get(reverse("metrics:unit_dashboard", args=["COAST"])).content.decode()
    selection = Selection(13, TODAY, TODAY)
    finished = numbers_of([world.coast.pk], selection)[world.coast.pk].flow.finished
    assert finished == 26
    assert f">{finished}</a>" in page
    assert "See the 26 items" in page
    assert "as of 26 Jun 2026" in page
    assert f'data-live="{world.coast.pk}"' in page
    assert reverse("metrics:unit_items", args=["COAST", "throughput"]) in page
    assert "Velocity" not in page, "points of two teams are not one unit"
    assert page.index("Harbour") < page.index("Lighthouse")


@pytest.mark.usefixtures("teams")
def test_fragment_has_the_same_numbers_and_no_shell(world: World, client_as: Callable[[str], Client]) -> None:
    client = client_as("executive")
    url = reverse("metrics:unit_tiles", args=["COAST"])
    fragment = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    assert ">26</a>" in fragment
    page = client.get(reverse("metrics:executive"), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in page


RIGHTS = (
    ("executive", "NORTH", 200),
    ("developer", "HAR", 200),
    ("developer", "COAST", 403),
    ("developer", "LIG", 404),
    ("stakeholder", "NORTH", 403),
    ("south_staff", "NORTH", 404),
    ("executive", "NOWHERE", 404),
)


@pytest.mark.usefixtures("teams")
def test_numbers_of_a_unit_are_for_those_with_the_right(client_as: Callable[[str], Client]) -> None:
    for persona, code, status in RIGHTS:
        client = client_as(persona)
        for url in (
            reverse("metrics:unit_dashboard", args=[code]),
            reverse("metrics:unit_tiles", args=[code]),
            reverse("metrics:unit_items", args=[code, "throughput"]),
        ):
            assert client.get(url).status_code == status, (persona, url)


@pytest.mark.usefixtures("teams")
def test_executive_page_shows_ones_own_top_units(client_as: Callable[[str], Client]) -> None:
    lead = client_as("program_lead").get(reverse("metrics:executive")).content.decode()
    assert "Coast" in lead
    assert "Inland" not in lead
    assert "Quarry" not in lead
    assert client_as("stranger").get(reverse("metrics:executive")).status_code == 403


@pytest.mark.usefixtures("teams")
def test_items_of_teams_out_of_sight_are_counted_and_not_listed(
    world: World, client_as: Callable[[str], Client]
) -> None:
    unit_move(actor=SYSTEM, unit=world.lighthouse, parent=world.inland, from_day=TODAY - timedelta(days=2), at=at(0))
    sweep(at=at(0))
    page = client_as("program_lead").get(reverse("metrics:unit_items", args=["COAST", "throughput"])).content.decode()
    assert "26 items" in re.sub(r"\s+", " ", page)
    assert "13 of them are in teams you may not look into" in re.sub(r"\s+", " ", page)
    assert "LIG-" not in page
    assert "HAR-" in page


@pytest.mark.usefixtures("teams")
def test_list_pages_through_all_items_once(client_as: Callable[[str], Client]) -> None:
    client = client_as("executive")
    url = reverse("metrics:unit_items", args=["NORTH", "created"])
    keys: list[str] = []
    for page in (1, 2):
        text = client.get(url, {"page": page}).content.decode()
        keys += re.findall(r'href="/items/([A-Z]+-\d+)/"', text)
    assert len(keys) == len(set(keys)) == 54


@pytest.mark.usefixtures("teams")
def test_csv_holds_all_rows_and_no_formula(teams: dict[str, Team], client_as: Callable[[str], Client]) -> None:
    item = item_make(teams["HAR"], title="=HYPERLINK(1)", at=at(3))
    item_to(item, StateCategory.ACTIVE, at=at(2))
    sweep(at=at(0))
    response = client_as("executive").get(reverse("metrics:unit_items", args=["COAST", "wip"]), {"format": "csv"})
    text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 3 + 4 + 1
    assert [row["title"] for row in rows if "HYPERLINK" in row["title"]] == ["'=HYPERLINK(1)"]
    assert {row["age_days"] for row in rows} == {"3", "11", "12", "13", "14"}


NONSENSE: tuple[dict[str, str], ...] = (
    {"sort": "-item__team__source"},
    {"sort": "; DROP TABLE"},
    {"weeks": "99999999999999999999"},
    {"weeks": "-4"},
    {"as_of": "9999-12-31"},
    {"as_of": "0001-01-01"},
    {"as_of": "yesterday"},
    {"type": "SUBTASK"},
    {"type": "x' OR 1=1"},
    {"page": "-1"},
    {"page": "10000000000000000000000"},
)


@pytest.mark.usefixtures("teams")
def test_what_makes_no_sense_in_an_address_is_taken_for_the_default(client_as: Callable[[str], Client]) -> None:
    client = client_as("executive")
    items = reverse("metrics:unit_items", args=["COAST", "throughput"])
    dashboard = reverse("metrics:unit_dashboard", args=["COAST"])
    for query in NONSENSE:
        assert "26 items" in re.sub(r"\s+", " ", client.get(items, query).content.decode()), query
        assert client.get(dashboard, query).status_code == 200, query


@pytest.mark.usefixtures("teams")
def test_nothing_is_compared_with_a_time_before_the_first_number(client_as: Callable[[str], Client]) -> None:
    client = client_as("executive")
    url = reverse("metrics:unit_tiles", args=["COAST"])
    assert "than the 4 weeks before" in client.get(url, {"weeks": "4"}).content.decode()
    assert "weeks before" not in client.get(url, {"weeks": "13"}).content.decode()
    assert "weeks ago" not in client.get(url, {"weeks": "52"}).content.decode()


def test_an_unknown_list_does_not_exist(teams: dict[str, Team], client_as: Callable[[str], Client]) -> None:
    assert client_as("executive").get("/metrics/units/COAST/items/salaries/").status_code == 404


@pytest.mark.usefixtures("teams")
def test_selection_stays_in_every_link(client_as: Callable[[str], Client]) -> None:
    query = {"weeks": "4", "as_of": "2026-06-10", "type": "STORY"}
    page = client_as("executive").get(reverse("metrics:unit_dashboard", args=["COAST"]), query).content.decode()
    assert "/metrics/units/COAST/items/throughput/?weeks=4&amp;as_of=2026-06-10&amp;type=STORY" in page
    assert 'data-live-url="/metrics/units/COAST/?weeks=4&amp;as_of=2026-06-10&amp;type=STORY"' in page
    assert "as of 10 Jun 2026" in page


def test_selection_is_thirteen_weeks_up_to_today() -> None:
    selection = selection_of({}, now=at(0))
    assert selection.window.start == date(2026, 3, 30)
    assert selection.window.end == date(2026, 6, 27)
    assert selection.query() == "?"


@pytest.mark.usefixtures("teams")
def test_few_finished_items_are_not_enough_data(teams: dict[str, Team], client_as: Callable[[str], Client]) -> None:
    page = client_as("executive").get(reverse("metrics:unit_dashboard", args=["HAR"]), {"weeks": "4", "type": "BUG"})
    assert "Not enough data" in page.content.decode()


def test_velocity_of_a_team_with_closed_sprints(world: World, client_as: Callable[[str], Client]) -> None:
    team = team_make(world.harbour)
    for number in range(3):
        sprint = sprint_make(team, starts_at=at(60 - 15 * number), start=True)
        item = item_make(team, at=at(60 - 15 * number), estimate=5 + number, sprint=sprint)
        item_to(item, StateCategory.DONE, at=at(55 - 15 * number))
        sprint_close(actor=SYSTEM, sprint=sprint, carry_to=None, at=at(47 - 15 * number))
    sweep(at=at(0))
    page = client_as("executive").get(reverse("metrics:unit_dashboard", args=["HAR"])).content.decode()
    assert "Velocity" in page
    assert "from 5 to 7" in page
    assert "3 closed sprints" in page


def test_a_number_with_a_waiting_change_says_of_when_it_is(
    teams: dict[str, Team], client_as: Callable[[str], Client]
) -> None:
    client = client_as("executive")
    url = reverse("metrics:unit_tiles", args=["NORTH"])
    assert "tile-stale" not in client.get(url).content.decode()
    with time_machine.travel(at(0, 9), tick=False):
        item_make(teams["HAR"], at=at(0, 9))
    assert "tile-stale" in client.get(url).content.decode()


def _statements(client: Client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(url).status_code == 200
    assert not any("teams_itemevent" in query["sql"] for query in captured), "no page reads events"
    return len(captured)


BUDGETS: tuple[tuple[str, list[str], int], ...] = (
    ("metrics:unit_dashboard", ["NORTH"], 12),
    ("metrics:unit_tiles", ["NORTH"], 10),
    ("metrics:executive", [], 12),
    ("metrics:unit_items", ["NORTH", "throughput"], 12),
    ("metrics:unit_items", ["NORTH", "wip"], 12),
)


@pytest.mark.usefixtures("teams")
def test_pages_need_as_many_statements_for_many_units_as_for_few(
    world: World, client_as: Callable[[str], Client]
) -> None:
    client = client_as("executive")
    pages = {reverse(name, args=args): budget for name, args, budget in BUDGETS}
    few = {url: _statements(client, url) for url in pages}
    for number in range(8):
        program = unit_make("PROGRAM", parent=world.north, code=f"P{number}")
        team = team_make(unit_make(parent=program, code=f"T{number}"), method=TeamMethod.KANBAN)
        for _ in range(5):
            item_to(item_make(team, at=at(20)), StateCategory.DONE, at=at(10))
            item_to(item_make(team, at=at(20)), StateCategory.ACTIVE, at=at(10))
    sweep(at=at(0))
    assert {url: _statements(client, url) for url in pages} == few
    for url, budget in pages.items():
        assert few[url] <= budget, url


def test_definitions_are_shown_and_documented(client_as: Callable[[str], Client]) -> None:
    page = client_as("executive").get(reverse("metrics:definition_list")).content.decode()
    for metric in METRICS.values():
        assert f'id="{metric.code}"' in page
        assert escape(str(metric.name)) in page
    call_command("metrics_docs", check=True)
    assert definitions_as_markdown().count("\n### ") == len(METRICS)


def test_rollup_command_rebuilds_a_unit(teams: dict[str, Team], capsys: pytest.CaptureFixture[str]) -> None:
    call_command("rollup", rebuild=True, unit="COAST")
    assert "2 teams to read." in capsys.readouterr().out
    assert team_rebuild_next(at=at(0)) is None
