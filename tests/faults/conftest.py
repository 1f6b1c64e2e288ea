"""One whole portal for the fault tests of a module."""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pmo_portal.embedded.postgres import Postgres
from pmo_portal.embedded.processes import leftovers
from pmo_portal.embedded.redis import Redis
from tests.embedded.test_supervisor import Portal
from tests.faults.running import Running


@contextmanager
def whole_portal(folder: Path, *, items: int) -> Iterator[Running]:
    """A portal in a folder, with a scene of so many items; nothing of it is left when the block ends."""
    portal = Portal(folder / "home")
    with nothing_left_of(portal):
        yield Running.start(portal, items=items)


@contextmanager
def nothing_left_of(portal: Portal) -> Iterator[None]:
    """End a portal after the block, and whatever of it a fault has left behind."""
    try:
        yield
        portal.end(signal.SIGTERM)
    finally:
        if portal.process is not None and portal.process.poll() is None:
            portal.process.kill()
            portal.process.wait(10)
        for left in leftovers(portal.home):
            left.kill()
        for server in (Redis(portal.home), Postgres(portal.home)):
            server.stop()


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Where a portal may keep its data: a short name, for sockets."""
    path = Path(tempfile.mkdtemp(prefix="portal-fault-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def running(request: pytest.FixtureRequest, folder: Path) -> Iterator[Running]:
    """A portal with a scene of as many ITEMS as the module says."""
    with whole_portal(folder, items=request.module.ITEMS) as made:
        yield made
