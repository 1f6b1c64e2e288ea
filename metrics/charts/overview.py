"""The charts of a unit's dashboard, read from its roll-ups."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metrics.charts.buckets import bucketed
from metrics.charts.chart import Axis, Chart, Kind, Mark, Point, Scale, Series, on_labels
from metrics.charts.frame import longer_advice, short_day
from metrics.definitions import CYCLE_TIME, THROUGHPUT, WIP
from metrics.selectors.numbers import UnitNumbers
from pmo_portal.lib.format import day as format_day
from pmo_portal.lib.format import days as format_days
from pmo_portal.lib.format import number

Lists = Callable[..., str]
"""The address of the list behind a number: `lists("throughput", since=day, until=day)`."""


def _no_list(_code: str, **_bounds: object) -> str:
    return ""


def throughput_chart(numbers: UnitNumbers, lists: Lists = _no_list) -> Chart:
    """Finished items by ISO week."""
    weeks = numbers.finished_by_week
    values = [count for _week, count in weeks]
    urls = [
        lists("throughput", since=max(week, numbers.window.start), until=week + timedelta(days=6))
        for week, _count in weeks
    ]
    return Chart(
        code="throughput",
        title=_("Finished items by week"),
        summary=_("Finished items a week: %(low)s to %(high)s, %(sum)s in all.")
        % {"low": number(min(values, default=0)), "high": number(max(values, default=0)), "sum": number(sum(values))},
        x=Axis(_("Week of"), Scale.LABELS, [short_day(week) for week, _count in weeks]),
        y=Axis(_("Items")),
        series=[Series(_("Finished"), Kind.BAR, on_labels(values, urls, [format_day(week) for week, _count in weeks]))],
        metric=THROUGHPUT,
        empty="" if any(values) else _("Nothing was finished in these weeks."),
        advice=longer_advice(),
    )


def wip_chart(numbers: UnitNumbers, lists: Lists = _no_list) -> Chart:
    """Items in progress at the end of every day."""
    days = list(numbers.window)
    return Chart(
        code="wip",
        title=_("Work in progress by day"),
        summary=_("Items in progress: %(low)s to %(high)s, %(now)s at the end.")
        % {
            "low": number(min(numbers.wip, default=0)),
            "high": number(max(numbers.wip, default=0)),
            "now": number(numbers.wip_now),
        },
        x=Axis(_("At the end of"), Scale.DAYS),
        y=Axis(_("Items")),
        series=[
            Series(
                _("In progress"),
                Kind.LINE,
                [Point(day, wip, lists("wip", until=day)) for day, wip in zip(days, numbers.wip, strict=True)],
                is_step=True,
            )
        ],
        metric=WIP,
        empty="" if any(numbers.wip) else _("Nothing was in progress in these weeks."),
        advice=_("An item is in progress from its first started column to its finish."),
    )


def cycle_chart(numbers: UnitNumbers, lists: Lists = _no_list) -> Chart:
    """How many items took how many days, with the percentiles marked."""
    cycles = numbers.cycles
    if cycles.is_enough:
        summary = _("Half of %(n)s items took %(p50)s or less, 85 %% took %(p85)s or less.") % {
            "n": number(cycles.sample_size),
            "p50": format_days(cycles.p50_days),
            "p85": format_days(cycles.p85_days),
        }
    else:
        summary = ngettext(
            "%(n)s item with a cycle time: not enough data for percentiles.",
            "%(n)s items with a cycle time: not enough data for percentiles.",
            cycles.sample_size,
        ) % {"n": number(cycles.sample_size)}
    marks = [(_("50 %"), cycles.p50_days), (_("85 %"), cycles.p85_days)]
    return Chart(
        code="cycle_time",
        title=_("Items by cycle time"),
        summary=summary,
        x=Axis(_("Cycle time"), unit=_("days")),
        y=Axis(_("Items")),
        series=[
            Series(
                _("Items"),
                Kind.HISTOGRAM,
                [
                    # A bar of whole days stands around them: five days from 4.5 to 5.5, so that marks are in place.
                    Point(
                        bucket.first - 0.5,
                        bucket.count,
                        lists("cycle_time", least=bucket.first, most=bucket.last),
                        _("%(days)s days") % {"days": bucket.label},
                        end=bucket.last + 0.5,
                    )
                    for bucket in bucketed(numbers.cycle_counts)
                ],
            )
        ],
        marks=[Mark(days, f"{text}: {format_days(days)}", "x") for text, days in marks if days is not None],
        metric=CYCLE_TIME,
        empty="" if numbers.cycle_counts else _("No item with a cycle time was finished in these weeks."),
        advice=longer_advice(),
    )
