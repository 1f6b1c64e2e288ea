"""The columns of a kanban: changed by who may, with the question what a new meaning does to the past."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from portfolio.models import StateCategory, TrackedKind, WorkflowState
from portfolio.services.workflows import ALWAYS
from tests.factories.portfolio import epic_make, state_named
from tests.personas import World


@pytest.fixture
def state(world: World) -> WorkflowState:
    return state_named(world.north, TrackedKind.EPIC, "Analyzing")


@pytest.fixture
def staff(client_as: Callable[[str], Client]) -> Client:
    return client_as("pmo_staff")


def url(page: str, *args: object) -> str:
    return reverse(f"portfolio:state_{page}", args=["NORTH", *args])


@pytest.mark.parametrize(("name", "status"), [("pmo_staff", 200), ("executive", 403), ("south_staff", 404)])
def test_columns_are_for_who_configures_the_board(
    state: WorkflowState, client_as: Callable[[str], Client], name: str, status: int
) -> None:
    client = client_as(name)
    assert client.get(url("list")).status_code == status
    assert client.get(url("edit", state.pk)).status_code == status


def test_a_team_has_its_columns_elsewhere(client_as: Callable[[str], Client]) -> None:
    assert client_as("administrator").get(reverse("portfolio:state_list", args=["HAR"])).status_code == 404


def test_a_column_of_another_board_does_not_exist_here(world: World, client_as: Callable[[str], Client]) -> None:
    foreign = state_named(world.south, TrackedKind.EPIC, "Analyzing")
    client = client_as("administrator")
    assert client.get(url("edit", foreign.pk)).status_code == 404
    assert client.post(url("archive", foreign.pk)).status_code == 404


def test_a_limit_and_a_policy_are_set(state: WorkflowState, staff: Client) -> None:
    form = {"name": "Analysis", "wip_limit": "2", "is_hard_limit": "on", "policy": "A case is written."}
    assert staff.post(url("edit", state.pk), form).status_code == 303
    state.refresh_from_db()
    assert (state.name, state.wip_limit, state.is_hard_limit) == ("Analysis", 2, True)
    page = staff.get(reverse("portfolio:epic_board", args=["NORTH"])).content.decode()
    assert "0 / 2" in page
    assert "A case is written." in page


@pytest.mark.parametrize("name", ["Funnel", "  "])
def test_a_name_is_needed_and_used_once(state: WorkflowState, staff: Client, name: str) -> None:
    for page, form in (
        (url("edit", state.pk), {"name": name, "policy": ""}),
        (url("create"), {"name": name, "category": "ACTIVE"}),
    ):
        response = staff.post(page, form)
        assert response.status_code == 422
        assert 'aria-invalid="true"' in response.content.decode()


def test_a_new_column_stands_last_and_can_be_shifted(world: World, state: WorkflowState, staff: Client) -> None:
    staff.post(url("create"), {"name": "Parked", "category": "WAITING"})
    parked = state_named(world.north, TrackedKind.EPIC, "Parked")
    names = list(state.workflow.states.order_by("position").values_list("name", flat=True))
    assert names[-1] == "Parked"
    staff.post(url("move", parked.pk), {"by": "-1"})
    names = list(state.workflow.states.order_by("position").values_list("name", flat=True))
    assert names[-2] == "Parked"
    assert staff.post(url("move", parked.pk), {"by": "5"}).status_code == 404


def test_a_new_meaning_asks_since_when(state: WorkflowState, staff: Client) -> None:
    page = url("meaning", state.pk)
    assert staff.post(page, {"category": "ACTIVE", "since": "from_day", "day": "9999-01-01"}).status_code == 422
    assert staff.post(page, {"category": "ACTIVE", "since": "from_day"}).status_code == 422
    assert staff.post(page, {"category": "ACTIVE", "since": "correction"}).status_code == 303
    assert list(state.meanings.values_list("category", "valid_from")) == [(StateCategory.ACTIVE, ALWAYS)]
    assert staff.post(page, {"category": "WAITING", "since": "from_day", "day": "2026-05-01"}).status_code == 303
    assert state.meanings.count() == 2


def test_only_an_empty_column_is_archived(world: World, state: WorkflowState, staff: Client) -> None:
    epic_make(world.north, state=state)
    empty = state_named(world.north, TrackedKind.EPIC, "Reviewing")
    for each in (state, empty):
        staff.post(url("archive", each.pk))
    archived = state.workflow.states.filter(is_archived=True).values_list("name", flat=True)
    assert list(archived) == ["Reviewing"]
