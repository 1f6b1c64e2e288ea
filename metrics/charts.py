"""Charts drawn by the server: plain SVG that needs no script, prints, and says in words what it shows.

Widths are percentages and heights pixels, so that a chart fills its card and its lettering keeps its size on a
phone. Every chart stands beside a table of the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from metrics.selectors.numbers import UnitNumbers
from pmo_portal.lib.format import day as format_day
from pmo_portal.lib.format import days as format_days
from pmo_portal.lib.format import number

HEIGHT = 168
FOOT = 20
"""Room below the base line for the labels of the x axis."""
HEAD = 18
"""Room above the highest value for its label."""
MOST_LABELS = 6


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with its title, what a screen reader says, and the table behind it."""

    code: str
    title: str
    summary: str
    svg: SafeString
    head: tuple[str, str]
    rows: list[tuple[str, str]]
    is_empty: bool


def throughput_chart(numbers: UnitNumbers) -> Chart:
    """Finished items by ISO week."""
    weeks = numbers.finished_by_week
    values = [count for _week, count in weeks]
    summary = _("Finished items a week: %(low)s to %(high)s, %(sum)s in all.") % {
        "low": number(min(values, default=0)),
        "high": number(max(values, default=0)),
        "sum": number(sum(values)),
    }
    bars = [(short_day(week), count, f"{format_day(week)}: {number(count)}") for week, count in weeks]
    return Chart(
        code="throughput",
        title=_("Finished items by week"),
        summary=summary,
        svg=_bars(bars, summary),
        head=(_("Week of"), _("Finished")),
        rows=[(format_day(week), number(count)) for week, count in weeks],
        is_empty=not any(values),
    )


def wip_chart(numbers: UnitNumbers) -> Chart:
    """Items in progress at the end of every day."""
    days = list(numbers.window)
    summary = _("Items in progress: %(low)s to %(high)s, %(now)s at the end.") % {
        "low": number(min(numbers.wip, default=0)),
        "high": number(max(numbers.wip, default=0)),
        "now": number(numbers.wip_now),
    }
    # A table of a year's days helps nobody: the end of each week says the same.
    ends = [(day, wip) for day, wip in zip(days, numbers.wip, strict=True) if day.weekday() == 6 or day == days[-1]]
    return Chart(
        code="wip",
        title=_("Work in progress by day"),
        summary=summary,
        svg=_line(days, numbers.wip, summary),
        head=(_("At the end of"), _("In progress")),
        rows=[(format_day(day), number(wip)) for day, wip in ends],
        is_empty=not any(numbers.wip),
    )


def cycle_chart(numbers: UnitNumbers) -> Chart:
    """How many items took how many days, with the percentiles marked."""
    cycles = numbers.cycles
    if cycles.is_enough:
        summary = _("Half of %(n)s items took %(p50)s or less, 85 %% took %(p85)s or less.") % {
            "n": number(cycles.sample_size),
            "p50": format_days(cycles.p50_days),
            "p85": format_days(cycles.p85_days),
        }
    else:
        summary = _("%(n)s items with a cycle time: not enough data for percentiles.") % {
            "n": number(cycles.sample_size)
        }
    buckets = bucketed(numbers.cycle_counts)
    marks = [(_("50 %"), cycles.p50_days), (_("85 %"), cycles.p85_days)]
    return Chart(
        code="cycle_time",
        title=_("Items by cycle time"),
        summary=summary,
        svg=_histogram(buckets, marks, summary),
        head=(_("Days"), _("Items")),
        rows=[(bucket.label, number(bucket.count)) for bucket in buckets],
        is_empty=not numbers.cycle_counts,
    )


@dataclass(frozen=True, slots=True)
class Bucket:
    """Cycle times from `first` to `last` days, both included, and how many items had one."""

    first: int
    last: int
    count: int

    @property
    def label(self) -> str:
        """The days as a reader sees them."""
        return number(self.first) if self.first == self.last else f"{number(self.first)}–{number(self.last)}"


