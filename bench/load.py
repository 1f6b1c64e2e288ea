"""Many clients at once against gunicorn with two workers, as the portal is run."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client


@contextmanager
def served(*, workers: int = 2, threads: int = 4) -> Iterator[int]:
    """gunicorn on a free port; gives the port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "gunicorn", "bench.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", str(workers),
        "--threads", str(threads), "--worker-class", "gthread", "--log-level", "error",
    ]  # fmt: skip
    server = subprocess.Popen(command, env={**os.environ, "DJANGO_SETTINGS_MODULE": "bench.settings"})
    try:
        _wait_for(port)
        yield port
    finally:
        server.terminate()
        server.wait(20)


def cookie_of(client: Client) -> str:
    """The session cookie of a signed-in test client."""
    morsel = client.cookies[settings.SESSION_COOKIE_NAME]
    if not SessionStore(morsel.value).exists(morsel.value):
        raise RuntimeError("the session is not in the database")
    return f"{settings.SESSION_COOKIE_NAME}={morsel.value}"


def pages_a_second(port: int, path: str, cookie: str, *, clients: int, seconds: float) -> float:
    """Whole answers a second, all of them 200; measured once every worker has answered before."""

    def client(deadline: float) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        done = 0
        while not done or time.monotonic() < deadline:
            connection.request("GET", path, headers={"Cookie": cookie, "Host": "localhost"})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{path} answered {answer.status}")
            done += 1
        connection.close()
        return done

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(lambda _number: client(0), range(2 * clients)))

    start = time.monotonic()
    deadline = start + seconds
    with ThreadPoolExecutor(clients) as pool:
        total = sum(pool.map(lambda _number: client(deadline), range(clients)))
    return total / (time.monotonic() - start)


def _wait_for(port: int) -> None:
    for _attempt in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server did not come up")
