"""The stream process as it is started in earnest: its memory under many clients, and its end."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import quote, urlencode

import psutil
import pytest
from django.conf import settings as running
from pytest_django import Settings

from organization.models import Unit, User
from pmo_portal.lib import live, tickets
from tests.patience import within
from tests.streams.listening import Visitor, until
from tests.streams.people import member_of

CLIENTS = 200


class StreamProcess:
    """`python -m pmo_portal.streams` with the test's database, Redis and key."""

    def __init__(self, *, channel_prefix: str, log: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]
        database = running.DATABASES["default"]
        place = urlencode({"host": database["HOST"], "port": database["PORT"]})
        self._log = log.open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pmo_portal.streams", "--host", "127.0.0.1", "--port", str(self.port)],
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "pmo_portal.settings.development",
                "DATABASE_URL": f"postgres://{quote(database['USER'])}@/{database['NAME']}?{place}",
                "REDIS_URL": running.REDIS_URL,
                "SECRET_KEY": running.SECRET_KEY,
                "LIVE_CHANNEL_PREFIX": channel_prefix,
            },
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    def memory(self) -> int:
        """Bytes that belong to this process alone."""
        return int(psutil.Process(self.process.pid).memory_full_info().uss)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self._log.close()


@pytest.fixture
def process(settings: Settings, transactional_db: None, tmp_path: Path) -> Iterator[StreamProcess]:
    log = tmp_path / "log"
    with closing(StreamProcess(channel_prefix=settings.LIVE_CHANNEL_PREFIX, log=log)) as started:
        with closing(Visitor(started.port)) as visitor:
            until(visitor.is_heard, seconds=30)
        yield started
        assert "ticket=" not in log.read_text(), "tickets stay out of the log"


@pytest.fixture
def visitor(process: StreamProcess) -> Iterator[Visitor]:
    with closing(Visitor(process.port)) as visitor:
        yield visitor


def test_process_ends_soon_with_streams_open(
    process: StreamProcess, visitor: Visitor, user: User, harbour: Unit
) -> None:
    stream = visitor.listen(tickets.issue(user=user, unit_ids=[harbour.pk]))
    began_at = time.monotonic()

    process.process.send_signal(signal.SIGTERM)

    assert stream.next_event() is None
    assert process.process.wait(within(5)) == -signal.SIGTERM
    assert time.monotonic() - began_at < within(3)


@pytest.mark.load
def test_two_hundred_clients_hear_at_once_and_cost_little(
    process: StreamProcess, visitor: Visitor, user: User, harbour: Unit
) -> None:
    texts = [tickets.issue(user=member_of(harbour), unit_ids=[harbour.pk]) for _ in range(CLIENTS)]
    # The first of all streams opens the database and its threads; what the others add is measured.
    visitor.listen(tickets.issue(user=user, unit_ids=[harbour.pk]))
    memory_before = process.memory()
    threads_before = psutil.Process(process.process.pid).num_threads()
    with ExitStack() as clients, selectors.DefaultSelector() as selector:
        for text in texts:
            client = clients.enter_context(socket.create_connection(("127.0.0.1", process.port)))
            client.sendall(f"GET /stream?ticket={text} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            selector.register(client, selectors.EVENT_READ)
        assert hear(selector, b"retry: ") == CLIENTS

        seconds = []
        for number in range(20):
            began_at = time.monotonic()
            live.publish(unit_id=harbour.pk, kind="items", ids=[number])
            assert hear(selector, b"[%d]" % number) == CLIENTS
            seconds.append(time.monotonic() - began_at)

        assert psutil.Process(process.process.pid).num_threads() == threads_before
        assert process.memory() - memory_before < 12 * 1024 * 1024
        assert sorted(seconds)[10] < within(0.5)


def hear(selector: selectors.BaseSelector, text: bytes) -> int:
    """How many clients have read this text within five seconds, on a quiet machine."""
    waiting = {key.fileobj for key in selector.get_map().values()}
    heard = dict.fromkeys(waiting, b"")
    deadline = time.monotonic() + within(5)
    while waiting and time.monotonic() < deadline:
        for key, _events in selector.select(0.1):
            client = key.fileobj
            assert isinstance(client, socket.socket)
            heard[client] += client.recv(65_536)
            if text in heard[client]:
                waiting.discard(client)
    return len(heard) - len(waiting)
