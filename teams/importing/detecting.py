"""What an uploaded file is: issues or sprints of a tracker, or a table whose columns somebody has to explain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, Final

from django.utils.translation import gettext as _

from teams.importing.reading import Row, UnreadableFile, opened, parsed, rows
from teams.importing.tables import is_sheet, table_header, table_rows

_LOOKED_AT: Final = 20
_SPRINT_COLUMNS: Final = frozenset({"id", "name", "state"})


class Shape(StrEnum):
    """What the rows of a file are."""

    JIRA = "JIRA"
    SPRINTS = "SPRINTS"
    TABLE = "TABLE"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to import from: what people call it, where it is, how its rows are read."""

    name: str
    path: Path
    shape: Shape = Shape.JIRA
    json_column: str = ""

    def rows(self) -> Iterator[Row]:
        """Its rows, the same every time."""
        if self.shape == Shape.TABLE:
            return table_rows(self.path, name=self.name)
        if self.shape == Shape.SPRINTS and not self.json_column and not self._is_json():
            return table_rows(self.path, name=self.name)
        return rows(self.path, json_column=self.json_column, name=self.name)

    def _is_json(self) -> bool:
        return _start(self.path, self.name)[:1] in {"{", "["}


def detect(path: Path, *, name: str) -> SourceFile:
    """What a file is. Raises UnreadableFile when it is nothing we know."""
    start = _start(path, name)
    if start[:1] in {"{", "["}:
        found = _of_values(islice(rows(path, name="json"), _LOOKED_AT))
        if found is None:
            raise UnreadableFile(
                _("%(file)s is JSON, but its first rows are neither issues nor sprints.") % {"file": name}
            )
        return SourceFile(name, path, found)
    header = table_header(path, name=name)
    for row in islice(table_rows(path, name=name), _LOOKED_AT):
        for column, cell in (row.value or {}).items():
            if isinstance(cell, str) and cell.startswith("{"):
                value, problem = parsed(cell)
                shape = None if problem else _of_value(value)
                if shape is not None:
                    return SourceFile(name, path, shape, json_column=column)
    names = {column.lower() for column in header}
    if names >= _SPRINT_COLUMNS and names & {"startdate", "enddate", "completedate"}:
        return SourceFile(name, path, Shape.SPRINTS)
    return SourceFile(name, path, Shape.TABLE)


def _start(path: Path, name: str) -> str:
    try:
        with opened(path, name) as stream:
            head = stream.read(4096)
    except (OSError, EOFError) as error:
        raise UnreadableFile(_("%(file)s cannot be read: %(error)s") % {"file": name, "error": error}) from error
    if not head.strip():
        raise UnreadableFile(_("%(file)s is empty.") % {"file": name})
    if is_sheet(head):
        return "sheet"
    if b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableFile(_("%(file)s is neither JSON, CSV nor XLSX.") % {"file": name})
    return head.decode("utf-8", "replace").removeprefix("\ufeff").lstrip()


def _of_values(found: Iterator[Row]) -> Shape | None:
    return next((shape for row in found if row.value is not None and (shape := _of_value(row.value)) is not None), None)


def _of_value(value: Any) -> Shape | None:
    if not isinstance(value, Mapping):
        return None
    if isinstance(value.get("fields"), Mapping):
        return Shape.JIRA
    return Shape.SPRINTS if "state" in value and "name" in value and "id" in value else None
