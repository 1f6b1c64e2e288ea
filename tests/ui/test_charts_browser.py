"""Charts in a browser: drawn from their data, linked, saved as files, drawn again; names of items stay text."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


DOT = 'svg path[fill-opacity="0.85"]'


@pytest.fixture
def charts_page(quiet_page: Page, live_server: LiveServer, settings: object) -> Page:
    settings.ROOT_URLCONF = "tests.ui.urls"  # type: ignore[attr-defined]
    quiet_page.set_viewport_size({"width": 1200, "height": 1100})
    quiet_page.goto(f"{live_server.url}/_charts/")
    for code in ("dots", "bars"):
        expect(quiet_page.locator(f"#chart-{code} [data-chart-drawn]")).to_be_visible()
    return quiet_page


def drawing(chart: Locator) -> Locator:
    return chart.locator("[data-chart-drawn]")


def times_drawn(chart: Locator) -> int:
    return int(drawing(chart).get_attribute("data-chart-drawn") or 0)


def test_charts_are_drawn_linked_saved_and_drawn_again(charts_page: Page) -> None:
    dots, bars = charts_page.locator("#chart-dots"), charts_page.locator("#chart-bars")
    assert Axe().run(charts_page).response["violations"] == []
    expect(charts_page.locator("#chart-none")).to_contain_text("Nothing was finished.")
    # What a screen reader hears, and the table beside it.
    expect(drawing(bars)).to_have_attribute("aria-label", re.compile("Finished by week"))
    bars.get_by_text("As a table").click()
    expect(bars.locator("tbody tr")).to_have_count(3)
    expect(bars.get_by_role("link", name="7")).to_have_attribute("href", "/_charts/?bar=2")
    # Words of marks that lie near each other do not lie on each other.
    lower, upper = (dots.locator("svg text", has_text=words).bounding_box() for words in ("50 %", "70 %"))
    assert lower
    assert upper
    assert lower["y"] - upper["y"] >= 12
    # A name is shown as the text it is.
    dots.locator(DOT).last.hover()
    expect(dots.locator(".chart-tip-head")).to_be_visible()
    expect(dots.locator("img")).to_have_count(0)
    # Files: numbers, picture, drawing.
    for name, suffix in (("Numbers (CSV)", "csv"), ("Picture (PNG)", "png"), ("Drawing (SVG)", "svg")):
        bars.get_by_role("button", name="Download Bars").click()
        with charts_page.expect_download() as saved:
            bars.get_by_role("menuitem", name=name).click()
        assert saved.value.suggested_filename.endswith(f".{suffix}")
        content = saved.value.path().read_bytes()
        start = {"csv": "\ufeffWeek,Finished".encode(), "png": b"\x89PNG", "svg": b"<svg"}[suffix]
        assert content.startswith(start)
        if suffix == "svg":
            read = "text => new DOMParser().parseFromString(text, 'image/svg+xml').documentElement.nodeName"
            assert charts_page.evaluate(read, content.decode()) == "svg", "no program can read it"
    # New numbers are drawn, and a new theme takes new colours.
    before, kept = times_drawn(bars), times_drawn(dots)
    charts_page.get_by_role("button", name="Again").click()
    expect(bars.locator("tbody")).to_contain_text("9")
    expect(drawing(bars)).to_have_attribute("data-chart-drawn", str(before + 1))
    expect(bars.locator("svg text", has_text="10")).to_be_visible()
    assert times_drawn(dots) == kept, "a drawing whose numbers stay is not drawn anew"
    light = drawing(bars).locator("svg").inner_html()
    charts_page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
    for chart, times in ((bars, before + 2), (dots, kept + 1)):
        expect(drawing(chart)).to_have_attribute("data-chart-drawn", str(times))
    assert drawing(bars).locator("svg").inner_html() != light
    # A dot opens its item beside the chart, a bar leads to its list.
    dots.locator(DOT).first.click()
    expect(charts_page.locator("#panel")).to_contain_text("Opened beside the board.")
    charts_page.keyboard.press("Escape")
    # The panel has gone back to the page's own address: a click before that would race with it.
    expect(charts_page.locator("#panel")).to_be_hidden()
    charts_page.wait_for_url("**/_charts/")
    place = drawing(bars).bounding_box()
    assert place
    drawing(bars).click(position={"x": place["width"] * 0.5, "y": place["height"] * 0.8})
    charts_page.wait_for_url("**/_charts/?bar=1")
