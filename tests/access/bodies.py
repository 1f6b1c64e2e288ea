"""Forms that name things: a body that is accepted, and which of its fields hold the id of what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from django.db import models

from collaboration.models import Delegation, MutedUnit
from metrics.models import Benefit, Kpi, Objective, PiObjective
from organization.access import SYSTEM
from organization.models import Calendar, CustomField, Period, Person, Role, RoleAssignment, Unit
from portfolio.models import BusinessCase, Epic, Feature, StrategicTheme, TrackedKind, WorkflowState
from portfolio.services.epics import epic_create
from portfolio.services.features import feature_create
from portfolio.services.workflows import workflow_of
from teams.models import Sprint, Team, WorkItem
from teams.services.items import item_edit
from teams.services.sprints import sprint_start
from tests.access.subjects import Place
from tests.factories.organization import NOW
from tests.factories.teams import sprint_make

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent to an address. ``values`` are accepted when everything comes from one place; each of ``names``
    is a field with the id of a thing, and how that thing is found in a place.

    Where the id of a thing is part of a field's name, ``named_by`` makes all values from a place. ``arguments`` are
    further parameters of the address, ``before`` is what must have happened, ``headers`` what a browser
    adds, ``refusals`` how it says no.
    """

    address: str
    values: Callable[[Place], Values]
    names: Mapping[str, Callable[[Place], Any]] = field(default_factory=dict)
    named_by: Callable[[Place], Values] | None = None
    arguments: Mapping[str, object] = field(default_factory=dict)
    before: Callable[[Place], object] = lambda place: None
    headers: Mapping[str, str] = field(default_factory=dict)
    refusals: frozenset[int] = frozenset({403, 404, 409, 422})


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


def _running(place: Place) -> None:
    """The sprint runs with an unfinished item in it, and another one is planned."""
    sprint, item = place.the(Sprint), place.the(WorkItem)
    values = {"sprint": sprint}
    item_edit(actor=SYSTEM, item=item, values=values, seen_version=None, at=NOW)
    item_edit(actor=SYSTEM, item=place.second_item, values=values, seen_version=None, at=NOW)
    sprint_start(actor=SYSTEM, sprint=sprint, at=NOW)
    sprint_make(place.the(Team), name="Next")


def _next_sprint(place: Place) -> int:
    """The planned sprint of the team; before there is one, any of it."""
    return Sprint.objects.filter(team=place.the(Team)).order_by("-pk")[0].pk


def _second_epic(place: Place) -> object:
    return epic_create(actor=SYSTEM, unit=place.portfolio, title="Second", at=NOW)


def _second_feature(place: Place) -> object:
    return feature_create(actor=SYSTEM, unit=place.program, title="Second", values={"epic": place.the(Epic)}, at=NOW)


def _newest(model: type[Epic] | type[Feature]) -> Callable[[Place], int]:
    """The newest of the unit: the second one where there is one."""
    return lambda place: model._default_manager.filter(unit=place.unit_at(model)).order_by("-pk")[0].pk


def _team_beside(place: Place) -> int:
    """Another team, for whoever sees it: the neighbour at home, the team itself elsewhere."""
    beside = Team.objects.filter(unit__code="LIG").exclude(pk=place.the(Team).pk)
    return beside.get().pk if place.unit.code == "HAR" else place.the(Team).pk


def _program_beside(place: Place) -> int:
    """Another program of the same portfolio at home, the program itself elsewhere."""
    return Unit.objects.get(code="INLAND").pk if place.unit.code == "HAR" else place.program.pk


def _shares(place: Place) -> dict[str, Any]:
    return {f"theme_{place.the(StrategicTheme).pk}": 40}


def _in_place(noun: str, name: str, find: Callable[[Place], Any]) -> Body:
    """One field edited in place."""
    parameter = "field" if noun == "item" else "name"
    address = f"teams:{noun}_field_edit" if noun == "item" else f"portfolio:{noun}_edit_field"
    return Body(
        address,
        lambda p: {name: find(p), "version": 99},
        {name: find},
        arguments={parameter: name},
        headers={"hx-request": "true"},
    )


