"""The flow page: every datum of every chart leads to a list with its total, whatever the filter; cases with known
answers come out of the page; who sees what; how many statements it takes."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from metrics.charts import binning
from metrics.charts.chart import Chart, Kind
from metrics.charts.frame import Frame
from metrics.selectors.finding import scope_of
from metrics.selectors.flow_numbers import wip_by_day
from metrics.selectors.items import items_behind
from metrics.selectors.narrowing import ItemFilter, datum_of, item_filter_of
from metrics.selectors.numbers import numbers_of
from metrics.selectors.selection import Selection, selection_of
from metrics.services.sweeping import sweep
from metrics.views.flow import PARTS
from organization.access import SYSTEM
from organization.models import Unit
from organization.services.units import unit_move
from pmo_portal.lib.windows import portal_zone
from portfolio.models import StateCategory, WorkflowState
from teams.models import ItemType, Team, TeamMethod, WorkItem
from teams.services.items import item_block
from tests.factories.organization import unit_make
from tests.factories.portfolio import epic_make, feature_make
from tests.factories.teams import item_make, item_to, team_make
from tests.metrics.calculations.flow_fixture import COLUMNS, fixture_expected, fixture_histories
from tests.metrics.calculations.histories import BACKLOG, COMMITTED, DONE, history
from tests.metrics.stored import NOW, Organisation, organisation_make
from tests.metrics.test_metrics_export import tell
from tests.personas import World

pytestmark = pytest.mark.django_db

TODAY = date(2026, 6, 26)
"""A Friday."""


def at(days_ago: int, hour: int = 12) -> datetime:
    day = TODAY - timedelta(days=days_ago)
    return datetime(day.year, day.month, day.day, hour, tzinfo=portal_zone())


@pytest.fixture
def _today() -> Any:
    with time_machine.travel(at(0, 14), tick=False):
        yield


@pytest.fixture
def teams(world: World) -> dict[str, Team]:
    """Two teams of one program and one of another, with work of every kind: blocked, re-opened, put back, unseen."""
    epic = epic_make(world.north, title="Payouts", at=at(70))
    feature = feature_make(world.coast, epic=epic, at=at(70))
    made = {
        unit.code: team_make(unit, method=TeamMethod.KANBAN) for unit in (world.harbour, world.lighthouse, world.quarry)
    }
    for number, team in enumerate(made.values()):
        for days in range(14 if team.pk == world.harbour.pk else 5):
            values: dict[str, Any] = {
                "type": [ItemType.STORY, ItemType.BUG, ItemType.TASK][days % 3],
                "labels": ["api"] if days % 2 else ["api", "web"],
                "service_class": "EXPEDITE" if days % 5 == 0 else "STANDARD",
                "priority": "HIGH" if days % 4 == 0 else "MEDIUM",
            }
            if days % 3 == 0 and team.pk != world.quarry.pk:
                values["feature"] = feature
            item = item_make(team, at=at(60 + days), **values)
            if days % 6 == 5:  # never seen to start
                item = item_to(item, StateCategory.DONE, at=at(20 - days))
                continue
            item = item_to(item, StateCategory.ACTIVE, at=at(31 - days))
            if days % 4 == 2:
                item = item_block(actor=SYSTEM, item=item, reason="waits for the bank", at=at(30 - days))
            item = item_to(item, StateCategory.WAITING, at=at(27 - days)) if days % 2 else item
            item = item_to(item, StateCategory.DONE, at=at(22 - days))
            if days == 13:  # re-opened, and done again
                item = item_to(item, StateCategory.ACTIVE, at=at(6))
                item_to(item, StateCategory.DONE, at=at(5))
        for days in range(4 + number):
            item = item_to(item_make(team, at=at(20)), StateCategory.ACTIVE, at=at(10 + days % 3))
            if days == 1:
                item_block(actor=SYSTEM, item=item, reason="waits", at=at(4))
            if days == 2:  # put back to the backlog
                item_to(item, StateCategory.BACKLOG, at=at(3))
        item_make(team, at=at(5))
    sweep(at=at(0))
    return made


def charts_of(unit: Unit, selection: Selection, item_filter: ItemFilter, part: str) -> list[Chart]:
    kept = selection.keeping(item_filter.parts())
    return [chart for chart, _span in PARTS[part](SYSTEM, scope_of(unit, kept, item_filter), Frame.of(unit, kept))]


def total_behind(unit: Unit, url: str) -> int:
    """How many items the list at an address has, read from the address alone."""
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    found = re.fullmatch(rf"/metrics/units/{unit.code}/items/(\w+)/", parts.path)
    assert found, url
    items = items_behind(
        SYSTEM,
        unit,
        selection_of(query, now=at(0, 14)),
        code=found[1],
        item_filter=item_filter_of(query, SYSTEM),
        datum=datum_of(query),
    )
    assert items.found.count() == items.total
    return items.total


def counted(chart: Chart) -> Iterator[tuple[str, float]]:
    """(address, number of items) of each datum of a chart that counts items; of days some."""
    if chart.head:
        yield from ((cell.url, float(str(cell.raw))) for row in chart.rows for cell in row if cell.url)
        return
    for series in chart.series:
        every = 9 if len(series.points) > 20 and series.kind in {Kind.LINE, Kind.AREA} else 1
        for point in [*series.points[:-1][::every], *series.points[-1:]]:
            if "/items/" in point.url and "/metrics/" in point.url and point.y is not None:
                yield point.url, point.size if series.kind == Kind.SCATTER else float(point.y)


FILTERS = (
    ItemFilter(),
    ItemFilter(label="web"),
    ItemFilter(service_class="EXPEDITE", unseen=True),
    ItemFilter(priority="HIGH", worked=True),
    ItemFilter(worked=True, unseen=True),
)


def every_datum_has_its_list(world: World, item_filters: tuple[ItemFilter, ...]) -> int:
    checked = 0
    for unit in (world.harbour, world.coast):
        for selection in (Selection(5, TODAY, TODAY), Selection(4, TODAY - timedelta(days=9), TODAY, "BUG")):
            for item_filter in item_filters:
                for chart in [one for part in PARTS for one in charts_of(unit, selection, item_filter, part)]:
                    if chart.code in {"percentiles", "control", "flow_efficiency"}:
                        continue
                    for url, number in counted(chart):
                        assert total_behind(unit, url) == number, (chart.code, url)
                        checked += 1
    return checked


@pytest.mark.usefixtures("teams", "_today")
def test_every_datum_leads_to_a_list_with_its_total(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sums_are_those_of_the_dashboard_and_of_their_lists(world)
    settings_change_what_they_say(world)
    many_dots_are_counted_in_bins(world, monkeypatch)
    epic = str(WorkItem.objects.filter(feature__isnull=False).values_list("feature__epic__key", flat=True)[0])
    assert every_datum_has_its_list(world, (FILTERS[1], ItemFilter(epic=epic))) > 100


@pytest.mark.slow
@pytest.mark.usefixtures("teams", "_today")
def test_every_datum_leads_to_a_list_with_its_total_under_every_filter(world: World) -> None:
    unit_move(actor=SYSTEM, unit=world.lighthouse, parent=world.inland, from_day=TODAY - timedelta(days=14), at=at(0))
    sweep(at=at(0))
    assert every_datum_has_its_list(world, FILTERS) > 500


def sums_are_those_of_the_dashboard_and_of_their_lists(world: World) -> None:
    for unit in (world.harbour, world.coast):
        selection = Selection(5, TODAY, TODAY)
        numbers = numbers_of([unit.pk], selection)[unit.pk]
        charts = {chart.code: chart for part in PARTS for chart in charts_of(unit, selection, ItemFilter(), part)}
        assert sum(point.y or 0 for point in charts["throughput"].series[0].points) == numbers.flow.finished
        assert (
            sum(point.y or 0 for series in charts["types"].series for point in series.points) == numbers.flow.finished
        )
        assert sum(point.size for point in charts["scatter"].series[0].points) == numbers.cycles.sample_size
        assert [point.y for point in charts["wip"].series[0].points] == numbers.wip
        assert sum(point.size for point in charts["ageing"].series[0].points) == numbers.wip_now
        # Roll-ups and intervals give the same stock.
        assert wip_by_day(scope_of(unit, selection)) == numbers.wip
        marks = {mark.label.split(" %")[0]: mark.at for mark in charts["scatter"].marks}
        assert marks["50"] == numbers.cycles.p50_days
        assert marks["85"] == numbers.cycles.p85_days
        shares = [point for point in charts["flow_efficiency"].series[0].points if point.y is not None]
        items = items_behind(SYSTEM, unit, selection, code="flow_efficiency").total
        assert sum(total_behind(unit, point.url) for point in shares) == items
        for point in charts["percentiles"].series[0].points:
            assert total_behind(unit, point.url) == numbers.cycles.sample_size
        assert all(total_behind(unit, point.url) >= 5 for point in charts["control"].series[1].points)
        assert "moved back" in charts["cumulative_flow"].note


def settings_change_what_they_say(world: World) -> None:
    selection = Selection(5, TODAY, TODAY)

    def scatter(item_filter: ItemFilter) -> list[float]:
        chart = next(
            one for one in charts_of(world.harbour, selection, item_filter, "finished") if one.code == "scatter"
        )
        return sorted(float(point.y or 0) for point in chart.series[0].points for _item in range(point.size))

    days = scatter(ItemFilter())
    assert scatter(ItemFilter(unseen=True)) == [1.0, 1.0, *days]
    worked = scatter(ItemFilter(worked=True))
    assert len(worked) == len(days)
    assert sum(worked) < sum(days)
    assert (max(days), max(worked)) == (14, 10), "two weeks have two weekends"


def many_dots_are_counted_in_bins(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("metrics.views.flow.MOST_DOTS", 5)
        patched.setattr("metrics.charts.flow.MOST_AGES", 0)
        patched.setattr("metrics.charts.flow.ROWS", 4)
        patched.setattr(binning, "ROWS", 4)
        scatter = charts_of(world.coast, Selection(5, TODAY, TODAY), ItemFilter(), "finished")[2]
        ageing = charts_of(world.coast, Selection(5, TODAY, TODAY), ItemFilter(worked=True), "open")[0]
    for chart, count in ((scatter, 17), (ageing, 7)):
        assert "a dot each" in chart.note
        points = chart.series[0].points
        assert sum(point.size for point in points) == count
        assert len(points) < count
        for point in points:
            assert total_behind(world.coast, point.url) == point.size


PERSONAS = (
    ("executive", "NORTH", 200),
    ("developer", "HAR", 200),
    ("developer", "COAST", 403),
    ("developer", "LIG", 404),
    ("stakeholder", "NORTH", 403),
    ("south_staff", "NORTH", 404),
)

NONSENSE: tuple[dict[str, str], ...] = (
    {"part": "salaries"},
    {"class": "'; DROP TABLE"},
    {"priority": "x", "days": "9", "unseen": "yes"},
    {"label": "\0", "since": "9999-12-31", "until": "0001-01-01"},
    {"column": "99999", "least": "-4", "most": "99999999999"},
    {"column": "3", "most": "99999", "days": "worked"},
    {"since": "2026-06-20", "until": "2026-06-01"},
    {"csv": "no-such"},
    {"by": "century"},
)


@pytest.mark.usefixtures("teams", "_today")
def test_the_page_is_for_those_who_may_see_numbers_and_names_nothing_else(
    world: World, client_as: Callable[[str], Client]
) -> None:
    for persona, code, status in PERSONAS:
        assert client_as(persona).get(reverse("metrics:unit_flow", args=[code])).status_code == status
    what_makes_no_sense_in_an_address_is_taken_for_the_default(client_as("executive"))
    lists_say_what_they_are_narrowed_to(client_as("executive"))
    # Items of Lighthouse went to Inland with their team; the program lead of Coast still counts them.
    unit_move(actor=SYSTEM, unit=world.lighthouse, parent=world.inland, from_day=TODAY - timedelta(days=2), at=at(0))
    sweep(at=at(0))
    client = client_as("program_lead")
    for part in PARTS:
        page = client.get(reverse("metrics:unit_flow", args=["COAST"]), {"part": part}).content.decode()
        assert "LIG-" not in page
    assert "HAR-" in client.get(reverse("metrics:unit_flow", args=["COAST"])).content.decode()
    # An epic one may not see is as one that is not there.
    far = epic_make(world.south, title="Elsewhere", at=at(70))
    assert item_filter_of({"epic": far.key}, world.persona("program_lead").actor) == ItemFilter()
    hidden = client.get(reverse("metrics:unit_flow", args=["COAST"]), {"epic": far.key}).content.decode()
    assert "Elsewhere" not in hidden


def what_makes_no_sense_in_an_address_is_taken_for_the_default(client: Client) -> None:
    for query in NONSENSE:
        assert client.get(reverse("metrics:unit_flow", args=["COAST"]), query).status_code == 200
        for code in ("wip", "cumulative_flow", "time_in_column"):
            assert client.get(reverse("metrics:unit_items", args=["HAR", code]), query).status_code == 200


def lists_say_what_they_are_narrowed_to(client: Client) -> None:
    query = {"column": "2", "label": "web", "weeks": "5"}
    url = reverse("metrics:unit_items", args=["HAR", "time_in_column"])
    text = re.sub(r"\s+", " ", client.get(url, query).content.decode())
    assert "Label web" in text
    assert "In the column" in text
    assert reverse("metrics:unit_flow", args=["HAR"]) + "?weeks=5&amp;label=web" in text
    file = client.get(url, {**query, "format": "csv"})
    rows = list(csv.DictReader(io.StringIO(b"".join(file.streaming_content).decode("utf-8-sig"))))  # type: ignore[attr-defined]
    assert rows
    assert all(float(row["column_seconds"]) > 0 for row in rows)


def _statements(client: Client, url: str, query: dict[str, str]) -> int:
    client.get(url, query)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url, query).status_code == 200
    assert not any("teams_itemevent" in statement["sql"] for statement in captured), "no page reads events"
    return len(captured)


@pytest.mark.usefixtures("_today")
def test_each_part_takes_as_many_statements_for_much_as_for_little(
    world: World, teams: dict[str, Team], client_as: Callable[[str], Client]
) -> None:
    client = client_as("executive")
    narrowed = {"label": "api", "days": "worked"}
    queries = [(code, {"part": part, **more}) for code, more in (("HAR", {}), ("NORTH", narrowed)) for part in PARTS]
    few = [_statements(client, reverse("metrics:unit_flow", args=[code]), query) for code, query in queries]
    for number in range(2):
        unit = unit_make(parent=unit_make("PROGRAM", parent=world.north, code=f"P{number}"), code=f"T{number}")
        team = team_make(unit, method=TeamMethod.KANBAN)
        for _ in range(6):
            item_to(item_make(team, at=at(20), labels=["api"]), StateCategory.DONE, at=at(10))
            item_to(item_make(teams["HAR"], at=at(20), labels=["api"]), StateCategory.ACTIVE, at=at(10))
    sweep(at=at(0))
    many = [_statements(client, reverse("metrics:unit_flow", args=[code]), query) for code, query in queries]
    assert many == few
    assert max(many) <= 12, dict(zip(map(str, queries), many, strict=True))


def numbers_of_chart(client: Client, code: str, chart: str, **query: str) -> list[dict[str, str]]:
    """The file of a chart."""
    part = next(part for part, codes in PART_OF.items() if chart in codes)
    response = client.get(reverse("metrics:unit_flow", args=[code]), {"part": part, "csv": chart, **query})
    text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text)))


PART_OF = {
    "finished": {"throughput", "types", "scatter", "histogram", "percentiles", "control"},
    "open": {"ageing", "wip", "flow_efficiency", "blocked_time"},
    "columns": {"cumulative_flow", "time_in_column"},
}


def test_cases_with_known_answers_come_out_of_the_page(client_as: Callable[[str], Client]) -> None:
    """Cases 4 and 5 of docs/metrics.md, and the twenty items of the other tool with both ends counted."""
    case_4, case_5, fixture = organisation_make(), organisation_make(), organisation_make()
    tell(
        case_4,
        {
            "F-1": history((1, BACKLOG)),
            "F-2": history((2, BACKLOG), (3, COMMITTED)),
            "F-3": history((3, BACKLOG), (3, COMMITTED), (4, 3), (5, 4), (6, DONE)),
            "F-4": history((4, BACKLOG), (4, COMMITTED)),
        },
    )
    pairs = [(2, 7), (2, 7), (3, 8), (3, 8), (4, 9), (5, 9)]
    tell(
        case_5,
        {f"C-{n}": history((1, BACKLOG), (start, COMMITTED), (end, DONE)) for n, (start, end) in enumerate(pairs)},
    )
    tell(fixture, {key: changes for key, changes in fixture_histories().items() if len(changes) > 1})
    sweep(at=NOW)
    client = client_as("administrator")

    def read(made: Organisation, chart: str, **days: str) -> list[dict[str, str]]:
        return numbers_of_chart(client, made.team().unit.code, chart, **days)

    rows = read(case_4, "cumulative_flow", **{"from": "2026-01-01", "to": "2026-01-06"})
    assert [[int(cell) for cell in list(row.values())[1:6]] for row in rows] == [
        [1, 0, 0, 0, 0],
        [2, 0, 0, 0, 0],
        [3, 2, 0, 0, 0],
        [4, 3, 1, 0, 0],
        [4, 3, 1, 1, 0],
        [4, 3, 1, 1, 1],
    ]
    january = {"from": "2026-01-07", "to": "2026-01-09"}
    assert [row["Finished"] for row in read(case_5, "throughput", by="day", **january)] == ["2", "2", "2"]
    assert [(row["Cycle time"], row["Items"]) for row in read(case_5, "histogram", **january)][-2:] == [
        ("5 days", "1"),
        ("6 days", "5"),
    ]
    theirs = {row["Date"]: [int(float(row[column])) for column in COLUMNS] for row in fixture_expected("cfd")}
    rows = read(fixture, "cumulative_flow", **{"from": min(theirs), "to": max(theirs)})
    assert {row["At the end of"]: [int(cell) for cell in list(row.values())[1:6]] for row in rows} == theirs
    finished = {row["Period starting"]: row["count"] for row in fixture_expected("throughput")}
    days = {"from": min(finished), "to": max(finished)}
    assert [row["Finished"] for row in read(fixture, "throughput", by="day", **days)] == list(finished.values())
    expected = {row["key"]: str(int(row["cycle_time"]) + 1) for row in fixture_expected("scatterplot")}
    found = {key: row["Cycle time"] for row in read(fixture, "scatter", **days) for key in row["What"].split(", ")}
    assert found == expected


@pytest.mark.usefixtures("_today")
def test_where_there_is_nothing_one_card_says_why_and_what_to_do(
    world: World, client_as: Callable[[str], Client]
) -> None:
    team = team_make(world.harbour, method=TeamMethod.KANBAN)
    sweep(at=at(0))

    def page(person: str, code: str = "HAR", **query: str) -> str:
        answer = client_as(person).get(reverse("metrics:unit_flow", args=[code]), query)
        return answer.content.decode()

    # No work at all: one word for the whole page, with the board; who may not add items reads who does.
    for code, said in (("HAR", "Who works in this team"), ("COAST", "Who works in a team"), ("QUA", "No board yet")):
        shown = page("executive", code)
        assert said in shown, shown[shown.index("page-head") :]
        assert shown.count('<div class="empty">') == 1
        assert "chart-card" not in shown
        assert "part=open" not in shown
    assert "add it on the board" in page("developer")
    assert reverse("teams:board", args=["HAR"]) in page("developer")
    for part in PARTS:
        assert page("executive", "QUA", part=part).count('<div class="empty">') == 1
        shown = page("executive", part=part)
        assert shown.count('<div class="empty">') == 1
        assert "chart-card" not in shown
    # Open work only: the finished part says so and offers a longer period, the others are drawn.
    item_to(item_make(team, at=at(9)), StateCategory.ACTIVE, at=at(8))
    sweep(at=at(0))
    shown = page("executive")
    assert "Nothing was finished in this period" in shown
    assert "Show 52 weeks" in shown
    assert "part=open" in shown
    assert "data-chart=" in page("executive", part="open")
    # A filter may be what hides it; counting days otherwise is none.
    assert "Take all filters away" in page("executive", part="open", label="nowhere")
    assert "Take all filters away" not in page("executive", days="worked")
    assert "Show 52 weeks" not in page("executive", weeks="52")


def test_column_of_a_state_that_left_the_board(world: World) -> None:
    team = team_make(world.harbour, method=TeamMethod.KANBAN)
    with time_machine.travel(at(0, 14), tick=False):
        item_to(item_make(team, at=at(9)), StateCategory.ACTIVE, at=at(8))
        WorkflowState.objects.filter(workflow=team.workflow, category=StateCategory.ACTIVE).update(is_archived=True)
        sweep(at=at(0))
        charts = charts_of(world.harbour, Selection(4, TODAY, TODAY), ItemFilter(), "open")
        assert [total_behind(world.harbour, url) for url, _number in counted(charts[1])][-1] == 1
        (point,) = charts[0].series[0].points
        assert charts[0].x.labels[int(point.x)] in {
            state.name for state in WorkflowState.objects.filter(workflow=team.workflow, is_archived=False)
        }
