"""The living page: axe finds nothing, nothing runs over the edge, no script breaks the security policy."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SIZES = {"desk": (1440, 900), "phone": (390, 844)}
SMALLEST = {"width": 360, "height": 740}
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}


def faults(page: Page, *, ignored: str = "") -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{each['id']}: {node['html'][:160]}" for each in found if each["id"] != ignored for node in each["nodes"]]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_living_page_has_no_fault(living_page: Page, theme: str, size: str) -> None:
    width, height = SIZES[size]
    living_page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
    living_page.set_viewport_size({"width": width, "height": height})
    living_page.reload()

    assert faults(living_page) == []
    assert living_page.evaluate("document.documentElement.scrollWidth") <= width


def test_living_page_fits_the_smallest_phone(living_page: Page) -> None:
    living_page.set_viewport_size(SMALLEST)  # type: ignore[arg-type]
    assert living_page.evaluate("document.documentElement.scrollWidth") <= SMALLEST["width"]


@pytest.mark.parametrize("opener", ["Create", "You: lena@larkfield.example", "What Throughput means", "Dialog"])
def test_what_opens_has_no_fault_either(living_page: Page, opener: str) -> None:
    living_page.get_by_role("button", name=opener, exact=True).first.click()

    # What a menu half covers is smaller than it is; its size is measured above, with nothing open.
    assert faults(living_page, ignored="target-size") == []


def test_palette_finds_by_keys_alone_and_has_no_fault(living_page: Page) -> None:
    living_page.keyboard.press("Control+k")
    expect(living_page.get_by_role("option", name="Harbour board Payments").last).to_be_visible()
    assert faults(living_page) == []

    living_page.keyboard.type("lighthouse")
    expect(living_page.locator("#palette [role=option]")).to_have_count(1)
    living_page.keyboard.press("Enter")
    living_page.wait_for_url("**/_board/")


def test_palette_says_when_nothing_is_found(living_page: Page) -> None:
    living_page.keyboard.press("Control+k")
    living_page.keyboard.type("zzz")
    expect(living_page.locator("#palette-results")).to_contain_text("Nothing found for “zzz”")


def test_scope_switcher_fetches_its_tree_when_it_opens(living_page: Page) -> None:
    living_page.get_by_role("button", name="Switch portfolio, program or team").click()
    expect(living_page.locator("#scope").get_by_role("link", name="Harbour Team")).to_be_visible()
    assert faults(living_page) == []


def test_theme_choice_is_kept_for_the_server(living_page: Page) -> None:
    living_page.get_by_role("button", name="You: lena@larkfield.example").click()
    living_page.get_by_role("menuitemradio", name="Dark").click()
    assert living_page.evaluate("document.documentElement.dataset.bsTheme") == "dark"

    response = living_page.reload()
    assert response is not None
    assert 'data-bs-theme="dark"' in response.text()


def test_rows_are_picked_with_shift_and_counted(living_page: Page) -> None:
    boxes = living_page.locator("[data-select-row]")
    boxes.nth(0).check()
    boxes.nth(2).click(modifiers=["Shift"])

    expect(living_page.locator("[data-select-count]")).to_have_text("3 selected")
    living_page.get_by_role("button", name="Clear", exact=True).click()
    expect(living_page.locator("[data-select-bar]")).to_be_hidden()


def test_inline_edit_opens_restores_and_gives_the_focus_back(living_page: Page) -> None:
    show = living_page.locator("#e-title [data-inline-show]")
    show.click()
    field = living_page.locator("#e-title input[name=title]")
    expect(field).to_be_focused()
    field.fill("Something else")
    living_page.keyboard.press("Escape")

    expect(show).to_be_focused()
    expect(field).to_have_value("Refund in parts from the order page")


def test_menu_is_walked_with_arrows(living_page: Page) -> None:
    living_page.get_by_role("button", name="Menu", exact=True).click()
    expect(living_page.get_by_role("menuitem", name="Edit")).to_be_focused()
    living_page.keyboard.press("ArrowDown")
    expect(living_page.get_by_role("menuitem", name="Copy")).to_be_focused()
    living_page.keyboard.press("Escape")
    expect(living_page.get_by_role("button", name="Menu", exact=True)).to_be_focused()
