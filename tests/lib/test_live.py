"""Telling pages about a change: what is sent, and that a write never suffers for it."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import redis
from django.db import transaction
from pytest_django import Settings

from pmo_portal.embedded import Home
from pmo_portal.embedded.redis import Redis
from pmo_portal.lib import live, optional_redis
from pmo_portal.lib.circuit import Circuit
from pmo_portal.lib.live import Change, Kind, MalformedChange
from tests.patience import within


@pytest.fixture(autouse=True)
def _own_channels(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.LIVE_CHANNEL_PREFIX = f"{uuid4().hex}:"
    monkeypatch.setattr(optional_redis, "_circuit", Circuit(rest_seconds=2.0))


@pytest.fixture
def heard(settings: Settings) -> Iterator[redis.client.PubSub]:
    client = redis.Redis.from_url(settings.REDIS_URL)
    with client.pubsub(ignore_subscribe_messages=True) as subscription:
        subscription.subscribe(live.channel(12))
        subscription.get_message(timeout=1)
        yield subscription
    client.close()


@pytest.fixture
def own_redis(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """A Redis that a test may stop."""
    server = Redis(Home(tmp_path_factory.mktemp("r")), durable=False)
    server.ensure_running()
    settings.REDIS_URL = f"unix://{server.socket}?db=0"
    yield server
    server.stop()


def publish_timed() -> tuple[bool, float]:
    began_at = time.monotonic()
    was_sent = live.publish(unit_id=12, kind="items", ids=[1])
    return was_sent, time.monotonic() - began_at


def next_payload(subscription: redis.client.PubSub) -> object:
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        message = subscription.get_message(timeout=0.1)
        if message is not None:
            return json.loads(message["data"])
    return None


def test_publish_sends_ids_only(heard: redis.client.PubSub) -> None:
    assert live.publish(unit_id=12, kind=Kind.ITEMS, ids=[4, 5], versions=[7, 8])

    assert next_payload(heard) == {"u": 12, "k": "items", "i": [4, 5], "v": [7, 8]}


def test_publish_of_very_many_ids_says_any(heard: redis.client.PubSub) -> None:
    live.publish(unit_id=12, kind=Kind.ITEMS, ids=range(live.MAX_IDS + 1))

    assert next_payload(heard) == {"u": 12, "k": "items", "i": []}


def test_publish_refuses_what_no_page_understands() -> None:
    with pytest.raises(ValueError, match="gossip"):
        live.publish(unit_id=12, kind="gossip", ids=[1])
    with pytest.raises(ValueError, match="one for one"):
        live.publish(unit_id=12, kind="items", ids=[1, 2], versions=[1])


@pytest.mark.django_db(transaction=True)
def test_publish_on_commit_waits_for_the_commit(heard: redis.client.PubSub) -> None:
    with transaction.atomic():
        live.publish_on_commit(unit_id=12, kind=Kind.EPICS, ids=[1])
        assert heard.get_message(timeout=0.1) is None

    assert next_payload(heard) == {"u": 12, "k": "epics", "i": [1]}


@pytest.mark.django_db(transaction=True)
def test_publish_on_commit_is_silent_after_a_rollback(heard: redis.client.PubSub) -> None:
    with transaction.atomic():
        live.publish_on_commit(unit_id=12, kind=Kind.EPICS, ids=[1])
        transaction.set_rollback(True)

    assert heard.get_message(timeout=0.2) is None


def test_publish_survives_a_redis_restart_without_a_pause(own_redis: Redis) -> None:
    assert publish_timed()[0]
    own_redis.stop()
    own_redis.ensure_running()

    assert publish_timed()[0]


def test_publish_gives_up_at_once_while_redis_is_away(own_redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    circuit = Circuit(rest_seconds=300)
    monkeypatch.setattr(optional_redis, "_circuit", circuit)
    own_redis.stop()

    was_sent, seconds = publish_timed()
    assert not was_sent
    assert seconds < within(1.5)  # a fifth of a second on a quiet machine

    own_redis.ensure_running()
    assert not publish_timed()[0], "a service that has just failed is left alone for a moment"
    monkeypatch.setattr(circuit, "_resting_until", time.monotonic())
    assert publish_timed()[0]


def test_publish_does_not_wait_for_a_redis_that_hangs(own_redis: Redis) -> None:
    assert publish_timed()[0]
    pid = int(Path(own_redis.pidfile).read_text())
    os.kill(pid, signal.SIGSTOP)
    try:
        was_sent, seconds = publish_timed()
        _, seconds_after = publish_timed()
    finally:
        os.kill(pid, signal.SIGCONT)

    assert not was_sent
    assert seconds < within(0.4)
    assert seconds_after < within(0.01)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe",
        b"[1]",
        b"[" * 20_000,
        b'{"u":1}',
        b'{"u":1,"k":"gossip","i":[]}',
        b'{"u":"1","k":"items","i":[]}',
        b'{"u":true,"k":"items","i":[]}',
        b'{"u":1,"k":"items","i":["<script>"]}',
        b'{"u":1,"k":"items","i":[1.5]}',
        b'{"u":1,"k":"items","i":{"a":1}}',
        b'{"u":1,"k":["items"],"i":[]}',
        b'{"u":1,"k":"items\\n\\nevent: bye","i":[]}',
        b'{"u":1,"k":"items","i":[' + b",".join([b"1"] * 501) + b"]}",
        b'{"u":1,"k":"items","i":[' + b"9" * 40_000 + b"]}",
        b'{"u":1,"k":"items","i":[' + b"9" * 5_000 + b"]}",
    ],
    ids=range(16),
)
def test_change_takes_nothing_but_numbers_and_known_words(payload: bytes) -> None:
    with pytest.raises(MalformedChange):
        Change.from_json(payload)


def test_change_is_written_again_without_what_was_added() -> None:
    change = Change.from_json('{"u":1,"k":"items","i":[2],"x":"\u2028</script>"}')

    assert change.to_json() == '{"u":1,"k":"items","i":[2]}'
