"""The whole portal as `make run` starts it, with the demo organisation, and browsers in front of it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.embedded.test_supervisor import Portal

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


class DemoPortal(Portal):
    """A copy of the portal that fills itself with the demo at its first start."""

    def environment(self, **more: str) -> dict[str, str]:
        return super().environment(DEMO_MODE="true", DEMO_SIZE="small", **more)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://localhost:{self.port}"


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoPortal]:
    """One running portal for all journeys of this worker."""
    folder = Path(tmp_path_factory.mktemp("portal")) / "var"
    running = DemoPortal(folder)
    running.start()
    try:
        yield running
    finally:
        running.end(signal.SIGTERM)


@pytest.fixture
def enter(portal: DemoPortal, browser: Browser) -> Iterator[Callable[..., Page]]:
    """``enter("Executive")``: a browser of its own in which that demo account has just signed in."""
    contexts: list[BrowserContext] = []

    def signed_in(role: str, *, viewport: dict[str, int] | None = None, **options: Any) -> Page:
        context = browser.new_context(viewport=viewport or DESK, base_url=portal.url, **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: pytest.fail(f"A script failed: {error}"))
        page.goto("/sign-in/")
        page.locator("button", has=page.get_by_text(role, exact=True)).first.click()
        page.wait_for_url("**/")
        return page

    yield signed_in
    for context in contexts:
        context.close()
