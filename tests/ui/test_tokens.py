"""The colours of both themes: text is readable on every ground it stands on, marks of controls can be seen."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest

TOKENS = (Path(__file__).parents[2] / "static/css/tokens.css").read_text()
USUAL, PLAIN = TOKENS.split("@media (prefers-contrast: more)")


def _pairs(css: str) -> dict[str, tuple[str, str]]:
    found = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", css)
    return {name: (light, dark) for name, light, dark in found}


PAIRS = _pairs(USUAL)
MORE = {**PAIRS, **_pairs(PLAIN)}
"""What stands when somebody asks their system for more contrast."""
GROUNDS = ["ground", "well", "paper", "raised", "hover"]
TEXT_ON_SOFT = ["accent", "good", "warn", "bad", "info", "violet"]
TEXT = [
    *product(["ink", "ink-2", "ink-3", "accent", "good", "bad", "warn"], GROUNDS),
    *((name, f"{name}-soft") for name in TEXT_ON_SOFT),
    *product(["ink", "ink-2"], [*(f"{name}-soft" for name in TEXT_ON_SOFT), "quiet-soft"]),
    ("accent-ink", "accent"),
    ("accent-ink", "accent-strong"),
]
MARKS = list(product(["line-strong", "accent"], ["ground", "paper", "raised"]))


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT)
def test_text_meets_aa(text: str, ground: str, theme: int) -> None:
    assert contrast(PAIRS[text][theme], PAIRS[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("mark", "ground"), MARKS)
def test_marks_of_controls_can_be_seen(mark: str, ground: str, theme: int) -> None:
    assert contrast(PAIRS[mark][theme], PAIRS[ground][theme]) >= 3


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_whoever_asks_for_more_contrast_gets_aaa(theme: int) -> None:
    """Text 7 : 1 wherever it stands, every line 4.5 : 1 on what lies beside it."""
    pairs = [*product(["ink", "ink-2", "ink-3", "accent", "good", "bad", "warn", "info", "violet"], GROUNDS), *TEXT]
    faint = {pair for pair in pairs if contrast(MORE[pair[0]][theme], MORE[pair[1]][theme]) < 7}
    lines = product(["line", "line-2", "line-strong"], ["ground", "paper", "raised"])
    faint |= {pair for pair in lines if contrast(MORE[pair[0]][theme], MORE[pair[1]][theme]) < 4.5}
    assert faint == set()
