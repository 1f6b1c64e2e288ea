"""A column is archived while somebody brings a card into it: either the card is seen, or the column is seen gone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from threading import Event
from typing import Any

import pytest

from organization.access import SYSTEM
from pmo_portal.lib.errors import Refused
from portfolio.models import EventKind, StateCategory, WorkflowState
from portfolio.services import moves, rank
from portfolio.services.workflows import state_archive
from teams.models import ItemEvent, Team, TeamMethod, WorkItem
from teams.services import items
from tests.factories.organization import NOW
from tests.factories.teams import item_make, item_to, state_of, team_make
from tests.portfolio.racing import race

pytestmark = pytest.mark.django_db(transaction=True)


def by_move(team: Team, state: WorkflowState) -> Callable[[], object]:
    card = item_make(team)
    return partial(items.item_move, actor=SYSTEM, item=card, to_state=state, after_id=None, seen_version=None, at=NOW)


def by_creation(team: Team, state: WorkflowState) -> Callable[[], object]:
    return partial(item_make, team, category=StateCategory.ACTIVE)


def by_transfer(team: Team, state: WorkflowState) -> Callable[[], object]:
    card = item_make(team_make(method=TeamMethod.KANBAN), category=StateCategory.ACTIVE)
    return partial(items.item_transfer, actor=SYSTEM, item=card, team=team, state=None, at=NOW)


def by_undo(team: Team, state: WorkflowState) -> Callable[[], object]:
    card = item_to(item_make(team, category=StateCategory.ACTIVE), StateCategory.DONE, at=NOW)
    event = ItemEvent.objects.filter(subject=card, kind=EventKind.STATE).latest("seq")
    return partial(items.item_undo, actor=SYSTEM, item=card, event=event, at=NOW + timedelta(hours=1))


def by_restore(team: Team, state: WorkflowState) -> Callable[[], object]:
    card = items.item_delete(actor=SYSTEM, item=item_make(team, category=StateCategory.ACTIVE), at=NOW)
    return partial(items.item_restore, actor=SYSTEM, item=card, at=NOW)


def archived_while(
    enter: Callable[[], object], state: WorkflowState, monkeypatch: pytest.MonkeyPatch
) -> tuple[Any, Any]:
    """Archive ``state`` after ``enter`` has looked at it and before it has written; what came of both."""
    looked, archived = Event(), Event()
    real = rank._INTO, rank._refuse_archived

    class Waiting(str):
        """The part of a statement that holds the column: whoever puts it in has looked at the column before."""

        def __format__(self, spec: str) -> str:
            looked.set()
            archived.wait(5)
            return str(self)

    monkeypatch.setattr(rank, "_INTO", Waiting(real[0]))

    def archive() -> None:
        assert looked.wait(5)
        try:
            state_archive(actor=SYSTEM, state=state)
        finally:
            archived.set()

    outcomes = race([enter, archive])
    return outcomes[0], outcomes[1]


WAYS = [by_move, by_creation, by_transfer, by_undo, by_restore]


@pytest.mark.parametrize("way", WAYS)
def test_no_card_enters_a_column_that_is_archived_meanwhile(
    way: Callable[[Team, WorkflowState], Callable[[], object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    team = team_make(method=TeamMethod.KANBAN)
    state = state_of(team, StateCategory.ACTIVE)
    entered, archived = archived_while(way(team, state), state, monkeypatch)
    assert isinstance(entered, Refused), entered
    assert archived is None
    assert not WorkItem.objects.present().filter(state__is_archived=True).exists()


def test_control_without_asking_again_it_would(monkeypatch: pytest.MonkeyPatch) -> None:
    team = team_make(method=TeamMethod.KANBAN)
    state = state_of(team, StateCategory.ACTIVE)
    monkeypatch.setattr(rank, "_refuse_archived", lambda is_archived: None)
    entered, _archived = archived_while(by_move(team, state), state, monkeypatch)
    assert isinstance(entered, WorkItem)
    assert WorkItem.objects.present().filter(state__is_archived=True).exists()


def test_an_archive_waits_for_whoever_is_bringing_a_card_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other order: the column is held first, so the archive sees the card."""
    team = team_make(method=TeamMethod.KANBAN)
    state = state_of(team, StateCategory.ACTIVE)
    enter = by_move(team, state)
    held = Event()
    real = moves.rank_on_top

    def holding(*args: Any, **kwargs: Any) -> Any:
        found = real(*args, **kwargs)
        held.set()
        # The archive has begun to wait by now, if it waits at all.
        Event().wait(0.3)
        return found

    monkeypatch.setattr(moves, "rank_on_top", holding)

    def archive() -> None:
        assert held.wait(5)
        state_archive(actor=SYSTEM, state=state)

    entered, archived = race([enter, archive])
    assert isinstance(entered, WorkItem)
    assert isinstance(archived, Refused)
