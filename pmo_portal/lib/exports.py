"""Tables on their way out: one description, three files (CSV, XLSX, PDF), each sent without keeping it in memory.

A view describes what it shows and answers with :func:`export_response`::

    table = ExportTable(
        name="app-items", title="Items of App", scope="Shop › App", filters=("Type: Bug",),
        columns=(ExportColumn("Key"), ExportColumn("Points", is_number=True)), rows=rows,
    )
    return export_response(request.GET["format"], table, at=timezone.now())

Cells are plain Python values: text, numbers, dates, moments, booleans, None. CSV and XLSX carry them so that a machine
can read them; PDF shows them as the portal does. SECURITY: no cell ever becomes a formula.
"""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import IO, Any, Final

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.utils.translation import gettext as _

from pmo_portal.lib import documents
from pmo_portal.lib.csv_export import csv_lines
from pmo_portal.lib.errors import Refused
from pmo_portal.lib.format import NOTHING, day, moment, number
from pmo_portal.lib.registry import export_listeners

PDF_MOST_ROWS: Final = 1_000
"""More is no reading matter, and pages are laid out in memory."""

XLSX_MOST_ROWS: Final = 1_048_000
"""A sheet has 1,048,576."""

AT_ONCE_ROWS: Final = 5_000
"""Larger exports are made as jobs, so that no page worker is held by them."""

PDF_AT_ONCE_ROWS: Final = 100
"""A page of a PDF takes some hundred times as long as one of CSV."""

IN_JOB: Final = "portal.export_job"
"""In the META of a request that a job makes: nobody waits for it."""

_XLSX_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LONGEST_CELL: Final = 32_767
_FORMULA_LIKE = re.compile(r"^[\s]*[=+\-@\t\r]")
_NARROWEST: Final = 6
_WIDEST: Final = 44
# What XML cannot hold; openpyxl refuses the whole file for one of them.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """One column: its heading, and whether it stands to the right. ``places`` are the decimals a PDF shows."""

    label: str
    is_number: bool = False
    places: int = 0
    width: int = 18


@dataclass(frozen=True, slots=True)
class ExportTable:
    """A table with what its reader must know: what it is, of which part of the organisation, filtered how.

    ``name`` is the file's name without its ending; ``rows`` may be an iterator and is read once.
    """

    name: str
    title: str
    columns: Sequence[ExportColumn]
    rows: Iterable[Sequence[Any]]
    scope: str = ""
    filters: Sequence[str] = ()
    row_count: int = 0
    """How many rows there are, where that is known before they are read: large exports are made by a job."""


def csv_response(table: ExportTable, *, at: datetime) -> HttpResponseBase:
    """The table as CSV, sent line by line: heading and rows, nothing else, so that a program can read it."""
    response = StreamingHttpResponse(_csv(table), content_type="text/csv; charset=utf-8")
    return _download(response, table, "csv")


def xlsx_response(table: ExportTable, *, at: datetime) -> HttpResponseBase:
    """The table as XLSX: typed cells, a heading that stays, and a sheet that says what this is."""
    with ExitStack() as on_failure:
        file = on_failure.enter_context(tempfile.TemporaryFile())
        xlsx_write(table, file, at=at)
        on_failure.pop_all()  # from here on the response closes it
    file.seek(0)
    return _download(FileResponse(file, content_type=_XLSX_TYPE), table, "xlsx")


def pdf_response(table: ExportTable, *, at: datetime) -> HttpResponseBase:
    """The table as PDF: title, scope, filter, date, page numbers. Where PDFs cannot be made, the same document as a
    page to print, which says so."""
    return documents.pdf_response(
        "exports/table.html", _document(table, at=at), name=_file_name(table, "pdf"), title=table.title
    )


FORMATS: Final[Mapping[str, Callable[..., HttpResponseBase]]] = {
    "csv": csv_response,
    "xlsx": xlsx_response,
    "pdf": pdf_response,
}


def export_response(
    file_format: str, table: ExportTable, *, at: datetime, request: HttpRequest | None = None
) -> HttpResponseBase:
    """The table in one of :data:`FORMATS`; an unknown one is CSV. Raises Refused for more than the format holds.

    With the ``request`` and the table's ``row_count``, a large one is offered as a job instead, which asks the same
    address again.
    """
    limit = PDF_AT_ONCE_ROWS if file_format == "pdf" else AT_ONCE_ROWS
    if request is not None and table.row_count > limit and not request.META.get(IN_JOB):
        said = _("This export has %(rows)s rows.") % {"rows": number(table.row_count)}
        return offer_job(request, title=table.title, said=said)
    if request is not None:
        for tell in export_listeners:
            tell(request, table.title)
    return FORMATS.get(file_format, csv_response)(table, at=at)


def export_write(file_format: str, table: ExportTable, file: IO[bytes], *, at: datetime) -> int:
    """Write the table into an open file, as jobs do; returns how many rows it has."""
    if file_format == "xlsx":
        return xlsx_write(table, file, at=at)
    if file_format == "pdf":
        context = _document(table, at=at)
        file.write(documents.pdf_bytes("exports/table.html", context))
        return len(context["rows"])
    counted = -2  # the mark of the encoding and the heading are no rows
    for line in _csv(table):
        file.write(line.encode())
        counted += 1
    return counted


