"""Who hears what, and what a slow browser costs: the hub without a network."""

from __future__ import annotations

import time

import pytest

from pmo_portal.lib.live import Change, Kind, own_channel
from pmo_portal.lib.tickets import Ticket
from pmo_portal.streams.hub import REFRESH, Client, Hub, TooManyStreams, change_event
from pmo_portal.streams.rights import Standing


def ticket(*unit_ids: int, user_id: int = 1, age_seconds: float = 0) -> Ticket:
    return Ticket(
        user_id=user_id,
        auth_digest="session",
        unit_ids=frozenset(unit_ids),
        issued_at=int(time.time() - age_seconds),
    )


def client(*unit_ids: int, user_id: int = 1, age_seconds: float = 0, queue_length: int = 3) -> Client:
    return Client([ticket(*unit_ids, user_id=user_id, age_seconds=age_seconds)], queue_length=queue_length)


def hub(*, max_streams: int = 10, max_streams_per_user: int = 5, memory_length: int = 100) -> Hub:
    made = Hub(max_streams=max_streams, max_streams_per_user=max_streams_per_user, memory_length=memory_length)
    made.hearing_began()
    # The portal has been running for a while before anybody comes.
    made._remembers_from = time.time() - 60
    return made


def join(to: Hub, *clients: Client) -> None:
    for each in clients:
        to.admit(each)
        to.listen(each)


def change(unit_id: int, *ids: int) -> Change:
    return Change(unit_id=unit_id, kind=Kind.ITEMS, ids=ids)


def test_change_reaches_only_those_who_listen_to_the_unit() -> None:
    here, both, elsewhere = client(1), client(1, 2), client(2)
    live = hub()
    join(live, here, both, elsewhere)

    live.deliver(change(1, 5))

    assert here.take() == both.take() == b'event: change\ndata: {"u":1,"k":"items","i":[5]}\n\n'
    assert elsewhere.take() == b""


def test_what_concerns_one_person_reaches_their_own_streams_only() -> None:
    mine, also_mine, theirs = client(1, user_id=1), client(2, user_id=1), client(1, user_id=2)
    live = hub()
    join(live, mine, also_mine, theirs)

    live.deliver(Change(unit_id=own_channel(1), kind=Kind.INBOX))

    assert mine.take() == also_mine.take() == b'event: change\ndata: {"u":-1,"k":"inbox","i":[]}\n\n'
    assert theirs.take() == b""
    for each in (mine, also_mine, theirs):
        live.leave(each)
    assert not live._by_unit


def test_slow_browser_gets_one_refresh_instead_of_a_long_queue() -> None:
    slow = client(1, queue_length=3)
    live = hub()
    join(live, slow)

    for number in range(50):
        live.deliver(change(1, number))
    assert slow.take() == REFRESH

    live.deliver(change(1, 99))
    assert slow.take() == change_event(change(1, 99))


def test_newcomer_hears_what_happened_since_its_page_was_made() -> None:
    live = hub()
    live.deliver(change(1, 5))
    live.deliver(change(2, 6))
    newcomer = client(1, age_seconds=5)

    join(live, newcomer)

    assert newcomer.take() == change_event(change(1, 5))


def test_newcomer_is_told_to_refresh_when_the_memory_is_too_short() -> None:
    live = hub(memory_length=10)
    for number in range(11):
        live.deliver(change(1, number))
    newcomer = client(1, age_seconds=5)

    join(live, newcomer)

    assert newcomer.take() == REFRESH


def test_page_that_was_listening_does_not_refresh_when_another_page_joins() -> None:
    live = hub()
    old_page, new_page = ticket(1, age_seconds=300), ticket(1, 2, age_seconds=5)
    before = Client([old_page], queue_length=3)
    join(live, before)
    before.take()  # the refresh that its age asked for
    live.deliver(change(1, 5))
    before.take()
    live.leave(before)
    live._heard.clear()
    live.deliver(change(2, 6))

    both = Client([old_page, new_page], queue_length=3)
    join(live, both)

    assert both.take() == change_event(change(2, 6))


def test_page_whose_changes_still_waited_does_refresh() -> None:
    live = hub()
    old_page = ticket(1, age_seconds=300)
    before = Client([old_page], queue_length=3)
    join(live, before)
    live.leave(before)

    after = Client([old_page], queue_length=3)
    join(live, after)

    assert after.take() == REFRESH


def test_pages_refresh_when_too_much_changed_to_name_it() -> None:
    here, elsewhere = client(1), client(2)
    live = hub()
    join(live, here, elsewhere)

    live.deliver(Change(unit_id=1, kind=Kind.ITEMS))
    live.deliver(Change(unit_id=2, kind=Kind.METRICS))

    assert here.take() == REFRESH
    assert elsewhere.take() == b'event: change\ndata: {"u":2,"k":"metrics","i":[]}\n\n'


def test_everybody_refreshes_when_changes_are_heard_again() -> None:
    live = hub()
    here = client(1)
    join(live, here)
    live.hearing_lost()
    while_deaf = client(1)
    join(live, while_deaf)
    assert while_deaf.take() == b""

    live.hearing_began()

    assert here.take() == while_deaf.take() == REFRESH


@pytest.mark.parametrize(
    "standing",
    [
        None,
        Standing(unit_ids=frozenset({1}), auth_digest="session"),
        Standing(unit_ids=frozenset({1, 2}), auth_digest="another session"),
    ],
    ids=["inactive", "unit lost", "signed out"],
)
def test_stream_ends_with_the_right_and_loses_what_still_waited(standing: Standing | None) -> None:
    live = hub()
    listener = client(1, 2)
    join(live, listener)
    live.deliver(change(1, 5))

    live.end_without_right({1}, {1: standing} if standing else {})

    assert listener.take() == b'event: bye\ndata: {"reason":"rights"}\n\n'
    assert listener.take() == b""


def test_stream_goes_on_while_the_right_holds() -> None:
    live = hub()
    listener = client(1)
    join(live, listener)

    live.end_without_right({1}, {1: Standing(unit_ids=frozenset({1, 9}), auth_digest="session")})

    assert listener.take() == b""


def test_stream_without_a_unit_may_not_listen() -> None:
    assert not client().may_listen(Standing(unit_ids=frozenset({1}), auth_digest="session"))


def test_stream_ends_when_it_has_been_open_for_an_hour() -> None:
    live = hub()
    old, young = client(1, age_seconds=3_601), client(1)
    join(live, old, young)

    live.end_expired()

    assert old.take() == b'event: bye\ndata: {"reason":"expired"}\n\n'
    assert young.take() == b""


def test_places_are_limited_and_given_back() -> None:
    live = hub(max_streams=3, max_streams_per_user=2)
    first, second, third = (client(1) for _ in range(3))
    join(live, first, second)
    with pytest.raises(TooManyStreams):
        live.admit(third)
    join(live, client(1, user_id=2))
    with pytest.raises(TooManyStreams):
        live.admit(client(1, user_id=3))

    live.leave(first)
    live.leave(first)
    assert len(live) == 2
    live.admit(third)

    live.leave(second)
    live.leave(third)
    assert live.user_ids == {2}
