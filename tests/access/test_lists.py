"""What stands behind the question mark of an address: sorted and filtered from an allow-list, nonsense harmless."""

from __future__ import annotations

import re
from typing import Final

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from organization.models import Person
from tests.access.addresses import Address, addresses, named
from tests.access.test_matrix import answer
from tests.stage import Stage

NAMES: Final = (
    "sort", "order_by", "ordering", "q", "page", "before", "state", "who", "epic", "type", "label", "theme", "owner",
    "life", "period", "unit", "role", "active", "ids", "all", "version", "from", "to", "tab", "scope", "day", "until",
    "weeks", "column", "sprint", "person", "year", "as_of", "kind", "panel", "way",
)  # fmt: skip
"""Parameters that any page reads, and some that none does."""

NONSENSE: Final = (
    "²",
    "9" * 40,
    "-1",
    "\x00",
    "', 1); --",
    "person__user__password",
    "2026-13-45",
    "\ud7ff\u2028",
    "on",
)


def lists() -> list[Address]:
    """The pages that read more than their own address."""
    return [
        address
        for address in addresses("object", "listing", "signed_in")
        if address.name not in {"organization:sign_out"}
        and not re.search(r"_(delete|undo|restore|move)$", address.name)
    ]


@pytest.mark.parametrize("address", lists(), ids=named)
def test_nonsense_in_an_address_is_harmless(stage: Stage, address: Address) -> None:
    client = stage.clients["administrator"]
    url = address.url(stage.places["own"])
    for value in NONSENSE:
        response = answer(client, "GET", url, dict.fromkeys(NAMES, value))
        assert response.status_code < 500, f"{url} with {value!r}"


@pytest.mark.slow
@pytest.mark.parametrize("address", lists(), ids=named)
def test_nonsense_in_one_parameter_is_harmless(stage: Stage, address: Address) -> None:
    """One at a time: a parameter that is refused hides those that are read after it."""
    client = stage.clients["administrator"]
    url = address.url(stage.places["own"])
    for name in NAMES:
        for value in ("²", "9" * 40):
            assert answer(client, "GET", url, {name: value}).status_code < 500, f"{url}?{name}={value}"


SECRETS: Final = (
    "person__user__password",
    "user__password",
    "assignee__email",
    "email",
    "owner__user__email",
    "pk; DROP",
)


@pytest.mark.parametrize("secret", SECRETS)
def test_nothing_sorts_or_filters_by_what_it_does_not_show(stage: Stage, secret: str) -> None:
    """The order of rows tells as much as a value: what is no column of the list is no order of it."""
    place = stage.places["own"]
    client = stage.clients["developer"]
    for url in ("/people/", f"/teams/{place.unit.code}/items/"):
        plain = _rows(answer(client, "GET", url).body.decode())
        for name in ("sort", "order_by", "ordering"):
            for sign in ("", "-"):
                with CaptureQueriesContext(connection) as captured:
                    rows = _rows(answer(client, "GET", url, {name: sign + secret}).body.decode())
                assert rows == plain
                assert not any("password" in query["sql"].partition("ORDER BY")[2] for query in captured)
        filtered = answer(client, "GET", url, {secret: "a", f"{secret}__startswith": "m"}).body.decode()
        assert _rows(filtered) == plain


def _rows(text: str) -> list[str]:
    """The links of a list in their order."""
    return re.findall(r'href="(/people/\d+/|/items/[^/"]+/)"', text)


def test_a_hidden_address_is_not_found_by_searching_for_it(stage: Stage) -> None:
    """Searching is asking: who may not see an address learns nothing from finding its owner by it."""
    person = stage.places["own"].the(Person)
    assert person.email
    for url in ("/people/", "/palette/"):
        hidden = answer(stage.clients["developer"], "GET", url, {"q": person.email}).body.decode()
        assert person.name not in hidden, url
