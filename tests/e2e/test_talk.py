"""Two people talk about one item in real browsers: names by keys, live, hostile words stay words, no draft is lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.slow

HOSTILE = (
    "<img src=x onerror=alert(1)> <script>alert(1)</script> [a](javascript:alert(1)) "
    "![b](x onerror=alert(1)) <a href='data:text/html,x'>c</a> @[1] [t](/x \"@[1] onmouseover=alert(1)\")"
)


def test_two_people_talk_and_lose_nothing(enter: Callable[..., Page]) -> None:
    owner, master = enter("Product owner"), enter("Scrum master")
    for page in (owner, master):
        page.on("dialog", lambda dialog: pytest.fail(f"A script ran: {dialog.message}"))
        page.goto("/items/HAR-20/")
        page.locator(".tabs").get_by_role("link", name="Comments").click()
        expect(page.locator("#talk")).to_be_visible()
    talk = owner.locator("#talk-new").get_attribute("action")
    assert talk is not None
    for page in (owner, master):
        page.goto(talk.removesuffix("add/"))

    field = owner.locator("#talk-new textarea")
    field.press_sequentially("Shall we ask @Sam")
    expect(owner.locator("[data-talk-people] [data-name]").first).to_be_visible()
    field.press("Enter")
    expect(field).to_have_value("Shall we ask @Sami Pebble ")
    draft = master.locator("#talk-new textarea")
    draft.fill("half a sentence")
    field.press("Control+Enter")
    expect(owner.locator(".mention")).to_have_text("@Sami Pebble")
    # It comes to the other one by itself, and takes nothing from what they are writing.
    expect(master.locator(".mention")).to_have_text("@Sami Pebble")
    expect(draft).to_have_value("half a sentence")

    draft.fill(HOSTILE)
    draft.press("Control+Enter")
    for page in (master, owner):
        expect(page.locator(".comment")).to_have_count(2)
        said = page.locator(".comment").nth(1).locator(".comment-text")
        expect(said).to_contain_text("<script>alert(1)</script>")
        assert (
            said.locator("script, img, [onerror], [onmouseover], a[href^='javascript'], a[href^='data']").count() == 0
        )
        for link in said.locator("a").all():
            link.hover()

    master.context.set_offline(True)
    draft = master.locator("#talk-new textarea")
    draft.fill("Do not lose me")
    draft.press("Control+Enter")
    expect(master.locator("#toasts .toast-error").first).to_be_visible()
    expect(draft).to_have_value("Do not lose me")
    master.context.set_offline(False)
    draft.press("Control+Enter")
    expect(master.locator(".comment")).to_have_count(3)

    # Sent twice at once it is said once; what is removed leaves the focus with what comes next, else with the field.
    draft.fill("Only once")
    draft.press("Control+Enter")
    draft.press("Control+Enter")
    expect(master.locator(".comment")).to_have_count(4)
    expect(owner.locator(".comment")).to_have_count(4)
    first, last = (master.locator(".comment", has_text=text) for text in ("Do not lose me", "Only once"))
    first.get_by_role("button", name="Remove this comment").click()
    expect(last).to_be_focused()
    last.get_by_role("button", name="Remove this comment").click()
    expect(master.locator("#talk-new textarea")).to_be_focused()
