"""A language in which every message that goes through gettext stands in brackets: what stands without them was
forgotten. No files: Django's translations are answered by a catalogue that needs none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.utils.translation import trans_real

OPEN, CLOSE = "⟦", "⟧"
LANGUAGE: Final = "de"


class PseudoTranslation(trans_real.DjangoTranslation):
    """Every message in brackets, except what translates formats instead of words."""

    def __init__(self) -> None:
        super().__init__(LANGUAGE)

    def gettext(self, message: str) -> str:
        return self._bracketed(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self._bracketed(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:
        return self._bracketed(message)

    def npgettext(self, context: str, msgid1: str, msgid2: str, n: int) -> str:
        return self._bracketed(msgid1 if n == 1 else msgid2)

    def _bracketed(self, message: str) -> str:
        return f"{OPEN}{message}{CLOSE}" if message.strip() else message


@contextmanager
def pseudo_language(monkeypatch: Any) -> Iterator[None]:
    """Speak it wherever the interface speaks its second language."""
    found = PseudoTranslation()
    monkeypatch.setitem(vars(trans_real)["_translations"], LANGUAGE, found)
    yield
