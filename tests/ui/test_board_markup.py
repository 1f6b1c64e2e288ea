"""What the board component draws: small cards, escaped titles, what the browser code needs to move them."""

from __future__ import annotations

from typing import Any

import pytest
from django.template import engines

CARD_LIMIT_BYTES = 700


def drawn(**changes: Any) -> str:
    card = {
        "id": 1234567, "version": 12, "column": 345, "rank": "a0Vzz", "url": "/items/HAR-12345/",
        "title": "Let a merchant pause payouts for a bank holiday without calling support",
        "type": "STORY", "type_label": "Story", "key": "HAR-12345", "epic": "Instant payouts for shops",
        "age": "12 d", "age_title": "12 days in this column", "is_old": True, "points": "13", "initials": "AS",
        "person": "Annemarie Sommerfeld", "due": "12 Dec", "is_late": True,
        "blocked": "Blocked 3 d · bank sandbox down",
    }  # fmt: skip
    source = '{% import "components/board.jinja" as parts %}{{ parts.card(card) }}'
    text: str = engines["jinja2"].from_string(source).render({"card": card | changes})
    return text


def test_card_with_everything_is_at_most_700_bytes() -> None:
    assert len(drawn().encode()) <= CARD_LIMIT_BYTES


def test_card_carries_what_a_move_needs() -> None:
    html = drawn()
    for part in (
        'id="card-1234567"',
        'data-id="1234567"',
        'data-version="12"',
        'data-column="345"',
        'data-rank="a0Vzz"',
    ):
        assert part in html


@pytest.mark.parametrize("field", ["title", "epic", "blocked", "person", "key"])
def test_card_escapes_what_people_type(field: str) -> None:
    assert "<b>" not in drawn(**{field: '<b>"x"</b>'})


def test_card_leaves_out_what_it_does_not_have() -> None:
    html = drawn(epic="", age="", points="", initials="", due="", blocked="")
    for mark in ('class="e"', 'class="a', 'class="p"', 'class="v"', 'class="d', 'class="f"'):
        assert mark not in html
