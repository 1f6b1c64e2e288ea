"""Small charts drawn by the server."""

from __future__ import annotations

import re

from pmo_portal.lib.sparklines import svg


def test_sparkline_spans_the_whole_width_and_height() -> None:
    points = re.findall(r"(\d+\.\d),(\d+\.\d)", svg([1, 3, 2]))
    assert points == [("0.0", "32.0"), ("50.0", "2.0"), ("100.0", "17.0")]


def test_sparkline_shows_a_gap_where_nothing_was_measured() -> None:
    assert svg([1, 2, None, 3, 4]).count("M") == 2


def test_sparkline_of_equal_values_is_a_level_line() -> None:
    assert re.findall(r",(\d+\.\d)", svg([5, 5, 5])) == ["17.0", "17.0", "17.0"]


def test_sparkline_needs_two_values() -> None:
    assert svg([]) == ""
    assert svg([7]) == ""
    assert svg([None, 7, None]) == ""


def test_sparkline_is_decoration_unless_it_is_described() -> None:
    assert 'aria-hidden="true"' in svg([1, 2])
    assert 'role="img" aria-label="Up &lt;fast&gt;"' in svg([1, 2], label="Up <fast>")


def test_bars_stand_on_zero() -> None:
    heights = [float(height) for height in re.findall(r'height="([\d.]+)" rx', svg([1, 2, 4], kind="bars"))]
    assert heights == [8.0, 16.0, 32.0]


def test_guide_is_drawn_on_the_same_scale() -> None:
    assert 'class="guide" d="M0.0,2.0L100.0,32.0"' in svg([5, 4], guide=[10, 0])


def test_area_is_closed_at_the_bottom() -> None:
    assert 'class="area" d="M0.0,34L0.0,32.0L100.0,2.0L100.0,34Z"' in svg([1, 2], kind="area")
