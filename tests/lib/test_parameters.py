"""Numbers from addresses: anything else is simply none."""

from __future__ import annotations

import pytest

from pmo_portal.lib.parameters import whole_number


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("42", 42), ("007", 7), ("9" * 18, 10**18 - 1)])
def test_digits_are_a_number(text: str, number: int) -> None:
    assert whole_number(text) == number


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.5", " 1", "1\n", "²", "٣", "1_000", "9" * 19, "9" * 5000, "x"])
def test_anything_else_is_none(text: str) -> None:
    assert whole_number(text) is None
