"""Tables into rows and issues: dialects, dates, bombs; and what our own exports wrote comes back as it was."""

from __future__ import annotations

import io
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from pmo_portal.lib.exports import ExportColumn, ExportTable, export_write
from teams.importing import tables
from teams.importing.columns import columns_guess, day_order_guess, decimal_comma_guess, written_moment
from teams.importing.detecting import Shape, detect
from teams.importing.reading import UnreadableFile
from teams.importing.tables import table_header, table_rows
from teams.importing.values import BadValue

SECONDS = 20
"""So fast even on a machine that does much else: without the limits it would be minutes, or the memory."""


def write(folder: Path, content: bytes | str, name: str = "file") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def cells(path: Path) -> list[Any]:
    return [row.value or row.problem for row in table_rows(path, name="t.csv")]


def sheet_of(lines: list[list[Any]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for line in lines:
        sheet.append(line)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        "Key,Title\nA-1,Größe\n",
        "\ufeffKey;Title\r\nA-1;Größe\r\n",
        "Key\tTitle\nA-1\tGröße\n".encode("utf-16"),
        "Key;Title\nA-1;Größe\n".encode("cp1252"),
        'Key|Title\n\n"A-1"|"Größe"\n',
        sheet_of([["Key", "Title"], ["A-1", "Größe"]]),
    ],
)
def test_common_dialects_are_read_alike(tmp_path: Path, content: bytes | str) -> None:
    path = write(tmp_path, content)
    assert table_header(path, name="t") == ["Key", "Title"]
    assert cells(path) == [{"Key": "A-1", "Title": "Größe"}]
    assert detect(path, name="t.csv").shape == Shape.TABLE


def test_rows_are_numbered_as_a_spreadsheet_shows_them(tmp_path: Path) -> None:
    path = write(tmp_path, 'Key,Title,Label,Label\nA-1,One,x,y\n\nA-2,"a\nb"\nA-3,too,many,x,y,z\n')
    rows = list(table_rows(path, name="t.csv"))
    assert [row.number for row in rows] == [2, 4, 5]
    assert rows[0].value == {"Key": "A-1", "Title": "One", "Label": ["x", "y"]}
    assert "6 columns where the header has 4" in rows[2].problem


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_what_we_export_comes_back_as_it_was(tmp_path: Path, file_format: str) -> None:
    titles = ["=1+1", "+49 40", "-cmd", "@SUM(A1)", "'quoted", "plain", "a,b;c", 'say "x"', "two\nlines"]
    table = ExportTable(name="t", title="T", columns=[ExportColumn("Title")], rows=[[title] for title in titles])
    path = tmp_path / "t"
    with path.open("wb") as file:
        export_write(file_format, table, file, at=datetime(2026, 11, 20, tzinfo=UTC))
    assert [row["Title"] for row in cells(path)] == titles


def test_columns_and_dates_are_guessed() -> None:
    header = ["Issue key", "Summary", "Issue Type", "Custom field (Story Points)", "Resolved", "Created", "Vorgangstyp"]
    assert columns_guess(header) == {
        "key": "Issue key",
        "title": "Summary",
        "type": "Issue Type",
        "estimate": "Custom field (Story Points)",
        "created": "Created",
        "done": "Resolved",
    }
    assert day_order_guess(["03/04/2026", "13/04/2026", ""]) == "DMY"
    assert day_order_guess(["03/04/2026", "04/13/2026"]) == "MDY"
    assert day_order_guess(["2026-04-13"]) == "YMD"
    assert decimal_comma_guess(["2,5", "3"])
    assert not decimal_comma_guess(["2.5", "3", ""])


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("13.04.2026", "2026-04-13T10:00:00"),
        ("13/Apr/26 3:14 PM", "2026-04-13T13:14:00"),
        ("2026-04-13", "2026-04-13T10:00:00"),
        ("2026-04-13 09:30:00", "2026-04-13T07:30:00"),
        ("2026-04-13T09:30:00.000+0000", "2026-04-13T09:30:00"),
        (datetime(2026, 4, 13, 9, 30), "2026-04-13T07:30:00"),  # noqa: DTZ001 - a spreadsheet knows no zone
        ("<null>", None),
    ],
)
def test_dates_as_people_write_them(written: Any, moment: str | None) -> None:
    found = written_moment(written, "DMY", "Europe/Berlin")
    assert (found and found.replace(tzinfo=None).isoformat()) == moment


@pytest.mark.parametrize(
    "written", ["31.02.2026", "soon", "13.13.2026", "1.1.1800", "12.04.2026 25:99", "１２.04.2026x"]
)
def test_no_dates_are_said(written: str) -> None:
    with pytest.raises(BadValue):
        written_moment(written, "DMY", "Europe/Berlin")


def zipped(**entries: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name.replace("__", "/"), content)
    return stream.getvalue()


def broken_sheet(inner: bytes) -> bytes:
    """A real XLSX with another first sheet."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sheet_of([["Title"], ["A"]]))) as old, zipfile.ZipFile(stream, "w", 8) as new:
        for entry in old.infolist():
            is_sheet = entry.filename == "xl/worksheets/sheet1.xml"
            new.writestr(entry.filename, inner if is_sheet else old.read(entry.filename))
    return stream.getvalue()


SPACE = b" " * 70 * 1024 * 1024
MAIN = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
LAUGHS = (
    b'<!DOCTYPE w [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
    b"<worksheet><sheetData>&c;</sheetData></worksheet>"
)
HOSTILE = {
    "bomb": (lambda: zipped(xl__sharedStrings__xml=SPACE), "unpacks to 70 MiB"),
    "bomb in a real file": (lambda: broken_sheet(SPACE), "unpacks to 70 MiB"),
    "laughing": (lambda: broken_sheet(LAUGHS), "not a whole XLSX file"),
    "16,384 columns": (lambda: sheet_of([["x"] * 16_384]), "at most 400"),
    "a cell far out": (
        lambda: broken_sheet(
            MAIN + b'<row r="1"><c r="XFD1" t="inlineStr"><is><t>x</t></is></c></row></sheetData></worksheet>'
        ),
        "at most 400",
    ),
    "encrypted": (lambda: tables.ENCRYPTED + b"\x00" * 4096, "protected by a password"),
    "truncated": (lambda: sheet_of([["Title"], *([["A"]] * 500)])[:-200], "not a whole XLSX file"),
    "truncated sheet": (lambda: broken_sheet(MAIN + b"<row><c"), "not a whole XLSX file"),
    "no spreadsheet": (lambda: zipped(readme=b"hello"), "not a whole XLSX file"),
    "one endless line": (lambda: b"Title," + b"x" * 34 * 1024 * 1024, "longer than 32 MiB"),
    "binary": (lambda: b"\x7fELF\x00\x00\x01" * 100, "neither JSON, CSV nor XLSX"),
    "nothing": (lambda: b"\n", "is empty"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_in_seconds_with_the_limit_named(tmp_path: Path, name: str) -> None:
    make, said = HOSTILE[name]
    path = write(tmp_path, make())
    started = time.process_time()
    with pytest.raises(UnreadableFile, match=said):
        list(detect(path, name="hostile.xlsx").rows())
    assert time.process_time() - started < SECONDS