def bucketed(counts: Mapping[int, int], *, most: int = 30) -> list[Bucket]:
    """Put a histogram of days into at most `most` equally wide buckets, from one day on."""
    if not counts:
        return []
    longest = max(counts)
    width = math.ceil(longest / most)
    sums = [0] * math.ceil(longest / width)
    for days, count in counts.items():
        sums[(max(days, 1) - 1) // width] += count
    return [Bucket(at * width + 1, (at + 1) * width, count) for at, count in enumerate(sums)]


def short_day(day: date) -> str:
    """A day as an axis says it."""
    return str(date_format(day, "j M"))


def _frame(content: Iterable[SafeString], label: str) -> SafeString:
    return format_html(
        '<svg class="chart" role="img" aria-label="{}" width="100%" height="{}">{}</svg>',
        label,
        HEIGHT,
        format_html_join("", "{}", ((part,) for part in content)),
    )


def _grid(high: float) -> list[SafeString]:
    """Draw the base line, and one line at the highest round value."""
    base = HEIGHT - FOOT
    top = HEAD
    return [
        format_html('<line class="chart-grid" x1="0" x2="100%" y1="{0}" y2="{0}"/>', top),
        format_html('<text class="chart-label" x="0" y="{}">{}</text>', top - 5, number(high)),
        format_html('<line class="chart-base" x1="0" x2="100%" y1="{0}" y2="{0}"/>', base),
    ]


def _ceiling(high: float) -> float:
    """Return the round value at or above the highest one at which the scale ends."""
    if high <= 5:
        return 5
    step = 10 ** math.floor(math.log10(high))
    return next(step * factor for factor in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * factor >= high)


def _y(value: float, high: float) -> float:
    return HEIGHT - FOOT - (HEIGHT - FOOT - HEAD) * value / high


def _labels(texts: Sequence[str]) -> list[SafeString]:
    """Letter the x axis: at most a few labels, evenly spaced, in the middle of their slots."""
    every = math.ceil(len(texts) / MOST_LABELS)
    slot = 100 / len(texts)
    return [
        format_html(
            '<text class="chart-label" text-anchor="{}" x="{}%" y="{}">{}</text>',
            "start" if at == 0 else "middle",
            "0" if at == 0 else f"{(at + 0.5) * slot:.2f}",
            HEIGHT - 5,
            texts[at],
        )
        for at in range(0, len(texts), every)
        if at == 0 or (at + 0.5) * slot < 96
    ]


def _bars(bars: Sequence[tuple[str, int, str]], label: str) -> SafeString:
    high = _ceiling(max((value for _text, value, _title in bars), default=0))
    slot = 100 / max(len(bars), 1)
    drawn = [
        format_html(
            '<rect class="chart-bar" x="{}%" y="{}" width="{}%" height="{}" rx="2"><title>{}</title></rect>',
            f"{at * slot + slot * 0.14:.2f}",
            f"{_y(value, high):.1f}",
            f"{slot * 0.72:.2f}",
            f"{HEIGHT - FOOT - _y(value, high):.1f}",
            title,
        )
        for at, (_text, value, title) in enumerate(bars)
        if value
    ]
    return _frame([*_grid(high), *drawn, *(_labels([bar[0] for bar in bars]) if bars else [])], label)


def _line(days: Sequence[date], values: Sequence[int], label: str) -> SafeString:
    high = _ceiling(max(values, default=0))
    points = " ".join(f"{at},{_y(value, high):.1f}" for at, value in enumerate(values))
    last = max(len(values) - 1, 1)
    base = HEIGHT - FOOT
    drawn = format_html(
        '<svg viewBox="0 0 {0} {1}" width="100%" height="{1}" preserveAspectRatio="none">'
        '<polygon class="chart-area" points="0,{2} {3} {0},{2}"/>'
        '<polyline class="chart-line" points="{3}"/></svg>',
        last,
        HEIGHT,
        base,
        points,
    )
    return _frame([*_grid(high), drawn, *_labels([short_day(day) for day in days])], label)


def _histogram(buckets: Sequence[Bucket], marks: Sequence[tuple[str, float | None]], label: str) -> SafeString:
    if not buckets:
        return _frame(_grid(5), label)
    high = _ceiling(max(bucket.count for bucket in buckets))
    slot = 100 / len(buckets)
    width = buckets[0].last - buckets[0].first + 1
    drawn = [
        format_html(
            '<rect class="chart-bar" x="{}%" y="{}" width="{}%" height="{}" rx="2"><title>{}</title></rect>',
            f"{at * slot + slot * 0.1:.2f}",
            f"{_y(bucket.count, high):.1f}",
            f"{slot * 0.8:.2f}",
            f"{HEIGHT - FOOT - _y(bucket.count, high):.1f}",
            f"{bucket.label}: {number(bucket.count)}",
        )
        for at, bucket in enumerate(buckets)
        if bucket.count
    ]
    lines = [
        format_html(
            '<line class="chart-mark" x1="{0}%" x2="{0}%" y1="{1}" y2="{2}"/>'
            '<text class="chart-label chart-mark-label" x="{0}%" dx="{3}" y="{4}" text-anchor="{5}">{6}</text>',
            f"{min(value / width * slot, 100):.2f}",
            HEAD,
            HEIGHT - FOOT,
            -4 if value / width * slot > 70 else 4,
            HEAD + 10 + 13 * number_of,
            "end" if value / width * slot > 70 else "start",
            f"{text}: {format_days(value)}",
        )
        for number_of, (text, value) in enumerate(marks)
        if value is not None
    ]
    return _frame([*_grid(high), *drawn, *lines, *_labels([bucket.label for bucket in buckets])], label)
