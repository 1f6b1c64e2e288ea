"""The charts of work on its way: what is open and how old, where it stays, what holds it up."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metrics.charts.binning import ROWS, named
from metrics.charts.chart import Axis, Band, Cell, Chart, Kind, Mark, Point, Scale, Series, on_labels
from metrics.charts.finished import items_words, percentile_marks, percentile_words
from metrics.charts.frame import Frame, Steps
from metrics.definitions import AGING_WIP, BLOCKED_TIME, CUMULATIVE_FLOW, FLOW_EFFICIENCY, TIME_IN_COLUMN, WIP
from metrics.selectors.columns import Columns
from metrics.selectors.flow import CumulativeFlow
from metrics.selectors.flow_numbers import DAY_SECONDS, Aged, ColumnTimes, Spans, Times
from pmo_portal.lib.format import NOTHING, number, ratio
from pmo_portal.lib.format import days as format_days

MOST_AGES: Final = 250
"""Above so many columns and ages the dots of a chart stand for stretches of ages."""


def open_chart(wip: Sequence[int], frame: Frame) -> Chart:
    """Items in progress at the end of every day."""
    return Chart(
        code="wip",
        title=_("Work in progress by day"),
        summary=_("Items in progress: %(low)s to %(high)s, %(now)s at the end.")
        % {"low": number(min(wip)), "high": number(max(wip)), "now": number(wip[-1])},
        x=Axis(_("At the end of"), Scale.DAYS),
        y=Axis(_("Items")),
        series=[
            Series(
                _("In progress"),
                Kind.LINE,
                [
                    Point(day, items, frame.items("wip", until=day))
                    for day, items in zip(frame.window, wip, strict=True)
                ],
                is_step=True,
            )
        ],
        metric=WIP,
        definition_url=frame.definition(WIP),
        sample=items_words(wip[-1]),
        as_of=frame.as_of,
        empty="" if any(wip) else _("Nothing was in progress in this period."),
        advice=progress_advice(frame),
    )


def ageing_chart(open_items: Sequence[Aged], finished: Spans, columns: Columns, frame: Frame) -> Chart:
    """The age of what is open, by column, against how long finished items took."""
    places = sorted({*columns.between, *(each.place for each in open_items)})
    is_binned = len(open_items) > MOST_AGES
    points = [
        Point(places.index(each.place), middle, url, name, each.items)
        for each, middle, url, name in (_binned(open_items, frame) if is_binned else _aged(open_items, frame))
    ]
    count = sum(each.items for each in open_items)
    blocked = sum(each.blocked_items for each in open_items)
    percentiles = finished.percentiles()
    p85 = percentiles[85]
    summary = ""
    if p85 is not None:
        old = sum(each.items for each in open_items if each.days > p85)
        summary = ngettext(
            "%(old)s of %(n)s open items is older than 85 %% of the finished ones became (%(days)s).",
            "%(old)s of %(n)s open items are older than 85 %% of the finished ones became (%(days)s).",
            old,
        ) % {"old": number(old), "n": number(count), "days": format_days(round(p85, 1))}
    elif open_items:
        summary = _("%(n)s, the oldest for %(days)s. %(why)s") % {
            "n": items_words(count),
            "days": format_days(max(each.days for each in open_items)),
            "why": percentile_words(finished),
        }
    return Chart(
        code="ageing",
        title=_("Age of open work by column"),
        summary=summary,
        x=Axis(_("Column"), Scale.LABELS, [columns.names[place] for place in places]),
        y=Axis(_("Age"), unit=_("days")),
        series=[Series("", Kind.SCATTER, points)],
        marks=percentile_marks(finished),
        bands=_zones(percentiles[50], p85),
        metric=AGING_WIP,
        definition_url=frame.definition(AGING_WIP),
        sample=_("%(open)s open, %(n)s finished") % {"open": number(count), "n": number(finished.sample_size)},
        as_of=frame.as_of,
        note=_ageing_note(blocked, is_binned=is_binned),
        opens_panel=True,
        is_binned=is_binned,
        empty="" if open_items else _("Nothing is in progress."),
        advice=progress_advice(frame),
        height=320,
    )


def progress_advice(frame: Frame) -> str:
    """What to do where no item is in progress; with a filter it may hide what is."""
    if frame.is_filtered:
        return _("Take filters away to see all open work.")
    return _("An item is in progress from its first started column to its finish.")


def _ageing_note(blocked: int, *, is_binned: bool) -> str:
    words = []
    if blocked:
        words.append(
            ngettext("%(n)s open item is blocked.", "%(n)s open items are blocked.", blocked) % {"n": number(blocked)}
        )
    if is_binned:
        words.append(_("Too many items for a dot each: a dot stands for all of a column and a stretch of days."))
    return " ".join(words)


def _aged(open_items: Sequence[Aged], frame: Frame) -> Iterator[tuple[Aged, float, str, str]]:
    """One dot for the items of a column and an age; one item leads to itself."""
    for each in open_items:
        if each.items == 1 and each.keys:
            yield each, each.days, reverse("teams:item_detail", args=[each.keys[0]]), each.keys[0]
        else:
            url = frame.items("wip", column=each.place, least=each.days, most=each.days)
            yield each, each.days, url, named(each.keys, each.items)


def _binned(open_items: Sequence[Aged], frame: Frame) -> Iterator[tuple[Aged, float, str, str]]:
    """One dot for the items of a column and a stretch of ages, where there are too many to tell apart."""
    height = max(math.ceil(max(each.days for each in open_items) / ROWS), 1)
    sums: dict[tuple[int, int], int] = defaultdict(int)
    for each in open_items:
        sums[each.place, (each.days - 1) // height] += each.items
    for (place, row), items in sorted(sums.items()):
        least, most = row * height + 1, (row + 1) * height
        days = number(least) if least == most else f"{number(least)}–{number(most)}"
        url = frame.items("wip", column=place, least=least, most=most)
        yield Aged(place, least, items, 0), (least + most) / 2, url, _("%(days)s days") % {"days": days}


def _zones(half: float | None, most: float | None) -> list[Band]:
    """What is usual, what is late, what is later than nearly all."""
    if half is None or most is None:
        return []
    return [Band(0, half, "", "good"), Band(half, most, "", "warn"), Band(most, None, "", "bad")]


def cumulative_chart(flow: CumulativeFlow, frame: Frame) -> Chart:
    """How many items had come as far as each column, or further, by the end of each day."""
    first, last = flow.counts[0], flow.counts[-1]
    done = first[-1]
    # What was done long ago would press everything that moves against the upper edge.
    start = _round_down(done) if done > (last[0] - done) / 2 else 0
    series = [
        Series(
            name,
            Kind.AREA,
            [
                Point(day, counts[place], frame.items("cumulative_flow", column=place, until=day))
                for day, counts in zip(flow.days, flow.counts, strict=True)
            ],
        )
        for place, name in enumerate(flow.columns)
    ]
    back = flow.back_ratio
    moved = (
        _("%(share)s of the %(n)s items that moved in this period moved back at some time; their first entries stay.")
        % {"share": ratio(back), "n": number(flow.moved_count)}
        if back is not None
        else ""
    )
    axis = _("The axis starts at %(n)s: so many were done before.") % {"n": number(start)} if start else ""
    return Chart(
        code="cumulative_flow",
        title=_("Cumulative flow"),
        summary=_("In this period: %(came)s came in, %(done)s done. In between: %(between)s.")
        % {
            "came": items_words(last[0] - first[0]),
            "done": number(last[-1] - first[-1]),
            "between": items_words(last[0] - last[-1]),
        },
        x=Axis(_("At the end of"), Scale.DAYS),
        y=Axis(_("Items"), start=start),
        series=series,
        metric=CUMULATIVE_FLOW,
        definition_url=frame.definition(CUMULATIVE_FLOW),
        sample=items_words(last[0]),
        as_of=frame.as_of,
        note=f"{moved} {axis}".strip(),
        empty="" if last[0] else _("There were no items yet."),
        advice=_("The chart begins with the first item on the board."),
        height=340,
    )


def _round_down(count: int) -> int:
    """The round number below a count, near enough that nothing of what moves is lost."""
    step = 10 ** max(len(str(count)) - 2, 1)
    return count // step * step


def columns_chart(times: Sequence[ColumnTimes], columns: Columns, frame: Frame) -> Chart:
    """How long the finished items stayed in each column."""
    names = [columns.names[each.place] for each in times]
    urls = [frame.items("time_in_column", column=each.place) for each in times]
    known = [each for each in times if each.p50_days is not None]
    longest = max(known, key=lambda each: each.p85_days or 0, default=None)
    summary = _("No column has enough items for percentiles, which take 10.")
    if longest is not None:
        summary = _("Work stays longest in %(column)s: half of %(n)s up to %(p50)s, 85 %% up to %(p85)s.") % {
            "column": columns.names[longest.place],
            "n": items_words(longest.items),
            "p50": format_days(round(longest.p50_days or 0, 1)),
            "p85": format_days(round(longest.p85_days or 0, 1)),
        }

    def length(value: float | None) -> Cell:
        return Cell(
            None if value is None else round(value, 4), NOTHING if value is None else format_days(round(value, 1))
        )

    return Chart(
        code="time_in_column",
        title=_("Time in column"),
        summary=summary,
        x=Axis(_("Column"), Scale.LABELS, names),
        y=Axis(_("Days"), unit=_("days")),
        series=[
            Series(_("50 % of the items"), Kind.BAR, on_labels([each.p50_days for each in times], urls)),
            Series(_("85 % of the items"), Kind.BAR, on_labels([each.p85_days for each in times], urls)),
        ],
        metric=TIME_IN_COLUMN,
        definition_url=frame.definition(TIME_IN_COLUMN),
        sample="",
        as_of=frame.as_of,
        note=_("Days of 24 hours; all stays of an item in a column together. Each column's list shows it by item."),
        empty=_columns_empty(times),
        advice=frame.advice,
        # Percentiles take their ten; how many items were in a column is known from the first one on.
        keeps_table=any(each.items for each in times),
        head=(_("Column"), _("Items"), _("50 %"), _("85 %")),
        rows=[
            [
                Cell(name, name, is_number=False),
                Cell(each.items, number(each.items), url if each.items else ""),
                length(each.p50_days),
                length(each.p85_days),
            ]
            for name, url, each in zip(names, urls, times, strict=True)
        ],
    )


def _columns_empty(times: Sequence[ColumnTimes]) -> str:
    if not any(each.items for each in times):
        return _("No finished item was in one of these columns.")
    if all(each.p50_days is None for each in times):
        return _("Not enough data: percentiles take 10 finished items in a column.")
    return ""


def efficiency_chart(times: dict[date, Times], frame: Frame) -> Chart:
    """Active time of all time between start and finish, by the week of the finish."""
    steps = Steps(frame.window)
    weeks = _weekly(times, steps)
    whole = Times()
    for week in weeks:
        whole.add(week)
    overall = whole.efficiency_ratio
    urls = [frame.items("flow_efficiency", since=step.first, until=step.last) for step in steps.all()]
    return Chart(
        code="flow_efficiency",
        title=_("Flow efficiency by week"),
        summary=_("Work was worked on %(share)s of the time between start and finish; it waited for the rest.")
        % {"share": ratio(overall)},
        x=Axis(_("Week"), Scale.LABELS, [step.label for step in steps.all()]),
        y=Axis(_("Worked on"), is_ratio=True),
        series=[
            Series(
                _("Flow efficiency"),
                Kind.BAR,
                on_labels([week.efficiency_ratio for week in weeks], urls, [step.name for step in steps.all()]),
            )
        ],
        marks=[Mark(overall, _("all: %(share)s") % {"share": ratio(overall)})] if overall is not None else [],
        metric=FLOW_EFFICIENCY,
        definition_url=frame.definition(FLOW_EFFICIENCY),
        sample=items_words(whole.items),
        as_of=frame.as_of,
        empty="" if overall is not None else _("No finished item spent time between a start and a finish."),
        advice=frame.advice,
    )


def blocked_chart(times: dict[date, Times], frame: Frame) -> Chart:
    """How long the items finished in each week had been blocked."""
    steps = Steps(frame.window)
    weeks = _weekly(times, steps)
    days = [round(week.blocked / DAY_SECONDS, 2) for week in weeks]
    items = sum(week.blocked_items for week in weeks)
    urls = [frame.items("blocked_time", since=step.first, until=step.last) for step in steps.all()]
    return Chart(
        code="blocked_time",
        title=_("Blocked time of finished items"),
        summary=ngettext(
            "%(n)s finished item had been blocked, for %(days)s in all.",
            "%(n)s finished items had been blocked, for %(days)s in all.",
            items,
        )
        % {"n": number(items), "days": format_days(round(sum(days), 1))},
        x=Axis(_("Week"), Scale.LABELS, [step.label for step in steps.all()]),
        y=Axis(_("Days"), unit=_("days")),
        series=[Series(_("Blocked"), Kind.BAR, on_labels(days, urls, [step.name for step in steps.all()]), "bad")],
        metric=BLOCKED_TIME,
        definition_url=frame.definition(BLOCKED_TIME),
        sample=items_words(items),
        as_of=frame.as_of,
        note=_("Days of 24 hours, by the week in which the item was finished."),
        empty="" if items else _("No finished item had been blocked."),
        head=(_("Week"), _("Items"), _("Days")),
        rows=[
            [
                Cell(step.first, step.name, is_number=False),
                Cell(week.blocked_items, number(week.blocked_items), url if week.blocked_items else ""),
                Cell(length, number(length, 1)),
            ]
            for step, week, length, url in zip(steps.all(), weeks, days, urls, strict=True)
        ],
    )


def _weekly(times: dict[date, Times], steps: Steps) -> list[Times]:
    weeks = [Times() for _step in steps.all()]
    for day, of_day in times.items():
        weeks[steps.place(day)].add(of_day)
    return weeks
