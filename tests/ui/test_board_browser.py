"""The board in a real browser: every way to move a card, what is said, and what happens when the server refuses."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def keys_in(page: Page, column: int) -> list[str]:
    return page.locator(f'[data-column="{column}"] > ol > li .k').all_text_contents()


def focused_card(page: Page) -> str | None:
    card: str | None = page.evaluate("document.activeElement.closest('.board-card')?.id")
    return card


def expect_said(page: Page, text: str) -> None:
    page.wait_for_function(
        "text => [...document.querySelectorAll('[data-announcer]')].some(each => each.textContent.includes(text))",
        arg=text,
    )


def test_card_is_moved_with_keys_and_keeps_the_focus(board_page: Page) -> None:
    board_page.keyboard.press("j")
    board_page.keyboard.press("j")
    assert focused_card(board_page) == "card-2"

    board_page.keyboard.press("Shift+ArrowRight")

    expect_said(board_page, "HAR-2 moved to In progress, 1 of 3")
    assert keys_in(board_page, 2) == ["HAR-2", "HAR-4", "HAR-5"]
    assert focused_card(board_page) == "card-2"
    assert board_page.locator("#head-2 .limit").inner_text() == "3"


def test_card_is_moved_from_the_menu_by_number(board_page: Page) -> None:
    board_page.keyboard.press("j")
    board_page.keyboard.press("m")
    expect(board_page.locator("#board-move")).to_be_visible()

    board_page.keyboard.press("3")

    expect_said(board_page, "HAR-1 moved to Review, 1 of 1")
    assert keys_in(board_page, 3) == ["HAR-1"]


def test_card_is_dragged_to_another_column(board_page: Page) -> None:
    card = board_page.locator("#card-1").bounding_box()
    column = board_page.locator('[data-column="3"] > ol').bounding_box()
    assert card is not None
    assert column is not None

    board_page.mouse.move(card["x"] + 60, card["y"] + 20)
    board_page.mouse.down()
    board_page.mouse.move(card["x"] + 110, card["y"] + 30, steps=4)
    board_page.mouse.move(column["x"] + 80, column["y"] + 20, steps=12)
    board_page.mouse.up()

    expect_said(board_page, "HAR-1 moved to Review")
    assert keys_in(board_page, 3) == ["HAR-1"]
    assert "/_board/HAR-1" not in board_page.url  # a drag does not open the card


def test_refused_move_goes_back_and_says_why(board_page: Page) -> None:
    board_page.keyboard.press("j")
    board_page.keyboard.press("m")
    board_page.keyboard.press("4")

    expect(board_page.locator(".toast-error")).to_contain_text("Frozen takes no cards this week.")
    assert keys_in(board_page, 1) == ["HAR-1", "HAR-2", "HAR-3"]
    assert keys_in(board_page, 4) == []
    assert focused_card(board_page) == "card-1"


def test_move_without_a_connection_goes_back(board_page: Page) -> None:
    board_page.context.set_offline(True)
    board_page.keyboard.press("j")
    board_page.keyboard.press("Shift+ArrowRight")

    expect(board_page.locator(".toast-error")).to_contain_text("HAR-1 was not moved")
    assert keys_in(board_page, 1) == ["HAR-1", "HAR-2", "HAR-3"]


def test_several_cards_move_together_in_their_order(board_page: Page) -> None:
    for key in ("j", "x", "j", "x", "m", "3"):
        board_page.keyboard.press(key)

    expect(board_page.locator('[data-column="3"] .board-card')).to_have_count(2)
    expect(board_page.locator(".is-moving")).to_have_count(0)
    assert keys_in(board_page, 3) == ["HAR-1", "HAR-2"]


def test_panel_opens_at_the_cards_address_and_gives_the_focus_back(board_page: Page) -> None:
    board_page.keyboard.press("j")
    board_page.keyboard.press("Enter")

    expect(board_page.locator("#panel")).to_contain_text("Opened beside the board.")
    assert board_page.url.endswith("/_board/HAR-1/")

    board_page.keyboard.press("Escape")
    expect(board_page.locator("[data-panel-frame]")).to_be_hidden()
    board_page.wait_for_url("**/_board/")
    assert focused_card(board_page) == "card-1"


def test_back_closes_the_panel_and_forward_opens_it_again(board_page: Page) -> None:
    board_page.locator("#card-2").click()
    expect(board_page.locator("#panel")).to_contain_text("Opened beside the board.")

    board_page.go_back()
    expect(board_page.locator("[data-panel-frame]")).to_be_hidden()
    board_page.go_forward()
    expect(board_page.locator("#panel")).to_contain_text("HAR-2")


def test_toast_offers_the_way_back(board_page: Page) -> None:
    board_page.keyboard.press("j")
    board_page.keyboard.press("Shift+ArrowRight")
    with board_page.expect_request("**/_board/undo/") as undone:
        board_page.get_by_role("button", name="Undo").click()

    assert undone.value.method == "POST"
    assert undone.value.headers["x-csrftoken"]
    expect(board_page.locator('[data-column="1"] #card-1')).to_be_visible()
    expect(board_page.locator(".toast")).to_have_text("It is as it was.")


def test_folded_column_stays_folded(board_page: Page) -> None:
    board_page.locator("#head-1").hover()
    board_page.get_by_role("button", name="Fold Ready").click()
    board_page.reload()

    expect(board_page.locator(".board-column.is-folded")).to_have_count(1)
    expect(board_page.get_by_role("button", name="Fold Ready")).to_have_attribute("aria-expanded", "false")


def test_quick_add_keeps_the_focus_and_many_lines_ask_first(board_page: Page) -> None:
    board_page.keyboard.press("n")
    board_page.keyboard.type("Pay by invoice")
    board_page.keyboard.press("Enter")
    expect(board_page.locator("#card-6 .t")).to_have_text("Pay by invoice")
    field = board_page.locator('[data-column="1"] textarea')
    expect(field).to_be_focused()
    expect(field).to_have_value("")

    field.fill("First\nSecond")
    board_page.keyboard.press("Enter")
    expect(board_page.locator("#board-paste")).to_contain_text("2 lines")
    board_page.get_by_role("button", name="One for each line").click()
    expect(board_page.locator("#card-8")).to_be_visible()
    assert keys_in(board_page, 1)[-2:] == ["HAR-7", "HAR-8"]


def test_changes_of_others_come_in_and_gone_cards_leave(board_page: Page) -> None:
    board_page.evaluate(
        "document.querySelector('[data-board]')"
        ".dispatchEvent(new CustomEvent('live:cards', {detail: {ids: [4, 5], all: false}}))"
    )

    expect(board_page.locator('[data-column="3"] #card-5')).to_be_visible()
    expect(board_page.locator("#card-4")).to_have_count(0)
    assert keys_in(board_page, 2) == []


def test_single_keys_can_be_switched_off(board_page: Page) -> None:
    board_page.keyboard.press("?")
    dialog = board_page.locator("#shortcuts")
    expect(dialog).to_contain_text("Open the card beside the board")
    dialog.locator("[data-keys-toggle]").uncheck()
    board_page.keyboard.press("Escape")

    board_page.keyboard.press("j")
    assert focused_card(board_page) is None


def test_phone_shows_one_column_at_a_time(board_page: Page) -> None:
    board_page.set_viewport_size({"width": 360, "height": 740})
    board_page.reload()

    box = board_page.locator('.board-column[data-column="1"]').bounding_box()
    assert box is not None
    assert box["width"] > 320
    board_page.get_by_role("button", name="Review", exact=True).click()
    board_page.wait_for_function("() => document.querySelector('.board').scrollLeft > 500")
    assert board_page.evaluate("document.documentElement.scrollWidth") == 360
