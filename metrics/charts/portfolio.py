"""The charts of programs and portfolios: alignment, lead times of boards, burn-ups, units side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metrics.charts.chart import Axis, Chart, Kind, Mark, Point, Scale, Series, on_labels
from metrics.charts.frame import longer_advice
from metrics.definitions import ALIGNMENT, CYCLE_TIME, EPIC_LEAD_TIME, EPIC_PROGRESS
from metrics.selectors.alignment import Alignment
from metrics.selectors.journeys import BoardTimes
from metrics.selectors.progress import BurnUp
from pmo_portal.lib.format import days as format_days
from pmo_portal.lib.format import number, ratio
from pmo_portal.lib.windows import Window
from portfolio.models import TrackedKind


def alignment_chart(alignment: Alignment) -> Chart:
    """The share of the finished items that each theme gets, and the share that serves none."""
    names = [line.theme.name if line.theme else _("Themes you may not see") for line in alignment.themes]
    values = [alignment.ratio(line.items) for line in alignment.themes]
    urls = [reverse("portfolio:theme_detail", args=[line.theme.pk]) if line.theme else "" for line in alignment.themes]
    return Chart(
        code="alignment",
        title=_("Finished work by theme"),
        summary=ngettext(
            "Of %(total)s finished item %(aligned)s serves a theme, %(unaligned)s none.",
            "Of %(total)s finished items %(aligned)s serve a theme, %(unaligned)s none.",
            alignment.total,
        )
        % {
            "aligned": ratio(1 - (alignment.unaligned_ratio or 0)),
            "total": number(alignment.total),
            "unaligned": ratio(alignment.unaligned_ratio),
        },
        x=Axis(_("Theme"), Scale.LABELS, [*names, _("No theme")]),
        y=Axis(_("Share of finished items"), is_ratio=True),
        series=[Series(_("Share"), Kind.BAR, on_labels([*values, alignment.unaligned_ratio], [*urls, ""]))],
        metric=ALIGNMENT,
        sample=_items(alignment.total),
        empty="" if alignment.total else _("Nothing was finished in these days."),
        advice=longer_advice(),
    )


def lead_time_chart(times: BoardTimes, *, kind: TrackedKind, window: Window) -> Chart:
    """When epics or features were finished, and after how many days."""
    is_epics = kind == TrackedKind.EPIC
    address = "portfolio:epic_detail" if is_epics else "portfolio:feature_detail"
    dots = [
        Point(one.finished_on, one.days, reverse(address, args=[one.thing.key]), str(one.thing))
        for one in times.finished
    ]
    marks = [
        Mark(value, _("%(share)s: %(days)s") % {"share": share, "days": format_days(value)})
        for share, value in (("50 %", times.lead_p50_days), ("85 %", times.lead_p85_days))
        if value is not None
    ]
    return Chart(
        code="lead_times",
        title=_("Days from creation to finish"),
        summary=lead_words(times, is_epics=is_epics),
        x=Axis(_("Finished on"), Scale.DAYS, span=(window.start, window.last_day)),
        y=Axis(_("Lead time"), unit=_("days")),
        series=[Series(_("Lead time"), Kind.SCATTER, dots)],
        marks=marks,
        metric=EPIC_LEAD_TIME,
        sample=_things(len(times.finished), is_epics=is_epics),
        opens_panel=True,
        empty="" if times.finished else _("None was finished in these days."),
        advice=longer_advice(),
    )


def lead_words(times: BoardTimes, *, is_epics: bool) -> str:
    """Lead times in a sentence."""
    things = _things(len(times.finished), is_epics=is_epics)
    if times.lead_p50_days is None or times.lead_p85_days is None:
        return _("%(things)s finished: fewer than 10, not enough data for percentiles.") % {"things": things}
    return _("Half of %(things)s took %(p50)s or less, 85 %% took %(p85)s or less.") % {
        "things": things,
        "p50": format_days(times.lead_p50_days),
        "p85": format_days(times.lead_p85_days),
    }


def state_chart(times: BoardTimes, *, kind: TrackedKind) -> Chart:
    """How long finished epics or features stayed in each state of their board."""
    shown = [state for state in times.states if state.p50_days is not None]
    return Chart(
        code="states",
        title=_("Days in each state"),
        summary=_("Days that half of the finished ones, and 85 % of them, spent in each state at most."),
        x=Axis(_("State"), Scale.LABELS, [state.state.name for state in shown]),
        y=Axis(_("Days"), unit=_("days")),
        series=[
            Series(_("50 %"), Kind.BAR, on_labels([state.p50_days for state in shown])),
            Series(_("85 %"), Kind.BAR, on_labels([state.p85_days for state in shown])),
        ],
        metric=EPIC_LEAD_TIME,
        sample=_things(len(times.finished), is_epics=kind == TrackedKind.EPIC),
        empty="" if shown else _("Fewer than 10 were finished in these days: not enough data for percentiles."),
        advice=longer_advice(),
    )


def burn_up_chart(burn: BurnUp, *, address: str = "") -> Chart:
    """The scope of an epic or a feature, and how much of it is finished."""
    whole, done = (burn.scope[-1], burn.finished[-1]) if burn.days else (0, 0)
    return Chart(
        code="burn_up",
        title=_("Burn-up"),
        summary=_("%(done)s of %(whole)s items are finished.") % {"done": number(done), "whole": number(whole)},
        x=Axis(_("At the end of"), Scale.DAYS),
        y=Axis(_("Items")),
        series=[
            Series(_("Scope"), Kind.LINE, _points(burn, burn.scope), tone="quiet", is_step=True),
            Series(_("Finished"), Kind.AREA, _points(burn, burn.finished), tone="accent", is_step=True),
        ],
        metric=EPIC_PROGRESS,
        note=_("Items count from their creation on, for the feature they belong to now. What is cancelled leaves."),
        empty="" if any(burn.scope) or any(burn.finished) else _("It has no items in these days."),
        advice=_("Choose a longer period; an epic grows by the items of its features, a feature by its own."),
    )


def _points(burn: BurnUp, values: Sequence[int]) -> list[Point]:
    return [Point(day, value) for day, value in zip(burn.days, values, strict=True)]


def units_chart(below: Sequence[dict[str, Any]]) -> Chart:
    """The cycle times of units side by side, by name: a distribution of each, no ranking."""
    shown = [one for one in below if one["numbers"].cycles.is_enough]
    urls = [one["cycle_url"] for one in shown]
    return Chart(
        code="units",
        title=_("Cycle times side by side"),
        summary=_("Days that half of the items, and 85 % of them, took at most, unit by unit in the order of names."),
        x=Axis(_("Unit"), Scale.LABELS, [one["unit"].name for one in shown]),
        y=Axis(_("Days"), unit=_("days")),
        series=[
            Series(_("50 %"), Kind.BAR, on_labels([one["numbers"].cycles.p50_days for one in shown], urls)),
            Series(_("85 %"), Kind.BAR, on_labels([one["numbers"].cycles.p85_days for one in shown], urls)),
        ],
        metric=CYCLE_TIME,
        sample=_items(sum(one["numbers"].cycles.sample_size for one in shown)),
        empty="" if shown else _("No unit has finished 10 items in these days: not enough data."),
        advice=longer_advice(),
    )


def _items(count: int) -> str:
    return ngettext("%(n)s item", "%(n)s items", count) % {"n": number(count)}


def _things(count: int, *, is_epics: bool) -> str:
    if is_epics:
        return ngettext("%(n)s epic", "%(n)s epics", count) % {"n": number(count)}
    return ngettext("%(n)s feature", "%(n)s features", count) % {"n": number(count)}
