"""A file of values: read, checked line by line, and told what it would do before it does anything."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics.models import Confidence, Kpi
from metrics.services.measurements import UploadedValue
from metrics.services.readings import EARLIEST
from pmo_portal.lib import format as formatting

MOST_BYTES: Final = 1_000_000
MOST_ROWS: Final = 5_000
MOST_ERRORS: Final = 50
LARGEST: Final = Decimal(10) ** 15
COLUMNS: Final = ("kpi", "day", "value", "confidence", "comment")
_GERMAN_DAY: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_QUOTED_FORMULA: Final = re.compile(r"^'[\s]*[=+\-@]")


@dataclass(frozen=True, slots=True)
class LineError:
    """A line that cannot be read, and why."""

    line: int
    text: str


class _Wrong(ValueError):
    """A cell that says nothing we can use; the sentence says which."""


class UploadForm(forms.Form):
    """A file, or the text of one that was tried before."""

    file = forms.FileField(label=gettext_lazy("File"), required=False)
    text = forms.CharField(required=False, widget=forms.HiddenInput, strip=False)

    def __init__(self, *args: Any, kpis: Mapping[str, Kpi], today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kpis, self.today = kpis, today
        # What was tried before comes back as text; else there is nothing without a file.
        self.fields["file"].required = not self.data.get("text")
        self.fields["file"].widget.attrs["accept"] = ".csv,text/csv,text/plain"
        self.rows: list[UploadedValue] = []
        self.line_errors: list[LineError] = []
        self.line_count = 0
        self.content = ""

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if self.errors:
            return values
        upload: UploadedFile | None = values.get("file")
        if upload is not None:
            self.content = self._decoded(upload)
        else:
            self.content = values.get("text") or ""
        if not self.errors:
            if not self.content.strip():
                self.add_error("file", _("Choose a file with at least one line of values."))
            elif len(self.content.encode()) > MOST_BYTES:
                self._too_large()
            else:
                self._read()
        if self.line_errors:
            self.add_error(None, _("Nothing was written. Mend these lines and choose the file again."))
        return values

    def _too_large(self) -> None:
        self.add_error("file", _("The file is too large: at most 1 MB and %(n)s lines.") % {"n": MOST_ROWS})

    def _decoded(self, upload: UploadedFile) -> str:
        if (upload.size or 0) > MOST_BYTES:
            self._too_large()
            return ""
        try:
            text = upload.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            self.add_error("file", _("The file is not UTF-8 text. Save it as CSV UTF-8."))
            return ""
        if "\x00" in text:
            self.add_error("file", _("This is not a CSV file."))
            return ""
        return text

    def _read(self) -> None:
        first = self.content.lstrip().partition("\n")[0]
        delimiter = max((";", "\t", ","), key=first.count)
        reader = csv.reader(io.StringIO(self.content.lstrip()), delimiter=delimiter)
        try:
            head = [name.strip().lower() for name in next(reader)]
            missing = [name for name in COLUMNS[:3] if name not in head]
            if missing:
                self.add_error(
                    "file",
                    _("The first line names the columns. It misses: %(names)s.") % {"names": ", ".join(missing)},
                )
                return
            self._read_lines(reader, head, delimiter)
        except csv.Error:
            self.add_error("file", _("This is not a CSV file."))

    def _read_lines(self, reader: Any, head: list[str], delimiter: str) -> None:
        seen: dict[tuple[int, date], int] = {}
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            self.line_count += 1
            if self.line_count > MOST_ROWS:
                self._too_large()
                return
            try:
                row = self._row(dict(zip(head, cells, strict=False)), delimiter)
                before = seen.setdefault((row.kpi_id, row.day), reader.line_num)
                if before != reader.line_num:
                    raise _Wrong(_("Line %(n)s has a value of the same KPI and day.") % {"n": before})
            except _Wrong as error:
                if len(self.line_errors) < MOST_ERRORS:
                    self.line_errors.append(LineError(reader.line_num, str(error)))
                continue
            self.rows.append(row)

    def _row(self, cells: Mapping[str, str], delimiter: str) -> UploadedValue:
        code = cells.get("kpi", "").strip()
        kpi = self.kpis.get(code)
        if kpi is None:
            raise _Wrong(_("There is no KPI with the code “%(code)s” to write to.") % {"code": code[:60]})
        day = _day(cells.get("day", "").strip())
        if not EARLIEST <= day <= self.today:
            raise _Wrong(_("%(day)s is not a day that has come.") % {"day": formatting.day(day)})
        confidence = cells.get("confidence", "").strip().upper()
        if confidence and confidence not in Confidence:
            known = ", ".join(Confidence.values).lower()
            raise _Wrong(_("The confidence is one of: %(known)s.") % {"known": known})
        comment = cells.get("comment", "").strip()
        # What our own files put before a formula is taken off again.
        comment = comment[1:] if _QUOTED_FORMULA.match(comment) else comment
        if len(comment) > 2000:
            raise _Wrong(_("The comment is longer than 2,000 characters."))
        return UploadedValue(kpi.pk, day, _number(cells.get("value", ""), delimiter), confidence, comment)


def _day(text: str) -> date:
    """A day as 2026-11-20, or as 20.11.2026."""
    german = _GERMAN_DAY.fullmatch(text)
    try:
        if german:
            return date(int(german[3]), int(german[2]), int(german[1]))
        return date.fromisoformat(text)
    except ValueError as error:
        raise _Wrong(_("“%(text)s” is not a day such as 2026-11-20.") % {"text": text[:40]}) from error


def _number(text: str, delimiter: str) -> Decimal:
    """A number; with semicolons between cells, a comma is what Europeans mean by it."""
    plain = re.sub(r"[\s\u00a0\u202f']", "", text)
    if delimiter != "," and "," in plain and "." not in plain:
        plain = plain.replace(",", ".")
    try:
        value = Decimal(plain)
        if not value.is_finite() or abs(value) >= LARGEST or round(value, 4) != value:
            raise InvalidOperation
    except InvalidOperation as error:
        raise _Wrong(_("“%(text)s” is not a number with at most 4 decimals.") % {"text": text.strip()[:40]}) from error
    return value
