"""A session that ends takes its streams with it; the person's other browsers go on."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from organization.access import actor_for
from organization.models import Unit, User, UserSession
from organization.services.sessions import session_end
from pmo_portal.lib import live, tickets
from tests.streams.listening import Visitor
from tests.streams.test_streams import REVOCATION_SECONDS


def signed_in(user: User) -> tuple[Client, UserSession]:
    """Another browser of this person."""
    client = Client()
    client.force_login(user)
    return client, UserSession.objects.get(session_key=client.session.session_key)


def ticket_in(user: User, session: UserSession, unit: Unit) -> str:
    """A ticket as a page of this session carries it."""
    setattr(user, tickets.SESSION_OF_USER, session.pk)
    return tickets.issue(user=user, unit_ids=[unit.pk])


@pytest.mark.parametrize("way", ["ended elsewhere", "signed out"])
def test_stream_ends_soon_after_its_session(visitor: Visitor, user: User, harbour: Unit, way: str) -> None:
    client, session = signed_in(user)
    _other_client, other_session = signed_in(user)
    made = ticket_in(user, session, harbour)
    stream, other = visitor.listen(made), visitor.listen(ticket_in(user, other_session, harbour))

    if way == "signed out":
        client.post("/sign-out/")
    else:
        session_end(actor=actor_for(user), session=session, at=timezone.now())

    assert stream.farewell(REVOCATION_SECONDS) == "rights"
    assert visitor.status(made) == 401
    if way == "ended elsewhere":
        told = other.next_event()
        assert told is not None
        assert '"k":"inbox"' in told.data, "they are told of it, on whatever stream of theirs"
    assert live.publish(unit_id=harbour.pk, kind="items", ids=[1])
    assert other.next_change() == [1]


def test_pages_carry_their_session_in_their_ticket(client: Client, user: User, harbour: Unit) -> None:
    client.force_login(user)
    page = client.post("/live/ticket/", {"ticket": tickets.issue(user=user, unit_ids=[harbour.pk])})
    assert tickets.read(page.content.decode()).session_id == UserSession.objects.get(user=user).pk
