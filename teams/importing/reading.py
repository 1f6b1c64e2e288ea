"""Files into rows: JSON lines, JSON arrays, pages of a REST search, JSON in a column of a CSV; plain or gzipped.

Everything streams: memory is bounded by the largest single row, and a row larger than ``MAX_ROW_BYTES`` is refused.
A row that cannot be read is handed on with the reason, so that nothing is lost in silence.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from django.utils.translation import gettext as _

MAX_ROW_BYTES: Final = 32 * 1024 * 1024
"""The largest row that is read; a real issue with a long history stays far below."""

MOST_DEEP: Final = 100
"""How deep a row may be nested; documents inside issues have a dozen levels."""

MOST_RATIO: Final = 200
_UNPACKED_ANYWAY_BYTES: Final = 256 * 1024 * 1024
_READ_BYTES: Final = 256 * 1024
_SNIFF_BYTES: Final = 64 * 1024
_SAMPLE_CHARACTERS: Final = 500
_PAGE = re.compile(r'\s*\{[^{}\[\]]*?"(?:issues|values)"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")
_NEEDS_CLEANING = re.compile(r"\\u(?:0000|[dD][89abAB])")
_STRUCTURE = re.compile(r'["{}\[\]]')
_STRING_END = re.compile(r'(?:[^"\\]|\\.)*"', re.DOTALL)
UNUSABLE: Final = re.compile("[\x00\ud800-\udfff]")
"""What no database holds."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file: its ``value``, or the ``problem`` that keeps it from having one; ``notes`` say what was
    mended on the way. ``number`` counts from 1 and is the same every time the file is read."""

    number: int
    value: dict[str, Any] | None
    problem: str = ""
    text: str = ""
    notes: tuple[str, ...] = ()


class UnreadableFile(Exception):
    """The file as a whole is not what it should be; ``str()`` says how."""


def rows(path: Path, *, json_column: str = "", name: str = "") -> Iterator[Row]:
    """The rows of ``path`` in order. With ``json_column`` (or a name that ends in ``.csv``) it is a CSV file.

    ``name`` is what people call the file, where its path does not say.
    """
    name = name or path.name
    try:
        with opened(path, name) as stream:
            if json_column or name.removesuffix(".gz").endswith(".csv"):
                yield from _csv_rows(stream, json_column)
            else:
                yield from _json_rows(stream)
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableFile(_("%(file)s cannot be read: %(error)s") % {"file": name, "error": error}) from error


def opened(path: Path, name: str) -> BinaryIO:
    """A file to be read, unpacked on the way if it is gzipped."""
    plain = path.open("rb")
    magic = plain.read(2)
    plain.seek(0)
    if magic == b"\x1f\x8b":
        # The wrapper owns the plain file and closes it.
        return io.BufferedReader(_OwningGzip(plain, name, path.stat().st_size), _READ_BYTES)
    return plain


class _OwningGzip(gzip.GzipFile):
    """SECURITY: some kilobytes can unpack to terabytes, so what unpacks out of all proportion is refused."""

    def __init__(self, plain: BinaryIO, name: str, packed: int) -> None:
        super().__init__(fileobj=plain, mode="rb")
        self._plain = plain
        self._name = name
        self._limit = max(_UNPACKED_ANYWAY_BYTES, MOST_RATIO * packed)

    def readinto(self, buffer: Any) -> int:
        count = super().readinto(buffer)
        if self.tell() > self._limit:
            raise UnreadableFile(
                _("%(file)s unpacks to more than %(ratio)s times its size.") % {"file": self._name, "ratio": MOST_RATIO}
            )
        return count

    def close(self) -> None:
        super().close()
        self._plain.close()


def _json_rows(stream: BinaryIO) -> Iterator[Row]:
    head = _peek(stream)
    text = head.decode("utf-8", "replace").removeprefix("\ufeff")
    start = text.lstrip()[:1]
    if start == "[" or _PAGE.match(text):
        yield from _element_rows(stream)
    elif start == "{":
        yield from _line_rows(stream)
    elif start:
        raise UnreadableFile(_("It is neither JSON lines, nor a JSON array, nor a page with “issues”."))


def _peek(stream: BinaryIO) -> bytes:
    head = stream.read(_SNIFF_BYTES)
    stream.seek(0)
    return head


def _line_rows(stream: BinaryIO) -> Iterator[Row]:
    """One object a line; a page of issues on one line is opened up."""
    number = 0
    while line := stream.readline(MAX_ROW_BYTES + 1):
        if len(line) > MAX_ROW_BYTES:
            number += 1
            yield Row(number, None, _too_large(), sample(line.decode("utf-8", "replace")))
            while line and not line.endswith(b"\n"):
                line = stream.readline(_READ_BYTES)
            continue
        text, notes = _decoded(line.removeprefix(codecs.BOM_UTF8))
        if not text.strip():
            continue
        value, problem = parsed(text)
        for element in _unpacked(value):
            number += 1
            yield _row(number, element, problem, text, notes)


def _unpacked(value: Any) -> list[Any]:
    if isinstance(value, dict) and "fields" not in value:
        for name in ("issues", "values"):
            if isinstance(value.get(name), list):
                return list(value[name])
    return [value]


def _decoded(line: bytes) -> tuple[str, tuple[str, ...]]:
    try:
        return line.decode("utf-8"), ()
    except UnicodeDecodeError:
        return line.decode("utf-8", "replace"), (_replaced_bytes(),)


def parsed(text: str) -> tuple[Any, str]:
    """JSON into a value and no problem, or nothing and the problem. Characters a database cannot hold are replaced."""
    try:
        value = json.loads(text)
    except RecursionError:
        return None, _too_deep()
    except ValueError as error:
        return None, _("It is not JSON: %(error)s") % {"error": error}
    if _is_deep(value):
        return None, _too_deep()
    if _NEEDS_CLEANING.search(text) or "\x00" in text:
        value = _cleaned(value)
    return value, ""


def _is_deep(value: Any) -> bool:
    """Whether a value is nested deeper than anything that walks it should have to go."""
    level = [value]
    for _depth in range(MOST_DEEP):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node if isinstance(node, list) else ())
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def _too_deep() -> str:
    return _("It is nested more than %(limit)s levels deep.") % {"limit": MOST_DEEP}


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return UNUSABLE.sub("�", value)
    if isinstance(value, list):
        return [_cleaned(element) for element in value]
    if isinstance(value, dict):
        return {_cleaned(name): _cleaned(element) for name, element in value.items()}
    return value


def _row(number: int, value: Any, problem: str, text: str, notes: tuple[str, ...] = ()) -> Row:
    if not problem and not isinstance(value, dict):
        problem = _("It is not an object with fields.")
    if problem:
        return Row(number, None, problem, sample(text), notes)
    return Row(number, value, notes=notes)


def _replaced_bytes() -> str:
    return _("bytes that are not UTF-8 were replaced by �")


def _too_large() -> str:
    return _("It is larger than %(limit)s MiB.") % {"limit": MAX_ROW_BYTES // 1024 // 1024}


def sample(text: str) -> str:
    """The beginning of a row, to be shown beside what is wrong with it."""
    return UNUSABLE.sub("�", text[:_SAMPLE_CHARACTERS])


class _Window:
    """The part of a text stream that is looked at; grows at its end, is cut at its front."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self.text = ""
        self.position = 0
        self.is_whole = False

    def grow(self) -> None:
        """Read on, at least doubling what is looked at, so that a long element costs linear time."""
        kept = self.text[self.position :]
        chunk = self._stream.read(max(_READ_BYTES, len(kept)))
        self.is_whole = not chunk
        self.text = kept + self._decoder.decode(chunk, final=self.is_whole)
        self.position = 0

    def skip(self, pattern: re.Pattern[str]) -> bool:
        """Move behind ``pattern`` if it stands here."""
        match = pattern.match(self.text, self.position)
        if match:
            self.position = match.end()
        return match is not None

    def peek(self) -> str:
        """The next character that is not white space or a comma; empty at the end."""
        while True:
            self.skip(_BETWEEN)
            if self.position < len(self.text) or self.is_whole:
                return self.text[self.position : self.position + 1]
            self.grow()


