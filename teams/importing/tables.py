"""Tables into rows: CSV in any common dialect, XLSX sheets. A row is its cells by the name of their column.

Everything streams and is bounded: a file that would need more than the limits below is refused with the limit named.
Rows are numbered as a spreadsheet shows them: the heading is row 1.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, BinaryIO, Final

from django.utils.translation import gettext as _

from teams.importing.reading import MAX_ROW_BYTES, MOST_RATIO, UNUSABLE, Row, UnreadableFile, opened, sample

MOST_COLUMNS: Final = 400
MOST_ROWS: Final = 1_048_576
MOST_UNPACKED_BYTES: Final = 2 * 1024 * 1024 * 1024
MOST_TEXTS_BYTES: Final = 192 * 1024 * 1024
"""The texts of an XLSX are kept in memory while it is read, so they have a limit of their own."""

_RATIO_MATTERS_FROM: Final = 64 * 1024 * 1024
_SNIFF: Final = 64 * 1024
_FORMULA_LIKE: Final = re.compile(r"^'[\s]*[=+\-@\t\r]")
_ENCODINGS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
ENCRYPTED: Final = b"\xd0\xcf\x11\xe0"
ZIP: Final = b"PK\x03\x04"


def table_rows(path: Path, *, name: str) -> Iterator[Row]:
    """The rows of a table with their cells by column; empty rows are left out. Raises UnreadableFile."""
    with _lines(path, name) as lines:
        header = _header(next(lines, []), name)
        for number, line in enumerate(lines, start=2):
            if number > MOST_ROWS:
                raise UnreadableFile(
                    _("%(file)s has more than %(limit)s rows: split it.") % {"file": name, "limit": f"{MOST_ROWS:,}"}
                )
            if isinstance(line, str):
                yield Row(number, None, line)
            elif any(cell not in (None, "") for cell in line):
                yield _row(number, header, line)


def table_header(path: Path, *, name: str) -> list[str]:
    """The names of a table's columns, in order, each once."""
    with _lines(path, name) as lines:
        return list(dict.fromkeys(column for column in _header(next(lines, []), name) if column))


def is_sheet(head: bytes) -> bool:
    """Whether a file that begins so is a spreadsheet file, or pretends to be."""
    return head.startswith((ZIP, ENCRYPTED))


@contextmanager
def _lines(path: Path, name: str) -> Iterator[Iterator[Any]]:
    try:
        with opened(path, name) as stream:
            head = stream.peek(8)[:8] if isinstance(stream, io.BufferedReader) else b""
            if is_sheet(head):
                with _sheet(path, name, head) as lines:
                    yield lines
            else:
                with closing(_csv_lines(stream)) as lines:
                    yield lines
    except (OSError, EOFError) as error:
        raise UnreadableFile(_("%(file)s cannot be read: %(error)s") % {"file": name, "error": error}) from error


def _header(line: Any, name: str) -> list[str]:
    if isinstance(line, str):
        raise UnreadableFile(line)
    header = [UNUSABLE.sub("�", " ".join(str(cell or "").split()))[:200] for cell in line]
    while header and not header[-1]:
        header.pop()
    if not header:
        raise UnreadableFile(_("%(file)s has no heading in its first row.") % {"file": name})
    if len(header) > MOST_COLUMNS:
        raise UnreadableFile(
            _("%(file)s has %(found)s columns; at most %(limit)s are read.")
            % {"file": name, "found": f"{len(header):,}", "limit": MOST_COLUMNS}
        )
    return header


def _row(number: int, header: Sequence[str], line: Sequence[Any]) -> Row:
    if len(line) > len(header) and any(cell not in (None, "") for cell in line[len(header) :]):
        problem = _("It has %(found)s columns where the header has %(wanted)s: a comma is not quoted.") % {
            "found": len(line),
            "wanted": len(header),
        }
        return Row(number, None, problem, sample(",".join(str(cell or "") for cell in line[: 2 * MOST_COLUMNS])))
    cells: dict[str, Any] = {}
    notes: tuple[str, ...] = ()
    for column, raw in zip(header, line, strict=False):
        cell = _cell(raw)
        if not column or cell == "":
            continue
        if isinstance(cell, str) and "\ufffd" in cell and not notes:
            notes = (_("bytes that are not UTF-8 were replaced by �"),)
        if column in cells:
            # Trackers repeat a column for each value of a list: labels, components, sprints.
            before = cells[column]
            cells[column] = [*before, cell] if isinstance(before, list) else [before, cell]
        else:
            cells[column] = cell
    return Row(number, cells, notes=notes)


def _cell(raw: Any) -> Any:
    """A cell as text, unless the file itself knows it as a day or a number; what our own exports quoted is restored."""
    if raw is None:
        return ""
    if isinstance(raw, datetime):
        return raw
    if isinstance(raw, date):
        return datetime.combine(raw, time())
    if isinstance(raw, bool):
        return str(raw)
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    text = UNUSABLE.sub("�", str(raw))
    return text[1:] if _FORMULA_LIKE.match(text) else text


# -- CSV -------------------------------------------------------------------------------------------------------------


