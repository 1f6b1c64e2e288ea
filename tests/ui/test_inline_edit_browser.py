"""Edit in place: click, type, Enter saves; Escape restores; what is wrong is said beside the field."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def typed(page: Page, text: str) -> None:
    page.locator("[data-inline-show]").click()
    page.get_by_role("textbox", name="Title").fill(text)


def test_enter_saves_and_gives_the_focus_back(edit_page: Page) -> None:
    typed(edit_page, "New")
    edit_page.keyboard.press("Enter")

    show = edit_page.get_by_role("button", name="Title: New. Edit")
    expect(show).to_be_focused()
    expect(edit_page.locator(".inline-edit-saved")).to_have_text("Saved")


def test_leaving_the_field_saves_what_was_typed(edit_page: Page) -> None:
    typed(edit_page, "New")
    edit_page.get_by_role("button", name="Elsewhere").click()

    expect(edit_page.get_by_role("button", name="Title: New. Edit")).to_be_visible()


def test_escape_puts_back_what_was_there(edit_page: Page) -> None:
    typed(edit_page, "New")
    edit_page.keyboard.press("Escape")

    expect(edit_page.get_by_role("button", name="Title: Old. Edit")).to_be_focused()


def test_error_stands_beside_the_field_and_keeps_the_focus(edit_page: Page) -> None:
    typed(edit_page, "")
    edit_page.keyboard.press("Enter")

    expect(edit_page.locator("#title-error")).to_contain_text("A title is needed.")
    field = edit_page.get_by_role("textbox", name="Title")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-describedby", "title-error")
    edit_page.keyboard.press("Escape")
    expect(edit_page.get_by_role("button", name="Title: Old. Edit")).to_be_focused()


def test_conflict_shows_both_values_and_asks(edit_page: Page) -> None:
    typed(edit_page, "clash")
    edit_page.keyboard.press("Enter")

    expect(edit_page.get_by_role("alert")).to_contain_text("Tom Brandt changed this while you were typing.")
    expect(edit_page.get_by_role("alert")).to_contain_text("Theirs")
    expect(edit_page.get_by_role("textbox", name="Title")).to_have_value("clash")
    expect(edit_page.get_by_role("button", name="Keep mine")).to_be_visible()
    edit_page.get_by_role("button", name="Take theirs").click()
    expect(edit_page.get_by_role("button", name="Title: Theirs. Edit")).to_be_focused()
    expect(edit_page.locator("input[name=title]")).to_have_value("Theirs")
