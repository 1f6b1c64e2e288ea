"""A Chromium for the tests of the interface, and pages that need no sign-in (tests/ui/urls.py)."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The system's Chromium: the test tool's own download is not reachable everywhere."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("No Chromium: apt-get install chromium")
    return browser_type_launch_args | {"executable_path": path, "args": CHROMIUM_FLAGS}


@pytest.fixture
def quiet_page(page: Page) -> Page:
    """A page on which no script may fail."""
    page.on("pageerror", lambda error: pytest.fail(f"A script failed: {error}"))
    return page


@pytest.fixture
def board_page(quiet_page: Page, live_server: LiveServer, settings: Any) -> Page:
    """The small board of tests/ui/urls.py, freshly loaded on a desk."""
    settings.ROOT_URLCONF = "tests.ui.urls"
    quiet_page.set_viewport_size({"width": 1440, "height": 900})
    quiet_page.goto(f"{live_server.url}/_board/")
    return quiet_page


@pytest.fixture
def living_page(quiet_page: Page, live_server: LiveServer, settings: Any) -> Page:
    """The living page of all components."""
    settings.ROOT_URLCONF = "tests.ui.urls"
    quiet_page.set_viewport_size({"width": 1440, "height": 900})
    quiet_page.goto(f"{live_server.url}/_living/")
    return quiet_page
