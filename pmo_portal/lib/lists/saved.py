"""Where saved views come from: the app that keeps them registers itself here, lists below it only ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pmo_portal.lib.access import Actor


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A question to a list that somebody kept: its id, its name, and the query of its address."""

    pk: int
    name: str
    query: str


class ViewSource(Protocol):
    """Finds saved views among those an actor may see."""

    def find(self, *, actor: Actor, list_code: str, unit_id: int | None, pk: int) -> SavedQuery | None:
        """One view by its id, or None when it is no view of this list that the actor may see."""

    def standard(self, *, actor: Actor, list_code: str, unit_id: int | None) -> SavedQuery | None:
        """The view a list opens with: the actor's own choice, else that of the unit, else None."""

    def menu_url(self, *, list_code: str, unit_id: int | None) -> str:
        """Where the menu of views is fetched from."""


_sources: list[ViewSource] = []


def register_view_source(source: ViewSource) -> None:
    """Make ``source`` the keeper of saved views; called when the apps are ready."""
    _sources[:] = [source]


def view_source() -> ViewSource | None:
    """The keeper of saved views; None where there is none."""
    return _sources[0] if _sources else None
