"""The organisation's own words for the levels and things it works with.

Messages name a concept in braces instead of saying it: ``words(_("New {epic}"))`` is "New epic" here and
"New initiative" in an organisation that says so. ``{epics}`` is the plural, ``{Epic}`` begins with a capital. Prose
that explains keeps the portal's words: a sentence cannot be bent around any noun.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.core.cache import cache
from django.utils.functional import lazy
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from organization.models import Term

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Words = Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Concept:
    """Something an organisation may have its own word for, with the word it has otherwise."""

    code: str
    singular: str | _StrPromise
    plural: str | _StrPromise


CONCEPTS: Final[Mapping[str, Concept]] = {
    concept.code: concept
    for concept in (
        Concept("portfolio", _("portfolio"), _("portfolios")),
        Concept("value_stream", _("value stream"), _("value streams")),
        Concept("program", _("program"), _("programs")),
        Concept("team", _("team"), _("teams")),
        Concept("theme", _("strategic theme"), _("strategic themes")),
        Concept("epic", _("epic"), _("epics")),
        Concept("feature", _("feature"), _("features")),
        Concept("item", _("work item"), _("work items")),
        Concept("sprint", _("sprint"), _("sprints")),
        Concept("pi", _("program increment"), _("program increments")),
    )
}

_SHORT: Final[Mapping[str, Concept]] = {
    "theme": Concept("theme", _("theme"), _("themes")),
    "item": Concept("item", _("item"), _("items")),
    "increment": Concept("pi", _("increment"), _("increments")),
}
"""What the portal says for short where the page leaves no doubt. An organisation's own word stands for both."""

_LONG: Final = {"strategic_theme": "theme", "work_item": "item", "program_increment": "pi"}

_NAMES: Final[Mapping[str, tuple[Concept, bool]]] = {
    name + "s" * is_plural: (concept, is_plural)
    for name, concept in {**CONCEPTS, **{name: CONCEPTS[code] for name, code in _LONG.items()}, **_SHORT}.items()
    for is_plural in (False, True)
}
"""The concept and number that a name in braces means."""

_NAME: Final = re.compile(r"\{(\w+)\}")
CACHE_KEY: Final = "organization.terms"
_CACHE_SECONDS: Final = 300

_request_words: ContextVar[list[Words] | None] = ContextVar("own words of the request", default=None)


@contextmanager
def words_remembered() -> Iterator[None]:
    """Read the words at most once in here, and only when something says one: around every request."""
    token = _request_words.set([])
    try:
        yield
    finally:
        _request_words.reset(token)


def own_words() -> Words:
    """The words this organisation chose, by concept: (one, many). From the cache, else one statement."""
    remembered = _request_words.get()
    if remembered:
        return remembered[0]
    words: Words | None = cache.get(CACHE_KEY)
    if words is None:
        words = {code: (one, many) for code, one, many in Term.objects.values_list("code", "singular", "plural")}
        cache.set(CACHE_KEY, words, _CACHE_SECONDS)
    if remembered is not None:
        remembered.append(words)
    return words


def forget_own_words() -> None:
    """Read the words anew: they changed."""
    cache.delete(CACHE_KEY)
    remembered = _request_words.get()
    if remembered:
        remembered.clear()


def word(code: str, *, plural: bool = False) -> str:
    """What this organisation calls a concept."""
    return _said(CONCEPTS[code], is_plural=plural)


def named(name: str) -> str:
    """The word for a name as messages have it in braces: "epic", "epics", "Epics"."""
    concept, is_plural = _NAMES[name.lower()]
    said = _said(concept, is_plural=is_plural)
    return capfirst(said) if name[0].isupper() else said


def words(message: str | _StrPromise) -> str:
    """A translated message with the organisation's words in place of the names in braces."""
    return _NAME.sub(lambda found: named(found[1]) if found[1].lower() in _NAMES else found[0], str(message))


def _said(concept: Concept, *, is_plural: bool) -> str:
    chosen = own_words().get(concept.code)
    if chosen is not None:
        return chosen[is_plural]
    return str(concept.plural if is_plural else concept.singular)


named_lazy = lazy(named, str)
"""``named`` for labels that are written down once and read with every page."""
words_lazy = lazy(words, str)
"""``words`` for such labels; its message is a lazy one too."""
