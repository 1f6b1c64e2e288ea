"""`manage.py metrics_export`: what it writes is what the charts show and what another tool computed before us."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings

from metrics.calculations.series import cumulative_flow
from metrics.calculations.timeline import Change, Kind, item_intervals
from metrics.models import ItemFact
from metrics.selectors.exports import EXPORTS, ExportScope
from metrics.selectors.flow import cumulative_flow_of
from metrics.selectors.items import items_behind
from metrics.selectors.numbers import numbers_of
from metrics.selectors.selection import Selection
from metrics.services.sweeping import sweep
from organization.access import SYSTEM
from organization.models import Unit
from organization.services.units import unit_move
from pmo_portal.lib.windows import Window
from portfolio.models import StateCategory
from teams.models import TeamMethod, WorkItem
from teams.services.sprints import sprint_close, sprint_start
from tests.factories.teams import item_make, item_to, sprint_make, team_make
from tests.metrics.calculations.flow_fixture import COLUMNS, DATA, fixture_expected, fixture_histories
from tests.metrics.calculations.histories import BACKLOG, BUILD, CANCELLED, COMMITTED, DONE, TEST, history, with_change
from tests.metrics.calculations.strategies import worlds
from tests.metrics.stored import (
    NOW,
    Organisation,
    event_store,
    item_settle,
    item_store,
    organisation_make,
    rules_now,
    translated,
)
from tests.metrics.test_derivation import undone
from tests.teams.imports.exports import portfolio_make, run_import

pytestmark = pytest.mark.django_db

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "metrics-export.md"


def export(unit: str, kind: str, **options: Any) -> list[dict[str, str]]:
    out = io.StringIO()
    arguments = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    call_command("metrics_export", "--unit", unit, "--kind", kind, *arguments, stdout=out)
    return list(csv.DictReader(io.StringIO(out.getvalue())))


def export_with_unseen(unit: str, kind: str) -> list[dict[str, str]]:
    out = io.StringIO()
    call_command("metrics_export", unit=unit, kind=kind, include_start_not_seen=True, stdout=out)
    return list(csv.DictReader(io.StringIO(out.getvalue())))


def tell(organisation: Organisation, histories: Mapping[str, Sequence[Change]]) -> dict[str, WorkItem]:
    """Write histories; each item takes the key it has there."""
    items = {}
    for key, changes in histories.items():
        item = item_store(organisation, changes)
        for change in changes[1:]:
            event_store(organisation, item, change)
        item_settle(organisation, item, changes)
        WorkItem.objects.filter(pk=item.pk).update(key=key)
        items[key] = item
    return items


@pytest.fixture
def organisation() -> Organisation:
    return organisation_make()


@pytest.fixture
def fixture_team(organisation: Organisation) -> str:
    """The team that has the twenty items of the other tool."""
    tell(organisation, fixture_histories())
    return organisation.team().unit.code


@pytest.fixture
def case_5(organisation: Organisation) -> str:
    pairs = [(2, 7), (2, 7), (3, 8), (3, 8), (4, 9), (5, 9)]
    tell(
        organisation,
        {f"C-{n}": history((1, BACKLOG), (start, COMMITTED), (end, DONE)) for n, (start, end) in enumerate(pairs)},
    )
    return organisation.team().unit.code


def test_items_are_the_other_tools_with_both_ends_counted(fixture_team: str) -> None:
    theirs = {
        row["key"]: (row["Committed"], row["completed_date"], int(row["cycle_time"]) + 1, int(row["lead_time"]) + 1)
        for row in fixture_expected("scatterplot")
    }
    rows = export(fixture_team, "items")
    assert {
        row["key"]: (row["started_on"], row["finished_on"], int(row["cycle_days"]), int(row["lead_days"]))
        for row in rows
    } == theirs
    assert list(rows[0]) == ["key", "started_on", "finished_on", "cycle_days", "lead_days"]
    assert [row["finished_on"] for row in rows] == sorted(row["finished_on"] for row in rows)


def test_the_other_tools_own_file_comes_out_right_after_an_import() -> None:
    # Its issues have no ids; a second reading finds them by their keys.
    unit = portfolio_make()
    for _time in range(2):
        run_import(unit, DATA / "jira__search_issues.json")
    theirs = {row["key"]: str(int(row["cycle_time"]) + 1) for row in fixture_expected("scatterplot")}
    assert {row["key"]: row["cycle_days"] for row in export(unit.code, "items")} == theirs
    assert [row["cycle_days"] for row in export(unit.code, "percentiles")] == ["16", "16.2", "19", "20.05"]
    assert WorkItem.objects.count() == 20


def test_throughput_is_the_other_tools(fixture_team: str) -> None:
    theirs = {row["Period starting"]: row["count"] for row in fixture_expected("throughput")}
    rows = export(fixture_team, "throughput", **{"from": min(theirs), "to": max(theirs)})
    assert {row["day"]: row["finished"] for row in rows} == theirs
    assert all(date.fromisoformat(row["week"]).weekday() == 0 for row in rows)


def test_histogram_is_the_other_tools_moved_by_a_day(fixture_team: str) -> None:
    theirs = {
        # Their bins hold the first bound and not the second.
        str(int(float(row["Range"].split(" to ")[0])) + 1): row["Items"]
        for row in fixture_expected("histogram")
        if row["Items"] != "0"
    }
    assert {row["cycle_days"]: row["items"] for row in export(fixture_team, "cycle_time")} == theirs


def test_percentiles_are_the_other_tools_plus_a_day(fixture_team: str) -> None:
    rows = export(fixture_team, "percentiles")
    found = {row["percentile"]: row["cycle_days"] for row in rows}
    assert (found["50"], found["85"], found["95"]) == ("16", "19", "20.05")
    assert {(row["sample_size"], row["start_not_seen"]) for row in rows} == {("14", "0")}


def test_everything_is_the_same_in_the_units_above(organisation: Organisation, fixture_team: str) -> None:
    for unit in (organisation.programs[0], organisation.portfolio):
        for kind in ("items", "throughput", "cycle_time", "percentiles", "wip"):
            assert export(unit.code, kind) == export(fixture_team, kind), (unit, kind)


def test_cases_1_to_3(organisation: Organisation) -> None:
    tell(
        organisation,
        {
            "ONE-1": history((1, BACKLOG), (2, COMMITTED), (4, DONE)),
            "ONE-2": history((1, BACKLOG), (2, BUILD), (4, DONE)),
            "TWO-1": history((3, COMMITTED), (4, BUILD), (5, TEST), (6, DONE)),
            "THREE-1": history((4, COMMITTED), (5, BUILD), (6, COMMITTED)),
        },
    )
    code = organisation.team().unit.code
    assert {row["key"]: (row["started_on"], row["cycle_days"]) for row in export(code, "items")} == {
        "ONE-1": ("2026-01-02", "3"),
        "ONE-2": ("2026-01-02", "3"),
        "TWO-1": ("2026-01-03", "4"),
    }
    wip = {row["day"]: row["wip"] for row in export(code, "wip", as_of="2026-01-07")}
    assert list(wip.values()) == ["0", "2", "3", "2", "2", "1", "1"]


def test_case_5(case_5: str) -> None:
    rows = export(case_5, "throughput", **{"from": "2026-01-07", "to": "2026-01-09"})
    assert [row["finished"] for row in rows] == ["2", "2", "2"]
    assert export(case_5, "cycle_time") == [{"cycle_days": "5", "items": "1"}, {"cycle_days": "6", "items": "5"}]
    # Six items are too few for percentiles; the file says so with empty cells.
    assert {row["cycle_days"] for row in export(case_5, "percentiles")} == {""}
    assert {row["sample_size"] for row in export(case_5, "percentiles")} == {"6"}


def test_nothing_after_the_as_of_day_counts(case_5: str) -> None:
    assert len(export(case_5, "items", as_of="2026-01-08", to="2026-01-31")) == 4
    assert export(case_5, "wip", as_of="2026-01-08")[-1] == {"day": "2026-01-08", "wip": "2"}
    with pytest.raises(CommandError, match="no day"):
        export(case_5, "items", as_of="2026-01-08", **{"from": "2026-01-20"})


def test_items_whose_start_was_not_seen_have_no_cycle_time_unless_asked_for(organisation: Organisation) -> None:
    histories = {f"SEEN-{n}": history((1, BACKLOG), (2, BUILD), (4, DONE)) for n in range(10)}
    tell(organisation, histories | {f"UNSEEN-{n}": history((1, BACKLOG), (5, DONE)) for n in range(10)})
    code = organisation.team().unit.code
    unseen = [row for row in export(code, "items") if row["key"].startswith("UNSEEN")]
    assert {(row["started_on"], row["finished_on"], row["cycle_days"], row["lead_days"]) for row in unseen} == {
        ("", "2026-01-05", "", "5")
    }
    assert [(row["cycle_days"], row["sample_size"], row["start_not_seen"]) for row in export(code, "percentiles")] == [
        ("3", "10", "10")
    ] * 4
    asked = [row for row in export_with_unseen(code, "items") if row["key"].startswith("UNSEEN")]
    assert {(row["started_on"], row["cycle_days"]) for row in asked} == {("2026-01-05", "1")}
    assert export_with_unseen(code, "percentiles")[0] == {
        "percentile": "50",
        "cycle_days": "2",
        "sample_size": "20",
        "start_not_seen": "10",
    }


def test_only_items_of_the_type(organisation: Organisation) -> None:
    bug = history((1, BACKLOG), (2, BUILD), (3, DONE), item_type="BUG")
    tell(organisation, {"S-1": history((1, BACKLOG), (2, BUILD), (4, DONE)), "B-1": bug})
    code = organisation.team().unit.code
    assert [row["key"] for row in export(code, "items", type="BUG")] == ["B-1"]
    assert sum(int(row["finished"]) for row in export(code, "throughput", type="BUG")) == 1
    assert export(code, "cycle_time", type="BUG") == [{"cycle_days": "2", "items": "1"}]
    with pytest.raises(CommandError, match="frozen for all types"):
        export(code, "sprints", type="BUG")


def test_export_takes_in_what_waits_and_equals_the_charts(organisation: Organisation, fixture_team: str) -> None:
    assert not ItemFact.objects.filter(is_counted=True).exists()
    as_of = date(2021, 3, 28)
    with time_machine.travel(datetime(2021, 3, 28, 12, tzinfo=UTC), tick=False):
        unit = organisation.programs[0]
        selection = Selection(weeks=13, as_of=as_of, today=as_of)
        window = {"from": selection.window.start, "to": as_of}
        finished = export(unit.code, "throughput", **window)
        numbers = numbers_of([unit.pk], selection)[unit.pk]
        by_week = [
            sum(int(r["finished"]) for r in finished if r["week"] == str(week)) for week, _ in numbers.finished_by_week
        ]
        assert by_week == numbers.weekly
        assert [int(row["wip"]) for row in export(unit.code, "wip", **window)] == numbers.wip
        assert {
            int(r["cycle_days"]): int(r["items"]) for r in export(unit.code, "cycle_time", **window)
        } == numbers.cycle_counts
        behind = items_behind(SYSTEM, unit, selection, code="throughput")
        assert len(export(unit.code, "items", **window)) == behind.total == numbers.flow.finished == 14


def test_a_unit_without_history_has_a_head_and_no_rows(organisation: Organisation) -> None:
    code = organisation.team(2).unit.code
    for kind in ("items", "throughput", "cycle_time", "wip", "sprints"):
        assert export(code, kind) == [], kind
    with pytest.raises(CommandError, match="no unit with the code NOWHERE"):
        export("NOWHERE", "items")


def test_closed_sprints_and_velocity_as_they_were_frozen() -> None:
    team = team_make(method=TeamMethod.SCRUM)
    for number in range(4):
        starts_at = datetime(2026, 3, 2, 9, tzinfo=UTC) + timedelta(days=14 * number)
        sprint = sprint_make(team, name=f"=Sprint {number}", starts_at=starts_at)
        done, _left = (
            item_make(team, at=starts_at - timedelta(days=1), sprint=sprint, estimate=points)
            for points in (Decimal(3 + number), Decimal("0.5"))
        )
        sprint = sprint_start(actor=SYSTEM, sprint=sprint, at=starts_at)
        item_to(done, StateCategory.DONE, at=starts_at + timedelta(days=3))
        sprint_close(actor=SYSTEM, sprint=sprint, carry_to=None, at=starts_at + timedelta(days=13))
    rows = export(team.unit.code, "sprints", as_of="2026-04-20")
    assert [row["completed_on"] for row in rows] == ["2026-03-15", "2026-03-29", "2026-04-12"]
    # A spreadsheet must not take a name for a formula.
    assert rows[2] == {
        "team": team.unit.name,
        "sprint": "'=Sprint 2",
        "started_on": "2026-03-30",
        "completed_on": "2026-04-12",
        "committed_points": "5.5",
        "completed_points": "5",
        "committed_completed_points": "5",
        "committed_items": "2",
        "completed_items": "1",
        "committed_completed_items": "1",
        "added_items": "0",
        "removed_items": "0",
        "carried_over_items": "1",
        "unestimated_items": "0",
    }
    assert export(team.unit.code, "velocity", as_of="2026-04-20") == [
        {"team": team.unit.name, "sprints": "3", "mean_points": "4", "low_points": "3", "high_points": "5"}
    ]
    # Points of different teams are no sum: above a team there is a line for each.
    above = team.unit.placements.get().parent
    assert export(above.code, "velocity", as_of="2026-04-20") == export(team.unit.code, "velocity", as_of="2026-04-20")
    assert export(above.code, "sprints", as_of="2026-04-20") == rows


def test_case_4_cumulative_flow(organisation: Organisation) -> None:
    tell(
        organisation,
        {
            "F-1": history((1, BACKLOG)),
            "F-2": history((2, BACKLOG), (3, COMMITTED)),
            "F-3": with_change(
                history((3, BACKLOG), (3, COMMITTED), (4, BUILD), (5, TEST), (6, DONE)), Kind.STATE, 7, BUILD
            ),
            "F-4": history((4, BACKLOG), (4, COMMITTED)),
        },
    )
    code = organisation.team().unit.code
    rows = [list(row.values()) for row in export(code, "cfd", as_of="2026-01-07")]
    assert [[int(count) for count in row[1:6]] for row in rows] == [
        [1, 0, 0, 0, 0],
        [2, 0, 0, 0, 0],
        [3, 2, 0, 0, 0],
        [4, 3, 1, 0, 0],
        [4, 3, 1, 1, 0],
        [4, 3, 1, 1, 1],
        # Re-opened: its first entries stay.
        [4, 3, 1, 1, 1],
    ]
    assert [row["key"] for row in export(code, "aging", as_of="2026-01-07")] == ["F-2", "F-3", "F-4"]


def test_cumulative_flow_is_the_other_tools(organisation: Organisation) -> None:
    # The other tool leaves out items that never moved; ours counts them in the backlog.
    tell(organisation, {key: changes for key, changes in fixture_histories().items() if len(changes) > 1})
    theirs = {row["Date"]: [int(float(row[column])) for column in COLUMNS] for row in fixture_expected("cfd")}
    window = {"from": min(theirs), "to": max(theirs)}
    for unit in (organisation.team().unit, organisation.programs[0], organisation.portfolio):
        rows = [list(row.values()) for row in export(unit.code, "cfd", **window)]
        assert {row[0]: [int(count) for count in row[1:6]] for row in rows} == theirs
    late = export(organisation.portfolio.code, "cfd", **{"from": "2021-02-01"}, to="2021-02-01")
    assert [int(count) for count in list(late[0].values())[1:]] == theirs["2021-02-01"]


def test_a_team_brings_its_entries_along(organisation: Organisation) -> None:
    tell(organisation, {"M-1": history((3, BACKLOG), (4, BUILD), (6, DONE)), "M-2": history((3, BACKLOG), (9, BUILD))})
    old, new = organisation.programs
    unit_move(actor=SYSTEM, unit=organisation.team().unit, parent=new, from_day=date(2026, 1, 8), at=NOW)

    def flow(unit: Unit, day: str) -> list[str]:
        (row,) = export(unit.code, "cfd", **{"from": day, "to": day})
        return list(row.values())[1:]

    assert flow(old, "2026-01-07") == ["2", "1", "1", "1", "1"]
    assert flow(old, "2026-01-10") == ["2", "1", "1", "1", "1"]
    assert flow(new, "2026-01-07") == ["0"] * 5
    assert flow(new, "2026-01-08") == ["2", "1", "1", "1", "1"]
    assert flow(new, "2026-01-09") == ["2", "2", "2", "1", "1"]
    assert flow(organisation.portfolio, "2026-01-09") == ["2", "2", "2", "1", "1"]
    assert [row["key"] for row in export(new.code, "aging", as_of="2026-01-09")] == ["M-2"]
    assert export(old.code, "aging", as_of="2026-01-09") == []


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories=worlds())
def test_cumulative_flow_equals_the_reference(histories: dict[int, list[Change]]) -> None:
    with undone():
        organisation = organisation_make()
        told = tell(organisation, {f"R-{number}": changes for number, changes in histories.items()})
        sweep(at=NOW)
        rules, team = rules_now(), organisation.team()
        counted = set(ItemFact.objects.filter(is_counted=True).values_list("item_id", flat=True))
        entries = []
        for number, changes in histories.items():
            item = told[f"R-{number}"]
            first: dict[str, date] = {}
            for interval in item_intervals(item.pk, translated(organisation, changes), rules):
                if interval.team_id == team.pk and item.pk in counted:
                    day = rules.day(interval.from_at)
                    name = str(interval.state_id)
                    first[name] = min(day, first.get(name, day))
            entries.append(first)
        columns = [str(state.pk) for number, state in organisation.columns.items() if number != CANCELLED]
        window = Window(date(2025, 12, 31), date(2026, 2, 1))
        flow = cumulative_flow_of(team.unit, ExportScope(team.unit, window, window.last_day))
        assert dict(zip(flow.days, flow.counts, strict=True)) == cumulative_flow(
            entries, columns, window.start, window.end
        )


def test_age_against_the_bands_of_cycle_times(organisation: Organisation) -> None:
    # Ten finished items, of 1 to 10 days: P50 5.5, P70 7.3, P85 8.65, P95 9.55.
    histories = {f"DONE-{days}": history((1, BACKLOG), (2, BUILD), (1 + days, DONE)) for days in range(1, 11)}
    starts = {"YOUNG": 15, "MIDDLE": 13, "OLD": 10}
    histories |= {key: history((1, BACKLOG), (day, BUILD), (day + 1, TEST)) for key, day in starts.items()}
    histories["RESTED"] = history((1, BACKLOG), (2, BUILD), (3, BACKLOG))
    tell(organisation, histories)
    rows = export(organisation.team().unit.code, "aging", as_of="2026-01-20")
    assert [(row["key"], row["age_days"], row["percentile_band"]) for row in rows] == [
        ("OLD", "11", "over 95"),
        ("MIDDLE", "8", "85"),
        ("YOUNG", "6", "70"),
    ]
    assert {row["column"] for row in rows} == {organisation.columns[TEST].name}
    # As it was then: on the day of its start each was in the column it started in; too few had finished for bands.
    (row,) = export(organisation.team().unit.code, "aging", as_of="2026-01-10", type="STORY")[-1:]
    assert (row["key"], row["column"]) == ("OLD", organisation.columns[BUILD].name)


@pytest.fixture
def steady(organisation: Organisation) -> str:
    """A team that finished two items a day through January but for its last day, and has six unfinished ones."""
    histories = {
        f"S-{day}-{n}": history((1, BACKLOG), (day, BUILD), (day, DONE)) for day in range(1, 31) for n in range(2)
    }
    histories |= {f"OPEN-{n}": history((1, BACKLOG), (20, BUILD)) for n in range(4)}
    histories |= {f"WAITS-{n}": history((2, BACKLOG)) for n in range(2)}
    histories["GONE"] = history((2, BACKLOG), (3, CANCELLED))
    tell(organisation, histories)
    return organisation.team().unit.code


def test_forecast_of_a_steady_team(organisation: Organisation, steady: str) -> None:
    as_of = {"as_of": "2026-01-30"}
    rows = export(steady, "forecast", **as_of)
    assert [(row["question"], row["confidence_percent"]) for row in rows] == [
        (question, percent) for question in ("when", "how_many") for percent in ("50", "70", "85", "95")
    ]
    assert {(r["items"], r["days"], r["date"]) for r in rows[:4]} == {("6", "3", "2026-02-02")}
    assert {(r["items"], r["days"], r["date"]) for r in rows[4:]} == {("60", "30", "2026-03-01")}
    # All of its days are in the sample: none is left to test on.
    assert {(row["held_percent"], row["tested_days"]) for row in rows} == {("", "0")}
    tested = export(steady, "forecast", items=5, days=4, growth=2, **as_of, **{"from": "2026-01-21"})
    assert {(r["items"], r["days"]) for r in tested[:4]} == {("10", "5")}
    assert {(r["items"], r["days"]) for r in tested[4:]} == {("8", "4")}
    assert {(row["held_percent"], row["tested_days"]) for row in tested} == {("100", "16"), ("100", "17")}
    assert export(organisation.portfolio.code, "forecast", **as_of) == rows
    assert export(steady, "forecast", type="BUG", **as_of) == []


def test_forecast_leaves_out_a_day_that_is_not_over_and_names_its_doubts(steady: str) -> None:
    out, doubts = io.StringIO(), io.StringIO()
    with time_machine.travel(datetime(2026, 1, 31, 8, tzinfo=UTC), tick=False):
        call_command("metrics_export", unit=steady, kind="forecast", stdout=out, stderr=doubts)
    assert "from 2026-01-01 to 2026-01-30 with 60 finished items" in doubts.getvalue()
    assert "history" not in doubts.getvalue()
    doubts = io.StringIO()
    with time_machine.travel(datetime(2026, 3, 20, 8, tzinfo=UTC), tick=False):
        call_command("metrics_export", unit=steady, kind="forecast", stdout=out, stderr=doubts)
    assert "Unstable history" in doubts.getvalue()


def test_no_forecast_where_nothing_was_finished(organisation: Organisation) -> None:
    tell(organisation, {"N-1": history((1, BACKLOG), (2, BUILD))})
    out, doubts = io.StringIO(), io.StringIO()
    for team in (organisation.team(1), organisation.team(2)):
        call_command("metrics_export", unit=team.unit.code, kind="forecast", stdout=out, stderr=doubts)
        assert "there is no forecast" in doubts.getvalue()
    assert len(out.getvalue().splitlines()) == 2
    for wrong in ({"days": 0}, {"items": 0}, {"growth": 0.5}):
        with pytest.raises(CommandError, match="A forecast is for"):
            export(organisation.team().unit.code, "forecast", **wrong)


@pytest.mark.usefixtures("case_5")
def test_documented_columns_are_those_written(organisation: Organisation) -> None:
    documented = dict(re.findall(r"^\| `(\w+)` \| `([\w,]+)` \|", DOCUMENT.read_text(), re.MULTILINE))
    assert set(documented) == set(EXPORTS)
    for kind in EXPORTS:
        out = io.StringIO()
        call_command("metrics_export", unit=organisation.programs[0].code, kind=kind, stdout=out)
        assert out.getvalue().partition("\n")[0] == documented[kind], kind
