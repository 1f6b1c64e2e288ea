"""One whole portal for the fault tests of a module."""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pmo_portal.embedded.postgres import Postgres
from pmo_portal.embedded.processes import leftovers
from pmo_portal.embedded.redis import Redis
from tests.embedded.test_supervisor import Portal
from tests.faults.running import Running


@pytest.fixture(scope="module")
def running(request: pytest.FixtureRequest) -> Iterator[Running]:
    """A portal with a scene of as many ITEMS as the module says; ended when the module is through."""
    folder = Path(tempfile.mkdtemp(prefix="portal-fault-"))
    folder.chmod(0o711)
    portal = Portal(folder / "home")
    try:
        yield Running.start(portal, items=request.module.ITEMS)
        portal.end(signal.SIGTERM)
    finally:
        if portal.process is not None and portal.process.poll() is None:
            portal.process.kill()
            portal.process.wait(10)
        for left in leftovers(portal.home):
            left.kill()
        for server in (Redis(portal.home), Postgres(portal.home)):
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
