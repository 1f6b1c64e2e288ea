"""How the history words what only teams know of: sprints, parent items, the blocked flag."""

from __future__ import annotations

from portfolio.models import EventKind
from portfolio.selectors.history import Describer, Names, Side, keyed_names_of, names_of, register_describer
from teams.models import Sprint, WorkItem


def _reason(side: Side, names: Names) -> str:
    """Why it was blocked."""
    return str(side.value["reason"]) if isinstance(side.value, dict) else ""


register_describer(EventKind.SPRINT, Describer(names_of(Sprint)))
register_describer(EventKind.PARENT, Describer(keyed_names_of(WorkItem)))
register_describer(EventKind.BLOCKED, Describer(lambda actor, ids: {}, text=_reason))
