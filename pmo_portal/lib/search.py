"""Search: what can be found, what a question means, and which part of a text answers it.

Each app says which of its models are searched (:class:`SearchKind`); what they say is kept in one table by the database
itself (``collaboration.models.search_triggers``), and found there through the policy of what it is about.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet
    from django.utils.functional import _StrPromise


@dataclass(frozen=True, slots=True)
class SearchKind:
    """A kind of text that is found.

    ``code`` is kept in rows and stands in addresses: never change one. What is found leads to ``url``, made of the key
    and the id of what the text is about, so that a page of results reads no thing by itself. ``closed`` names the
    things that are over: they come after the others. ``former`` names things that had a key once. A text *about*
    another thing (``model`` is None: a comment, a file) is seen by whoever sees that thing; ``place`` says where it
    stands, by the kind and the id of that thing and its own id. With ``model`` *and* ``about``, the kind of that thing,
    it is seen by whoever sees both (a business case): its ``url`` is made of the key and the id of that thing. Kinds
    with ``is_many`` texts are counted each by itself, all others together.
    """

    code: str
    label: str | _StrPromise
    icon: str
    model: type[Model] | None = None
    url: Callable[[str, int], str] | None = None
    closed: Callable[[], QuerySet[Any]] | None = None
    former: Callable[[str], QuerySet[Any]] | None = None
    place: Callable[[str, int, int], str] | None = None
    about: str = ""
    is_many: bool = False


_kinds: Final[list[tuple[int, SearchKind]]] = []


def register_search_kind(kind: SearchKind, *, position: int = 100) -> SearchKind:
    """Make a kind of text findable; called while its app gets ready. Lower positions stand first among the tabs."""
    if any(each.code == kind.code for _at, each in _kinds):
        raise ValueError(f"{kind.code} is searched already")
    _kinds.append((position, kind))
    _kinds.sort(key=lambda pair: pair[0])
    return kind


def search_kinds() -> tuple[SearchKind, ...]:
    """Every kind, in the order of their tabs."""
    return tuple(kind for _at, kind in _kinds)


# -- what was asked ----------------------------------------------------------------------------------------------------

MOST_LETTERS: Final = 200
"""A longer question is cut: nobody types one."""
MOST_WORDS: Final = 12
LETTERS_FOR_BEGINNINGS: Final = 2
"""From so many letters on the last word finds longer ones, too: what one letter begins is everything."""
LETTERS_FOR_TYPOS: Final = 4

_SIGNS: Final = str.maketrans(dict.fromkeys("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", " "))
"""What parts words. The table's own column parts them at the same signs (``search_words`` in its migration)."""
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")
_TERMS: Final = re.compile(r'"([^"]*)"?|([^\s"]+)')
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody looks for: words that must all be there, each alone or one behind the other.

    ``"night berth"`` in quotes is a phrase, as is a word with a sign in it (HAR-12). The last word may be the beginning
    of a longer one, unless a quote was closed behind it. Operators mean nothing: they part words like any sign.
    """

    text: str
    terms: tuple[tuple[str, ...], ...]
    is_open: bool

    def __bool__(self) -> bool:
        return bool(self.terms)

    @property
    def has_letters_for_typos(self) -> bool:
        """Whether it is long enough for what is merely similar to mean anything."""
        return len(self.text) >= LETTERS_FOR_TYPOS

    @property
    def tsquery(self) -> str:
        """As ``to_tsquery`` reads it. Words hold no sign of its language any more, and each stands in quotes."""
        return " & ".join(self.tsqueries)

    @property
    def tsqueries(self) -> tuple[str, ...]:
        """The same for each term by itself."""
        last = len(self.terms) - 1
        return tuple(
            self._term(words, is_beginning=self.is_open and number == last) for number, words in enumerate(self.terms)
        )

    def _term(self, words: tuple[str, ...], *, is_beginning: bool) -> str:
        is_beginning = is_beginning and len(words[-1]) >= LETTERS_FOR_BEGINNINGS
        endings = [""] * (len(words) - 1) + [":*" if is_beginning else ""]
        return " <-> ".join(_either(word, ending) for word, ending in zip(words, endings, strict=True))

    @property
    def needles(self) -> tuple[tuple[str, bool], ...]:
        """The words to mark in what was found, folded, with whether longer words that begin so are meant, too."""
        last = len(self.terms) - 1
        return tuple(
            (form, self.is_open and number == last and place == len(words) - 1)
            for number, words in enumerate(self.terms)
            for place, word in enumerate(words)
            for form in dict.fromkeys((folded(word), folded(word.translate(_UMLAUTS))))
        )


def _either(word: str, ending: str) -> str:
    """A word, or it with its umlauts spelled out: "Müller" is written "Mueller", too."""
    spelled = word.translate(_UMLAUTS)
    return f"'{word}'{ending}" if spelled == word else f"('{word}'{ending} | '{spelled}'{ending})"


def question(text: str) -> Question:
    """What ``text`` asks; false when there is no word in it. Whatever was typed, this never fails."""
    clean = unicodedata.normalize("NFC", _UNPRINTABLE.sub(" ", text[:MOST_LETTERS])).strip()
    terms: list[tuple[str, ...]] = []
    is_open = True
    for found in _TERMS.finditer(clean):
        quoted, single = found.groups()
        words = tuple(each for each in (single or quoted or "").translate(_SIGNS).split() if _says(each))
        if words:
            terms.append(words[:MOST_WORDS])
            is_open = single is not None or not found[0].endswith('"')
    return Question(clean, tuple(terms[:MOST_WORDS]), is_open)


def _says(word: str) -> bool:
    return any(letter.isalnum() for letter in word)


# -- what answers it ---------------------------------------------------------------------------------------------------

AROUND: Final = 90
"""Letters of an excerpt before and behind what was found."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an excerpt: text, to be escaped like any text, and whether it is what was looked for."""

    text: str
    is_hit: bool = False


