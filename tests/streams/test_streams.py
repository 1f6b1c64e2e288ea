"""A stream from the browser's side: real server, real Redis, real database."""

from __future__ import annotations

import socket
import time
from http.client import HTTPConnection
from urllib.parse import quote

import pytest
import redis
import time_machine
from pytest_django import Settings

from organization.models import Unit, User
from pmo_portal.lib import live, tickets
from pmo_portal.streams import hub
from tests.patience import within
from tests.streams.listening import Event, Visitor, until
from tests.streams.people import deactivate, leave_team, member_of

REVOCATION_SECONDS = 5.0


def ticket(user: User, *units: Unit) -> str:
    return tickets.issue(user=user, unit_ids=[unit.pk for unit in units])


def publish(unit: Unit, *ids: int) -> None:
    assert live.publish(unit_id=unit.pk, kind="items", ids=ids)


# --- what is heard -----------------------------------------------------------------------------


def test_change_arrives(visitor: Visitor, user: User, harbour: Unit) -> None:
    stream = visitor.listen(ticket(user, harbour))

    publish(harbour, 4, 5)

    assert stream.next_event() == Event("change", f'{{"u":{harbour.pk},"k":"items","i":[4,5]}}')


def test_change_arrives_within_a_fraction_of_a_second(visitor: Visitor, user: User, harbour: Unit) -> None:
    stream = visitor.listen(ticket(user, harbour))
    seconds = []
    for number in range(20):
        began_at = time.monotonic()
        publish(harbour, number)
        stream.next_event()
        seconds.append(time.monotonic() - began_at)

    assert sorted(seconds)[10] < within(0.2)


def test_change_of_another_team_does_not_arrive(visitor: Visitor, user: User, harbour: Unit, lighthouse: Unit) -> None:
    stream = visitor.listen(ticket(user, harbour))

    publish(lighthouse, 4)

    assert stream.is_silent()


def test_tickets_of_several_pages_share_a_stream(visitor: Visitor, harbour: Unit, lighthouse: Unit) -> None:
    user = member_of(harbour, lighthouse)
    stream = visitor.listen(ticket(user, harbour), ticket(user, lighthouse))

    publish(harbour, 1)
    publish(lighthouse, 2)

    assert [stream.next_change(), stream.next_change()] == [[1], [2]]


def test_change_between_page_and_stream_is_not_missed(visitor: Visitor, user: User, harbour: Unit) -> None:
    with time_machine.travel(time.time() + 3):
        # By now the process has been listening for longer than the page is old.
        made = ticket(user, harbour)
        publish(harbour, 7)
        time.sleep(0.2)
        stream = visitor.open(made)

        assert stream.next_event() == Event("change", f'{{"u":{harbour.pk},"k":"items","i":[7]}}')


def test_heartbeat_keeps_a_quiet_stream_open(cramped_visitor: Visitor, user: User, harbour: Unit) -> None:
    stream = cramped_visitor.listen(ticket(user, harbour))

    assert stream.next_event(1) == stream.next_event(1) == Event("", ": still here")


@pytest.mark.parametrize(
    "text",
    [
        '{"u":%d,"k":"items","i":[1],"t":"a\\n\\nevent: bye\\ndata: {}"}',
        '{"u":%d,"k":"items","i":[1],"t":"\u2028\u2029\x85"}',
        '{"u":%d,\r\n\r\n"k":"items",\n\n"i":[1]}',
    ],
    ids=["event in text", "line separators", "line breaks"],
)
def test_message_with_line_breaks_is_one_event(
    visitor: Visitor, user: User, harbour: Unit, settings: Settings, text: str
) -> None:
    stream = visitor.listen(ticket(user, harbour))

    redis.Redis.from_url(settings.REDIS_URL).publish(live.channel(harbour.pk), text % harbour.pk)

    assert stream.next_event() == Event("change", f'{{"u":{harbour.pk},"k":"items","i":[1]}}')
    assert stream.is_silent()


@pytest.mark.parametrize(
    "text",
    ['{"u":%d,"k":"items","i":["<img src=x>"]}', '{"u":999,"k":"items","i":[1]}', "event: bye\ndata: {}"],
    ids=["text for an id", "another unit", "no JSON"],
)
def test_message_that_is_no_change_is_dropped(
    visitor: Visitor, user: User, harbour: Unit, settings: Settings, text: str
) -> None:
    stream = visitor.listen(ticket(user, harbour))

    redis.Redis.from_url(settings.REDIS_URL).publish(live.channel(harbour.pk), text.replace("%d", str(harbour.pk)))

    assert stream.is_silent()


# --- who is refused, before the first byte -------------------------------------------------------


def test_foreign_team_answers_as_one_that_never_existed(
    visitor: Visitor, user: User, harbour: Unit, lighthouse: Unit
) -> None:
    foreign = visitor.open(ticket(user, harbour, lighthouse))
    unknown = visitor.open(tickets.issue(user=user, unit_ids=[harbour.pk, 999_999]))

    assert foreign.status == unknown.status == 404
    assert foreign.body == unknown.body
    without_date = [{**refused.headers, "date": ""} for refused in (foreign, unknown)]
    assert without_date[0] == without_date[1]


