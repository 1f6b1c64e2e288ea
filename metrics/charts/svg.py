"""Charts drawn on paper: the same data as in the browser, as SVG that a document carries in itself.

Plain on purpose: axes, marks and series in the colours of the light theme; every document has the chart's words and
numbers beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from html import escape
from typing import Final

from django.utils.safestring import SafeString, mark_safe

from metrics.charts.chart import Axis, Chart, Kind, Point, Scale, Series, X, Y
from pmo_portal.lib.format import day as format_day
from pmo_portal.lib.format import number, ratio
from pmo_portal.lib.windows import portal_zone

WIDTH: Final = 520.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 10.0, 10.0, 30.0
MARK_ROOM: Final = 90.0
MARK_LINE: Final = 9.0
MOST_POINTS: Final = 2_000
"""More are no better to be read, and each is laid out."""

TONES: Final = {
    "accent": "#2f54c9",
    "good": "#1f7a4d",
    "warn": "#b26a00",
    "bad": "#c0362c",
    "info": "#0f7490",
    "violet": "#6f42c1",
    "quiet": "#98a2b3",
}
PLACES: Final = ("#2f54c9", "#d97706", "#0f7490", "#6f42c1", "#1f7a4d", "#c0362c", "#667085", "#a16207")


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where numbers lie on the paper."""

    chart: Chart
    low_x: float
    high_x: float
    low_y: float
    high_y: float
    height: float

    def x(self, value: float) -> float:
        span = self.high_x - self.low_x or 1.0
        return LEFT + (value - self.low_x) / span * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        span = self.high_y - self.low_y or 1.0
        return self.height - BOTTOM - (value - self.low_y) / span * (self.height - TOP - BOTTOM)


def chart_svg(chart: Chart, *, height: float = 200.0) -> SafeString:
    """The drawing of a chart; empty where there is nothing to draw."""
    if chart.empty or not any(point.y is not None for series in chart.series for point in series.points):
        return SafeString()
    frame = _frame(chart, height)
    parts = [*_grid(frame), *_bands(frame), *_drawn(frame), *_marks(frame), *_x_labels(frame)]
    return mark_safe(  # noqa: S308 - numbers, colours of ours, and words that _text escapes
        f'<svg class="doc-chart" viewBox="0 0 {WIDTH:.0f} {height:.0f}" xmlns="http://www.w3.org/2000/svg" role="img">'
        + "".join(parts)
        + "</svg>"
    )


def chart_legend(chart: Chart) -> list[tuple[str, str]]:
    """The colour and the name of each series, where there is more than one."""
    if len(chart.series) < 2:
        return []
    return [(_colour(series, at), series.name) for at, series in enumerate(chart.series)]


def _number(value: X | Y) -> float:
    """A place on an axis as a number: days count as such."""
    if isinstance(value, datetime):
        local = value.astimezone(portal_zone())
        return local.toordinal() + (local.hour * 3600 + local.minute * 60 + local.second) / 86_400
    return value.toordinal() if isinstance(value, date) else float(value)


def _frame(chart: Chart, height: float) -> _Frame:
    points = [point for series in chart.series for point in series.points if point.y is not None]
    xs = [_number(point.x) for point in points]
    if chart.x.scale == Scale.LABELS:
        low_x, high_x = -0.5, max(len(chart.x.labels), 1) - 0.5
    else:
        ends = [_number(point.end) for series in _of(chart, Kind.HISTOGRAM) for point in series.points if point.end]
        marks = [_number(mark.at) for mark in chart.marks if mark.axis == "x"]
        reach = [_number(day) for day in chart.x.span or ()]
        low_x, high_x = min([*xs, *reach]), max([*xs, *reach, *ends, *marks])
        if low_x == high_x:
            # One day alone stands in the middle of its neighbours.
            low_x, high_x = low_x - 1, high_x + 1
    tops = [
        *_stacked_tops(chart),
        *(_number(mark.at) for mark in chart.marks if mark.axis == "y" and _is_plain(mark.at)),
    ]
    tops += [float(point.end) for series in _of(chart, Kind.BAND) for point in series.points if point.end is not None]
    bottoms = [float(point.y) for point in points if point.y is not None]
    low_y = min([float(chart.y.start), *(value for value in bottoms if value < 0)])
    step = _step((max(tops, default=1.0) - low_y) or 1.0, is_whole=_is_whole(chart))
    return _Frame(chart, low_x, high_x, low_y, low_y + step * math.ceil(max(max(tops) - low_y, step) / step), height)


def _is_whole(chart: Chart) -> bool:
    """Whether the chart counts: an axis of items has no half ones."""
    values = [point.y for series in chart.series for point in series.points]
    values += [point.end for series in _of(chart, Kind.BAND) for point in series.points]
    return not chart.y.is_ratio and all(value is None or float(value).is_integer() for value in values)


def _is_plain(value: X) -> bool:
    return isinstance(value, int | float | Decimal)


