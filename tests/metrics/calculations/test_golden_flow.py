"""Cases 1 to 5 of docs/metrics.md, and twenty items another tool has computed before us.

The other tool (tests/data/flow_fixture) counts elapsed days; we count both ends, so our cycle
times are one day longer. Its time zone is UTC.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, timedelta

import pytest

from metrics.calculations.percentiles import percentile
from metrics.calculations.series import cumulative_flow, per_day
from metrics.calculations.timeline import Fact, Rules, item_fact, item_intervals
from tests.metrics.calculations.flow_fixture import COLUMNS, fixture_expected, fixture_histories
from tests.metrics.calculations.histories import BACKLOG, BUILD, COMMITTED, DONE, RULES, TEST, history

COLUMN_OF = dict(zip((BACKLOG, COMMITTED, BUILD, TEST, DONE), COLUMNS, strict=True))
UTC_RULES = Rules(meanings=RULES.meanings, zone=UTC)


@pytest.fixture(scope="module")
def facts() -> dict[str, Fact]:
    read = {key: item_fact(1, changes, UTC_RULES) for key, changes in fixture_histories().items()}
    return {key: fact for key, fact in read.items() if fact is not None}


def test_case_4_cumulative_flow() -> None:
    def entries(**first: int) -> dict[str, date]:
        return {column: date(2026, 1, day) for column, day in first.items()}

    flow = cumulative_flow(
        [
            entries(Backlog=1),
            entries(Backlog=2, Committed=3),
            entries(Backlog=3, Committed=3, Build=4, Test=5, Done=6),
            entries(Backlog=4, Committed=4),
        ],
        COLUMNS,
        date(2026, 1, 1),
        date(2026, 1, 7),
    )
    assert list(flow.values()) == [
        (1, 0, 0, 0, 0),
        (2, 0, 0, 0, 0),
        (3, 2, 0, 0, 0),
        (4, 3, 1, 0, 0),
        (4, 3, 1, 1, 0),
        (4, 3, 1, 1, 1),
    ]


def test_case_5_cycle_times_percentiles_and_throughput() -> None:
    pairs = [(2, 7), (2, 7), (3, 8), (3, 8), (4, 9), (5, 9)]
    read = [item_fact(1, history((start, COMMITTED), (end, DONE)), RULES) for start, end in pairs]
    cycles = [fact.cycle_days for fact in read if fact and fact.cycle_days]
    assert cycles == [6, 6, 6, 6, 6, 5]
    assert percentile(cycles, 0.1) == 5.5
    assert percentile(cycles, 0.5) == 6
    finished = Counter(fact.finished_on for fact in read if fact and fact.finished_on)
    assert per_day(finished, date(2026, 1, 7), date(2026, 1, 10)) == [2, 2, 2]


def test_cycle_times_are_one_day_longer_than_elapsed_days(facts: dict[str, Fact]) -> None:
    expected = {row["key"]: int(row["cycle_time"]) + 1 for row in fixture_expected("scatterplot")}
    assert {key: fact.cycle_days for key, fact in facts.items() if fact.finished_at} == expected


def test_lead_times_are_one_day_longer_than_elapsed_days(facts: dict[str, Fact]) -> None:
    expected = {row["key"]: int(row["lead_time"]) + 1 for row in fixture_expected("scatterplot")}
    assert {key: fact.lead_days for key, fact in facts.items() if fact.finished_at} == expected


def test_percentiles_equal_the_other_tools_plus_a_day(facts: dict[str, Fact]) -> None:
    cycles = [fact.cycle_days for fact in facts.values() if fact.cycle_days is not None]
    assert percentile(cycles, 0.5) == 16
    assert percentile(cycles, 0.85) == pytest.approx(19)
    assert percentile(cycles, 0.95) == pytest.approx(20.05)


def test_histogram_equals_the_other_tools_moved_by_a_day(facts: dict[str, Fact]) -> None:
    ours = Counter(fact.cycle_days for fact in facts.values() if fact.cycle_days is not None)
    theirs: Counter[int] = Counter()
    for row in fixture_expected("histogram"):
        # Their bins hold the first bound and not the second.
        theirs[int(float(row["Range"].split(" to ")[0])) + 1] += int(row["Items"])
    assert +ours == +theirs


def test_throughput_by_day_equals_the_other_tools(facts: dict[str, Fact]) -> None:
    rows = fixture_expected("throughput")
    days = [date.fromisoformat(row["Period starting"]) for row in rows]
    finished = Counter(fact.finished_on for fact in facts.values() if fact.finished_on)
    assert per_day(finished, days[0], days[-1] + timedelta(days=1)) == [int(row["count"]) for row in rows]


def test_blocked_time_of_the_flagged_item(facts: dict[str, Fact]) -> None:
    assert facts["I-2"].blocked_seconds == 3 * 24 * 3600
    assert sum(bool(fact.blocked_seconds) for fact in facts.values()) == 1


def test_cumulative_flow_equals_the_other_tools() -> None:
    # The other tool leaves out items that never moved; ours counts them in the backlog.
    entries = []
    for changes in fixture_histories().values():
        if len(changes) == 1:
            continue
        first: dict[str, date] = {}
        for interval in item_intervals(1, changes, UTC_RULES):
            first.setdefault(COLUMN_OF[interval.state_id or 0], interval.from_at.date())
        entries.append(first)
    rows = fixture_expected("cfd")
    days = [date.fromisoformat(row["Date"] if "Date" in row else row[""]) for row in rows]
    flow = cumulative_flow(entries, COLUMNS, days[0], days[-1] + timedelta(days=1))
    assert flow == {
        day: tuple(int(float(row[column])) for column in COLUMNS) for day, row in zip(days, rows, strict=True)
    }
