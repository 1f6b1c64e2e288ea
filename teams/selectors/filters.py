"""The filters of a board or list of items: they live in the address, so that a view can be sent to somebody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.http import QueryDict

from pmo_portal.lib.access import Actor
from pmo_portal.lib.lists.lookups import like_pattern
from pmo_portal.lib.parameters import whole_number
from pmo_portal.lib.windows import day_start
from teams.models import ItemType

NOBODY: Final = "none"
ME: Final = "me"
MAX_TEXT: Final = 100

# One constant for the board, the list and the counts beside the filters. Every part is off when its parameter is
# NULL; `i` is the item, `e` its epic. LIKE's own signs in what a person typed are escaped by `like_pattern`.
FITS: Final = """(
        (%(text)s::text IS NULL OR i.title ILIKE %(text)s OR i.key ILIKE %(text)s)
    AND (%(assignee)s::bigint IS NULL OR i.assignee_id = %(assignee)s)
    AND (NOT %(is_unassigned)s OR i.assignee_id IS NULL)
    AND (%(epic)s::bigint IS NULL OR (e.id = %(epic)s AND e.unit_id = ANY(%(epic_units)s)))
    AND (NOT %(is_without_epic)s OR e.id IS NULL)
    AND (%(type)s::text IS NULL OR i.type = %(type)s)
    AND (%(label)s::text IS NULL OR %(label)s = ANY(i.labels))
    AND (NOT %(is_blocked)s OR i.blocked_at IS NOT NULL)
    AND (NOT %(is_stale)s
         OR (s.category IN ('COMMITTED', 'ACTIVE', 'WAITING') AND i.state_entered_at < %(stale_before)s))
)"""


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """What a person narrowed the items down to. An address with nonsense in it filters by the rest."""

    text: str = ""
    who: str = ""
    epic: str = ""
    type: str = ""
    label: str = ""
    is_blocked: bool = False
    is_stale: bool = False

    @classmethod
    def from_query(cls, query: QueryDict) -> ItemFilter:
        """Read the parameters q, who, epic, type, label, blocked and stale."""
        who, epic, kind = query.get("who", ""), query.get("epic", ""), query.get("type", "")
        return cls(
            text=" ".join(query.get("q", "").replace("\x00", "").split())[:MAX_TEXT],
            who=who if who in {ME, NOBODY} or _is_id(who) else "",
            epic=epic if epic == NOBODY or _is_id(epic) else "",
            type=kind if kind in ItemType.values else "",
            label=query.get("label", "").replace("\x00", "")[:60],
            is_blocked=query.get("blocked") == "1",
            is_stale=query.get("stale") == "1",
        )

    @property
    def is_on(self) -> bool:
        """Whether anything is left out."""
        return self != ItemFilter()

    def as_query(self) -> dict[str, str]:
        """The parameters that give this filter again; what is off is not among them."""
        pairs = {
            "q": self.text,
            "who": self.who,
            "epic": self.epic,
            "type": self.type,
            "label": self.label,
            "blocked": "1" if self.is_blocked else "",
            "stale": "1" if self.is_stale else "",
        }
        return {name: value for name, value in pairs.items() if value}

    def params(self, *, actor: Actor, today: date, stale_after_days: int) -> dict[str, Any]:
        """The parameters of :data:`FITS`, and of the counts beside the filters."""
        if self.who == ME:
            # Somebody without a person of their own has nothing assigned: id 0 is nobody's.
            assignee: int | None = actor.person_id or 0
        else:
            assignee = whole_number(self.who)
        return {
            "text": like_pattern(self.text) if self.text else None,
            "assignee": assignee,
            "is_unassigned": self.who == NOBODY,
            "epic": whole_number(self.epic),
            "is_without_epic": self.epic == NOBODY,
            "type": self.type or None,
            "label": self.label or None,
            "is_blocked": self.is_blocked,
            "is_stale": self.is_stale,
            "stale_before": day_start(today - timedelta(days=stale_after_days)),
            "me": actor.person_id or 0,
            "epic_units": sorted(actor.units("epic.view")),
        }


def toggled(query: Mapping[str, str], name: str, value: str) -> dict[str, str]:
    """The query with one filter put on, or taken off when it is on already."""
    changed = {key: each for key, each in query.items() if key != name}
    if query.get(name) != value:
        changed[name] = value
    return changed


def _is_id(text: str) -> bool:
    return whole_number(text) is not None
