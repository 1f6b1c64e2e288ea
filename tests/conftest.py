"""What every test stands on: real PostgreSQL and Redis in a data folder of their own.

The servers run for as long as any worker of the run holds them (see `pmo_portal.embedded.lease`); each worker has a
PostgreSQL database and Redis databases of its own.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from django.db.backends.postgresql.creation import DatabaseCreation
from playwright.sync_api import expect

from pmo_portal.embedded import Home, browser, servers_in_use

pytest_plugins = ["tests.personas"]

# Playwright's synchronous API runs inside an event loop; the ORM is used beside it in browser tests.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

# How long a page may take to get there, milliseconds: a busy machine is no defect of the page.
expect.set_options(timeout=20_000)


def pytest_configure(config: pytest.Config) -> None:
    """Have the servers up before Django connects, until this process ends."""
    if config.option.collectonly or config.option.help or config.option.markers:
        return
    DatabaseCreation._destroy_test_db = drop_by_force
    home = Home(Home.from_environment().root / "test")
    holding = ExitStack()
    config.add_cleanup(holding.close)
    if not hasattr(config, "workerinput"):
        holding.enter_context(only_run(home))
    holding.enter_context(servers_in_use(home, durable=False))


def drop_by_force(self: DatabaseCreation, name: str, verbosity: int) -> None:
    """Drop a test database even if a thread of some test left a session in it."""
    self.connection.close_pool()
    with self._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE {self.connection.ops.quote_name(name)} WITH (FORCE)")


@contextmanager
def only_run(home: Home) -> Iterator[None]:
    """One test run a data folder: a second would drop the first one's databases. It waits for its turn."""
    home.prepare()
    with open(home.run / "tests.lock", "a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write(f"Another test run uses {home.root}; waiting for it to end (or set PORTAL_HOME).\n")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(autouse=True)
def portals_words() -> None:
    """As after any page of an organisation without words of its own: read, and cached. The cache outlives the
    transaction of a test; who gives words to the organisation past its service calls ``forget_own_words``."""
    # Not on top of this file: Django is not set up yet when pytest reads it.
    from django.core.cache import cache

    from organization.terms import CACHE_KEY

    cache.set(CACHE_KEY, {})


@pytest.fixture
def server_folder() -> Iterator[Path]:
    """A short-named folder beside pytest's: pytest closes its own to all other users whenever a session starts, and as
    root the database runs as another one."""
    path = Path(tempfile.mkdtemp(prefix="portal-test-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Browser tests drive the system's Chromium (`make test` sees to it that there is one)."""
    return browser_type_launch_args | {"executable_path": browser.find(), "args": list(browser.FLAGS)}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """A desktop screen, in the language and zone the tests are written for."""
    return browser_context_args | {
        "viewport": {"width": 1440, "height": 900},
        "locale": "en-GB",
        "timezone_id": "Europe/Berlin",
    }


LONGEST_FIRST: Final = (
    "tests/faults/",
    "tests/docker/",
    "tests/embedded/",
    "tests/e2e/",
    "tests/metrics/services/test_killed_workers.py",
    "tests/access/test_mutants.py",
    "tests/access/test_pages.py",
)
"""What takes long as a whole, or starts a portal of its own."""


LONG_SECONDS: Final = 1800
"""How long a test that says it is long may take, if it does not say how long, on a machine with other work."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What drives a browser is marked so by the fixture it asks for; nobody has to remember the mark.

    The longest go first, together, the rest stays in the order drawn by lot: a run ends with tests so short that its
    workers end at once, and the portal that the journeys share is started by one of them only.
    """
    for item in items:
        if "page" in getattr(item, "fixturenames", ()) or "context" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
        if not item.get_closest_marker("timeout") and any(map(item.get_closest_marker, ("slow", "load", "fault"))):
            item.add_marker(pytest.mark.timeout(LONG_SECONDS))
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    places = (number for number, start in enumerate(LONGEST_FIRST) if item.nodeid.startswith(start))
    return next(places, len(LONGEST_FIRST))
