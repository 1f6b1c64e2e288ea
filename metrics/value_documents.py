"""Value on paper: the page of a unit, one KPI, one objective."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.http import HttpResponse
from django.utils.translation import gettext as _

from metrics.charts.chart import Chart
from metrics.documents import dashboard_document, figure
from metrics.models import Measurement
from metrics.selectors.value import KpiLine, value_text
from metrics.selectors.value_objectives import ObjectiveLine
from metrics.selectors.value_page import ValuePage
from pmo_portal.lib.documents import Section, detail_response
from pmo_portal.lib.format import NOTHING, ratio
from pmo_portal.lib.format import day as format_day
from pmo_portal.lib.markdown import markdown

MOST_VALUES = 200


def value_document(page: ValuePage, *, filters: Sequence[str], at: datetime) -> HttpResponse:
    """The page of value of a unit: its verdicts, what needs attention, its objectives and KPIs."""
    day = format_day(page.against) if page.against else ""
    sections = [
        Section(
            _("What needs attention"),
            head=(_("What"), _("Why")),
            rows=[(each.label, each.detail) for each in page.attention],
        ),
        Section(
            _("Objectives"),
            head=(_("Objective"), _("Unit"), _("Verdict"), _("Progress"), _("Time passed"), *([day] if day else [])),
            rows=[
                (
                    line.objective.title,
                    line.objective.unit.name,
                    line.standing.label,
                    ratio(line.score),
                    ratio(line.elapsed),
                    *([ratio(line.then.score) if line.then else NOTHING] if day else []),
                )
                for line in page.objectives
            ],
        ),
        kpi_section(page.kpis, against=page.against),
    ]
    return dashboard_document(
        name=f"{page.unit.code}-value",
        title=_("Value of %(unit)s") % {"unit": page.unit.name},
        scope=_("%(unit)s and what is below it") % {"unit": page.unit.name},
        filters=filters,
        sections=[section for section in sections if section.rows],
        at=at,
    )


def kpi_section(lines: Sequence[KpiLine], *, against: date | None) -> Section:
    """KPIs as a table, beside their values of the day ``against``."""
    day = [format_day(against)] if against else []
    return Section(
        _("KPIs"),
        head=(_("KPI"), _("Unit"), _("Verdict"), _("Value"), _("Target"), _("As of"), *day),
        rows=[
            (
                line.kpi.name,
                line.kpi.unit.name,
                line.standing.label,
                line.value,
                line.target or NOTHING,
                format_day(line.measured_on),
                *([line.then.value if line.then else NOTHING] if day else []),
            )
            for line in lines
        ],
    )


def kpi_document(
    line: KpiLine, values: Sequence[Measurement], chart: Chart, *, filters: Sequence[str] = (), at: datetime
) -> HttpResponse:
    """A KPI: how it stands, its values as a drawing and as a table."""
    kpi = line.kpi
    facts = [
        (_("Value"), line.value),
        *_compared(line),
        (_("Verdict"), line.standing.label),
        (_("Baseline"), line.baseline),
        (_("Target"), line.target or NOTHING),
        (_("Latest value"), format_day(line.measured_on)),
        (_("Next value"), format_day(line.due_on)),
        (_("Source"), line.source_label),
        (_("Owner"), str(kpi.owner or NOTHING)),
    ]
    rows = [
        (
            format_day(one.day),
            value_text(one.value, kpi),
            one.get_confidence_display() or NOTHING,
            one.comment or NOTHING,
        )
        for one in values[:MOST_VALUES]
    ]
    sections = [
        Section(facts=facts),
        Section(_("Description"), html=markdown(kpi.description) if kpi.description else ""),
        Section(_("Measurements"), head=(_("Day"), _("Value"), _("Confidence"), _("Comment")), rows=rows),
    ]
    return detail_response(
        name=kpi.code,
        title=kpi.name,
        scope=" · ".join((kpi.unit.name, *filters)),
        sections=sections,
        figures=[figure(chart, with_table=False)],
        at=at,
    )


def objective_document(
    line: ObjectiveLine, charts: Sequence[Chart], *, filters: Sequence[str] = (), at: datetime
) -> HttpResponse:
    """An objective: how far it is and who says so, its key results."""
    objective = line.objective
    facts = [
        (_("Verdict"), line.standing.label),
        (_("Progress"), ratio(line.score)),
        *([(_("Then"), f"{ratio(line.then.score)}, {line.then.standing.label}")] if line.then else []),
        (_("Time passed"), ratio(line.elapsed)),
        (_("Period"), str(objective.period or NOTHING)),
        (_("Owner"), str(objective.owner or NOTHING)),
    ]
    rows = [
        (
            one.key_result.title,
            one.start,
            one.now,
            one.target,
            ratio(one.score),
            one.driver,
            format_day(one.said_on),
        )
        for one in line.key_results
    ]
    head = (_("Key result"), _("Start"), _("Now"), _("Target"), _("Progress"), _("Driven by"), _("As of"))
    sections = [
        Section(facts=facts),
        Section(_("Why"), html=markdown(objective.description) if objective.description else ""),
        Section(_("Key results"), head=head, rows=rows),
    ]
    return detail_response(
        name=f"objective-{objective.pk}",
        title=objective.title,
        scope=" · ".join((objective.unit.name, *filters)),
        sections=sections,
        figures=[figure(chart, with_table=False) for chart in charts],
        at=at,
    )


def _compared(line: KpiLine) -> list[tuple[str, str]]:
    """What a KPI was on the day it is compared with, as a fact."""
    return [(_("Then"), f"{line.then.value}, {line.then.standing.label}")] if line.then else []
