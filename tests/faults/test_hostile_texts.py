"""Texts that want to be more than text, in a real browser under the portal's own policy, with its streams running.

In every title and description of items, epics, features, themes and units stands an attack. Somebody opens every page
and the panel, and watches a board on which such a text arrives live. No script of it runs, nothing is fetched for it,
no error is in the console, and it is read as it was written.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.faults.running import Running

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(600)]

ITEMS = 12
MARK = "zq7"
ATTACK = (
    f"\"'><script>{MARK}()</script><svg/onload={MARK}()><img src=/{MARK} onerror={MARK}()>"
    f"<b id=main hx-get=/{MARK} hx-trigger=load sse-connect=/{MARK}>{{{{{MARK}}}}}\u2028data: 1 event: x id: 7"
)
LONG = ATTACK + (
    f"\n\n[a](javascript:{MARK}()) [b](data:text/html,<script>{MARK}()</script>) <javascript:{MARK}()>"
    f"\n\n![i](/{MARK}.png) [c](&#106;avascript:{MARK}()) <iframe srcdoc='<script>{MARK}()</script>'></iframe>"
    f"\n\n<form action=javascript:{MARK}()><button id=main>x</button></form><a href=/x hx-on:click={MARK}()>y</a>"
)
PAGES = (
    "/", "/teams/", "/teams/HARBOUR/board/", "/teams/HARBOUR/backlog/", "/teams/HARBOUR/items/", "/teams/REEF/board/",
    "/teams/REEF/sprints/", "/strategy/", "/portfolio/", "/portfolio/SHORE/board/", "/portfolio/SHORE/epics/",
    "/programs/COAST/board/", "/programs/COAST/features/", "/metrics/", "/metrics/units/SHORE/",
    "/metrics/units/HARBOUR/", "/units/", "/people/", "/access/",
)  # fmt: skip


NAMES = {
    "teams_workitem": ("title", "description"),
    "portfolio_epic": ("title", "description"),
    "portfolio_feature": ("title", "description"),
    "portfolio_strategictheme": ("name", "description"),
    "portfolio_workflowstate": ("name", "policy"),
    "organization_unit": ("name", "description"),
    "teams_sprint": ("name", "goal"),
    "organization_person": ("name", None),
}
"""A short and a long text of each kind of thing."""


def poison(running: Running) -> None:
    """Put the attack everywhere, past all forms."""
    with running.connect() as connection:
        for table, (short, long) in NAMES.items():
            connection.execute(f"UPDATE {table} SET {short} = left(id::text || %s::text, 80)", [ATTACK])  # noqa: S608
            if long is not None:
                connection.execute(f"UPDATE {table} SET {long} = %s", [LONG])  # noqa: S608
        connection.execute("UPDATE teams_workitem SET blocked_reason = left(%s, 200), blocked_at = now()", [ATTACK])
        connection.execute("UPDATE teams_workitem SET title = left(id::text || %s::text, 255)", [ATTACK])


class Watch:
    """Whatever goes wrong in a browser."""

    def __init__(self) -> None:
        self.wrong: list[str] = []

    def follow(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.wrong.append(f"{page.url}: {error}"))
        page.on("console", lambda said: said.type == "error" and self.wrong.append(f"{page.url}: {said.text}"))
        page.on(
            "request", lambda sent: f"/{MARK}" in sent.url and self.wrong.append(f"{page.url}: asks for {sent.url}")
        )
        page.on("dialog", lambda dialog: self.wrong.append(f"{page.url}: {dialog.message}"))

    def check(self, page: Page) -> None:
        ran = page.evaluate("window.__ran")
        assert not ran, f"{page.url} ran it {ran} times"
        assert self.wrong == []


@contextmanager
def reader(running: Running, browser: Browser) -> Iterator[tuple[Page, Watch]]:
    """A browser in which the person is signed in; what the attacks call tells on them."""
    base = f"http://127.0.0.1:{running.portal.port}"
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=base)
    context.add_cookies(
        [{"name": name, "value": value, "url": base} for name, value in running.scene["cookies"].items()]
    )
    context.add_init_script(f"window.__ran = 0; window.{MARK} = () => {{ window.__ran += 1; }};")
    page, watch = context.new_page(), Watch()
    watch.follow(page)
    try:
        yield page, watch
    finally:
        context.close()


def test_hostile_texts_stay_texts_in_a_browser(running: Running, browser: Browser) -> None:
    with running.client() as client:
        for url, data in (
            ("/programs/COAST/board/add/", {"column": running.scene["feature_state"], "title": "Feature"}),
            ("/portfolio/SHORE/themes/new/", {"name": "Theme", "state": "PROPOSED", "weight_percent": "10"}),
        ):
            assert client.post(url, data=data).status_code < 400
    item, key = running.scene["items"][0]
    epic_key = running.scene["epics"][0][1]
    ((feature_key,),) = running.query("SELECT key FROM portfolio_feature LIMIT 1")
    ((theme,),) = running.query("SELECT id FROM portfolio_strategictheme LIMIT 1")
    poison(running)
    with reader(running, browser) as (page, watch):
        for url in (
            *PAGES, f"/items/{key}/", f"/items/{key}/?tab=history", f"/items/{key}/edit/", f"/epics/{epic_key}/",
            f"/epics/{epic_key}/edit/", f"/epics/{epic_key}/case/", f"/epics/{epic_key}/history/",
            f"/features/{feature_key}/", f"/features/{feature_key}/edit/", f"/features/{feature_key}/history/",
            f"/themes/{theme}/", f"/themes/{theme}/edit/", f"/teams/REEF/sprints/{running.scene['sprint']}/",
            f"/teams/REEF/sprints/{running.scene['sprint']}/close/", "/teams/HARBOUR/settings/", "/units/SHORE/",
            "/kanban/SHORE/columns/",
        ):  # fmt: skip
            answer = page.goto(url, timeout=90_000, wait_until="domcontentloaded")
            assert answer is not None
            assert answer.status == 200, url
            page.wait_for_timeout(300)  # what asks for more of itself has done so; streams never fall silent
            watch.check(page)
        # The panel: the same text after a swap.
        page.goto("/teams/HARBOUR/board/")
        page.locator(f"#card-{item} a.t").click()
        expect(page.locator("#panel")).to_contain_text(f"<script>{MARK}()</script>")
        watch.check(page)


def test_streams_deliver_hostile_texts_intact(running: Running, browser: Browser) -> None:
    item, key = running.scene["items"][1]
    with reader(running, browser) as (page, watch), running.client() as client:
        page.goto("/teams/HARBOUR/board/")
        page.wait_for_timeout(1_500)
        for text in (
            "data: one event: two id: 3 retry: 4",
            f"\u2028line\u2029paragraph <script>{MARK}()</script>",
            f":comment <svg onload={MARK}()> &amp; {{{{ {MARK} }}}} ${{{MARK}}}",
            "ü 😀 \u202e right to left",
        ):
            saved = client.post(f"/items/{key}/fields/title/", data={"title": text, "version": 99})
            assert saved.status_code == 200, saved.text
            ((stored,),) = running.query("SELECT title FROM teams_workitem WHERE id = %s", item)
            expect(page.locator(f"#card-{item} a.t")).to_have_js_property("textContent", stored, timeout=10_000)
            assert stored.strip() == text.strip()
        watch.check(page)
