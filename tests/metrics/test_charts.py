"""What charts say and show of nothing, of one thing, of nine and of a thousand: the same builders, no database."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from django.template import engines
from django.test import RequestFactory

from metrics.calculations.burn import Amount
from metrics.calculations.littles import littles_law
from metrics.calculations.series import velocity
from metrics.charts import chart_file
from metrics.charts.chart import Axis, Chart, Kind, Mark, Point, Scale, Series
from metrics.charts.finished import (
    control_chart,
    histogram_chart,
    percentiles_chart,
    scatter_chart,
    throughput_chart,
    types_chart,
)
from metrics.charts.flow import columns_chart
from metrics.charts.frame import Frame
from metrics.charts.sprints import say_do_chart, velocity_chart
from metrics.charts.svg import chart_svg
from metrics.selectors.columns import Columns
from metrics.selectors.flow_numbers import ColumnTimes, Dot, FinishedWork, Spans
from metrics.selectors.selection import Selection
from metrics.selectors.sprint_charts import SprintRecord
from organization.models import Unit
from portfolio.models import StateCategory

TODAY = date(2026, 6, 26)
SIZES = (0, 1, 9, 1_000)


def frame(**values: str) -> Frame:
    return Frame.of(Unit(code="HAR"), Selection(4, TODAY, TODAY, **values))  # type: ignore[arg-type]


def finished(count: int) -> tuple[FinishedWork, list[Dot]]:
    """So many items, on the days of four weeks, of 1 to 20 days."""
    dots = [Dot(TODAY - timedelta(days=number % 20), 1 + number % 20, f"HAR-{number}") for number in range(count)]
    by_day: dict[date, dict[int, int]] = {}
    by_type: dict[tuple[date, str], int] = {}
    for dot in dots:
        by_day.setdefault(dot.day, {}).setdefault(dot.days, 0)
        by_day[dot.day][dot.days] += 1
        by_type[dot.day, "STORY"] = by_type.get((dot.day, "STORY"), 0) + 1
    return FinishedWork(by_type=by_type, cycle=Spans(by_day)), dots


def drawn(count: int) -> list[Chart]:
    work, dots = finished(count)
    at = frame()
    return [
        throughput_chart(work, at, by_day=False),
        types_chart(work, at) if count else throughput_chart(work, at, by_day=True),
        scatter_chart(work, dots, at),
        histogram_chart(work, at),
        percentiles_chart(work, work.cycle, at),
        control_chart(work, at),
    ]


@pytest.mark.parametrize("count", SIZES)
def test_charts_of_nothing_one_nine_and_a_thousand(count: int) -> None:
    charts = drawn(count)
    throughput, _types, scatter, histogram, percentiles, control = charts
    for chart in charts:
        assert bool(chart.empty) is not chart.has_numbers
        assert not chart.empty or chart.advice  # what is missing is said with what to do about it
        request = RequestFactory().get("/", {"csv": chart.code})
        file = chart_file(request, [chart], name="HAR")
        assert file is not None
        head, *rows = b"".join(file).decode().splitlines()  # type: ignore[arg-type]
        assert head.count(",") == len(chart.table_head) - 1
        assert bool(rows) or bool(chart.empty)
        assert bool(chart_svg(chart)) is not bool(chart.empty)
        json.dumps(chart.data)
    # Ten make a percentile; below that nothing claims to know.
    is_enough = count >= 10
    assert bool(scatter.marks) is bool(histogram.marks) is (not percentiles.empty) is is_enough
    assert ("not enough data" in scatter.summary) is not is_enough
    assert bool(control.empty) is (count < 5)
    assert sum(point.size for point in scatter.series[0].points) == count
    assert scatter.data["x"]["span"] == ["2026-06-01", "2026-06-26"]  # one dot has its place in the period
    words = {0: "0 finished items, ", 1: "1 finished item, ", 9: "9 finished items, ", 1_000: "1,000 finished items, "}
    assert throughput.summary.startswith(words[count])


def test_advice_speaks_of_filters_where_there_are_any() -> None:
    work, dots = finished(0)
    assert "filters" not in scatter_chart(work, dots, frame()).advice
    assert "filters" in scatter_chart(work, dots, frame(item_type="BUG")).advice


def test_columns_too_empty_for_percentiles_keep_their_table() -> None:
    columns = Columns(["Build", "Test"], [StateCategory.ACTIVE, StateCategory.WAITING], {}, {})
    few = columns_chart([ColumnTimes(0, 9, None, None), ColumnTimes(1, 1, None, None)], columns, frame())
    assert "10 finished items" in few.empty
    assert few.has_numbers
    shown = (
        engines["django"]
        .from_string("{% load charts %}{% chart one %}")
        .render({"one": few}, RequestFactory().get("/flow/"))
    )
    assert "data-chart=" not in shown
    assert re.findall(r"<th scope=\"row\">(\w+)</th>", shown) == ["Build", "Test"]
    assert "csv=time_in_column" in shown
    none = columns_chart([ColumnTimes(1, 0, None, None)], columns, frame())
    assert none.empty
    assert not none.has_numbers


def records(kept: Sequence[int]) -> list[SprintRecord]:
    return [
        SprintRecord(
            pk=number,
            name=f"Sprint {number}",
            completed_at=datetime(2026, 1, 1, tzinfo=UTC),
            committed=Amount(Decimal(10), 10),
            kept=Amount(Decimal(points), points),
            completed=Amount(Decimal(points), points),
            outside=Amount(),
            again=Amount(),
            not_completed=Amount(),
            unestimated_count=0,
        )
        for number, points in enumerate(kept)
    ]


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ([], "No sprint was closed yet."),
        ([8], "80 % of the commitment was kept."),
        ([8] * 9, "80 % of the commitment was kept in every sprint."),
        ([8, 5], "Between 50 % and 80 % of the commitment was kept; 50 % in the last sprint."),
    ],
)
def test_say_do_of_no_sprint_one_and_more(kept: list[int], said: str) -> None:
    closed = records(kept)
    chart = say_do_chart(closed, in_points=True)
    assert chart.summary == said
    assert bool(chart.empty) is not bool(kept)
    pace = velocity_chart(closed, velocity([record.completed.points for record in closed]), in_points=True)
    assert bool(pace.marks) is (len(kept) >= 3)


def test_littles_law_is_not_checked_on_a_handful() -> None:
    few = littles_law(wip=[1] * 10, opening=1, finished=9, cycle_counts={1: 9})
    assert few.gap_ratio is not None
    assert few.fits is None
    assert littles_law(wip=[1] * 10, opening=1, finished=10, cycle_counts={1: 10}).fits is True


def lone(**values: object) -> Chart:
    given = {
        "code": "one",
        "title": "One",
        "summary": "",
        "x": Axis("Day", Scale.DAYS),
        "y": Axis("Items"),
        "series": [Series("Items", Kind.LINE, [Point(TODAY, 1)])],
    }
    return Chart(**{**given, **values})  # type: ignore[arg-type]


def words_of(chart: Chart) -> list[str]:
    return re.findall(r">([^<>]+)</text>", chart_svg(chart))


def test_on_paper_one_item_has_its_day_and_no_half_items() -> None:
    words = words_of(lone())
    assert "26 Jun 2026" in words
    assert len(words) == len(set(words))  # no day twice
    assert not any(word.startswith("0.") for word in words)
    bar = Series("Items", Kind.HISTOGRAM, [Point(2.5, 1, end=3.5)])
    assert words_of(lone(x=Axis("Days"), series=[bar])) == ["0", "1", "3", "Days"]
    # Where days are measured a half is one.
    assert "0.5" in words_of(lone(series=[Series("Days", Kind.LINE, [Point(TODAY, 0.9)])]))


def test_on_paper_marks_near_each_other_are_told_apart() -> None:
    near = [Mark(1.0, "50 %"), Mark(1.01, "70 %"), Mark(1.02, "85 %"), Mark(40, "95 %")]
    picture = chart_svg(lone(marks=near))
    heights = [float(y) for y, text in re.findall(r'y="([\d.]+)"[^>]*>(\d\d %)</text>', picture)]
    assert len(heights) == 4
    assert all(one - other >= 9 for one, other in pairwise(heights))