_LISTS: Final = {
    WorkItem: ("teams:item", "assignee"),
    Epic: ("portfolio:epic", "owner"),
    Feature: ("portfolio:feature", "owner"),
}
_HTMX: Final = {"hx-request": "true"}


def _in_lists() -> tuple[Body, ...]:
    """A cell and many rows of each list: which row, and who is put into it."""
    return tuple(
        body
        for model, (start, name) in _LISTS.items()
        for body in (
            Body(
                f"{start}_cell",
                lambda p, model=model, name=name: {
                    "field": name, "id": p.the(model).pk, name: p.the(Person).pk, "version": 99,
                },
                {"id": _pk(model), name: _pk(Person)},
                headers=_HTMX,
            ),
            Body(
                f"{start}_bulk",
                lambda p, model=model, name=name: {"field": name, "ids": p.the(model).pk, name: p.the(Person).pk},
                {"ids": _pk(model), name: _pk(Person)},
                headers=_HTMX,
            ),
        )
    )  # fmt: skip


def _in_value_list(noun: str, model: type[models.Model]) -> tuple[Body, ...]:
    """A cell and many rows of a list of values: which row, and who is put into it."""
    return (
        Body(
            f"metrics:{noun}_cell",
            lambda p: {
                "field": "owner", "id": p.the(model).pk, "owner": p.the(Person).pk, "version": p.the(model).version,
            },
            {"id": _pk(model), "owner": _pk(Person)},
            headers=_HTMX,
        ),
        Body(
            f"metrics:{noun}_bulk",
            lambda p: {"field": "owner", "ids": p.the(model).pk, "owner": p.the(Person).pk},
            {"ids": _pk(model), "owner": _pk(Person)},
            headers=_HTMX,
        ),
    )  # fmt: skip


def _two_delegations(place: Place) -> None:
    """One of the writer's own, and one of somebody else."""
    days = {"valid_from": date(2026, 1, 1)}
    for email in ("pmo_staff@example.org", "south_staff@example.org"):
        person = Person.objects.get(email=email)
        Delegation.objects.create(person=person, delegate=place.the(Person), **days)


def _delegation(place: Place) -> int:
    email = "pmo_staff@example.org" if place.unit.code == "HAR" else "south_staff@example.org"
    return Delegation.objects.get(person__email=email).pk


def _two_mute(place: Place) -> None:
    """The writer hears nothing of the unit, and somebody else nothing of theirs."""
    MutedUnit.objects.create(person=Person.objects.get(email="pmo_staff@example.org"), unit=place.unit)
    MutedUnit.objects.create(
        person=Person.objects.get(email="south_staff@example.org"), unit=Unit.objects.get(code="MEA")
    )


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


_DAYS: Final = {"first_day": "2026-08-01", "last_day": "2026-08-14"}
_ITEM_NAMES: Final = {"assignee": _pk(Person), "feature": _pk(Feature), "sprint": _pk(Sprint)}


