"""A browser's side of a stream, and the stream process's, for tests."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import urlencode

from pmo_portal.streams.application import StreamApplication
from pmo_portal.streams.server import StreamServer


@dataclass(frozen=True)
class Event:
    """One server-sent event; comments have no name."""

    name: str
    data: str


class Stream:
    """One stream, open or refused, and what it brought."""

    def __init__(self, connection: HTTPConnection) -> None:
        # The response takes the socket over from the connection; ending it early needs it at hand.
        self._connection = connection
        self._socket = connection.sock
        self._response = connection.getresponse()
        self._events: SimpleQueue[Event | None] = SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self.status = self._response.status
        self.headers = {key.lower(): value for key, value in self._response.getheaders()}
        self.body = b""
        if self.status == HTTPStatus.OK:
            self._reader.start()
        else:
            self.body = self._response.read()

    def next_event(self, seconds: float = 30.0) -> Event | None:
        """The next event; None when the stream has ended; TimeoutError when nothing came."""
        try:
            return self._events.get(timeout=seconds)
        except Empty:
            raise TimeoutError("no event") from None

    def next_change(self) -> list[int]:
        """The ids that the next event names."""
        event = self.next_event()
        assert event is not None
        assert event.name == "change"
        ids: list[int] = json.loads(event.data)["i"]
        return ids

    def farewell(self, seconds: float) -> str:
        """The reason with which the stream is ended within so many seconds, whatever it brings before."""
        deadline = time.monotonic() + seconds
        while event := self.next_event(max(0.0, deadline - time.monotonic())):
            if event.name == "bye":
                reason: str = json.loads(event.data)["reason"]
                return reason
        raise AssertionError("ended without a farewell")

    def is_silent(self, seconds: float = 0.3) -> bool:
        try:
            self.next_event(seconds)
        except TimeoutError:
            return True
        return False

    def close(self) -> None:
        if self._reader.is_alive():
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._reader.join(5)
        self._response.close()
        self._connection.close()

    def _read(self) -> None:
        name, data = "", []
        with contextlib.suppress(OSError, HTTPException):
            for raw in self._response:
                line = raw.decode().rstrip("\n")
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    data.append(line.removeprefix("data: "))
                elif line.startswith(":"):
                    self._events.put(Event("", line))
                elif not line and (name or data):
                    self._events.put(Event(name, "\n".join(data)))
                    name, data = "", []
        self._events.put(None)


class Visitor:
    """Opens streams of one stream process and closes them when the test is over."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._streams: list[Stream] = []

    def open(self, *tickets: str, headers: Mapping[str, str] | None = None) -> Stream:
        """Ask for a stream and, if it is granted, keep reading it."""
        query = urlencode([("ticket", ticket) for ticket in tickets])
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", f"/stream?{query}", headers=dict(headers or {}))
        stream = Stream(connection)
        self._streams.append(stream)
        return stream

    def listen(self, *tickets: str) -> Stream:
        """A granted stream, past what happened before it was opened (a process just started asks to refresh)."""
        stream = self.open(*tickets)
        assert stream.status == HTTPStatus.OK
        while not stream.is_silent(0.1):
            pass
        return stream

    def status(self, *tickets: str) -> int:
        """How the process answers to these tickets; a granted stream is closed again."""
        stream = self.open(*tickets)
        stream.close()
        return stream.status

    def health(self) -> dict[str, Any]:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
            connection.request("GET", "/healthz")
            report: dict[str, Any] = json.load(connection.getresponse())
            return report

    def is_heard(self) -> bool:
        """Whether the process is up and changes reach it."""
        try:
            return bool(self.health()["is_hearing"])
        except OSError:
            return False

    def close(self) -> None:
        for stream in self._streams:
            stream.close()


@contextlib.contextmanager
def serving(application: StreamApplication) -> Iterator[int]:
    """Run the application under its real server on a free port, in a thread; gives the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = StreamServer(application)
    thread = threading.Thread(target=asyncio.run, args=(server.serve(sockets=[listener]),))
    thread.start()
    try:
        until(lambda: server.started)
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)
    assert not thread.is_alive()


def until(condition: Callable[[], bool], *, seconds: float = 30.0) -> None:
    """Wait for something that another thread or process brings about."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("it did not come about in time")
        time.sleep(0.01)
