"""The browser's worker before a real stream process: two pages, one stream, tickets exchanged, rights lost.

The pages here are empty and stand on another port, as in the one-machine default; what they do with a message is
tested with the pages themselves.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest
import time_machine
from django.conf import settings
from django.db import connections
from playwright.sync_api import BrowserContext, Page

from organization.access import live_rights
from organization.models import Unit, User
from pmo_portal.lib import live, tickets
from tests.streams.listening import Visitor
from tests.streams.people import join_team, leave_team

WORKER = settings.BASE_DIR / "static" / "js" / "live-worker.js"

SCRIPT = """([url, ticket]) => {
  window.heard = [];
  const worker = new SharedWorker("/live-worker.js", { name: "portal-live" });
  worker.port.onmessage = (event) => window.heard.push(event.data);
  worker.port.start();
  worker.port.postMessage({
    type: "hello", ticket, ticketUrl: new URL("/ticket/", location.href).href, streamUrl: url, csrf: "",
  });
}"""


class Pages(BaseHTTPRequestHandler):
    """An empty page, the worker, and the exchange of tickets for the one user there is."""

    user: User

    def do_GET(self) -> None:
        is_worker = self.path == "/live-worker.js"
        self._answer(200, WORKER.read_bytes() if is_worker else b"", "text/javascript" if is_worker else "text/html")

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        try:
            visible = live_rights([self.user.pk]).get(self.user.pk, frozenset())
        finally:
            connections.close_all()  # a thread of its own answers; what it holds would be gone from the pool
        try:
            ticket = tickets.renew(form["ticket"], user=self.user, visible_unit_ids=visible)
        except tickets.TicketInvalid:
            self._answer(404, b"", "text/plain")
        else:
            self._answer(200, ticket.encode(), "text/plain")

    def _answer(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def origin(user: User) -> Iterator[str]:
    handler = type("PagesOfOne", (Pages,), {"user": user})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


OpenPage = Callable[[str], Page]


@pytest.fixture
def open_page(visitor: Visitor, origin: str, context: BrowserContext) -> OpenPage:
    """Opens a page that has this ticket, before the stream process of `visitor`."""

    def opened(ticket: str) -> Page:
        page = context.new_page()
        page.goto(origin)
        page.evaluate(SCRIPT, [f"http://127.0.0.1:{visitor.port}/stream", ticket])
        return page

    return opened


def hears(page: Page, **message: object) -> None:
    """Wait until the page has heard a message with these values."""
    page.wait_for_function(
        "(wanted) => window.heard.some((message) => Object.entries(wanted).every("
        "([key, value]) => JSON.stringify(message[key]) === JSON.stringify(value)))",
        arg=message,
        timeout=10_000,
    )


def ticket(user: User, *units: Unit) -> str:
    return tickets.issue(user=user, unit_ids=[unit.pk for unit in units])


def change(unit: Unit, *ids: int) -> list[dict[str, object]]:
    """Publish a change; gives what a page is to hear of it."""
    assert live.publish(unit_id=unit.pk, kind="items", ids=ids)
    return [{"u": unit.pk, "k": "items", "i": list(ids)}]


def test_pages_of_a_browser_share_one_stream(
    open_page: OpenPage, visitor: Visitor, user: User, harbour: Unit, lighthouse: Unit
) -> None:
    join_team(user, lighthouse)
    first = open_page(ticket(user, harbour))
    hears(first, type="open")
    second = open_page(ticket(user, lighthouse))
    hears(second, type="open")

    hears(first, type="change", changes=change(harbour, 1))
    hears(second, type="change", changes=change(lighthouse, 2))
    assert visitor.health()["streams"] == 1


def test_page_with_an_old_ticket_gets_a_new_one(open_page: OpenPage, user: User, harbour: Unit) -> None:
    with time_machine.travel(time.time() - 3_600):
        old = ticket(user, harbour)

    page = open_page(old)

    hears(page, type="open")
    hears(page, type="change", changes=change(harbour, 1))


def test_page_is_told_when_nothing_is_left_to_hear(open_page: OpenPage, user: User, harbour: Unit) -> None:
    page = open_page(ticket(user, harbour))
    hears(page, type="open")

    leave_team(user, harbour)

    hears(page, type="ended")


def test_page_that_loses_one_of_its_units_goes_on_with_the_other(
    open_page: OpenPage, user: User, harbour: Unit, lighthouse: Unit
) -> None:
    join_team(user, lighthouse)
    page = open_page(ticket(user, harbour, lighthouse))
    hears(page, type="open")

    leave_team(user, lighthouse)

    hears(page, type="lost")
    hears(page, type="open", refresh=True)
    hears(page, type="change", changes=change(harbour, 1))