_KPI: Final = {
    "name": "Named",
    "direction": "UP",
    "number_format": "NUMBER",
    "places": 0,
    "frequency": "MONTHLY",
    "source": "BY_HAND",
}
_KEY_RESULT: Final = {
    "title": "Named",
    "direction": "UP",
    "start_value": 0,
    "target_value": 100,
    "number_format": "NUMBER",
    "places": 0,
    "weight": 1,
}


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
        "metrics:kpi_create",
        lambda p: {**_KPI, "owner": p.the(Person).pk},
        {"owner": _pk(Person)},
    ),
    Body(
        "metrics:kpi_edit",
        lambda p: {**_KPI, "owner": p.the(Person).pk},
        {"owner": _pk(Person)},
    ),
    Body(
        "metrics:objective_create",
        lambda p: {
            "title": "Named",
            "owner": p.the(Person).pk,
            "period": p.period_of(p.unit).pk,
            "theme": p.the(StrategicTheme).pk,
            "parent": p.the(Objective).pk,
        },
        {
            "owner": _pk(Person),
            "period": _period_of(lambda p: p.unit),
            "theme": _pk(StrategicTheme),
            "parent": _pk(Objective),
        },
    ),
    Body(
        "metrics:pi_objective_create",
        lambda p: {"title": "Named", "planned_value": 3, "period": p.period_of(p.unit).pk},
        {"period": _period_of(lambda p: p.unit)},
    ),
    Body(
        "metrics:key_result_create",
        lambda p: {**_KEY_RESULT, "driven_by": "KPI", "kpi": p.the(Kpi).pk, "owner": p.the(Person).pk},
        {"kpi": _pk(Kpi), "owner": _pk(Person)},
    ),
    Body(
        "metrics:key_result_edit",
        lambda p: {
            **_KEY_RESULT,
            "driven_by": "WORK",
            "epics": [p.the(Epic).pk],
            "features": [p.the(Feature).pk],
        },
        {"epics": _pk(Epic), "features": _pk(Feature)},
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
    Body(
        "organization:announcement_create",
        lambda p: {
            "title": "Freeze",
            "severity": "INFO",
            "unit": p.unit.pk,
            "starts_at": "2026-06-03T09:00",
            "ends_at": "2026-06-05T09:00",
        },
        {"unit": lambda p: p.unit.pk},
    ),
    Body("portfolio:epic_align", lambda p: {**_shares(p), "version": p.the(Epic).version}, named_by=_shares),
    Body("teams:item_transfer", lambda p: {"team": _team_beside(p)}, {"team": _team_beside}),
    Body(
        "organization:unit_move",
        lambda p: {"parent": _program_beside(p), "from_day": "2026-07-01", "confirmed": "1"},
        {"parent": _program_beside},
    ),
    Body("teams:sprint_close", lambda p: {"carry_to": _next_sprint(p)}, {"carry_to": _next_sprint}, before=_running),
    Body(
        "teams:sprint_close",
        lambda p: {
            "carry_to": "choose",
            f"item_{p.the(WorkItem).pk}": _next_sprint(p),
            f"item_{p.second_item.pk}": 0,
        },
        named_by=lambda p: {f"item_{p.the(WorkItem).pk}": _next_sprint(p)},
        before=_running,
    ),
    _in_place("item", "assignee", _pk(Person)),
    _in_place("item", "feature", _pk(Feature)),
    _in_place("item", "sprint", _pk(Sprint)),
    _in_place("epic", "owner", _pk(Person)),
    _in_place("feature", "owner", _pk(Person)),
    _in_place("feature", "period", _period_of(lambda p: p.program)),
    Body(
        "portfolio:epic_board_move",
        lambda p: {"id": p.the(Epic).pk, "to": _kanban(Epic, 0)(p), "after": _newest(Epic)(p)},
        {"after": _newest(Epic)},
        before=_second_epic,
    ),
    Body(
        "portfolio:feature_board_move",
        lambda p: {"id": p.the(Feature).pk, "to": _kanban(Feature, 0)(p), "after": _newest(Feature)(p)},
        {"after": _newest(Feature)},
        before=_second_feature,
    ),
    Body("teams:item_sub_add", lambda p: {"title": "Part"}),
    Body("teams:sprint_create", lambda p: {**_DAYS, "name": "New"}),
    Body(
        "teams:sprint_edit",
        lambda p: {
            "name": "New",
            "first_day": "2026-08-01",
            "last_day": "2026-08-14",
            "version": p.the(Sprint).version,
        },
    ),
    Body("teams:state_create", lambda p: {"name": "New", "category": "ACTIVE"}),
    Body("teams:state_edit", lambda p: {"name": "New"}),
    Body("portfolio:state_create", lambda p: {"name": "New", "category": "ACTIVE"}),
    Body("portfolio:state_edit", lambda p: {"name": "New"}),
    Body(
        "portfolio:case_edit",
        lambda p: {"mvp": "Twenty shops", "recommendation": "GO", "number": p.the(BusinessCase).number},
    ),
    Body(
        "teams:team_settings",
        lambda p: {"method": "SCRUM", "started_from": "ACTIVE", "estimate_scale": "LINEAR", "stale_after_days": 9},
    ),
    Body("organization:unit_edit", lambda p: {"name": "Newer"}),
    Body(
        "organization:period_create",
        lambda p: {"kind": "PI", "name": "New", "starts_on": "2028-01-01", "last_day": "2028-03-31"},
    ),
    Body("organization:period_edit", lambda p: {"name": "New", "starts_on": "2026-06-01", "last_day": "2026-07-31"}),
    Body("organization:custom_field_edit", lambda p: {"label": "Newer"}),
    *_in_lists(),
    Body(
        "collaboration:view_create",
        lambda p: {"name": "Mine", "unit": p.unit.pk, "list": "items", "path": "/", "query": ""},
        {"unit": lambda p: p.unit.pk},
        headers=_HTMX,
    ),
    Body(
        "collaboration:delegation_end",
        lambda p: {"delegation": _delegation(p)},
        {"delegation": _delegation},
        before=_two_delegations,
        refusals=frozenset({303}),
    ),
    Body(
        "organization:person_cell",
        lambda p: {"field": "name", "id": p.the(Person).pk, "name": "Newer"},
        {"id": _pk(Person)},
        headers=_HTMX,
    ),
    Body(
        "organization:unit_cell",
        lambda p: {"field": "name", "id": p.unit.pk, "name": "Newer"},
        {"id": lambda p: p.unit.pk},
        headers=_HTMX,
    ),
    *(body for noun, model in (("kpi", Kpi), ("objective", Objective)) for body in _in_value_list(noun, model)),
    _in_value_list("benefit", Benefit)[0],
    Body(
        "collaboration:unit_unmute",
        lambda p: {"unit": p.unit.pk},
        {"unit": lambda p: p.unit.pk},
        before=_two_mute,
        refusals=frozenset({303}),
    ),
    Body("organization:calendar_create", lambda p: {"name": "New", "workdays": ["1", "2"]}),
    Body("organization:calendar_edit", lambda p: {"name": "New", "workdays": ["1", "2"]}),
)
"""Everything that ``PMO staff`` of the north may send."""