def _csv_lines(stream: BinaryIO) -> Generator[list[str] | str, None, None]:
    head = stream.read(_SNIFF)
    encoding = next((found for mark, found in _ENCODINGS if head.startswith(mark)), "") or _encoding(head)
    csv.field_size_limit(MAX_ROW_BYTES)
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding=encoding, errors="replace", newline="")
    lines = csv.reader(_bounded(text), delimiter=_delimiter(head.decode(encoding, "replace")))
    try:
        while True:
            try:
                line = next(lines, None)
            except csv.Error as error:
                yield _("It is not CSV: %(error)s") % {"error": error}
                continue
            if line is None:
                return
            yield line
    finally:
        # The stream is closed by whoever opened it.
        text.detach()


def _bounded(text: io.TextIOWrapper) -> Iterator[str]:
    """Lines of at most so many characters: a file without line ends must not fill the memory."""
    while line := text.readline(MAX_ROW_BYTES):
        if len(line) >= MAX_ROW_BYTES:
            raise UnreadableFile(
                _("A line is longer than %(limit)s MiB: this is no table.") % {"limit": MAX_ROW_BYTES // 1024 // 1024}
            )
        yield line


def _encoding(head: bytes) -> str:
    """UTF-8, unless the beginning is not even nearly so: then what spreadsheets of the West write."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    bad = decoder.decode(head, final=len(head) < _SNIFF).count("\ufffd")
    return "utf-8" if bad == 0 or bad * 50 < sum(byte > 0x7F for byte in head) else "cp1252"


def _delimiter(head: str) -> str:
    """The character that separates the most columns of the heading."""
    heading = re.sub(r'"[^"]*"', "", head.split("\n", maxsplit=1)[0])
    return max(",;\t|", key=lambda character: (heading.count(character), character == ","))


# -- XLSX ------------------------------------------------------------------------------------------------------------


@contextmanager
def _sheet(path: Path, name: str, head: bytes) -> Iterator[Iterator[Any]]:
    """The lines of the first sheet that shows something."""
    from openpyxl import load_workbook  # noqa: PLC0415 - half a second of import that most processes never need
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415

    if head.startswith(ENCRYPTED):
        raise UnreadableFile(
            _("%(file)s is protected by a password, or of an old format: save it as XLSX without a password.")
            % {"file": name}
        )
    try:
        _check_size(path, name)
        # By what it is, not by its name: uploads have none of theirs.
        with ExitStack() as on_failure:
            stream = on_failure.enter_context(path.open("rb"))
            book = load_workbook(stream, read_only=True, data_only=True, keep_links=False)
            on_failure.pop_all()
    except (zipfile.BadZipFile, KeyError, ValueError, InvalidFileException, SyntaxError, TypeError) as error:
        raise _broken(name, error) from error
    try:
        sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        if not sheets:
            raise UnreadableFile(_("%(file)s has no sheet to read.") % {"file": name})
        sheets[0].reset_dimensions()
        yield _guarded(sheets[0].iter_rows(values_only=True), name)
    finally:
        book.close()
        stream.close()


def _guarded(lines: Iterator[Sequence[Any]], name: str) -> Iterator[Sequence[Any]]:
    """Lines of a sheet; what is broken inside ends the file with a sentence."""
    try:
        for line in lines:
            if len(line) > MOST_COLUMNS and any(cell is not None for cell in line[MOST_COLUMNS:]):
                raise UnreadableFile(
                    _("%(file)s has %(found)s columns; at most %(limit)s are read.")
                    % {"file": name, "found": f"{len(line):,}", "limit": MOST_COLUMNS}
                )
            yield line[:MOST_COLUMNS]
    except (zipfile.BadZipFile, KeyError, ValueError, SyntaxError, TypeError, EOFError) as error:
        raise _broken(name, error) from error


def _check_size(path: Path, name: str) -> None:
    """SECURITY: a file of some kilobytes can unpack to gigabytes; its own directory says so before a byte is unpacked,
    and what lies there is caught by the limits of whoever unpacks."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    packed = max(sum(entry.compress_size for entry in entries), 1)
    texts = sum(entry.file_size for entry in entries if "sharedstrings" in entry.filename.lower())
    is_bomb = unpacked > _RATIO_MATTERS_FROM and unpacked > MOST_RATIO * packed
    if unpacked > MOST_UNPACKED_BYTES or texts > MOST_TEXTS_BYTES or is_bomb:
        raise UnreadableFile(
            _(
                "%(file)s unpacks to %(found)s MiB; at most %(limit)s MiB, of them %(texts)s MiB of texts, and"
                " %(ratio)s times its own size are read. Save it as CSV."
            )
            % {
                "file": name,
                "found": f"{unpacked // 1024 // 1024:,}",
                "limit": f"{MOST_UNPACKED_BYTES // 1024 // 1024:,}",
                "texts": MOST_TEXTS_BYTES // 1024 // 1024,
                "ratio": MOST_RATIO,
            }
        )


def _broken(name: str, error: Exception) -> UnreadableFile:
    return UnreadableFile(
        _("%(file)s is not a whole XLSX file (%(error)s).") % {"file": name, "error": str(error)[:120]}
    )
