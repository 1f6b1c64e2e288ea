"""Exports: the same table as CSV, XLSX and PDF; nothing in it ever runs, and our own importer reads it back."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from openpyxl import load_workbook

from pmo_portal.lib import documents, exports
from pmo_portal.lib.errors import Refused
from pmo_portal.lib.exports import ExportColumn, ExportTable, export_response, export_write

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
HOSTILE = (
    "=1+1",
    "+49 40",
    "-cmd",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "#N/A",
    "nul\x00bell\x07",
    "x" * 40_000,
    "Zoë “quoted”",
)


def local(*parts: int) -> datetime:
    """A moment as a spreadsheet has it: without a zone."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)  # type: ignore[misc, arg-type]


def table(rows: Any = None, **changed: Any) -> ExportTable:
    values: dict[str, Any] = {
        "name": "app items",
        "title": "Items of App",
        "scope": "Shop › App",
        "filters": ("Type: Bug", "text: <script>"),
        "columns": (ExportColumn("Title"), ExportColumn("Points", is_number=True, places=1), ExportColumn("Day")),
        "rows": [("=A1", Decimal("2.5"), date(2026, 11, 2)), (None, None, None)] if rows is None else rows,
    }
    return ExportTable(**(values | changed))


def body(response: Any) -> bytes:
    try:
        return b"".join(response) if response.streaming else response.content
    finally:
        getattr(response, "file_to_stream", io.BytesIO()).close()


def test_csv_holds_heading_and_rows_only() -> None:
    response = export_response("csv", table(), at=AT)
    assert body(response).decode("utf-8-sig") == "Title,Points,Day\r\n'=A1,2.5,2026-11-02\r\n,,\r\n"
    assert response["Content-Disposition"] == 'attachment; filename="app-items.csv"'


def test_xlsx_keeps_every_cell_as_what_it_is() -> None:
    moment = datetime(2026, 11, 2, 23, 30, tzinfo=UTC)
    rows = [(text, 1, True) for text in HOSTILE] + [(moment, Decimal("2.50"), date(2026, 11, 2))]
    with timezone.override("Europe/Berlin"):
        book = load_workbook(io.BytesIO(body(export_response("xlsx", table(rows), at=AT))))
    sheet, about = book.worksheets
    found = list(sheet.iter_rows(min_row=2))
    assert all(row[0].data_type == "s" for row in found[: len(HOSTILE)])
    assert [row[0].value for row in found[:6]] == [text.replace("\r", "\n") for text in HOSTILE[:6]]
    assert found[7][0].value == "nul�bell�"
    assert len(str(found[8][0].value)) == 32_767
    assert found[0][2].value == "yes"
    assert [cell.value for cell in found[-1]] == [local(2026, 11, 3, 0, 30), 2.5, local(2026, 11, 2)]
    assert sheet.freeze_panes == "B2"
    assert {row[0].value: row[1].value for row in about.iter_rows()} == {
        "Title": "Items of App",
        "Scope": "Shop › App",
        "Filter": "Type: Bug; text: <script>",
        "Made at": local(2026, 11, 20, 10, 30),
        "Rows": len(rows),
    }


def test_pdf_is_a_document_and_fetches_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    if not documents.pdf_is_possible():
        pytest.skip("this machine has no pango")
    rows = [("<img src='http://192.0.2.1/x'><style>@import 'file:///etc/passwd'</style>", 1, None)]
    response = export_response("pdf", table(rows), at=AT)
    assert response["Content-Type"] == "application/pdf"
    assert body(response).startswith(b"%PDF-")
    file = io.BytesIO()
    assert export_write("pdf", table(rows), file, at=AT) == 1
    with pytest.raises(ValueError, match="not fetched"):
        documents._nothing("file:///etc/passwd")


def test_without_pango_the_same_document_is_a_page_to_print(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "_weasyprint", lambda: None)
    response = export_response("pdf", table([("<b>", 1, None)]), at=AT)
    page = body(response).decode()
    assert response["Content-Type"].startswith("text/html")
    assert "cannot make PDF files" in page
    assert "Items of App" in page
    assert "Shop › App" in page
    assert "Type: Bug; text: &lt;script&gt;" in page
    assert "&lt;b&gt;" in page
    with pytest.raises(documents.PdfUnavailable):
        export_write("pdf", table(), io.BytesIO(), at=AT)


def test_more_than_a_format_takes_is_refused_with_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PDF_MOST_ROWS", 3)
    monkeypatch.setattr(exports, "XLSX_MOST_ROWS", 3)
    rows = [("a", 1, None)] * 4
    for file_format in ("pdf", "xlsx"):
        with pytest.raises(Refused, match="more than 3 rows"):
            export_response(file_format, table(rows), at=AT)
    assert export_write("csv", table(iter(rows)), io.BytesIO(), at=AT) == 4
