"""Tables as CSV files that spreadsheets open without running anything."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from django.http import StreamingHttpResponse

_FORMULA = re.compile(r"^[\s]*[=+\-@\t\r]")
_PLAIN_NUMBER = re.compile(r"^-?\d+(\.\d+)?$")


class _Line:
    """What ``csv.writer`` writes to: hands each line on instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def safe_cell(value: object) -> str:
    """The text of a cell. SECURITY: what a spreadsheet would run as a formula is made text by a leading quote."""
    text = "" if value is None else str(value)
    if _FORMULA.match(text) and not _PLAIN_NUMBER.match(text):
        return f"'{text}"
    return text


def csv_lines(head: Sequence[object], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """A table line by line, first the mark of UTF-8 that spreadsheets look for."""
    writer = csv.writer(_Line())
    yield "\ufeff"
    for row in chain([head], rows):
        yield writer.writerow([safe_cell(cell) for cell in row])


def csv_response(*, name: str, head: Sequence[object], rows: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    """A download of ``rows`` under ``head``, sent line by line; UTF-8 with the mark that spreadsheets look for."""
    response = StreamingHttpResponse(csv_lines(head, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
