"""Counts and totals of long lists, kept until a row changes.

Counting 50,000 rows takes longer than drawing fifty of them. A list with a *pulse* keeps what it counted under a key
that names the pulse, the question, the day and whoever asks: nothing is invalidated, a changed row makes another key.
With Redis away everything is counted anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Final, TypeVar

from django.core.cache import cache

from pmo_portal.lib.lists.filters import ReferenceFilter
from pmo_portal.lib.lists.scope import Scope
from pmo_portal.lib.lists.spec import Offer
from pmo_portal.lib.lists.state import ListState

T = TypeVar("T")

SECONDS: Final = 20
"""What a pulse does not feel, such as a state with another name or a row handed to another list, is seen after this."""


class Kept:
    """What was counted for one question of one actor."""

    def __init__(self, offer: Offer, scope: Scope, state: ListState) -> None:
        pulse = offer.spec.pulse
        self._prefix = ""
        if pulse is None:
            return
        # SECURITY: whoever asks, and where they may look, is part of the key: a right that is lost is another key.
        actor = scope.actor
        permissions = {each.permission for each in offer.filters.values() if isinstance(each, ReferenceFilter)}
        rights = [(name, sorted(actor.units(name))) for name in sorted(permissions - {""})]
        asked = (state.q, sorted(state.filters.items()), state.group, sorted(offer.columns), sorted(offer.filters))
        whole = (
            offer.spec.code,
            scope.unit_id,
            actor.user_id,
            actor.person_id,
            rights,
            scope.today,
            asked,
            pulse(scope),
        )
        self._prefix = hashlib.sha256(repr(whole).encode()).hexdigest()[:40]

    def get(self, name: str, count: Callable[[], T]) -> T:
        """What is kept under a name, else what ``count`` finds."""
        if not self._prefix:
            return count()
        key = f"list:{self._prefix}:{name.replace(' ', '-')}"
        found: Any = cache.get(key)
        if found is None:
            found = count()
            cache.set(key, found, SECONDS)
        return found  # type: ignore[no-any-return]
