"""What a ticket promises, and what it refuses."""

from __future__ import annotations

import pytest
import time_machine
from django.core import signing

from organization.models import User
from pmo_portal.lib import tickets

NOW = "2026-03-02 09:00:00Z"


def user(*, pk: int = 7, stored: str = "hash of a password") -> User:
    return User(pk=pk, email=f"user{pk}@example.org", password=stored)


def test_ticket_names_user_and_units() -> None:
    with time_machine.travel(NOW, tick=False):
        ticket = tickets.read(tickets.issue(user=user(), unit_ids=[3, 1, 3]))

    assert ticket.user_id == 7
    assert ticket.unit_ids == {1, 3}
    assert ticket.is_held_by(tickets.auth_digest(user()))


def test_ticket_does_not_survive_a_new_password() -> None:
    ticket = tickets.read(tickets.issue(user=user(), unit_ids=[1]))

    assert not ticket.is_held_by(tickets.auth_digest(user(stored="hash of another password")))


@pytest.mark.parametrize(("age_seconds", "is_good"), [(599, True), (601, False)], ids=["young", "old"])
def test_ticket_expires_after_ten_minutes(age_seconds: int, is_good: bool) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        text = tickets.issue(user=user(), unit_ids=[1])
        clock.shift(age_seconds)
        if is_good:
            assert tickets.read(text).unit_ids == {1}
        else:
            with pytest.raises(tickets.TicketExpired):
                tickets.read(text)


def test_ticket_with_another_unit_is_refused() -> None:
    mine, other = (tickets.issue(user=user(), unit_ids=[unit_id]) for unit_id in (1, 2))
    forged = other.rpartition(":")[0] + ":" + mine.rpartition(":")[2]

    with pytest.raises(tickets.TicketInvalid):
        tickets.read(forged)


@pytest.mark.parametrize(
    "content",
    [[], {}, {"p": 1, "h": "x", "u": 5, "t": 1}, {"p": "one", "h": "x", "u": [], "t": 1}],
    ids=["list", "empty", "units no list", "user no number"],
)
def test_signed_content_that_is_no_ticket_is_refused(content: object) -> None:
    text = signing.Signer(salt="pmo_portal.live.ticket").sign_object(content)

    with pytest.raises(tickets.TicketInvalid):
        tickets.read(text)


@pytest.mark.parametrize("text", ["", "x", "a:b:c", "\x00", "é" * 50], ids=repr)
def test_text_that_is_no_ticket_is_refused(text: str) -> None:
    with pytest.raises(tickets.TicketInvalid):
        tickets.read(text)


def test_renewed_ticket_names_what_is_still_visible() -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        old = [tickets.issue(user=user(), unit_ids=units) for units in ([1, 2], [2, 3])]
        clock.shift(3600)
        ticket = tickets.read(tickets.renew(old, user=user(), visible_unit_ids={2, 3, 4}))

    assert ticket.unit_ids == {2, 3}


def test_renewal_is_refused_to_somebody_else() -> None:
    old = tickets.issue(user=user(pk=7), unit_ids=[1])

    with pytest.raises(tickets.TicketInvalid):
        tickets.renew([old], user=user(pk=8), visible_unit_ids={1})


def test_renewal_is_refused_when_nothing_is_left_to_see() -> None:
    old = tickets.issue(user=user(), unit_ids=[1])

    with pytest.raises(tickets.TicketInvalid):
        tickets.renew([old], user=user(), visible_unit_ids={2})


def test_renewal_is_refused_after_a_day() -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        old = tickets.issue(user=user(), unit_ids=[1])
        clock.shift(25 * 3600)
        with pytest.raises(tickets.TicketExpired):
            tickets.renew([old], user=user(), visible_unit_ids={1})


def test_page_with_very_many_units_gets_a_ticket_for_some() -> None:
    ticket = tickets.read(tickets.issue(user=user(), unit_ids=range(10_000)))

    assert len(ticket.unit_ids) == tickets.MAX_UNITS