def folded(text: str) -> str:
    """``text`` as it is compared: small letters without accents."""
    if text.isascii():
        return text.lower()
    return "".join(_fold(letter) for letter in text)


def _fold(letter: str) -> str:
    if letter.isascii():
        return letter.lower()
    bare = unicodedata.normalize("NFD", letter)
    return "".join(each for each in bare if not unicodedata.combining(each)).casefold()


_WORD: Final = re.compile(r"[^\W_]+")


def _hits(text: str, asked: Question) -> Iterator[tuple[int, int]]:
    whole = {word for word, _is_beginning in asked.needles}
    beginnings = tuple(
        word for word, is_beginning in asked.needles if is_beginning and len(word) >= LETTERS_FOR_BEGINNINGS
    )
    for found in _WORD.finditer(text):
        word = found[0]
        forms = {folded(word), folded(word.translate(_UMLAUTS))} if not word.isascii() else {word.lower()}
        if forms & whole or (beginnings and any(form.startswith(beginnings) for form in forms)):
            yield found.span()


def marked(text: str, asked: Question) -> list[Piece]:
    """``text`` in pieces, with what was looked for marked."""
    pieces, at = [], 0
    for start, end in _hits(text, asked):
        if start > at:
            pieces.append(Piece(text[at:start]))
        pieces.append(Piece(text[start:end], is_hit=True))
        at = end
    if at < len(text):
        pieces.append(Piece(text[at:]))
    return pieces


def excerpt(text: str, asked: Question) -> list[Piece]:
    """Where ``text`` answers the question, with some words around it; nothing where it does not."""
    flat = " ".join(text.split())
    first = next(_hits(flat, asked), None)
    if first is None:
        return []
    start, end = max(first[0] - AROUND, 0), min(first[1] + AROUND, len(flat))
    # Not in the middle of a word.
    if start:
        start = min((flat.find(" ", start) + 1) or start, first[0])
    if end < len(flat):
        end = max(flat.rfind(" ", 0, end), first[1])
    pieces = marked(flat[start:end], asked)
    before = [Piece("… ")] if start else []
    return [*before, *pieces, *([Piece(" …")] if end < len(flat) else [])]
