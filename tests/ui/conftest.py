"""Pages that need no sign-in (tests/ui/urls.py), in a browser that forgives no fault of a script."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer


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
def edit_page(quiet_page: Page, live_server: LiveServer, settings: Any) -> Page:
    """One field that is edited in place."""
    settings.ROOT_URLCONF = "tests.ui.urls"
    quiet_page.goto(f"{live_server.url}/_edit/")
    return quiet_page


@pytest.fixture
def living_page(quiet_page: Page, live_server: LiveServer, settings: Any) -> Page:
    """The living page of all components."""
    settings.ROOT_URLCONF = "tests.ui.urls"
    quiet_page.set_viewport_size({"width": 1440, "height": 900})
    quiet_page.goto(f"{live_server.url}/_living/")
    return quiet_page
