"""`make run` from outside: what it says, what it leaves, what it survives."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from pmo_portal.embedded.home import Home
from pmo_portal.embedded.postgres import Postgres
from pmo_portal.embedded.processes import leftovers
from pmo_portal.embedded.redis import Redis
from pmo_portal.environment import PROJECT

pytestmark = pytest.mark.xdist_group("supervisor")


def free_ports() -> int:
    """A port that is free together with the one after it."""
    for port in range(18_400, 19_400, 2):
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("127.0.0.1", port))
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise AssertionError("no two free ports")


class Portal:
    """One copy of the portal, as a person at a terminal sees it."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder)
        self.port = free_ports()
        self.said = folder.with_suffix(".out")
        self.process: subprocess.Popen[bytes] | None = None

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
        return kept | {
            "DJANGO_SETTINGS_MODULE": "pmo_portal.settings.development",
            "PORTAL_HOME": str(self.home.root),
            "PORT": str(self.port),
            "DEMO_MODE": "false",
        } | more  # fmt: skip

    def start(self) -> None:
        with open(self.said, "wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pmo_portal.embedded.supervisor"],
                cwd=PROJECT, env=self.environment(), stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        # Not "it answers": what a killed supervisor left behind may still do so.
        wait_until(lambda: "The portal runs" in self.said.read_text() or self.process.poll() is not None, seconds=240)
        assert self.process.poll() is None, self.said.read_text()

    def refused(self, **environment: str) -> tuple[int, str]:
        """Start it where it must refuse: the exit code and what it said."""
        result = subprocess.run(
            [sys.executable, "-m", "pmo_portal.embedded.supervisor"],
            cwd=PROJECT, env=self.environment(**environment), capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        return result.returncode, result.stderr

    def answers(self, path: str = "/healthz") -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as response:
                return bool(response.status == 200)
        except OSError:
            return False

    def end(self, signum: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(signum)
        return self.process.wait(40)


def wait_until(condition: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


@pytest.fixture
def portal(server_folder: Path) -> Iterator[Portal]:
    portal = Portal(server_folder / "home")
    yield portal
    if portal.process is not None and portal.process.poll() is None:
        portal.process.kill()
        portal.process.wait(10)
    for left in leftovers(portal.home):
        left.kill()
    for server in (Redis(portal.home), Postgres(portal.home)):
        server.stop()


@contextmanager
def listening(port: int) -> Iterator[None]:
    """Another program on this port."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        yield


def test_run_serves_and_ends_without_a_trace(portal: Portal) -> None:
    portal.start()
    wait_until(lambda: portal.answers("/readyz"), seconds=120)
    assert {Path(process.cmdline()[2]).name for process in leftovers(portal.home) if "-m" in process.cmdline()} >= {
        "gunicorn", "celery", "pmo_portal.streams",
    }  # fmt: skip
    code, said = portal.refused(PORT=str(portal.port + 400))
    assert code == 2
    assert f"already runs from {portal.home.root}" in said
    assert said.count("\n") == 1

    assert portal.end(signal.SIGINT) == 0
    assert leftovers(portal.home) == []
    assert not Postgres(portal.home).has_process()
    assert not Redis(portal.home).has_process()
    assert f"http://localhost:{portal.port}/" in portal.said.read_text()


@pytest.mark.parametrize("offset", [0, 1], ids=["pages", "stream"])
def test_taken_port_is_said_in_one_sentence(portal: Portal, offset: int) -> None:
    with listening(portal.port + offset):
        code, said = portal.refused()
    assert code == 2
    assert said.startswith(f"Port {portal.port + offset} on 127.0.0.1 cannot be used")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("variable", "url"),
    [("DATABASE_URL", "postgresql://nobody:x@127.0.0.1:1/none"), ("REDIS_URL", "redis://127.0.0.1:1/0")],
)
def test_unreachable_server_is_said_in_one_sentence(portal: Portal, variable: str, url: str) -> None:
    code, said = portal.refused(**{variable: url})
    assert code == 2
    assert f"that {variable} names cannot be reached" in said
    assert said.count("\n") == 1


@pytest.mark.fault
def test_killed_supervisor_is_followed_by_a_whole_start(portal: Portal) -> None:
    portal.start()
    assert portal.end(signal.SIGKILL) == -signal.SIGKILL
    portal.start()
    wait_until(lambda: portal.answers("/readyz"), seconds=120)
    assert portal.end(signal.SIGTERM) == 0
    assert leftovers(portal.home) == []


@pytest.mark.fault
def test_killed_parts_are_started_again(portal: Portal) -> None:
    portal.start()
    wait_until(lambda: portal.answers("/readyz"), seconds=120)
    before = {process.pid for process in leftovers(portal.home)}
    servers: list[Postgres | Redis] = [Postgres(portal.home), Redis(portal.home)]
    for process in [*leftovers(portal.home), *(server._process() for server in servers)]:
        assert process is not None
        with suppress(psutil.NoSuchProcess):  # it may have ended with its parent
            process.kill()
    wait_until(lambda: all(server.is_alive() for server in servers), seconds=60)
    wait_until(lambda: portal.answers("/readyz"), seconds=90)
    assert before.isdisjoint(process.pid for process in leftovers(portal.home))
    assert portal.end(signal.SIGTERM) == 0


@pytest.mark.fault
def test_pages_heal_without_a_restart_when_the_servers_die(portal: Portal) -> None:
    portal.start()
    wait_until(lambda: portal.answers("/readyz"), seconds=120)
    before = {process.pid for process in leftovers(portal.home)}
    for server in (Postgres(portal.home), Redis(portal.home)):
        process = server._process()
        assert process is not None
        process.kill()
    wait_until(lambda: not portal.answers("/readyz"), seconds=10)
    wait_until(lambda: portal.answers("/readyz"), seconds=30)
    assert before <= {process.pid for process in leftovers(portal.home)}
    assert portal.end(signal.SIGTERM) == 0


@pytest.mark.fault
def test_killed_supervisor_and_all_its_processes(portal: Portal) -> None:
    portal.start()
    portal.end(signal.SIGKILL)
    for process in leftovers(portal.home):
        process.kill()
    for server in (Postgres(portal.home), Redis(portal.home)):
        found = server._process()
        assert found is not None
        found.kill()
    portal.start()
    assert portal.end(signal.SIGTERM) == 0
