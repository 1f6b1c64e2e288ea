"""Every kind of page in light and dark, at a desk and on a phone: axe finds nothing, and the page is light."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Response

from tests.e2e.conftest import DESK, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("portal")]

Enter = Callable[..., Page]

PAGES = {
    "home": "/",
    "board": "/teams/HAR/board/",
    "portfolio kanban": "/portfolio/LARK/board/",
    "backlog": "/teams/HAR/backlog/",
    "list": "/teams/HAR/items/",
    "epics": "/portfolio/LARK/epics/",
    "item": "/items/HAR-1/",
    "epic": "/epics/LARK-E1/",
    "business case": "/epics/LARK-E1/case/",
    "business case form": "/epics/LARK-E1/case/edit/",
    "strategy": "/strategy/",
    "unit": "/units/LARK/",
    "people": "/people/",
    "form": "/units/new/",
    "sprints": "/teams/HAR/sprints/",
    "team settings": "/teams/HAR/settings/",
    "executive": "/metrics/",
    "dashboard": "/metrics/units/LARK/",
    "team dashboard": "/metrics/units/HAR/",
    "behind a number": "/metrics/units/LARK/items/throughput/",
    "definitions": "/metrics/definitions/",
    "flow of a team": "/metrics/units/HAR/flow/",
    "flow of a portfolio": "/metrics/units/LARK/flow/",
    "forecast": "/metrics/units/HAR/forecast/",
    "sprints in charts": "/metrics/units/HAR/sprints/",
    "data quality": "/metrics/units/HAR/quality/",
    "value": "/metrics/value/",
    "objectives of an increment": "/metrics/units/LARK/pi-objectives/",
    "approvals": "/approvals/?whose=all",
    "who decides": "/approvals/rules/",
    "jobs": "/jobs/",
    "access": "/access/",
    "inbox": "/inbox/",
    "search": "/search/?q=payout",
    "comments": "/talk/epic/1/",
    "links": "/links/epic/1/",
    "administration": "/administration/",
    "audit log": "/administration/audit/",
    "sign-in and security": "/account/",
    "files by mail": "/exports/schedules/",
    "components": "/components/",
}
MORE = {
    "sessions": "/account/sessions/",
    "new passkey": "/account/passkeys/new/",
    "authenticator app": "/account/app/",
    "profile": "/profile/",
    "invitations": "/invitations/",
    "who needs a second step": "/administration/sign-in/",
    "words": "/words/",
    "fields": "/fields/",
    "new field": "/fields/new/",
    "calendar": "/calendars/1/",
    "rates": "/administration/rates/",
    "new rate": "/administration/rates/new/",
    "announcements": "/administration/announcements/",
    "new announcement": "/administration/announcements/new/",
    "retention": "/administration/retention/",
    "operation": "/metrics/operations/",
    "person": "/people/6/",
    "erasure": "/people/6/erase/",
    "files": "/files/epic/1/",
    "who answers for me": "/approvals/delegation/",
    "time to decision": "/approvals/times/",
    "new schedule": "/exports/schedules/new/?path=%2Fmetrics%2F&title=Numbers",
    "starred": "/starred/",
    "watching": "/watching/",
    "how one is told": "/inbox/settings/",
    "imports": "/imports/",
    "new import": "/imports/new/",
    "roles of a unit": "/units/LARK/people/",
    "history of a unit": "/units/LARK/history/",
    "status updates": "/metrics/units/LARK/status/",
    "new KPI": "/metrics/units/LARK/kpis/new/",
    "KPIs": "/metrics/kpis/",
    "objectives": "/metrics/objectives/",
    "benefits": "/metrics/benefits/",
}
"""Looked at by `make test-all` alone: they are built of the same parts."""
LOOKS = {
    "light desk": {"viewport": DESK, "color_scheme": "light"},
    "dark desk": {"viewport": DESK, "color_scheme": "dark"},
    "light phone": {"viewport": PHONE, "color_scheme": "light", "has_touch": True},
    "dark phone": {"viewport": PHONE, "color_scheme": "dark", "has_touch": True},
}
MOST_BYTES = 250_000
"""Compressed, as a proxy or WhiteNoise sends it."""


def _faults(enter: Enter, look: str, pages: Iterable[str]) -> list[str]:
    """What axe finds on some pages, and how much is wider than the screen."""
    page = enter("Administrator", **LOOKS[look])
    found = []
    for name in pages:
        path = (PAGES | MORE)[name]
        response = page.goto(path)
        assert response is not None
        assert response.status == 200, f"{name} {path}"
        page.wait_for_timeout(400)
        for violation in Axe().run(page).response["violations"]:
            nodes = [node["html"][:160] for node in violation["nodes"][:3]]
            found.append(f"{name}: {violation['id']} ({violation['impact']}) {nodes}")
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if overflow > 0:
            found.append(f"{name}: {overflow} px wider than the screen")
    return found


@pytest.mark.parametrize(("look", "part"), [("light desk", 0), ("dark phone", 1)])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(enter: Enter, look: str, part: int) -> None:
    """Every page in one of two looks that differ in everything; `make test-all` looks at each in all four."""
    assert _faults(enter, look, list(PAGES)[part::2]) == []


@pytest.mark.slow
@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_in_any_look(enter: Enter, look: str) -> None:
    assert _faults(enter, look, PAGES | MORE) == []


@pytest.mark.parametrize("name", ["home", "board", "item", "epics"])
def test_a_cold_page_is_light(enter: Enter, name: str) -> None:
    page = enter("Administrator")
    sizes: list[int] = []

    def weigh(response: Response | None) -> None:
        assert response is not None
        body = response.body()
        is_text = any(kind in response.headers["content-type"] for kind in ("text", "javascript", "svg"))
        sizes.append(len(gzip.compress(body)) if is_text else len(body))

    cold = page.context.browser.new_context(storage_state=page.context.storage_state(), viewport=DESK)  # type: ignore[union-attr]
    fresh = cold.new_page()
    fresh.on("requestfinished", lambda request: weigh(request.response()))
    fresh.goto(page.url.rstrip("/") + PAGES[name])
    fresh.wait_for_timeout(1500)
    cold.close()
    assert 20_000 < sum(sizes) < MOST_BYTES
