"""The organisation's own words for the levels and things it works with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from organization.models import Term

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


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

_CACHE_KEY: Final = "organization.terms"
_CACHE_SECONDS: Final = 300


def own_words() -> Mapping[str, tuple[str, str]]:
    """The words this organisation chose, by concept: (one, many). From the cache, else one statement."""
    words: dict[str, tuple[str, str]] | None = cache.get(_CACHE_KEY)
    if words is None:
        words = {code: (one, many) for code, one, many in Term.objects.values_list("code", "singular", "plural")}
        cache.set(_CACHE_KEY, words, _CACHE_SECONDS)
    return words


def forget_own_words() -> None:
    """Read the words anew: they changed."""
    cache.delete(_CACHE_KEY)


def word(code: str, *, plural: bool = False, words: Mapping[str, tuple[str, str]] | None = None) -> str:
    """What this organisation calls a concept."""
    chosen = (own_words() if words is None else words).get(code)
    if chosen is not None:
        return chosen[plural]
    concept = CONCEPTS[code]
    return str(concept.plural if plural else concept.singular)
