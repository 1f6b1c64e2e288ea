"""What a chart is: points with where each leads to, axes, marks, and the words and the table that say the same.

A chart is data. The browser draws it (static/js/behaviours/chart.js); without a script its table stands there instead,
and the same table is its CSV file. docs/ui.md shows how one is made in ten lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, NamedTuple

from django.http import HttpRequest, StreamingHttpResponse
from django.utils.translation import gettext as _

from metrics.definitions import Metric
from pmo_portal.lib.csv_export import csv_response
from pmo_portal.lib.format import NOTHING, moment, number, ratio
from pmo_portal.lib.format import day as format_day
from pmo_portal.lib.windows import portal_zone

MOST_ROWS: Final = 400
"""Rows of a table on a page; the file has them all."""

X = int | float | date
Y = int | float | Decimal
Raw = str | int | float | Decimal | date | None


class Kind(StrEnum):
    """How a series is drawn."""

    BAR = "bar"
    LINE = "line"
    AREA = "area"
    SCATTER = "scatter"
    HISTOGRAM = "histogram"
    BAND = "band"


class Scale(StrEnum):
    """What an axis counts in: names in a given order, days, or numbers."""

    LABELS = "labels"
    DAYS = "days"
    NUMBERS = "numbers"


class Point(NamedTuple):
    """One datum. `url` is the list of the items it counts, or the item it is.

    `x` is the place of a label, a day (or a moment among days) or a number. `y` None is a gap. `end` is the other end
    of what has two: the right edge of a histogram's bar, the upper edge of a band. `name` says what it is where `x` and
    `y` do not (an item's key); `size` how many items one dot stands for.
    """

    x: X
    y: Y | None
    url: str = ""
    name: str = ""
    size: int = 1
    end: Y | None = None


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis: its `name` heads the table's column too. `unit` follows a value ("days"); a ratio 0..1 shows as %.

    `start` is where a y axis begins if not at zero. `span` are the first and last day of an axis of days: where data
    does not reach to the ends of the period, a lone dot must not fill the picture.
    """

    name: str
    scale: Scale = Scale.NUMBERS
    labels: Sequence[str] = ()
    unit: str = ""
    is_ratio: bool = False
    start: float = 0
    span: tuple[date, date] | None = None

    def text(self, value: X | Y | None) -> str:
        """A value on this axis as a reader sees it."""
        if value is None:
            return NOTHING
        if isinstance(value, datetime):
            return moment(value)
        if isinstance(value, date):
            return format_day(value)
        if self.scale == Scale.LABELS:
            return self.labels[int(value)]
        if self.is_ratio:
            return ratio(float(value))
        return number(value, 0 if float(value).is_integer() else 1)

    def raw(self, value: X | Y | None) -> Raw:
        """The same for a file: nothing a program would have to read a locale for."""
        if self.scale == Scale.LABELS and isinstance(value, int | float):
            return self.labels[int(value)]
        return round(value, 4) if isinstance(value, float) else value


@dataclass(frozen=True, slots=True)
class Series:
    """A line, a row of bars, a cloud of dots. `tone` is a colour of static/css/components/chart.css.

    Tones: "" (by its place), accent, good, warn, bad, info, violet, quiet. Series with the same `stack` stand on each
    other. A series that is not `in_table` says nothing that other columns do not (a guideline).
    """

    name: str
    kind: Kind
    points: Sequence[Point]
    tone: str = ""
    stack: str = ""
    is_dashed: bool = False
    is_step: bool = False
    in_table: bool = True


@dataclass(frozen=True, slots=True)
class Mark:
    """A line across the chart at a value: a percentile, a limit, today."""

    at: X
    label: str
    axis: str = "y"
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of the y axis with a meaning; `end` None reaches to the top."""

    start: float
    end: float | None
    label: str
    tone: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the table: what a file holds, what a reader sees, and where it leads."""

    raw: Raw
    text: str
    url: str = ""
    is_number: bool = True


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with its title, what it shows in a sentence, and what it is drawn from.

    `code` names it on its page and in its file. `summary` is what a screen reader says instead of the drawing.
    `metric` opens the definition; `sample` and `as_of` say what it rests on; `note` says what to know when reading it.
    `definition_url` opens it with what this very number leaves out. `empty` is the reason why there is nothing to draw,
    or "", and `advice` what to do about it. `keeps_table` where there are numbers to read although none can be drawn.
    `opens_panel` for points that are items: a click on one opens it beside the chart. `is_binned`: its dots are
    counts of items. A chart whose table is not simply its points gives `head` and `rows`.
    """

    code: str
    title: str
    summary: str
    x: Axis
    y: Axis
    series: Sequence[Series]
    marks: Sequence[Mark] = ()
    bands: Sequence[Band] = ()
    metric: Metric | None = None
    definition_url: str = ""
    sample: str = ""
    as_of: str = ""
    note: str = ""
    empty: str = ""
    advice: str = ""
    keeps_table: bool = False
    opens_panel: bool = False
    is_binned: bool = False
    height: int = 240
    head: Sequence[str] = ()
    rows: Sequence[Sequence[Cell]] = ()

    @property
    def data(self) -> dict[str, Any]:
        """What the browser draws, as JSON. Read by static/js/behaviours/chart.js."""
        return {
            "x": _axis_data(self.x),
            "y": _axis_data(self.y),
            "series": [_series_data(series, self.x) for series in self.series],
            "marks": [
                {"axis": mark.axis, "at": _json(mark.at), "label": mark.label, "tone": mark.tone} for mark in self.marks
            ],
            "bands": [
                {"start": band.start, "end": band.end, "label": band.label, "tone": band.tone} for band in self.bands
            ],
            "panel": self.opens_panel,
            "binned": self.is_binned,
            "items": _("Items"),
            "tap": _("Tap again to open"),
        }

    @property
    def has_numbers(self) -> bool:
        """Whether there is a table, and a file of it."""
        return not self.empty or self.keeps_table

    @property
    def table_head(self) -> list[tuple[str, bool]]:
        """The columns: what they are called, and whether they hold numbers."""
        if self.head:
            first = self.rows[0] if self.rows else ()
            return [(name, at < len(first) and first[at].is_number) for at, name in enumerate(self.head)]
        if self._dots:
            names = [(_("What"), False), (self.x.name, self.x.scale == Scale.NUMBERS), (self.y.name, True)]
            return [*names, *([(_("Items"), True)] if self._has_sizes else [])]
        return [(self.x.name, False), *((series.name, True) for series in self._columns)]

    def table_rows(self) -> Iterator[Sequence[Cell]]:
        """Every row of the table, for its file."""
        if self.head:
            yield from self.rows
        elif self._dots:
            yield from self._rows_of_dots()
        else:
            yield from self._rows_by_x()

    @property
    def _columns(self) -> list[Series]:
        return [series for series in self.series if series.in_table]

    @property
    def _dots(self) -> list[Series]:
        return [series for series in self._columns if series.kind == Kind.SCATTER]

    @property
    def _has_sizes(self) -> bool:
        return any(point.size != 1 for series in self._dots for point in series.points)

    def _rows_of_dots(self) -> Iterator[Sequence[Cell]]:
        has_sizes = self._has_sizes
        for series in self._dots:
            for point in series.points:
                row = [
                    Cell(point.name or series.name, point.name or series.name, point.url, is_number=False),
                    Cell(self.x.raw(point.x), self.x.text(point.x), is_number=self.x.scale == Scale.NUMBERS),
                    Cell(self.y.raw(point.y), self.y.text(point.y)),
                ]
                yield [*row, Cell(point.size, number(point.size))] if has_sizes else row

    def _rows_by_x(self) -> Iterator[Sequence[Cell]]:
        columns = [{point.x: point for point in series.points} for series in self._columns]
        places = sorted({x for column in columns for x in column}, key=lambda x: (str(type(x)), x))
        for x in places:
            found = [column.get(x) for column in columns]
            named = next((point for point in found if point is not None and point.name), None)
            label = named.name if named else self.x.text(x)
            yield [
                Cell(named.name if named else self.x.raw(x), label, is_number=False),
                *(
                    Cell(None, NOTHING)
                    if point is None
                    else Cell(self.y.raw(point.y), self._span(point, series), point.url)
                    for point, series in zip(found, self._columns, strict=True)
                ),
            ]

    def _span(self, point: Point, series: Series) -> str:
        if series.kind == Kind.BAND and point.end is not None:
            return f"{self.y.text(point.y)}–{self.y.text(point.end)}"
        return self.y.text(point.y)


def on_labels(values: Iterable[Y | None], urls: Sequence[str] = (), names: Sequence[str] = ()) -> list[Point]:
    """Points of a series over labels, in their order; `names` where a label is a short form of something."""
    return [Point(at, value, urls[at] if urls else "", names[at] if names else "") for at, value in enumerate(values)]


def chart_file(request: HttpRequest, charts: Iterable[Chart], *, name: str) -> StreamingHttpResponse | None:
    """The data of the chart that ``?csv=code`` asks for, as a file; None when the address asks for the page."""
    wanted = request.GET.get("csv", "")
    chart = next((chart for chart in charts if chart.code == wanted), None) if wanted else None
    if chart is None:
        return None
    head = [column for column, _is_number in chart.table_head]
    rows = ([cell.raw for cell in row] for row in chart.table_rows())
    return csv_response(name=f"{name}-{chart.code}", head=head, rows=rows)


def _json(value: X | Y | None) -> str | int | float | None:
    if isinstance(value, datetime):
        # As the metric day sees it, without a zone: the browser places it among days.
        return value.astimezone(portal_zone()).replace(tzinfo=None).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value


def _axis_data(axis: Axis) -> dict[str, Any]:
    return {
        "name": axis.name,
        "scale": axis.scale,
        "labels": list(axis.labels),
        "unit": axis.unit,
        "ratio": axis.is_ratio,
        "start": axis.start,
        "span": [day.isoformat() for day in axis.span] if axis.span else None,
    }


def _shared_start(texts: Sequence[str]) -> str:
    """What all texts begin with: that of the first and the last in their order."""
    if not texts:
        return ""
    low, high = min(texts), max(texts)
    length = next((at for at, sign in enumerate(low) if at >= len(high) or high[at] != sign), len(low))
    return low[:length]


def _series_data(series: Series, x: Axis) -> dict[str, Any]:
    """A series as the browser reads it; what all addresses begin with is said once."""
    urls = [point.url for point in series.points if point.url]
    base = _shared_start(urls)
    return {
        "name": series.name,
        "kind": series.kind,
        "tone": series.tone,
        "stack": series.stack,
        "dashed": series.is_dashed,
        "step": series.is_step,
        "base": base,
        "points": [
            [
                _json(point.x),
                _json(point.y),
                point.url[len(base) :] if point.url else None,
                point.name,
                point.size,
                _json(point.end),
            ]
            for point in series.points
        ],
    }