MASS: Final = (
    ("teams:item_create_in", WorkItem),
    ("teams:item_edit", WorkItem),
    ("teams:item_sub_add", WorkItem),
    ("teams:board_add", WorkItem),
    ("teams:sprint_create", Sprint),
    ("teams:sprint_edit", Sprint),
    ("teams:team_settings", Team),
    ("teams:state_create", WorkflowState),
    ("teams:state_edit", WorkflowState),
    ("portfolio:state_create", WorkflowState),
    ("portfolio:state_edit", WorkflowState),
    ("portfolio:epic_create", Epic),
    ("portfolio:epic_edit", Epic),
    ("portfolio:epic_board_add", Epic),
    ("portfolio:epic_edit_field", Epic),
    ("portfolio:case_edit", BusinessCase),
    ("portfolio:feature_create", Feature),
    ("portfolio:feature_edit", Feature),
    ("portfolio:feature_board_add", Feature),
    ("portfolio:theme_create", StrategicTheme),
    ("portfolio:theme_edit", StrategicTheme),
    ("metrics:kpi_create", Kpi),
    ("metrics:kpi_edit", Kpi),
    ("metrics:objective_create", Objective),
    ("metrics:pi_objective_create", PiObjective),
    ("organization:unit_create", Unit),
    ("organization:unit_edit", Unit),
    ("organization:period_create", Period),
    ("organization:period_edit", Period),
    ("organization:person_create", Person),
    ("organization:person_edit", Person),
    ("organization:role_give", RoleAssignment),
    ("organization:custom_field_create", CustomField),
    ("organization:custom_field_edit", CustomField),
    ("organization:calendar_create", Calendar),
    ("organization:calendar_edit", Calendar),
)
"""Addresses that create or change a thing, to which all of its columns are sent."""
