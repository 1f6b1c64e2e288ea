"""What people come for, done as they do it, on the running portal."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("portal")]

Enter = Callable[..., Page]


def number_of(tile: Locator) -> int:
    """The figure a tile shows."""
    found = re.search(r"[\d,.]+", tile.locator(".tile-value").inner_text())
    assert found is not None
    return int(found.group().replace(",", ""))


def drag(page: Page, card: Locator, column: Locator) -> None:
    """Take a card by its title with the mouse, carry it over the column, and let go."""
    card.scroll_into_view_if_needed()
    start, end = card.bounding_box(), column.bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + 16)
    page.mouse.down()
    page.mouse.move(start["x"] + start["width"] / 2 + 30, start["y"] + 30, steps=5)
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + 70, steps=20)
    page.wait_for_timeout(150)
    page.mouse.up()


def first_card(page: Page, column: str) -> Locator:
    """The topmost card of a column of the board."""
    return page.locator(f'section:has(h2:text-is("{column}")) .board-card').first


def test_a_card_dragged_to_done_changes_the_executives_number_within_two_seconds(enter: Enter) -> None:
    executive = enter("Executive")
    executive.goto("/metrics/")
    tile = executive.locator("#tile-LARK-throughput")
    before = number_of(tile)
    executive.evaluate("window.stillTheSamePage = true")

    developer = enter("Developer", viewport={"width": 1900, "height": 1000})
    developer.goto("/teams/HAR/board/")
    card = next(found for name in ("Test", "Review", "In progress") if (found := first_card(developer, name)).count())
    key = card.locator(".k").inner_text().strip()
    done = developer.locator('section:has(h2:text-is("Done"))')
    with developer.expect_response(lambda response: "/board/move/" in response.url) as answer:
        drag(developer, card, done)
    moved_at = time.monotonic()
    assert answer.value.status == 200
    expect(done.locator(".board-card", has_text=key)).to_be_visible()

    expect(tile.locator(".tile-value")).to_contain_text(f"{before + 1:,}", timeout=4000)
    waited = time.monotonic() - moved_at
    assert waited < 2, f"{waited:.2f} s"
    assert executive.evaluate("window.stillTheSamePage") is True

    tile.locator(".tile-value a").click()
    expect(executive.locator("body")).to_contain_text(f"{before + 1:,}")
    assert executive.locator(f'a:text-is("{key}")').count() == 1 or _on_a_later_page(executive, key)


def _on_a_later_page(page: Page, key: str) -> bool:
    """Whether the list behind the number has the key on a further page."""
    while (following := page.locator('a[rel="next"]')).count():
        following.first.click()
        page.wait_for_load_state()
        if page.locator(f'a:text-is("{key}")').count():
            return True
    return False


def test_a_card_moves_by_keys_alone_and_comes_back_by_undo(enter: Enter) -> None:
    page = enter("Scrum master")
    page.goto("/teams/HAR/board/")
    card = page.locator('section:has(h2:text-is("In progress")) .board-card').first
    key = card.locator(".k").inner_text().strip()
    card.locator("a.t").focus()
    page.keyboard.press("m")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    with page.expect_response(lambda response: "/board/move/" in response.url) as answer:
        dialog.get_by_role("button", name=re.compile("Review")).click()
    assert answer.value.status == 200
    expect(page.locator('section:has(h2:text-is("Review")) .board-card', has_text=key)).to_be_visible()
    expect(page.locator("[aria-live]").first).to_contain_text(re.compile(f"{key} moved to Review"))

    page.get_by_role("button", name="Undo").click()
    expect(page.locator('section:has(h2:text-is("In progress")) .board-card', has_text=key)).to_be_visible()


def test_another_browser_sees_the_move_without_reloading(enter: Enter) -> None:
    watcher, mover = enter("Product owner"), enter("Scrum master")
    for page in (watcher, mover):
        page.goto("/teams/HAR/board/")
    card = mover.locator('section:has(h2:text-is("Ready")) .board-card').first
    key = card.locator(".k").inner_text().strip()
    card.locator("a.t").focus()
    mover.keyboard.press("m")
    mover.get_by_role("dialog").get_by_role("button", name=re.compile("In progress")).click()
    expect(watcher.locator('section:has(h2:text-is("In progress")) .board-card', has_text=key)).to_be_visible(
        timeout=2000
    )


def test_a_stakeholder_is_told_no_more_than_they_may_know(enter: Enter) -> None:
    page = enter("Stakeholder")
    assert page.goto("/strategy/").status == 200  # type: ignore[union-attr]
    assert page.goto("/teams/HAR/board/").status == 404  # type: ignore[union-attr]
    assert page.goto("/metrics/units/LARK/").status in {403, 404}  # type: ignore[union-attr]
