"""Dashboards and things with numbers as documents: tiles, drawings, words and the numbers behind them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from metrics.charts.chart import Chart
from metrics.charts.svg import chart_legend, chart_svg
from metrics.selectors.selection import Selection
from metrics.tiles import TileRow
from pmo_portal.lib.documents import Section, pdf_response, schedule_url
from pmo_portal.lib.format import day as format_day
from teams.models import ItemType

MOST_LINES = 40
"""Of the table under a drawing; the page and its CSV have them all."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart on paper."""

    title: str
    summary: str
    note: str
    svg: SafeString
    legend: Sequence[tuple[str, str]]
    head: Sequence[tuple[str, bool]]
    rows: Sequence[Sequence[tuple[str, bool]]]
    empty: str
    more: int


@dataclass(frozen=True, slots=True)
class Part:
    """A unit on a dashboard: its tiles, and those below it side by side."""

    title: str
    row: TileRow | None
    below: Sequence[dict[str, Any]] = ()


def figure(chart: Chart, *, with_table: bool = True) -> Figure:
    """A chart with its drawing, and its numbers where they are few."""
    rows = list(islice(chart.table_rows(), MOST_LINES + 1)) if with_table else []
    shown = [] if len(rows) > MOST_LINES else rows
    return Figure(
        title=chart.title,
        summary=chart.summary,
        note=chart.note,
        svg=chart_svg(chart),
        legend=chart_legend(chart),
        head=chart.table_head,
        rows=[[(cell.text, cell.is_number) for cell in row] for row in shown],
        empty=str(chart.empty),
        more=len(rows) - len(shown),
    )


def wants_document(request: HttpRequest) -> bool:
    """Whether the page is asked for as a file."""
    return request.GET.get("format") == "pdf"


def dashboard_document(
    *,
    name: str,
    title: str,
    scope: str,
    filters: Sequence[str],
    parts: Sequence[Part] = (),
    sections: Sequence[Section] = (),
    charts: Iterable[Chart] = (),
    at: datetime,
) -> HttpResponse:
    """A dashboard as a PDF; where none can be made, as a page to print."""
    context = {
        "title": title,
        "scope": scope,
        "filters": filters,
        "parts": parts,
        "sections": sections,
        "figures": [figure(chart, with_table=False) for chart in charts],
        "made_at": at,
    }
    return pdf_response("exports/dashboard.html", context, name=f"{name}.pdf", title=title)


def as_of_words(selection: Selection) -> list[str]:
    """As of which day, and beside which other one, a page of values that people keep was asked for, in words."""
    words = [_("as of the end of %(day)s") % {"day": format_day(selection.as_of)}]
    if selection.against_on is not None:
        words.append(_("compared with the end of %(day)s") % {"day": format_day(selection.against_on)})
    return words


def selection_words(selection: Selection, *, compares: bool = True) -> list[str]:
    """What a dashboard was asked for, in words."""
    words = [
        _("%(first)s to %(last)s") % {"first": format_day(selection.window.start), "last": format_day(selection.as_of)},
    ]
    if selection.item_type:
        words.append(_("type: %(type)s") % {"type": ItemType(selection.item_type).label})
    if compares and selection.against_day is not None:
        words.append(_("compared with %(day)s") % {"day": format_day(selection.against_day)})
    return words


def file_links(request: HttpRequest, *, title: str, **more: str) -> dict[str, str]:
    """Where this page, as it is asked for now, comes as a file, once and again and again: metrics/_print.html.
    ``more`` is what the page remembers and its address does not say."""
    query = request.GET.copy()
    query.pop("format", None)
    for name, value in more.items():
        query.setdefault(name, value)
    asked = query.copy()
    asked["format"] = "pdf"
    return {
        "pdf_url": f"?{asked.urlencode()}",
        "mail_url": schedule_url(request.path, query.urlencode(), title),
    }