def test_old_and_forged_and_missing_tickets_ask_for_a_new_one(visitor: Visitor, user: User, harbour: Unit) -> None:
    with time_machine.travel(time.time() - 700):
        old = ticket(user, harbour)
    good = ticket(user, harbour)

    assert visitor.status(old) == 401
    assert visitor.status(good[:-1] + ("A" if good[-1] != "A" else "B")) == 401
    assert visitor.status() == 401
    assert visitor.status(good, old) == 401
    assert visitor.status(*[good] * 51) == 401
    assert visitor.status(good) == 200


def test_tickets_of_two_people_do_not_mix(visitor: Visitor, user: User, harbour: Unit) -> None:
    other = member_of(harbour)

    assert visitor.status(ticket(user, harbour), ticket(other, harbour)) == 401


def test_ticket_from_before_a_new_password_is_refused(visitor: Visitor, user: User, harbour: Unit) -> None:
    made = ticket(user, harbour)
    user.set_password("another long pass phrase")
    user.save()

    assert visitor.status(made) == 401


def test_inactive_user_hears_nothing(visitor: Visitor, user: User, harbour: Unit) -> None:
    deactivate(user)

    assert visitor.status(ticket(user, harbour)) == 404


def test_page_of_another_site_is_refused(visitor: Visitor, user: User, harbour: Unit) -> None:
    made = ticket(user, harbour)

    foreign = visitor.open(made, headers={"Origin": "https://elsewhere.example"})
    ours = visitor.open(made, headers={"Origin": "http://127.0.0.1:8000"})

    assert foreign.status == 403
    assert "access-control-allow-origin" not in foreign.headers
    assert ours.status == 200
    assert ours.headers["access-control-allow-origin"] == "http://127.0.0.1:8000"
    assert ours.headers["cache-control"] == "no-store, no-transform"


def test_a_user_has_so_many_streams_and_gets_a_place_back(cramped_visitor: Visitor, user: User, harbour: Unit) -> None:
    made = ticket(user, harbour)
    first, _second = cramped_visitor.listen(made), cramped_visitor.listen(made)
    assert cramped_visitor.status(made) == 429

    first.close()

    until(lambda: cramped_visitor.status(made) == 200)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/stream", 405), ("GET", "/", 404), ("GET", "/stream/", 404), ("GET", "/healthz", 200)],
)
def test_there_is_nothing_else_here(visitor: Visitor, method: str, path: str, status: int) -> None:
    connection = HTTPConnection("127.0.0.1", visitor.port)
    connection.request(method, path)

    assert connection.getresponse().status == status
    connection.close()


# --- rights lost while open ------------------------------------------------------------------------


def test_stream_ends_soon_after_the_role_is_taken(visitor: Visitor, user: User, harbour: Unit) -> None:
    stream = visitor.listen(ticket(user, harbour))

    leave_team(user, harbour)

    assert stream.farewell(REVOCATION_SECONDS) == "rights"
    assert stream.next_event() is None
    assert visitor.status(ticket(user, harbour)) == 404


def test_stream_ends_soon_after_the_account_is_deactivated(visitor: Visitor, user: User, harbour: Unit) -> None:
    colleague = member_of(harbour)
    stream, other = visitor.listen(ticket(user, harbour)), visitor.listen(ticket(colleague, harbour))

    deactivate(user)

    assert stream.farewell(REVOCATION_SECONDS) == "rights"
    publish(harbour, 1)
    assert other.next_change() == [1]


def test_stream_ends_soon_after_the_password_is_changed(visitor: Visitor, user: User, harbour: Unit) -> None:
    stream = visitor.listen(ticket(user, harbour))

    user.set_password("another long pass phrase")
    user.save()

    assert stream.farewell(REVOCATION_SECONDS) == "rights"


def test_stream_ends_after_an_hour_and_a_new_ticket_opens_the_next(
    visitor: Visitor, user: User, harbour: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "STREAM_SECONDS", 3.0)
    stream = visitor.listen(ticket(user, harbour))

    assert stream.farewell(8) == "expired"
    assert stream.next_event() is None
    assert visitor.status(ticket(user, harbour)) == 200


# --- slow browsers -----------------------------------------------------------------------------------


@pytest.mark.load
def test_browser_that_stops_reading_loses_its_place_and_slows_nobody(
    cramped_visitor: Visitor, user: User, harbour: Unit
) -> None:
    made = ticket(user, harbour)
    stuck = socket.create_connection(("127.0.0.1", cramped_visitor.port))
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stuck.sendall(f"GET /stream?ticket={quote(made)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    reader = cramped_visitor.listen(made)
    assert cramped_visitor.status(made) == 429

    deadline = time.monotonic() + 20
    is_free = False
    while not is_free and time.monotonic() < deadline:
        publish(harbour, *range(400))
        is_free = cramped_visitor.status(made) == 200

    assert is_free
    assert reader.next_event() is not None
    stuck.close()
