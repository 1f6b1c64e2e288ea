"""Exchange rates: typed one by one or read from a file. The portal asks nobody outside."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from organization.models import ExchangeRate
from pmo_portal.lib.access import Action, Actor, require, require_within
from pmo_portal.lib.errors import field_error
from pmo_portal.lib.merging import own_changes

MOST_ROWS: Final = 5_000
MOST_BYTES: Final = 1024 * 1024
HEADING: Final = ("from", "to", "day", "rate")


@dataclass(frozen=True, slots=True)
class GivenRate:
    """One line of a file."""

    base: str
    quote: str
    starts_on: date
    rate: Decimal


@transaction.atomic
def rate_create(
    *, actor: Actor, base: str, quote: str, starts_on: date, rate: Decimal, source: str = "", at: datetime
) -> ExchangeRate:
    """Say what one currency costs in another from a day on."""
    require_within(actor, Action.CREATE, ExchangeRate, None)
    made = ExchangeRate(
        base=base.strip().upper(), quote=quote.strip().upper(), starts_on=starts_on, rate=rate, source=source.strip()
    )
    _check(made)
    made.save()
    return made


@transaction.atomic
def rate_edit(
    *, actor: Actor, rate: ExchangeRate, value: Decimal, source: str, seen: int | None = None, at: datetime
) -> ExchangeRate:
    """Correct a rate. Sums are made anew when they are read; what it was stays in the history."""
    require(actor, Action.EDIT, rate)
    rate = ExchangeRate.objects.select_for_update().get(pk=rate.pk)
    for name, new in own_changes(rate, {"rate": value, "source": source.strip()}, seen=seen).items():
        setattr(rate, name, new)
    _check(rate)
    rate.save()
    return rate


@transaction.atomic
def rate_delete(*, actor: Actor, rate: ExchangeRate, at: datetime) -> None:
    """Take a rate back; the one before it holds again."""
    require(actor, Action.DELETE, rate)
    ExchangeRate.objects.filter(pk=rate.pk).delete()


@transaction.atomic
def rate_load(*, actor: Actor, rows: Sequence[GivenRate], source: str, at: datetime) -> int:
    """Keep the rates of a file: new days are added, known days corrected, all of it or nothing. Returns how many."""
    require_within(actor, Action.CREATE, ExchangeRate, None)
    require_within(actor, Action.EDIT, ExchangeRate, None)
    for row in rows:
        known = ExchangeRate.objects.select_for_update().filter(base=row.base, quote=row.quote, starts_on=row.starts_on)
        rate = known.first() or ExchangeRate(base=row.base, quote=row.quote, starts_on=row.starts_on)
        if rate.pk is not None and rate.rate == row.rate:
            continue
        rate.rate, rate.source = row.rate, source[:120]
        _check(rate)
        rate.save()
    return len(rows)


def rates_read(data: bytes) -> list[GivenRate]:
    """The lines of a CSV file with the columns from, to, day, rate. Raises ValidationError that names the bad lines."""
    if len(data) > MOST_BYTES:
        raise field_error("file", _("The file is larger than 1 MiB."))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise field_error("file", _("The file is not text in UTF-8.")) from error
    lines = csv.reader(io.StringIO(text), delimiter=";" if ";" in text.split("\n", 1)[0] else ",")
    wrong: list[str] = []
    try:
        heading = tuple(cell.strip().lower() for cell in next(lines, []))
        if heading[: len(HEADING)] != HEADING:
            raise field_error("file", _("The first line must say: %(heading)s.") % {"heading": ", ".join(HEADING)})
        rows = list(_given(lines, wrong))
    except csv.Error as error:
        raise field_error("file", _("The file is no CSV.")) from error
    if wrong:
        raise ValidationError({"file": wrong[:20]})
    if not rows or len(rows) > MOST_ROWS:
        raise field_error("file", _("The file must hold between 1 and %(most)s rates.") % {"most": MOST_ROWS})
    return rows


def _given(lines: Iterator[list[str]], wrong: list[str]) -> Iterator[GivenRate]:
    for number, cells in enumerate(lines, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        try:
            base, quote, day, rate = (cell.strip() for cell in cells[:4])
            given = GivenRate(base.upper(), quote.upper(), date.fromisoformat(day), Decimal(rate.replace(",", ".")))
            _check(
                ExchangeRate(base=given.base, quote=given.quote, starts_on=given.starts_on, rate=given.rate),
                in_file=True,
            )
        except (ValueError, InvalidOperation, ValidationError):
            wrong.append(
                _("Line %(number)s: it must hold two currencies, a day as YYYY-MM-DD and a rate.") % {"number": number}
            )
        else:
            yield given


def _check(rate: ExchangeRate, *, in_file: bool = False) -> None:
    rate.rate = rate.rate.quantize(Decimal("0.00000001")) if rate.rate.is_finite() else Decimal(0)
    if rate.base == rate.quote:
        raise field_error("quote", _("A rate is between two currencies."))
    rate.full_clean(validate_unique=not in_file, validate_constraints=not in_file)
