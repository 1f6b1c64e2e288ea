"""Forms that name things: a body that is accepted, and which of its fields hold the id of what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import models

from organization.models import Person, Role, Unit
from portfolio.models import Epic, Feature, StrategicTheme, TrackedKind
from portfolio.services.workflows import workflow_of
from teams.models import Sprint, Team, WorkItem
from tests.access.subjects import Place

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent to an address. ``values`` are accepted when everything comes from one place; each of ``names``
    is a field with the id of a thing, and how that thing is found in a place."""

    address: str
    values: Callable[[Place], Values]
    names: Mapping[str, Callable[[Place], Any]]


def _pk(model: type[models.Model]) -> Callable[[Place], Any]:
    return lambda place: place.the(model).pk


def _sibling(place: Place) -> int:
    """A second item of the team, to stand behind."""
    return place.second_item.pk


def _second_state(place: Place) -> int:
    return place.the(Team).workflow.states.filter(is_archived=False).order_by("position")[1].pk


def _kanban(model: type[models.Model], position: int) -> Callable[[Place], int]:
    def state(place: Place) -> int:
        return (
            workflow_of(place.unit_at(model), TrackedKind.EPIC if model is Epic else TrackedKind.FEATURE)
            .states.order_by("position")[position]
            .pk
        )

    return state


def _period_of(unit: Callable[[Place], Unit]) -> Callable[[Place], Any]:
    return lambda place: place.period_of(unit(place)).pk


def _item(place: Place) -> dict[str, Any]:
    return {
        "title": "Named",
        "type": "STORY",
        "priority": "MEDIUM",
        "service_class": "STANDARD",
        "assignee": place.the(Person).pk,
        "feature": place.the(Feature).pk,
        "sprint": place.the(Sprint).pk,
    }


_ITEM_NAMES: Final = {"assignee": _pk(Person), "feature": _pk(Feature), "sprint": _pk(Sprint)}


