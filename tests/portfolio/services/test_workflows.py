"""Workflows: made when first needed, changed, and read anew when a meaning is corrected."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from organization.access import SYSTEM
from pmo_portal.lib import live, registry
from pmo_portal.lib.access import Denied
from pmo_portal.lib.errors import Refused
from portfolio.models import StateCategory, TrackedKind, WorkflowState
from portfolio.services.epics import epic_delete
from portfolio.services.workflows import (
    ALWAYS,
    state_archive,
    state_edit,
    state_recategorise,
    state_reorder,
    workflow_of,
)
from tests.factories.portfolio import epic_make, state_named
from tests.personas import World

MAY = datetime(2026, 5, 1, tzinfo=UTC)
JUNE = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def state(world: World) -> WorkflowState:
    return state_named(world.north, TrackedKind.EPIC, "Analyzing")


def meanings(state: WorkflowState) -> list[tuple[str, datetime, datetime | None]]:
    return list(state.meanings.order_by("valid_from").values_list("category", "valid_from", "valid_to"))


def test_the_first_who_needs_a_workflow_makes_it(world: World) -> None:
    workflow = workflow_of(world.north, TrackedKind.EPIC)
    assert workflow_of(world.north, TrackedKind.EPIC) == workflow
    assert workflow_of(world.coast, TrackedKind.FEATURE) != workflow
    names = workflow.states.order_by("position").values_list("name", flat=True)
    assert list(names)[:4] == ["Funnel", "Reviewing", "Analyzing", "Portfolio backlog"]


def test_a_new_state_has_always_meant_its_category(state: WorkflowState) -> None:
    assert meanings(state) == [(StateCategory.COMMITTED, ALWAYS, None)]


def test_a_correction_rewrites_what_the_state_ever_meant(state: WorkflowState) -> None:
    state_recategorise(actor=SYSTEM, state=state, category=StateCategory.ACTIVE, from_at=MAY)
    changed = state_recategorise(actor=SYSTEM, state=state, category=StateCategory.WAITING, from_at=None)
    assert changed.category == StateCategory.WAITING
    assert meanings(state) == [(StateCategory.WAITING, ALWAYS, None)]


def test_a_change_from_a_date_keeps_what_it_meant_before(state: WorkflowState) -> None:
    state_recategorise(actor=SYSTEM, state=state, category=StateCategory.ACTIVE, from_at=JUNE)
    assert meanings(state) == [(StateCategory.COMMITTED, ALWAYS, JUNE), (StateCategory.ACTIVE, JUNE, None)]


def test_an_earlier_change_takes_the_place_of_later_ones(state: WorkflowState) -> None:
    state_recategorise(actor=SYSTEM, state=state, category=StateCategory.ACTIVE, from_at=JUNE)
    state_recategorise(actor=SYSTEM, state=state, category=StateCategory.WAITING, from_at=MAY)
    assert meanings(state) == [(StateCategory.COMMITTED, ALWAYS, MAY), (StateCategory.WAITING, MAY, None)]


def test_whoever_derives_numbers_is_told_of_a_new_meaning(
    state: WorkflowState, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: object
) -> None:
    told: list[int] = []
    monkeypatch.setattr(registry, "meaning_listeners", [registry.OutboxListener(notify=told.append)])
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        state_recategorise(actor=SYSTEM, state=state, category=StateCategory.ACTIVE, from_at=None)
    assert told == [state.workflow_id]


def test_a_state_with_cards_stays_and_boards_hear_of_every_change(
    world: World, state: WorkflowState, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    monkeypatch.setattr(live, "publish_on_commit", lambda *, unit_id, kind: told.append(unit_id))
    card = epic_make(world.north, state=state)
    with pytest.raises(Refused, match="Move its cards"):
        state_archive(actor=SYSTEM, state=state)
    assert told == []
    epic_delete(actor=SYSTEM, epic=card, at=JUNE)
    state_recategorise(actor=SYSTEM, state=state, category=StateCategory.ACTIVE, from_at=None)
    state_reorder(actor=SYSTEM, state=state, by=1)
    state_archive(actor=SYSTEM, state=state)
    assert told == [world.north.pk] * 3


def test_workflows_are_for_who_configures_them(world: World, state: WorkflowState) -> None:
    with pytest.raises(Denied):
        state_edit(
            actor=world.persona("executive").actor,
            state=state,
            name="Mine",
            wip_limit=None,
            is_hard_limit=False,
            policy="",
        )