def _of(chart: Chart, kind: Kind) -> list[Series]:
    return [series for series in chart.series if series.kind == kind]


def _stacked_tops(chart: Chart) -> Iterator[float]:
    heights: dict[tuple[str, float], float] = {}
    for series in chart.series:
        for point in series.points:
            if point.y is None:
                continue
            if not series.stack:  # many dots may stand over one place; none stands on another
                yield float(point.y)
                continue
            place = (series.stack, _number(point.x))
            heights[place] = heights.get(place, 0.0) + float(point.y)
    yield from heights.values()


def _step(span: float, *, is_whole: bool = False) -> float:
    """A round step that parts a span into about four; at least one where things are counted."""
    raw = span / 4
    power: float = 10.0 ** math.floor(math.log10(raw)) if raw > 0 else 1.0
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw)
    return max(step, 1.0) if is_whole else step


def _grid(frame: _Frame) -> Iterator[str]:
    step = _step(frame.high_y - frame.low_y, is_whole=_is_whole(frame.chart))
    value = frame.low_y
    while value <= frame.high_y + step / 1000:
        y = frame.y(value)
        yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e4e7ec" stroke-width="0.7"/>'
        yield _text(LEFT - 5, y + 3, _tick(frame.chart.y, value, step), anchor="end")
        value += step


def _tick(axis: Axis, value: float, step: float) -> str:
    """A place of an axis, with as many digits as its step has: 0.05 and 0.1 are two places."""
    if axis.is_ratio:
        return ratio(round(value, 6), 1 if step < 0.01 else 0)
    return number(round(value, 6), max(0, -math.floor(math.log10(step))))


def _x_labels(frame: _Frame) -> Iterator[str]:
    axis, y = frame.chart.x, frame.height - BOTTOM + 12
    if axis.scale == Scale.LABELS:
        room = max(1, math.ceil(len(axis.labels) / 8))
        for at, label in enumerate(axis.labels):
            if at % room == 0:
                yield _text(frame.x(at), y, label[:16], anchor="middle")
    elif axis.scale == Scale.DAYS:
        first, last = date.fromordinal(int(frame.low_x)), date.fromordinal(int(frame.high_x))
        days = max((last - first).days, 1)
        parts = min(days, 4)
        for at in range(parts + 1):
            shown = first + timedelta(days=round(days * at / parts))
            anchor = "start" if at == 0 else "end" if at == parts else "middle"
            yield _text(frame.x(shown.toordinal()), y, format_day(shown), anchor=anchor)
    else:
        step = _step(frame.high_x - frame.low_x, is_whole=True)  # whole days; a bar stands around its own
        value = math.ceil(frame.low_x / step) * step
        while value <= frame.high_x + step / 1000:
            yield _text(frame.x(value), y, axis.text(round(value, 6)), anchor="middle")
            value += step
    yield _text(WIDTH - RIGHT, frame.height - 3, axis.name, anchor="end", tone="#98a2b3")


def _bands(frame: _Frame) -> Iterator[str]:
    for band in frame.chart.bands:
        top, foot = frame.y(min(band.end if band.end is not None else frame.high_y, frame.high_y)), frame.y(band.start)
        if foot > top:
            tone = TONES.get(band.tone, "#98a2b3")
            yield _rectangle(LEFT, top, WIDTH - LEFT - RIGHT, foot - top, tone, opacity=0.08)


def _marks(frame: _Frame) -> Iterator[str]:
    for at, mark in enumerate(mark for mark in frame.chart.marks if mark.axis == "x"):
        tone = TONES.get(mark.tone, "#4a5568")
        x = frame.x(_number(mark.at))
        yield _line(x, TOP, x, frame.height - BOTTOM, tone)
        # Words that would leave the picture stand on the other side of their line.
        is_left = x - LEFT > MARK_ROOM
        yield _text(
            x - 3 if is_left else x + 3,
            TOP + 8 + at * MARK_LINE,
            mark.label,
            anchor="end" if is_left else "start",
            tone=tone,
        )
    lowest = math.inf
    across = [mark for mark in frame.chart.marks if mark.axis == "y" and _is_plain(mark.at)]
    for mark in sorted(across, key=lambda mark: float(mark.at)):  # type: ignore[arg-type]
        tone = TONES.get(mark.tone, "#4a5568")
        y = frame.y(float(mark.at))  # type: ignore[arg-type]
        yield _line(LEFT, y, WIDTH - RIGHT, y, tone)
        # Words of lines that lie near each other are moved up, so that each can be read.
        lowest = min(y - 3, lowest - MARK_LINE)
        yield _text(WIDTH - RIGHT, lowest, mark.label, anchor="end", tone=tone)