def xlsx_write(table: ExportTable, file: IO[bytes], *, at: datetime) -> int:
    """Write the table as XLSX; memory does not grow with its rows."""
    from openpyxl import Workbook  # noqa: PLC0415 - half a second of import that most processes never need
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415
    from openpyxl.styles import Font  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    book = Workbook(write_only=True)
    sheet = book.create_sheet(_sheet_name(table.title))
    sheet.freeze_panes = "B2"
    for place, column in enumerate(table.columns, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = column.width
    bold = Font(bold=True)
    sheet.append([_xlsx_cell(WriteOnlyCell, sheet, column.label, font=bold) for column in table.columns])
    counted = 0
    with ExitStack() as on_failure:
        # Saving is how the library lets go of its files on disk.
        on_failure.callback(lambda: book.save(io.BytesIO()))
        for counted, row in enumerate(table.rows, start=1):
            if counted > XLSX_MOST_ROWS:
                raise Refused(_too_many(XLSX_MOST_ROWS, "XLSX"))
            sheet.append([_xlsx_cell(WriteOnlyCell, sheet, value) for value in row])
        on_failure.pop_all()
    sheet.auto_filter.ref = f"A1:{get_column_letter(max(len(table.columns), 1))}{counted + 1}"
    about = book.create_sheet(_("About"))
    about.column_dimensions["A"].width, about.column_dimensions["B"].width = 18, 80
    for label, value in _about(table, counted, at=at):
        about.append([_xlsx_cell(WriteOnlyCell, about, cell) for cell in (label, value)])
    book.save(file)
    return counted


def offer_job(request: HttpRequest, *, title: str, said: str) -> HttpResponse:
    """The page that offers to make a file in the background; ``said`` is how large it is, in a sentence."""
    context = {
        "title": title,
        "said": said,
        "path": request.path,
        "query": request.GET.urlencode(),
        "crumbs": [(title, request.path), (_("Export"), "")],
    }
    return render(request, "exports/large.html", context)


# -- cells -----------------------------------------------------------------------------------------------------------


def _csv(table: ExportTable) -> Iterator[str]:
    rows = ([_csv_cell(cell) for cell in row] for row in table.rows)
    return csv_lines([column.label for column in table.columns], rows)


def _csv_cell(value: Any) -> Any:
    """Machine-readable: ISO days, moments in the reader's zone with their offset."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else value


def _xlsx_cell(make: Any, sheet: Any, value: Any, *, font: Any = None) -> Any:
    if isinstance(value, bool):
        value = _("yes") if value else _("no")
    elif isinstance(value, datetime):
        # A spreadsheet knows no zones: the reader's own clock.
        value = timezone.localtime(value).replace(tzinfo=None)
    elif value is not None and not isinstance(value, int | float | Decimal | date):
        value = _UNWRITABLE.sub("�", str(value))
        value = value if len(value) <= _LONGEST_CELL else f"{value[: _LONGEST_CELL - 1]}…"
    cell = make(sheet, value=value)
    if isinstance(value, str):
        # SECURITY: openpyxl takes "=…" for a formula and "#N/A" for an error; a title is text whatever it looks like.
        cell.data_type = "s"
        if _FORMULA_LIKE.match(value):
            cell.number_format = "@"
    elif isinstance(value, datetime):
        cell.number_format = "yyyy-mm-dd hh:mm"
    elif isinstance(value, date):
        cell.number_format = "yyyy-mm-dd"
    if font is not None:
        cell.font = font
    return cell


def _shown(value: Any, column: ExportColumn) -> str:
    """A cell as the portal writes it."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return day(value)
    if isinstance(value, int | float | Decimal):
        return number(value, column.places)
    return str(value)


def _document(table: ExportTable, *, at: datetime) -> dict[str, Any]:
    rows = list(islice(table.rows, PDF_MOST_ROWS + 1))
    if len(rows) > PDF_MOST_ROWS:
        raise Refused(_too_many(PDF_MOST_ROWS, "PDF"))
    cells = [[_shown(cell, column) for cell, column in zip(row, table.columns, strict=True)] for row in rows]
    return {
        "title": table.title,
        "scope": table.scope,
        "filters": list(table.filters),
        "columns": list(zip(table.columns, _widths(table.columns, cells), strict=True)),
        "rows": [[(text, table.columns[place].is_number) for place, text in enumerate(row)] for row in cells],
        "made_at": at,
    }


def _widths(columns: Sequence[ExportColumn], cells: Sequence[Sequence[str]]) -> list[str]:
    """How wide each column is, in percent, by what it holds: laid out by the library itself, a page takes three times
    as long."""
    longest = [
        min(max(_NARROWEST, len(column.label), *(len(row[place]) for row in cells)), _WIDEST)
        for place, column in enumerate(columns)
    ]
    return [f"{100 * width / sum(longest):.2f}" for width in longest]


def _about(table: ExportTable, count: int, *, at: datetime) -> list[tuple[str, Any]]:
    return [
        (_("Title"), table.title),
        (_("Scope"), table.scope or NOTHING),
        (_("Filter"), "; ".join(table.filters) or _("none")),
        (_("Made at"), at),
        (_("Rows"), count),
    ]


def _too_many(limit: int, name: str) -> str:
    return _("It has more than %(limit)s rows, which is more than a %(format)s takes: filter it, or choose CSV.") % {
        "limit": number(limit),
        "format": name,
    }


def _sheet_name(title: str) -> str:
    return re.sub(r"[\[\]:*?/\\'\x00-\x1f]", " ", title).strip()[:31] or "Table"


def _file_name(table: ExportTable, ending: str) -> str:
    return f"{slugify(table.name, allow_unicode=True) or 'export'}.{ending}"


def _download(response: Any, table: ExportTable, ending: str) -> HttpResponse:
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=_file_name(table, ending))
    return response  # type: ignore[no-any-return]
