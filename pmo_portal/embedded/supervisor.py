"""`make run`: the whole portal on one machine, under one process that a Ctrl-C ends.

Starts the servers, prepares the database, starts the processes, tells where to look, and then watches: what ends is
started again. Killed itself, it leaves nothing that the next start would not find and clear away.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import IO

import psycopg
import redis

from pmo_portal.embedded.failure import ServerFailure
from pmo_portal.embedded.home import Home
from pmo_portal.embedded.lease import ensure_running, servers_in_use
from pmo_portal.embedded.processes import MARK, Child, end_all, end_leftovers, programs
from pmo_portal.environment import PROJECT, env

USAGE_ERROR = 2
WATCH_SECONDS = 0.25
SERVER_CHECK_SECONDS = 2.0
READY_SECONDS = 60.0
END_SECONDS = 15.0


class Asked(BaseException):
    """Somebody asked us to end. Not an `Exception`: nothing on the way out shall take it for a mishap."""


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Run the portal until asked to end; returns the exit code."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, on_signal)
    try:
        run()
    except ServerFailure as failure:
        sys.stderr.write(f"{failure}\n")
        return USAGE_ERROR
    except Asked:
        say("The portal has ended.")
    return 0


def on_signal(signum: int, frame: FrameType | None) -> None:
    """The first signal ends the portal in good order; later ones change nothing about that."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    raise Asked


def run() -> None:
    """Everything between the command and its end."""
    home = Home.from_environment()
    host = env.str("HOST", "127.0.0.1")
    port = env.int("PORT", 8000)
    stream_port = env.int("STREAM_PORT", port + 1)
    home.prepare()
    os.environ.pop(MARK, None)
    with only_supervisor(home):
        if left := end_leftovers(home):
            say(f"Cleared away {left} processes that an interrupted run had left behind.")
        for number, variable in ((port, "PORT"), (stream_port, "STREAM_PORT")):
            check_port(host, number, variable)
        check_given_servers()
        with servers_in_use(home):
            prepare_database(home)
            children = [Child(program, home) for program in programs(host=host, port=port, stream_port=stream_port)]
            try:
                for child in children:
                    child.start()
                watch(home, children, host=host, port=port)
            finally:
                say("\nEnding ...")
                end_all(children, seconds=END_SECONDS)
                end_leftovers(home)


@contextlib.contextmanager
def only_supervisor(home: Home) -> Iterator[None]:
    """One portal a data folder. The lock is the kernel's, so a killed holder cannot keep it."""
    with open(home.run / "supervisor.lock", "a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ServerFailure(
                f"The portal already runs from {home.root}{running_at(lock)}; "
                "for a second copy set PORTAL_HOME and PORT."
            ) from None
        lock.truncate(0)
        lock.write(f"{env.int('PORT', 8000)}\n")
        lock.flush()
        yield


def running_at(lock: IO[str]) -> str:
    lock.seek(0)
    port = lock.read().strip()
    return f" (http://localhost:{port}/)" if port else ""


def check_port(host: str, port: int, variable: str) -> None:
    """Say now, in one sentence, what would otherwise be found in a log."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((host, port))
        except OverflowError as error:
            raise ServerFailure(f"{variable}={port} is no port number.") from error
        except OSError as error:
            raise ServerFailure(
                f"Port {port} on {host} cannot be used ({os.strerror(error.errno or 0)}); "
                f"choose another with {variable}=..."
            ) from error


def check_given_servers() -> None:
    """See that the servers the environment names can be reached."""
    if url := env.str("DATABASE_URL", ""):
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.Error as error:
            reason = " ".join(str(error).split())
            raise ServerFailure(f"The database that DATABASE_URL names cannot be reached: {reason}") from error
    if url := env.str("REDIS_URL", ""):
        try:
            with contextlib.closing(redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5)) as client:
                client.ping()
        except (redis.RedisError, ValueError, OSError) as error:
            raise ServerFailure(f"The Redis server that REDIS_URL names cannot be reached: {error}") from error


def prepare_database(home: Home) -> None:
    """Run the migrations in a process of their own: the supervisor itself stays small."""
    with open(home.log / "prepare.log", "ab") as errors:
        result = subprocess.run(
            [sys.executable, "-m", "pmo_portal.embedded.prepare"],
            cwd=PROJECT,
            env=os.environ | {MARK: str(home.root)},
            stdin=subprocess.DEVNULL,
            stderr=errors,
            check=False,
        )
    if result.returncode:
        raise ServerFailure(f"The database could not be prepared: {last_line(home.log / 'prepare.log')}")


def last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n")
    return f"{next((line for line in reversed(lines) if line.strip()), 'no reason given')} (more in {log})"


def watch(home: Home, children: list[Child], *, host: str, port: int) -> None:
    """Keep everything running; returns never, but by `Asked` or a server that cannot be started again."""
    started_at = time.monotonic()
    servers_checked_at = started_at
    is_announced = False
    while True:
        for child in children:
            if trouble := child.watch():
                say(trouble)
        now = time.monotonic()
        if now - servers_checked_at > SERVER_CHECK_SECONDS:
            servers_checked_at = now
            keep_servers(home)
        if not is_announced and answers(host, port):
            is_announced = True
            announce(home, host=host, port=port)
        elif not is_announced and now - started_at > READY_SECONDS:
            is_announced = True
            say(f"The pages do not answer after {READY_SECONDS:.0f} s; why is in {home.log / 'web.log'}.")
        time.sleep(WATCH_SECONDS)


def keep_servers(home: Home) -> None:
    """Start again an embedded server that died; when that fails, say so and try again later."""
    try:
        ensure_running(home)
    except ServerFailure as failure:
        say(str(failure))


def answers(host: str, port: int) -> bool:
    """Whether the first page could be served."""
    try:
        with urllib.request.urlopen(f"http://{reachable(host)}:{port}/healthz", timeout=2) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def reachable(host: str) -> str:
    """The name a browser on this machine uses for the address we listen on."""
    return {"0.0.0.0": "localhost", "127.0.0.1": "localhost", "::": "localhost"}.get(host, host)  # noqa: S104


def announce(home: Home, *, host: str, port: int) -> None:
    """Tell the person at the terminal where to look and who to be."""
    say(f"\n  The portal runs:  http://{reachable(host)}:{port}/")
    if accounts := home.demo_accounts.read_text():
        say("  Demo accounts, one click each on the sign-in page:")
        say("\n".join(f"    {line}" for line in accounts.splitlines()))
    say(f"  Logs: {home.log}   Ctrl-C ends it.\n")


if __name__ == "__main__":
    sys.exit(main())