def _drawn(frame: _Frame) -> Iterator[str]:
    chart = frame.chart
    bars = _of(chart, Kind.BAR)
    slots = list(dict.fromkeys(series.stack or series.name for series in bars))
    stacked: dict[tuple[str, float], float] = {}
    for at, series in enumerate(chart.series):
        tone = _colour(series, at)
        points = [point for point in series.points if point.y is not None][:MOST_POINTS]
        if series.kind == Kind.BAR:
            yield from _bars(frame, series, points, tone, slots, stacked)
        elif series.kind == Kind.HISTOGRAM:
            for point in points:
                left = frame.x(_number(point.x))
                right = frame.x(_number(point.end if point.end is not None else _number(point.x) + 1))
                top = frame.y(float(point.y or 0))
                yield _rectangle(left, top, max(right - left - 0.7, 0.5), frame.y(frame.low_y) - top, tone)
        elif series.kind == Kind.SCATTER:
            for point in points:
                radius = min(2.0 + math.sqrt(point.size) / 2, 7.0)
                yield (
                    f'<circle cx="{frame.x(_number(point.x)):.1f}" cy="{frame.y(float(point.y or 0)):.1f}" '
                    f'r="{radius:.1f}" fill="{tone}" fill-opacity="0.6"/>'
                )
        elif series.kind == Kind.BAND:
            yield _area(frame, points, [float(point.end or point.y or 0) for point in points], tone)
        else:
            yield from _lines(frame, series, points, tone, stacked)


def _bars(
    frame: _Frame,
    series: Series,
    points: Sequence[Point],
    tone: str,
    slots: Sequence[str],
    stacked: dict[tuple[str, float], float],
) -> Iterator[str]:
    places = len(frame.chart.x.labels) if frame.chart.x.scale == Scale.LABELS else frame.high_x - frame.low_x + 1
    room = (WIDTH - LEFT - RIGHT) / max(places, 1) * 0.76
    slot = series.stack or series.name
    width = max(room / len(slots), 0.6)
    for point in points:
        x = _number(point.x)
        foot = stacked.get((slot, x), 0.0)
        head = foot + float(point.y or 0)
        stacked[(slot, x)] = head
        left = frame.x(x) - room / 2 + slots.index(slot) * width
        top, base = frame.y(max(head, foot)), frame.y(min(head, foot))
        yield _rectangle(left, top, max(width - 0.8, 0.5), base - top, tone)


def _lines(
    frame: _Frame, series: Series, points: Sequence[Point], tone: str, stacked: dict[tuple[str, float], float]
) -> Iterator[str]:
    heights = []
    feet = []
    for point in points:
        place = (series.stack, _number(point.x))
        foot = stacked.get(place, 0.0) if series.stack else frame.low_y
        head = float(point.y or 0) + (foot if series.stack else 0.0)
        if series.stack:
            stacked[place] = head
        heights.append(head)
        feet.append(foot)
    if not points:
        return
    path: list[str] = []
    for at, (point, head) in enumerate(zip(points, heights, strict=True)):
        x, y = frame.x(_number(point.x)), frame.y(head)
        if series.is_step and at:
            path.append(f"{x:.1f},{frame.y(heights[at - 1]):.1f}")
        path.append(f"{x:.1f},{y:.1f}")
    if series.kind == Kind.AREA:
        back = [
            f"{frame.x(_number(point.x)):.1f},{frame.y(foot):.1f}"
            for point, foot in zip(reversed(points), reversed(feet), strict=True)
        ]
        # Several areas lie on each other, the largest first: the lower one would shine through.
        opacity = 0.85 if len(_of(frame.chart, Kind.AREA)) > 1 else 0.35
        yield f'<polygon points="{" ".join([*path, *back])}" fill="{tone}" fill-opacity="{opacity}"/>'
    dash = ' stroke-dasharray="4 3"' if series.is_dashed else ""
    yield f'<polyline points="{" ".join(path)}" fill="none" stroke="{tone}" stroke-width="1.6"{dash}/>'


def _area(frame: _Frame, points: Sequence[Point], tops: Sequence[float], tone: str) -> str:
    there = [f"{frame.x(_number(point.x)):.1f},{frame.y(top):.1f}" for point, top in zip(points, tops, strict=True)]
    back = [f"{frame.x(_number(point.x)):.1f},{frame.y(float(point.y or 0)):.1f}" for point in reversed(points)]
    return f'<polygon points="{" ".join([*there, *back])}" fill="{tone}" fill-opacity="0.18"/>'


def _colour(series: Series, place: int) -> str:
    return TONES.get(series.tone) or PLACES[place % len(PLACES)]


def _rectangle(x: float, y: float, width: float, height: float, tone: str, *, opacity: float = 1) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{max(height, 0):.1f}" '
        f'fill="{tone}" fill-opacity="{opacity}"/>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, tone: str) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'stroke="{tone}" stroke-width="0.9" stroke-dasharray="3 3"/>'
    )


def _text(x: float, y: float, text: str, *, anchor: str, tone: str = "#4a5568") -> str:
    # SECURITY: names are what somebody typed.
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="8" fill="{tone}" text-anchor="{anchor}">{escape(str(text))}</text>'
    )
