"""Who looks at a list, whose list it is, and on which day: what columns and filters may ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pmo_portal.lib.access import Actor


@dataclass(frozen=True, slots=True)
class Scope:
    """``unit_id`` is the unit whose rows the list shows; None when it crosses units. ``more`` is the list's own."""

    actor: Actor
    today: date
    unit_id: int | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    def sees_group(self, group: str) -> bool:
        """Whether a group of fields (MONEY, PERSONAL) may be seen on every row of this list.

        SECURITY: sorting, filtering, grouping and adding up tell of all rows at once, so one row that hides the field
        is enough to refuse them.
        """
        return not group or self.actor.is_system or self.actor.can(f"{group.lower()}.view", self.unit_id)
