"""Who uses the embedded servers, and who stops them.

Every user holds a shared lock on `run/servers.lock`. Whoever lets go tries for the exclusive lock: who gets it was the
last, and stops the servers. The locks are the kernel's, so a killed user lets go too. Starting and stopping happen
under a second, exclusive lock, so that two processes never start one server, nor does one stop what another just found.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from pmo_portal.embedded.home import Home
from pmo_portal.embedded.postgres import Postgres
from pmo_portal.embedded.redis import Redis
from pmo_portal.environment import env


def embedded_servers(home: Home, *, durable: bool) -> list[Postgres | Redis]:
    """The servers that no environment variable replaces."""
    servers: list[Postgres | Redis] = []
    if not env.str("DATABASE_URL", ""):
        servers.append(Postgres(home, durable=durable))
    if not env.str("REDIS_URL", ""):
        servers.append(Redis(home, durable=durable))
    return servers


@contextmanager
def servers_in_use(home: Home | None = None, *, durable: bool = True) -> Iterator[Home]:
    """Have the servers running for the length of the block."""
    home = home or Home.from_environment()
    servers = embedded_servers(home, durable=durable)
    if not servers:
        yield home
        return
    home.prepare()
    with open(home.run / "servers.lock", "a") as users:
        with starting_or_stopping(home):
            for server in servers:
                server.ensure_running()
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield home
        finally:
            release(home, users, servers)


def release(home: Home, users: IO[str], servers: list[Postgres | Redis]) -> None:
    """Let go of the servers; stop them when nobody else holds on."""
    with starting_or_stopping(home):
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        for server in reversed(servers):
            server.stop()


def ensure_running(home: Home, *, durable: bool = True) -> None:
    """Start again what has died; for a holder that watches over the servers."""
    for server in embedded_servers(home, durable=durable):
        if not server.has_process():
            with starting_or_stopping(home):
                server.ensure_running()


@contextmanager
def starting_or_stopping(home: Home) -> Iterator[None]:
    """One process at a time starts or stops."""
    with open(home.run / "start.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
