"""What an amount is worth in another currency on a day. Nothing is added up across currencies in silence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from organization.models import ExchangeRate
from pmo_portal.lib import format as formatting
from pmo_portal.lib.access import Actor, visible
from pmo_portal.lib.errors import DomainError

CENT: Final = Decimal("0.01")


class NoRate(DomainError):
    """Nobody has said what one currency costs in the other on that day."""

    def __init__(self, base: str, quote: str, on: date) -> None:
        super().__init__(
            _("There is no exchange rate from %(base)s to %(quote)s for %(day)s. Add one in the administration.")
            % {"base": base or "?", "quote": quote or "?", "day": formatting.day(on)}
        )


@dataclass(frozen=True, slots=True)
class UsedRate:
    """A rate that a sum was made with, to be named beside it. ``is_inverse``: the pair was kept the other way round."""

    base: str
    quote: str
    rate: Decimal
    starts_on: date
    is_inverse: bool = False

    def __str__(self) -> str:
        return _("1 %(base)s = %(rate)s %(quote)s, from %(day)s") % {
            "base": self.base,
            "rate": formatting.number(self.rate, 4),
            "quote": self.quote,
            "day": formatting.day(self.starts_on),
        }


@dataclass(frozen=True, slots=True)
class Total:
    """A sum in one currency with the rates it took."""

    amount: Decimal
    currency: str
    rates: tuple[UsedRate, ...]


def rate_on(base: str, quote: str, on: date) -> UsedRate:
    """The rate of a pair on a day: the latest that holds by then, kept in either direction. Raises NoRate."""
    if base == quote:
        return UsedRate(base, quote, Decimal(1), on)
    return _rates([base], quote, on)[base]


def convert(amount: Decimal, base: str, quote: str, on: date) -> Decimal:
    """``amount`` of one currency in another as of a day, to the cent. Raises NoRate when nobody has said the rate."""
    return _cents(amount * rate_on(base, quote, on).rate)


def total_in(currency: str, amounts: Iterable[tuple[Decimal, str]], *, on: date) -> Total:
    """Amounts of any currencies as one sum in ``currency`` as of a day, with every rate it took: one statement. Raises
    NoRate rather than leave anything out or add unlike things."""
    by_currency: dict[str, Decimal] = {}
    for amount, base in amounts:
        by_currency[base] = by_currency.get(base, Decimal(0)) + amount
    used = _rates([base for base in by_currency if base != currency], currency, on)
    whole = sum(
        (_cents(amount * used[base].rate) if base in used else amount for base, amount in by_currency.items()),
        Decimal(0),
    )
    return Total(whole, currency, tuple(used[base] for base in sorted(used)))


def rates_seen(actor: Actor) -> QuerySet[ExchangeRate]:
    """All rates, each pair's latest first."""
    return visible(actor, ExchangeRate).order_by("base", "quote", "-starts_on")


def _rates(bases: list[str], quote: str, on: date) -> Mapping[str, UsedRate]:
    if not bases:
        return {}
    straight = ExchangeRate.objects.filter(base__in=bases, quote=quote, starts_on__lte=on)
    inverse = ExchangeRate.objects.filter(base=quote, quote__in=bases, starts_on__lte=on)
    found: dict[str, UsedRate] = {}
    for rate in (straight | inverse).order_by("starts_on", "pk"):
        if rate.quote == quote:
            found[rate.base] = UsedRate(rate.base, quote, rate.rate, rate.starts_on)
        # The pair as it is kept is nearer to the truth than its inverse of the same day.
        elif rate.quote not in found or found[rate.quote].starts_on < rate.starts_on:
            found[rate.quote] = UsedRate(rate.quote, quote, 1 / rate.rate, rate.starts_on, is_inverse=True)
    for base in bases:
        if base not in found:
            raise NoRate(base, quote, on)
    return found


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, rounding=ROUND_HALF_EVEN)
