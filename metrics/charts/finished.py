"""The charts of what was finished: how much, of what type, how long it took."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metrics.calculations.spans import moving_spread
from metrics.charts.binning import bins_of, dots_of
from metrics.charts.buckets import bucketed
from metrics.charts.chart import Axis, Chart, Kind, Mark, Point, Scale, Series, on_labels
from metrics.charts.frame import Frame, Steps
from metrics.definitions import CYCLE_TIME, FLOW_VELOCITY, LEAD_TIME, PERCENTILES, THROUGHPUT
from metrics.selectors.flow_numbers import PERCENTS, Dot, FinishedWork, Spans
from pmo_portal.lib.format import days as format_days
from pmo_portal.lib.format import number
from teams.models import ItemType

CONTROL_DAYS: Final = 28
CONTROL_MINIMUM: Final = 5
TONES: Final = {"STORY": "accent", "BUG": "bad", "TASK": "good", "SPIKE": "violet"}


def throughput_chart(work: FinishedWork, frame: Frame, *, by_day: bool) -> Chart:
    """Finished items by day or ISO week."""
    steps = Steps(frame.window, by_day)
    counts: dict[date, int] = defaultdict(int)
    for (day, _item_type), items in work.by_type.items():
        counts[day] += items
    values = steps.sums(counts)
    if len(values) == 1:
        summary = ngettext("%(sum)s finished item.", "%(sum)s finished items.", work.count)
    elif by_day:
        summary = ngettext(
            "%(sum)s finished item, %(low)s to %(high)s a day.",
            "%(sum)s finished items, %(low)s to %(high)s a day.",
            work.count,
        )
    else:
        summary = ngettext(
            "%(sum)s finished item, %(low)s to %(high)s a week.",
            "%(sum)s finished items, %(low)s to %(high)s a week.",
            work.count,
        )
    return Chart(
        code="throughput",
        title=_("Throughput by day") if by_day else _("Throughput by week"),
        summary=summary % {"sum": number(work.count), "low": number(min(values)), "high": number(max(values))},
        x=Axis(_("Day") if by_day else _("Week"), Scale.LABELS, [step.label for step in steps.all()]),
        y=Axis(_("Items")),
        series=[
            Series(
                _("Finished"),
                Kind.BAR,
                on_labels(
                    values,
                    [frame.items("throughput", since=step.first, until=step.last) for step in steps.all()],
                    [step.name for step in steps.all()],
                ),
            )
        ],
        metric=THROUGHPUT,
        definition_url=frame.definition(THROUGHPUT),
        sample=items_words(work.count),
        as_of=frame.as_of,
        empty="" if work.count else nothing_finished(),
        advice=frame.advice,
    )


def types_chart(work: FinishedWork, frame: Frame) -> Chart:
    """Finished items by type and week, on each other."""
    steps = Steps(frame.window)
    types = [item_type for item_type in ItemType if any(found == item_type for _day, found in work.by_type)]
    sums = {item_type: sum(n for (_day, found), n in work.by_type.items() if found == item_type) for item_type in types}
    is_one = bool(frame.selection.item_type)
    series = []
    for item_type in types:
        values = steps.sums({day: items for (day, found), items in work.by_type.items() if found == item_type})
        urls = [
            frame.items("throughput", since=step.first, until=step.last, type=None if is_one else item_type.value)
            for step in steps.all()
        ]
        names = [step.name for step in steps.all()]
        series.append(
            Series(str(item_type.label), Kind.BAR, on_labels(values, urls, names), TONES[item_type], stack="types")
        )
    shares = ", ".join(
        f"{item_type.label} {number(items)} ({number(100 * items / work.count)} %)" for item_type, items in sums.items()
    )
    return Chart(
        code="types",
        title=_("Finished items by type"),
        summary=_("By type: %(shares)s.") % {"shares": shares},
        x=Axis(_("Week"), Scale.LABELS, [step.label for step in steps.all()]),
        y=Axis(_("Items")),
        series=series,
        metric=FLOW_VELOCITY,
        definition_url=frame.definition(FLOW_VELOCITY),
        sample=items_words(work.count),
        as_of=frame.as_of,
        empty="" if work.count else nothing_finished(),
        advice=frame.advice,
    )


def scatter_chart(work: FinishedWork, dots: Sequence[Dot] | None, frame: Frame) -> Chart:
    """Cycle times by the day of the finish: every item, or counts (`dots` None) where there are too many."""
    spans = work.cycle
    is_binned = dots is None
    note = unseen_words(work)
    if is_binned:
        counted = _("Too many items for a dot each: a dot stands for all of a week and a stretch of days.")
        note = f"{counted} {note}".strip()
    return Chart(
        code="scatter",
        title=_("Cycle time of each finished item"),
        summary=percentile_words(spans),
        x=Axis(_("Finished on"), Scale.DAYS, span=(frame.window.start, frame.window.last_day)),
        y=Axis(_("Cycle time"), unit=_("days")),
        series=[Series("", Kind.SCATTER, bins_of(spans, frame) if dots is None else dots_of(dots, frame))],
        marks=percentile_marks(spans),
        metric=CYCLE_TIME,
        definition_url=frame.definition(CYCLE_TIME),
        sample=items_words(spans.sample_size),
        as_of=frame.as_of,
        note=note,
        opens_panel=True,
        is_binned=is_binned,
        empty="" if spans.by_day else nothing_with_time(),
        advice=frame.advice,
        height=320,
    )


def histogram_chart(work: FinishedWork, frame: Frame) -> Chart:
    """How many items took how many days."""
    spans = work.cycle
    percentiles = spans.percentiles()
    return Chart(
        code="histogram",
        title=_("Items by cycle time"),
        summary=percentile_words(spans),
        x=Axis(_("Cycle time"), unit=_("days")),
        y=Axis(_("Items")),
        series=[
            Series(
                _("Items"),
                Kind.HISTOGRAM,
                [
                    # A bar of whole days stands around them, so that a percentile between two days is in its place.
                    Point(
                        bucket.first - 0.5,
                        bucket.count,
                        frame.items("cycle_time", least=bucket.first, most=bucket.last),
                        _("%(days)s days") % {"days": bucket.label},
                        end=bucket.last + 0.5,
                    )
                    for bucket in bucketed(spans.counts)
                ],
            )
        ],
        marks=[
            Mark(days, f"{percent} %: {format_days(days)}", "x")
            for percent in (50, 85)
            if (days := percentiles[percent]) is not None
        ],
        metric=CYCLE_TIME,
        definition_url=frame.definition(CYCLE_TIME),
        sample=items_words(spans.sample_size),
        as_of=frame.as_of,
        note=unseen_words(work),
        empty="" if spans.by_day else nothing_with_time(),
        advice=frame.advice,
    )


def percentiles_chart(work: FinishedWork, lead: Spans, frame: Frame) -> Chart:
    """Lead and cycle time beside each other: the days that so many percent did not exceed."""
    both = [(CYCLE_TIME, work.cycle), (LEAD_TIME, lead)]
    series = [
        Series(
            str(metric.name),
            Kind.BAR,
            on_labels(list(spans.percentiles().values()), [frame.items(metric.code)] * len(PERCENTS)),
        )
        for metric, spans in both
        if spans.is_enough
    ]
    halves = [(metric, spans.percentiles()[50]) for metric, spans in both]
    words = [
        _("%(name)s %(days)s or less") % {"name": str(metric.name).lower(), "days": format_days(days)}
        for metric, days in halves
        if days is not None
    ]
    return Chart(
        code="percentiles",
        title=_("Lead and cycle time"),
        summary=_("Half of the items: %(words)s.") % {"words": ", ".join(words)} if words else "",
        x=Axis(_("Share of the items"), Scale.LABELS, [f"{percent} %" for percent in PERCENTS]),
        y=Axis(_("Days"), unit=_("days")),
        series=series,
        metric=PERCENTILES,
        definition_url=frame.definition(PERCENTILES),
        sample=_("%(cycle)s with a cycle time, %(lead)s with a lead time")
        % {"cycle": items_words(work.cycle.sample_size), "lead": number(lead.sample_size)},
        as_of=frame.as_of,
        note=_("Lead time runs from the creation of an item, cycle time from its start."),
        empty="" if series else _("Not enough data: percentiles take 10 finished items."),
        advice=frame.advice,
    )


def control_chart(work: FinishedWork, frame: Frame) -> Chart:
    """How steady cycle time is: its moving mean, and one standard deviation to both sides."""
    spread = moving_spread(work.cycle.by_day, frame.window, length=CONTROL_DAYS, minimum=CONTROL_MINIMUM)

    def behind(day: date) -> str:
        first = max(day - timedelta(days=CONTROL_DAYS - 1), frame.window.start)
        return frame.items("cycle_time", since=first, until=day)

    # A length below one day does not exist, so the band ends there.
    band = [Point(day, max(mean - deviation, 0), end=mean + deviation) for day, mean, deviation in spread]
    line = [Point(day, mean, behind(day)) for day, mean, _deviation in spread]
    summary = ""
    if spread:
        means = [mean for _day, mean, _deviation in spread]
        summary = _("The moving mean lies between %(low)s and %(high)s, at the end at %(now)s ± %(spread)s.") % {
            "low": format_days(round(min(means), 1)),
            "high": format_days(round(max(means), 1)),
            "now": format_days(round(means[-1], 1)),
            "spread": format_days(round(spread[-1][2], 1)),
        }
    return Chart(
        code="control",
        title=_("Control chart of cycle time"),
        summary=summary,
        x=Axis(_("Up to"), Scale.DAYS),
        y=Axis(_("Days"), unit=_("days")),
        series=[
            Series(_("Mean ± deviation"), Kind.BAND, band, "accent"),
            Series(_("Moving mean"), Kind.LINE, line, "accent"),
        ],
        metric=CYCLE_TIME,
        definition_url=frame.definition(CYCLE_TIME),
        sample=items_words(work.cycle.sample_size),
        as_of=frame.as_of,
        note=_(
            "Mean and standard deviation of the items finished in the %(days)s days up to each day, within the period. "
            "It shows steadiness; one old item moves a mean, so promises rest on percentiles."
        )
        % {"days": number(CONTROL_DAYS)},
        empty="" if spread else _("Not enough data: it takes 5 finished items within 28 days."),
        advice=frame.advice,
    )


def percentile_marks(spans: Spans) -> list[Mark]:
    """A line for each percentile, where there are enough items."""
    return [
        Mark(days, f"{percent} %: {format_days(round(days, 1))}")
        for percent, days in spans.percentiles().items()
        if days is not None
    ]


def percentile_words(spans: Spans) -> str:
    """What the percentiles come to, in a sentence."""
    if not spans.is_enough:
        return _("%(n)s with a cycle time: not enough data for percentiles, which take 10.") % {
            "n": items_words(spans.sample_size)
        }
    found = {f"p{percent}": format_days(round(days or 0, 1)) for percent, days in spans.percentiles().items()}
    return _("50 %% took %(p50)s or less, 70 %% %(p70)s, 85 %% %(p85)s, 95 %% %(p95)s.") % found


def unseen_words(work: FinishedWork) -> str:
    """How many finished items never entered a started column; "" when all did."""
    if not work.not_seen:
        return ""
    words = ngettext(
        "%(n)s of %(all)s finished items never entered a started column.",
        "%(n)s of %(all)s finished items never entered a started column.",
        work.not_seen,
    )
    return words % {"n": number(work.not_seen), "all": number(work.count)}


def items_words(count: int) -> str:
    """A sample size."""
    return ngettext("%(n)s item", "%(n)s items", count) % {"n": number(count)}


def nothing_finished() -> str:
    """Why there is nothing to draw."""
    return _("Nothing was finished in this period.")


def nothing_with_time() -> str:
    """Why there is nothing to draw."""
    return _("No item with a cycle time was finished in this period.")
