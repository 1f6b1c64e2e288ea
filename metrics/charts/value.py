"""The charts of a KPI and of a key result: values over days, with where they should be."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metrics.calculations.value import Direction
from metrics.charts.chart import Axis, Band, Chart, Kind, Mark, Point, Scale, Series
from metrics.definitions.value import KEY_RESULT, KPI
from metrics.models import KeyResult, Kpi
from metrics.models.kpis import Reading
from metrics.selectors.value import Written, value_text
from pmo_portal.lib.format import day as format_day
from pmo_portal.lib.format import number


def kpi_chart(kpi: Kpi, readings: Sequence[Reading], *, is_hidden: bool) -> Chart:
    """The values of a KPI by day, oldest first, with target and thresholds."""
    marks = [
        Mark(float(value), label, tone=tone)
        for value, label, tone in (
            (kpi.target_value, _("Target") if kpi.target_high is None else _("Lower end"), "good"),
            (kpi.target_high, _("Upper end"), "good"),
            (kpi.at_risk_at, _("At risk beyond"), "warn"),
            (kpi.off_at, _("Off track beyond"), "bad"),
        )
        if value is not None
    ]
    bands = []
    if kpi.direction == Direction.RANGE and kpi.target_value is not None and kpi.target_high is not None:
        bands = [Band(float(kpi.target_value), float(kpi.target_high), _("Where it should be"), "good")]
    return _chart("values", _("Values"), kpi, readings, marks=marks, bands=bands, is_hidden=is_hidden, metric=KPI)


def key_result_chart(key_result: KeyResult, readings: Sequence[Reading], *, is_hidden: bool) -> Chart:
    """The values of a key result by day, oldest first, from its start to its target."""
    marks = [
        Mark(float(key_result.start_value), _("Start"), tone="quiet"),
        Mark(float(key_result.target_value), _("Target"), tone="good"),
    ]
    return _chart(
        f"values-{key_result.pk}",
        key_result.title,
        key_result,
        readings,
        marks=marks,
        bands=[],
        is_hidden=is_hidden,
        metric=KEY_RESULT,
    )


def _chart(
    code: str,
    title: str,
    written: Written,
    readings: Sequence[Reading],
    *,
    marks: list[Mark],
    bands: list[Band],
    is_hidden: bool,
    metric: object,
) -> Chart:
    shown = [] if is_hidden else list(readings)
    unit = written.currency or written.unit_label or ("%" if written.number_format == "PERCENT" else "")
    empty = advice = ""
    if is_hidden:
        empty = _("These are amounts of money, which you may not see.")
        advice = _("Ask the PMO office if your work needs them.")
    elif not shown:
        empty = _("No value yet.")
        advice = _("The line begins with the first value; a longer period may have some.")
    return Chart(
        code=code,
        title=title,
        summary=_summary(shown, written),
        x=Axis(_("Day"), Scale.DAYS),
        y=Axis(_("Value"), unit=unit),
        series=[Series(_("Value"), Kind.LINE, [Point(one.day, _plain(one.value)) for one in shown], tone="accent")],
        marks=[] if is_hidden else marks,
        bands=[] if is_hidden else bands,
        metric=metric,  # type: ignore[arg-type]
        sample=ngettext("%(n)s value", "%(n)s values", len(shown)) % {"n": number(len(shown))} if shown else "",
        as_of=format_day(shown[-1].day) if shown else "",
        empty=empty,
        advice=advice,
    )


def _plain(value: Decimal) -> float:
    return float(value)


def _summary(shown: Sequence[Reading], written: Written) -> str:
    if not shown:
        return ""
    if len(shown) == 1:
        return _("%(value)s on %(day)s.") % {
            "value": value_text(shown[0].value, written),
            "day": format_day(shown[0].day),
        }
    return _("From %(first)s on %(start)s to %(last)s on %(end)s; lowest %(low)s, highest %(high)s.") % {
        "first": value_text(shown[0].value, written),
        "start": format_day(shown[0].day),
        "last": value_text(shown[-1].value, written),
        "end": format_day(shown[-1].day),
        "low": value_text(min(one.value for one in shown), written),
        "high": value_text(max(one.value for one in shown), written),
    }
