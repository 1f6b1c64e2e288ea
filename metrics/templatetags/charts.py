"""A chart in a template: ``{% chart one %}``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django import template
from django.core.serializers.json import DjangoJSONEncoder
from django.template.context import RequestContext
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from metrics.charts.chart import MOST_ROWS, Cell, Chart
from metrics.definition_links import definition_url

register = template.Library()


@register.inclusion_tag("components/chart.html", takes_context=True)
def chart(context: RequestContext, one: Chart, level: int = 2, id: str = "") -> dict[str, Any]:
    """Draw a chart as a card. Its file has this page's address with ``csv`` added: the view asks `chart_file` first.

    ``level`` of its heading; ``id`` where a page shows two charts of one code.
    """
    request = context.request  # also where a part is included with "only"
    query = request.GET.copy()
    query["csv"] = one.code
    name = f"chart-{id or one.code}"
    rows = list(one.table_rows()) if one.has_numbers else []
    return {
        "id": name,
        "chart": one,
        "level": level,
        "data": _data(one),
        "csv_url": f"{request.path}?{query.urlencode()}",
        "file_name": f"{one.code}",
        "definition_url": one.definition_url or (definition_url(one.metric) if one.metric else ""),
        "table": _table(rows[:MOST_ROWS]),
        "more_count": max(len(rows) - MOST_ROWS, 0),
    }


_SIGNS = {ord(">"): "\\u003E", ord("<"): "\\u003C", ord("&"): "\\u0026"}


def _data(one: Chart) -> SafeString:
    """What the browser draws, as JSON in an element of its own.

    No script element: htmx takes those out of everything it swaps. SECURITY: written as `json_script` does, so that no
    text can end the element or begin another.
    """
    text = json.dumps(one.data, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":"))
    return mark_safe(text.translate(_SIGNS))  # noqa: S308 - no sign of markup is left in it


def _table(rows: Sequence[Sequence[Cell]]) -> SafeString:
    """The rows of a chart's table. In Python: a year of days is a thousand cells, too many for a template's loop."""
    return format_html_join("", "<tr>{}</tr>", ((_cells(row),) for row in rows))


def _cells(row: Sequence[Cell]) -> SafeString:
    return mark_safe("".join(_cell(cell, is_first=at == 0) for at, cell in enumerate(row)))  # noqa: S308 - made of escaped cells


def _cell(cell: Cell, *, is_first: bool) -> SafeString:
    text = format_html('<a href="{}">{}</a>', cell.url, cell.text) if cell.url else cell.text
    if is_first:
        return format_html('<th scope="row">{}</th>', text)
    return format_html('<td class="num">{}</td>' if cell.is_number else "<td>{}</td>", text)
