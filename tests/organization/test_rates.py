"""Exchange rates: dated, in either direction, never guessed; kept from pages and files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from organization.access import SYSTEM
from organization.models import ExchangeRate
from organization.selectors.rates import NoRate, convert, total_in
from organization.services.rates import rate_create
from tests.factories.organization import NOW

URL = "/administration/rates/"


def rate(base: str, quote: str, day: date, value: str) -> ExchangeRate:
    return rate_create(actor=SYSTEM, base=base, quote=quote, starts_on=day, rate=Decimal(value), at=NOW)


def test_an_amount_is_worth_what_was_said_of_its_day(db: None) -> None:
    rate("eur", "usd", date(2026, 1, 1), "1.10")
    rate("EUR", "USD", date(2026, 7, 1), "1.25")
    rate("GBP", "EUR", date(2026, 1, 1), "1.20")
    hundred = Decimal(100)
    assert convert(hundred, "EUR", "USD", date(2026, 6, 30)) == Decimal("110.00")
    assert convert(hundred, "EUR", "USD", date(2026, 7, 1)) == Decimal("125.00")
    assert convert(hundred, "USD", "EUR", date(2026, 8, 1)) == Decimal("80.00")
    assert convert(hundred, "CHF", "CHF", date(1999, 1, 1)) == Decimal("100.00")
    for pair, day in (
        (("EUR", "USD"), date(2025, 12, 31)),
        (("EUR", "CHF"), date(2026, 8, 1)),
        (("GBP", "USD"), date(2026, 8, 1)),
    ):
        with pytest.raises(NoRate, match="There is no exchange rate"):
            convert(hundred, *pair, day)


def test_a_sum_names_the_rates_it_took_and_leaves_nothing_out(db: None) -> None:
    rate("USD", "EUR", date(2026, 1, 1), "0.8")
    rate("GBP", "EUR", date(2026, 1, 1), "1.2")
    amounts = [(Decimal(10), "EUR"), (Decimal(10), "USD"), (Decimal(5), "USD"), (Decimal(10), "GBP")]
    with CaptureQueriesContext(connection) as asked:
        total = total_in("EUR", amounts, on=date(2026, 2, 1))
    assert len(asked) == 1
    assert (total.amount, total.currency) == (Decimal("34.00"), "EUR")
    assert [str(used) for used in total.rates] == [
        "1 GBP = 1.2000 EUR, from 1 Jan 2026",
        "1 USD = 0.8000 EUR, from 1 Jan 2026",
    ]
    with pytest.raises(NoRate):
        total_in("EUR", [*amounts, (Decimal(1), "")], on=date(2026, 2, 1))


def test_pages_keep_correct_and_take_back_rates(client_as: Callable[[str], Client]) -> None:
    client = client_as("pmo_staff")
    assert client_as("developer").get(URL).status_code == 403
    values = {"base": "eur", "quote": "usd", "rate": "1.1", "starts_on": "2026-01-01", "source": "Bank"}
    assert client.post(f"{URL}new/", {**values, "quote": "EUR"}).status_code == 422
    assert client.post(f"{URL}new/", {**values, "rate": "0"}).status_code == 422
    assert client.post(f"{URL}new/", values).status_code == 303
    assert client.post(f"{URL}new/", values).status_code == 422
    made = ExchangeRate.objects.get()
    edit = f"{URL}{made.pk}/"
    seen = client.get(edit).context["form"].initial["seen"]
    assert client.post(edit, {"value": "1.2", "source": "Bank", "seen": seen}).status_code == 303
    assert client.post(edit, {"value": "1.3", "source": "Bank", "seen": seen}).status_code == 422
    assert "1.1" in client.get(edit).content.decode()

    def upload(text: bytes) -> int:
        return client.post(f"{URL}upload/", {"file": ContentFile(text, "rates.csv"), "source": ""}).status_code

    good = b"\xef\xbb\xbffrom;to;day;rate\nEUR;USD;2026-01-01;1,15\ngbp;eur;2026-02-01;1.2\n\n"
    for bad in (
        b"",
        b"\xff\xfe",
        b"a,b\n",
        good + b"EUR;USD;nonsense;1\n",
        good + b"EUR;EUR;2026-01-01;1\n",
        good + b"EUR;CHF;2026-01-01;NaN\n",
    ):
        assert upload(bad) == 422, bad
    assert ExchangeRate.objects.count() == 1
    assert upload(good) == 303
    assert upload(good) == 303
    assert {(one.base, one.rate) for one in ExchangeRate.objects.all()} == {
        ("EUR", Decimal("1.15")),
        ("GBP", Decimal("1.2")),
    }
    with CaptureQueriesContext(connection) as few:
        assert "rates.csv" in client.get(URL).content.decode()
    ExchangeRate.objects.bulk_create(
        [ExchangeRate(base="EUR", quote="USD", starts_on=date(2026, 3, 1 + day), rate=1) for day in range(30)]
    )
    with CaptureQueriesContext(connection) as many:
        client.get(URL)
    assert len(few) == len(many) <= 12
    assert client.post(f"{edit}delete/").status_code == 303
