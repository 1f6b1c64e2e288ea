"""A request to a list, answered: the page, its part, one filter opened, or a file of exactly what is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.utils import timezone

from pmo_portal.lib.exports import FORMATS, ExportColumn, ExportTable, export_response
from pmo_portal.lib.lists.facet import Facet
from pmo_portal.lib.lists.page import ListPage
from pmo_portal.lib.lists.parts import Doors
from pmo_portal.lib.lists.saved import SavedQuery, view_source
from pmo_portal.lib.lists.scope import Scope
from pmo_portal.lib.lists.spec import ListSpec, Offer
from pmo_portal.lib.lists.state import ListState
from pmo_portal.lib.lists.table import ListTable
from pmo_portal.lib.pages import render_page, wants_fragment

FACET_TARGET: Final = "list-facet"
TOOLS: Final = frozenset({"filters", "sort", "columns"})


def list_page(
    query: QueryDict, spec: ListSpec, *, rows: QuerySet[Any], scope: Scope, path: str, doors: Doors
) -> ListPage:
    """The list under the question of an address; a saved view speaks where the address says nothing."""
    offer = spec.offer(scope)
    state, view = _question(query, offer, scope)
    opens_whole = view is None and "view" not in query and ListState.says_nothing(query, offer)
    table = ListTable(spec, offer, rows, scope, state)
    return ListPage(table, path=path, doors=doors, view=view, opens_whole=opens_whole)


def list_response(
    request: HttpRequest, page: ListPage, *, template: str, context: Callable[[], Mapping[str, Any]]
) -> HttpResponseBase:
    """What a list view answers. ``context`` is what stands around the list; it is read only when a page is drawn."""
    file_format = request.GET.get("format", "")
    if file_format in FORMATS:
        return export_response(file_format, export_table(page), at=timezone.now(), request=request)
    facet = _facet(request, page)
    if facet is not None and wants_fragment(request) and request.htmx.target == FACET_TARGET:  # type: ignore[attr-defined]
        return render(request, "components/list/facet.html", {"facet": facet})
    tool = request.GET.get("tool", "")
    opened = {"list": page, "facet": facet, "tool": tool if tool in TOOLS else ""}
    if opened["tool"] and wants_fragment(request):
        return render(request, "components/list/tool.html", opened)
    return render_page(request, template, {**context(), **opened}, fragment="list")


def export_table(page: ListPage) -> ExportTable:
    """The rows that fit, all of them, with the shown columns, in the shown order."""
    table, scope = page.table, page.scope
    columns = [*page.offer.folded, *table.columns]

    def lines() -> Iterator[list[Any]]:
        rows = table.read_whole(table.ordered).iterator(chunk_size=500)
        while chunk := table.prepared(list(islice(rows, 500))):
            for row in chunk:
                yield [column.export(row, scope) for column in columns]

    chosen = [link.label for link in page.chips if link.is_on] if table.is_narrowed else []
    return ExportTable(
        name=page.doors.name,
        title=page.doors.title,
        columns=[ExportColumn(str(column.label), is_number=column.is_number) for column in columns],
        rows=lines(),
        scope=page.doors.unit_name,
        filters=[*([f"“{page.state.q}”"] if page.state.q else []), *chosen, *(link.label for link in page.active)],
        row_count=table.shown,
    )


def _question(query: QueryDict, offer: Offer, scope: Scope) -> tuple[ListState, SavedQuery | None]:
    """What is asked, and the saved view it began with."""
    source, code = view_source(), offer.spec.code
    asked = ListState.read(query, offer)
    if source is None:
        return asked, None
    if asked.view:
        view = source.find(actor=scope.actor, list_code=code, unit_id=scope.unit_id, pk=asked.view)
    elif ListState.says_nothing(query, offer) and "view" not in query:
        view = source.standard(actor=scope.actor, list_code=code, unit_id=scope.unit_id)
    else:
        return asked, None
    if view is None:
        return asked.changed(view=0, page=asked.page), None
    if not ListState.says_nothing(query, offer):
        return asked, view
    # SECURITY: a view is read like an address, so it can ask for nothing this actor may not.
    kept = ListState.read(QueryDict(view.query), offer)
    return kept.changed(view=view.pk, page=asked.page), view


def _facet(request: HttpRequest, page: ListPage) -> Facet | None:
    each = page.offer.filters.get(request.GET.get("facet", ""))
    return Facet(page, each, request.GET.get("text", "").replace("\x00", "")[:100]) if each is not None else None