BODIES: Final = (
    Body(
        "teams:board_move",
        lambda p: {"id": p.the(WorkItem).pk, "to": _second_state(p), "after": "", "version": p.the(WorkItem).version},
        {"id": _pk(WorkItem), "to": _second_state},
    ),
    Body(
        "teams:board_move",
        lambda p: {"id": p.the(WorkItem).pk, "to": p.the(WorkItem).state_id, "after": _sibling(p)},
        {"after": _sibling},
    ),
    Body("teams:board_add", lambda p: {"column": _second_state(p), "title": "New"}, {"column": _second_state}),
    Body(
        "teams:backlog_move",
        lambda p: {"id": p.the(WorkItem).pk, "to": p.the(Sprint).pk, "after": ""},
        {"id": _pk(WorkItem), "to": _pk(Sprint)},
    ),
    Body(
        "teams:backlog_move",
        lambda p: {"id": p.the(WorkItem).pk, "to": 0, "after": _sibling(p)},
        {"after": _sibling},
    ),
    Body(
        "teams:backlog_plan",
        lambda p: {"ids": [p.the(WorkItem).pk], "sprint": p.the(Sprint).pk},
        {"ids": _pk(WorkItem), "sprint": _pk(Sprint)},
    ),
    Body("teams:item_create_in", _item, _ITEM_NAMES),
    Body("teams:item_edit", _item, _ITEM_NAMES),
    Body("teams:item_move", lambda p: {"state": _second_state(p), "where": "top"}, {"state": _second_state}),
    Body(
        "portfolio:epic_board_move",
        lambda p: {"id": p.the(Epic).pk, "to": _kanban(Epic, 1)(p)},
        {"id": _pk(Epic), "to": _kanban(Epic, 1)},
    ),
    Body(
        "portfolio:epic_board_add",
        lambda p: {"column": _kanban(Epic, 0)(p), "title": "New"},
        {"column": _kanban(Epic, 0)},
    ),
    Body("portfolio:epic_move", lambda p: {"to": _kanban(Epic, 1)(p)}, {"to": _kanban(Epic, 1)}),
    Body(
        "portfolio:epic_create",
        lambda p: {"title": "Named", "type": "BUSINESS", "owner": p.the(Person).pk},
        {"owner": _pk(Person)},
    ),
    Body(
        "portfolio:epic_edit",
        lambda p: {"title": "Named", "type": "BUSINESS", "owner": p.the(Person).pk},
        {"owner": _pk(Person)},
    ),
    Body(
        "portfolio:feature_board_move",
        lambda p: {"id": p.the(Feature).pk, "to": _kanban(Feature, 1)(p)},
        {"id": _pk(Feature), "to": _kanban(Feature, 1)},
    ),
    Body(
        "portfolio:feature_board_add",
        lambda p: {"column": _kanban(Feature, 0)(p), "title": "New"},
        {"column": _kanban(Feature, 0)},
    ),
    Body("portfolio:feature_move", lambda p: {"to": _kanban(Feature, 1)(p)}, {"to": _kanban(Feature, 1)}),
    Body(
        "portfolio:feature_create",
        lambda p: {
            "title": "Named",
            "epic": p.the(Epic).pk,
            "owner": p.the(Person).pk,
            "period": p.period_of(p.program).pk,
        },
        {"epic": _pk(Epic), "owner": _pk(Person), "period": _period_of(lambda p: p.program)},
    ),
    Body(
        "portfolio:feature_edit",
        lambda p: {
            "title": "Named",
            "epic": p.the(Epic).pk,
            "owner": p.the(Person).pk,
            "period": p.period_of(p.program).pk,
        },
        {"epic": _pk(Epic), "owner": _pk(Person), "period": _period_of(lambda p: p.program)},
    ),
    Body(
        "portfolio:theme_create",
        lambda p: {
            "name": "Named",
            "state": "PROPOSED",
            "weight_percent": 10,
            "owner": p.the(Person).pk,
            "period": p.period_of(p.portfolio).pk,
        },
        {"owner": _pk(Person), "period": _period_of(lambda p: p.portfolio)},
    ),
    Body(
        "portfolio:theme_edit",
        lambda p: {
            "name": "Named",
            "state": "PROPOSED",
            "weight_percent": 10,
            "owner": p.the(Person).pk,
            "period": p.period_of(p.portfolio).pk,
        },
        {"owner": _pk(Person), "period": _period_of(lambda p: p.portfolio)},
    ),
    Body(
        "organization:unit_create",
        lambda p: {"kind": "TEAM", "parent": p.program.pk, "name": "Newest", "code": "NEWEST"},
        {"parent": lambda p: p.program.pk},
    ),
    Body(
        "organization:person_create",
        lambda p: {"name": "Nadia Example", "email": "nadia@example.org", "unit": p.unit.pk},
        {"unit": lambda p: p.unit.pk},
    ),
    Body(
        "organization:person_edit",
        lambda p: {"name": "Nadia Example", "email": "nadia@example.org", "unit": p.program.pk},
        {"unit": lambda p: p.program.pk},
    ),
    Body(
        "organization:role_give",
        lambda p: {"person": p.the(Person).pk, "role": Role.DEVELOPER, "unit": p.unit.pk},
        {"person": _pk(Person), "unit": lambda p: p.unit.pk},
    ),
    Body(
        "organization:custom_field_create",
        lambda p: {"owner": "ITEM", "unit": p.unit.pk, "code": "newest", "label": "Newest", "type": "TEXT"},
        {"unit": lambda p: p.unit.pk},
    ),
)
"""Everything that ``PMO staff`` of the north may send."""

MASS: Final = (
    ("teams:item_create_in", WorkItem),
    ("teams:item_edit", WorkItem),
    ("portfolio:epic_create", Epic),
    ("portfolio:epic_edit", Epic),
    ("portfolio:feature_create", Feature),
    ("portfolio:feature_edit", Feature),
    ("portfolio:theme_create", StrategicTheme),
    ("portfolio:theme_edit", StrategicTheme),
    ("organization:unit_create", Unit),
    ("organization:person_create", Person),
    ("organization:person_edit", Person),
)
"""Addresses that create or change a thing, to which all of its columns are sent."""
