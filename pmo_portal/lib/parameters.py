"""Reading what addresses and bare form fields say; what makes no sense there is no error of ours."""

from __future__ import annotations

from typing import Final

MOST_DIGITS: Final = 18
"""A number of so many digits fits every id column."""


def whole_number(text: str) -> int | None:
    """The number ``text`` is, 0 or more; None for anything else.

    ``str.isdigit`` alone lets "²" through, which ``int`` does not know, and numbers no column holds.
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None
