"""Write what the charts show as a table, for spreadsheets and other programs. Its columns: docs/metrics-export.md."""

from __future__ import annotations

import csv
from argparse import ArgumentParser
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from metrics.calculations.forecast import MAXIMUM_DAYS
from metrics.selectors.exports import EXPORTS, WITHOUT_TYPE, Cell, ExportScope, first_day
from metrics.selectors.forecasts import ForecastInputs
from metrics.selectors.selection import COUNTED_TYPES
from metrics.services.rebuilding import team_rebuild_next
from metrics.services.sweeping import sweep
from organization.models import Unit
from pmo_portal.lib.csv_export import safe_cell
from pmo_portal.lib.windows import Window, local_day

SAMPLE_DAYS = 91
"""Days a forecast draws from unless told otherwise: 13 weeks, as the pages show."""


def _day(text: str) -> date:
    return date.fromisoformat(text)


class Command(BaseCommand):
    """Takes in what waits first, so that every change recorded before it began is in the numbers."""

    help = "Write what the charts of a unit show as CSV."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--unit", metavar="CODE", required=True, help="a team, program, value stream or portfolio")
        parser.add_argument("--kind", choices=list(EXPORTS), required=True)
        parser.add_argument("--from", dest="first", metavar="DAY", type=_day, help="first day; default: of all history")
        parser.add_argument("--to", dest="last", metavar="DAY", type=_day, help="last day; default: the as-of day")
        parser.add_argument("--as-of", metavar="DAY", type=_day, help="nothing after this day counts; default: today")
        parser.add_argument("--type", dest="item_type", choices=[item_type.value for item_type in COUNTED_TYPES])
        parser.add_argument(
            "--include-start-not-seen",
            action="store_true",
            help="let the finish of items that never entered a started column stand for their start",
        )
        parser.add_argument("--items", type=int, help="forecast 'when' of so many items; default: all unfinished ones")
        parser.add_argument("--days", type=int, default=30, help="forecast 'how many' within so many days; default: 30")
        parser.add_argument(
            "--growth", type=float, default=1.0, help="items that each item turns out to be; default: 1"
        )
        parser.add_argument("--format", dest="file_format", choices=["csv"], default="csv")

    def handle(
        self,
        *args: Any,
        unit: str,
        kind: str,
        first: date | None,
        last: date | None,
        as_of: date | None,
        item_type: str | None,
        include_start_not_seen: bool,
        items: int | None,
        days: int,
        growth: float,
        **options: Any,
    ) -> None:
        if item_type and kind in WITHOUT_TYPE:
            raise CommandError(
                f"--type does not go with --kind {kind}: a closed sprint is frozen for all types together."
            )
        found = Unit.objects.filter(code=unit).first()
        if found is None:
            raise CommandError(f"There is no unit with the code {unit}.")
        if (items is not None and items < 1) or not 1 <= days <= MAXIMUM_DAYS or growth < 1:
            raise CommandError(
                f"A forecast is for at least 1 item, 1 to {MAXIMUM_DAYS} days, and a growth of at least 1."
            )
        now = timezone.now()
        self._bring_up_to_date(at=now)
        today = local_day(now)
        as_of = as_of or today
        if kind == "forecast":
            # A day that is not over yet looks like one on which little was finished.
            last = last or min(as_of, today - timedelta(days=1))
            first = first or max(last - timedelta(days=SAMPLE_DAYS - 1), first_day(found) or last)
        scope = ExportScope(
            unit=found,
            window=_window(found, first=first, last=last, as_of=as_of),
            as_of=as_of,
            item_type=item_type or "",
            include_start_not_seen=include_start_not_seen,
            forecast=ForecastInputs(items=items, days=days, growth=growth),
        )
        table = EXPORTS[kind](scope)
        writer = csv.writer(self.stdout, lineterminator="\n")
        writer.writerow(table.head)
        for row in table.rows:
            writer.writerow([_text(cell) for cell in row])
        for note in table.notes:
            self.stderr.write(note)

    def _bring_up_to_date(self, *, at: datetime) -> None:
        sweep(at=at)
        while team_rebuild_next(at=at) is not None:
            pass


def _window(unit: Unit, *, first: date | None, last: date | None, as_of: date) -> Window:
    """The days from the first to the last one, none after the as-of day."""
    end = min(last or as_of, as_of) + timedelta(days=1)
    start = first or min(first_day(unit) or end, end)
    if start > end:
        raise CommandError(f"There is no day from {start} to {end - timedelta(days=1)}.")
    return Window(start, end)


def _text(cell: Cell) -> str:
    """Numbers without trailing zeros, days as YYYY-MM-DD, nothing as an empty cell."""
    if isinstance(cell, Decimal | float):
        number = format(cell, ".4f").rstrip("0").rstrip(".")
        return "0" if number == "-0" else number
    return safe_cell(cell)