_ARRAY_START = re.compile(r"\s*\[")


def _element_rows(stream: BinaryIO) -> Iterator[Row]:
    """The elements of an array, or of the arrays of one page after another."""
    window = _Window(stream)
    window.grow()
    number = 0
    while True:
        if not (window.skip(_ARRAY_START) or window.skip(_PAGE)):
            return
        while (character := window.peek()) not in {"]", ""}:
            element = _next_element(window)
            number += 1
            if element is None:
                rest = window.text[window.position :]
                yield Row(number, None, _("The file ends, or is broken, inside this row."), sample(rest))
                return
            notes = (_replaced_bytes(),) if "\ufffd" in element else ()
            if len(element) > MAX_ROW_BYTES:
                yield Row(number, None, _too_large(), sample(element))
                continue
            value, problem = parsed(element)
            yield _row(number, value, problem, element, notes)
        if character == "":
            number += 1
            yield Row(number, None, _("The file ends before its list does: rows are missing."))
            return
        _skip_page_end(window)


def _skip_page_end(window: _Window) -> None:
    window.position += 1
    while (character := window.peek()) not in {"", "{", "["}:
        # What a page says after its issues (totals, links) up to the next page.
        closing = window.text.find("\n", window.position)
        window.position = len(window.text) if closing < 0 or character == "" else closing + 1


