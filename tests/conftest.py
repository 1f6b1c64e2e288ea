"""What every test stands on: real PostgreSQL and Redis in a data folder of their own.

The servers run for as long as any worker of the run holds them (see `pmo_portal.embedded.lease`); each worker has a
PostgreSQL database and Redis databases of its own.
"""

from __future__ import annotations

import os

import pytest

from pmo_portal.embedded import Home, servers_in_use

pytest_plugins = ["tests.personas"]

# Playwright's synchronous API runs inside an event loop; the ORM is used beside it in browser tests.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


def pytest_configure(config: pytest.Config) -> None:
    """Have the servers up before Django connects, until this process ends."""
    if config.option.collectonly or config.option.help or config.option.markers:
        return
    holding = servers_in_use(Home(Home.from_environment().root / "test"), durable=False)
    holding.__enter__()
    config.add_cleanup(lambda: holding.__exit__(None, None, None))
