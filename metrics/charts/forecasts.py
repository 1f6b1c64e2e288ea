"""Charts of forecasts: how the trials came out, and how such forecasts have held."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metrics.calculations.forecast import MAXIMUM_DAYS, Backtest, Bar, Trials, bars_of
from metrics.charts.chart import Axis, Cell, Chart, Kind, Mark, Scale, Series, on_labels
from metrics.definitions import BACKTEST, MONTE_CARLO_HOW_MANY, MONTE_CARLO_WHEN, Metric
from metrics.selectors.forecasts import CONFIDENCES
from pmo_portal.lib.format import day as format_day
from pmo_portal.lib.format import day_range, number, ratio


def when_chart(
    trials: Trials, when_days: Mapping[int, int | None], *, starts_on: date, metric: Metric = MONTE_CARLO_WHEN
) -> Chart:
    """On which day the trials were done, with the days by confidence."""

    def on(days: int) -> date:
        return starts_on + timedelta(days=days - 1)

    bars = bars_of(trials, limit=MAXIMUM_DAYS)
    known = {percent: days for percent, days in when_days.items() if days is not None}
    beyond = int((trials > MAXIMUM_DAYS).sum())
    return _histogram(
        bars,
        code="when",
        title=_("When it is done, by trial"),
        summary=_("Half of %(n)s trials were done by %(p50)s, 95 %% by %(p95)s.")
        % {
            "n": number(trials.size),
            "p50": format_day(on(known[50])) if 50 in known else _("later than in ten years"),
            "p95": format_day(on(known[95])) if 95 in known else _("later than in ten years"),
        },
        label=lambda bar: _short_range(on(bar.first), on(bar.last)),
        row=lambda bar: day_range(on(bar.first), on(bar.last)),
        axis=_("Done on"),
        known=known,
        running=_("Done by then"),
        trials=trials.size,
        metric=metric,
        note=ngettext("%(n)s trial took more than ten years.", "%(n)s trials took more than ten years.", beyond)
        % {"n": number(beyond)}
        if beyond
        else "",
    )


def how_many_chart(trials: Trials, how_many: Mapping[int, int], *, until: date) -> Chart:
    """How many items the trials finished by the target day."""
    return _histogram(
        bars_of(trials),
        code="how-many",
        title=_("How many are done by %(day)s, by trial") % {"day": format_day(until)},
        summary=_("In half of %(n)s trials at least %(p50)s items were done, in 95 %% at least %(p95)s.")
        % {"n": number(trials.size), "p50": number(how_many.get(50)), "p95": number(how_many.get(95))},
        label=lambda bar: number(bar.first) if bar.first == bar.last else f"{number(bar.first)}–{number(bar.last)}",
        axis=_("Items"),
        known=how_many,
        running=_("This or more"),
        trials=trials.size,
        metric=MONTE_CARLO_HOW_MANY,
        is_falling=True,
    )


def backtest_chart(tests: Sequence[tuple[str, Backtest]], *, code: str = "backtest") -> Chart:
    """How often forecasts made on past days held, beside how often they should."""
    tested = [(name, test) for name, test in tests if test.tested_days]
    if not tested:
        summary = _("No past day could be tested: the history is too short for this question.")
    else:
        held = ", ".join(f"{name}: {ratio(test.held_ratio[85])}" for name, test in tested)
        summary = _("Of forecasts at 85 %% there held: %(held)s.") % {"held": held}
        if min(test.held_ratio[85] for _name, test in tested) < 0.75:
            summary += " " + _("Less often than said: the answers above are too bold.")
        elif max(test.held_ratio[85] for _name, test in tested) > 0.95:
            summary += " " + _("More often than said: the answers above are careful.")
    return Chart(
        code=code,
        title=_("How such forecasts have held"),
        summary=summary,
        x=Axis(_("Confidence"), Scale.LABELS, [f"{percent} %" for percent in CONFIDENCES]),
        y=Axis(_("Held"), is_ratio=True),
        series=[
            Series(_("Should hold"), Kind.BAR, on_labels([percent / 100 for percent in CONFIDENCES]), tone="quiet"),
            *(
                Series(name, Kind.BAR, on_labels([test.held_ratio[percent] for percent in CONFIDENCES]))
                for name, test in tested
            ),
        ],
        metric=BACKTEST,
        sample=", ".join(
            f"{name}: " + ngettext("%(n)s day", "%(n)s days", test.tested_days) % {"n": number(test.tested_days)}
            for name, test in tested
        ),
        empty="" if tested else summary,
        advice=_("Draw from fewer past weeks: what lies before them is what forecasts are tested on."),
    )


def _histogram(
    bars: Sequence[Bar],
    *,
    code: str,
    title: str,
    summary: str,
    label: Callable[[Bar], str],
    axis: str,
    known: Mapping[int, int],
    running: str,
    trials: int,
    metric: Metric,
    note: str = "",
    is_falling: bool = False,
    row: Callable[[Bar], str] | None = None,
) -> Chart:
    labels = [label(bar) for bar in bars]
    rows = []
    passed = 0
    for bar in bars:
        text = (row or label)(bar)
        before, passed = passed, passed + bar.count
        share = (trials - before if is_falling else passed) / max(trials, 1)
        rows.append(
            [
                Cell(text, text, is_number=False),
                Cell(bar.count, number(bar.count)),
                Cell(round(share, 4), ratio(share, 1)),
            ]
        )
    places = {percent: _place(bars, value) for percent, value in known.items()}
    return Chart(
        code=code,
        title=title,
        summary=summary,
        x=Axis(axis, Scale.LABELS, labels),
        y=Axis(_("Trials")),
        series=[Series(_("Trials"), Kind.BAR, on_labels([bar.count for bar in bars]))],
        marks=[Mark(place, f"{percent} %", "x") for percent, place in places.items() if place is not None],
        metric=metric,
        sample=ngettext("%(n)s trial", "%(n)s trials", trials) % {"n": number(trials)},
        note=note,
        empty="" if bars else _("No trial was done within ten years."),
        advice=_("Ask for fewer items, a smaller growth factor or a larger share."),
        head=(axis, _("Trials"), running),
        rows=rows,
    )


def _place(bars: Sequence[Bar], value: int) -> int | None:
    return next((at for at, bar in enumerate(bars) if bar.first <= value <= bar.last), None)


def _short_range(first: date, last: date) -> str:
    """Days as an axis says them; the table has the year."""
    if first == last:
        return str(date_format(first, "j M"))
    if first.month == last.month:
        return f"{first.day}–{date_format(last, 'j M')}"
    return f"{date_format(first, 'j M')}–{date_format(last, 'j M')}"