def _next_element(window: _Window) -> str | None:
    """The text of the element that starts here, or None when the file ends inside it."""
    while True:
        end = _element_end(window.text, window.position)
        if end is not None:
            element = window.text[window.position : end]
            window.position = end
            return element
        if window.is_whole or len(window.text) - window.position > 2 * MAX_ROW_BYTES:
            return None
        window.grow()


_SCALAR = re.compile(r"[^\s,\[\]{}]+(?=[\s,\]])")


def _element_end(text: str, start: int) -> int | None:
    """Where the element at ``start`` ends, found by its brackets: so one malformed element does not lose the rest."""
    if text[start] == "}":
        # Left over from an element whose brackets do not match.
        return start + 1
    if text[start] not in '{["':
        scalar = _SCALAR.match(text, start)
        return scalar.end() if scalar else None
    depth, position = 0, start
    while match := _STRUCTURE.search(text, position):
        character, position = match.group(), match.end()
        if character == '"':
            string = _STRING_END.match(text, position)
            if string is None:
                return None
            position = string.end()
        else:
            depth += 1 if character in "{[" else -1
        if depth == 0:
            return position
    return None


def _csv_rows(stream: BinaryIO, json_column: str) -> Iterator[Row]:
    """CSV: each line's JSON column, or without one each line as an object of its columns."""
    csv.field_size_limit(MAX_ROW_BYTES)
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="")
    try:
        lines = csv.reader(text)
        header = next(lines, [])
        if json_column and json_column not in header:
            raise UnreadableFile(
                _("There is no column “%(name)s”; there are: %(columns)s.")
                % {"name": json_column, "columns": ", ".join(header)}
            )
        number = 0
        while (line := _next_line(lines)) is not None:
            if line:
                number += 1
                yield _csv_row(number, header, line, json_column)
    finally:
        # The stream is closed by whoever opened it.
        text.detach()


def _next_line(lines: Iterator[list[str]]) -> list[str] | str | None:
    """The next line, what is wrong with it, or None at the end."""
    try:
        return next(lines, None)
    except csv.Error as error:
        return _("It is not CSV: %(error)s") % {"error": error}


def _csv_row(number: int, header: list[str], line: list[str] | str, json_column: str) -> Row:
    if isinstance(line, str):
        return Row(number, None, line)
    if len(line) > len(header) and any(line[len(header) :]):
        problem = _("It has %(found)s columns where the header has %(wanted)s: a comma is not quoted.") % {
            "found": len(line),
            "wanted": len(header),
        }
        return Row(number, None, problem, sample(",".join(line)))
    cells = dict(zip(header, line, strict=False))
    if json_column:
        written = cells.get(json_column, "")
        value, problem = parsed(written)
        return _row(number, value, problem, written)
    notes = (_replaced_bytes(),) if any("\ufffd" in cell for cell in line) else ()
    return Row(number, {name: UNUSABLE.sub("�", cell) for name, cell in cells.items()}, notes=notes)
