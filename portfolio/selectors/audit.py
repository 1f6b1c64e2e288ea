"""What the audit log says of the events of items, features and epics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pmo_portal.lib.access import Actor
from portfolio.models import Tracked
from portfolio.selectors.history import words_of
from portfolio.services.types import tracked_type


def audit_words_of(
    model: type[Tracked],
) -> Callable[[Actor, Sequence[Any]], list[tuple[str, str, str]]]:
    """Puts events of things of this kind into words: which field, from what, to what."""

    def audit_words(actor: Actor, events: Sequence[Any]) -> list[tuple[str, str, str]]:
        words = words_of(tracked_type(model), events, actor=actor)
        return [(change.label, change.old, change.new) for change in map(words.change, events)]

    return audit_words
