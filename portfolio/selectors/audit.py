"""What the audit log says of the events of items, features and epics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pmo_portal.lib.access import Actor
from portfolio.models import Epic
from portfolio.selectors.history import words_of
from portfolio.services.types import tracked_type


def audit_words(actor: Actor, events: Sequence[Any]) -> list[tuple[str, str, str]]:
    """Which field, from what, to what, for each of these events; they may be of things of every kind."""
    # Their own kind decides only what an own field of theirs is called; its code says as much here.
    words = words_of(tracked_type(Epic), events, actor=actor)
    return [(change.label, change.old, change.new) for change in map(words.change, events)]
