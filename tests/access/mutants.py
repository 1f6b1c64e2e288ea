"""Scope bugs as people write them, seeded one at a time: the tests of this folder must notice each.

A mutant names what is broken and breaks it, in this process, for as long as its patch holds.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pytest

from collaboration.policies import JobPolicy
from metrics.policies import RollupPolicy
from organization.access import PersonActor
from organization.models import Unit
from organization.policies import (
    CustomFieldPolicy,
    PeriodPolicy,
    PersonPolicy,
    RoleAssignmentPolicy,
    _OrganisationWide,
)
from pmo_portal.lib import access
from pmo_portal.lib.access import AccessRule, Policy
from portfolio.models import WorkflowState
from portfolio.policies import (
    BusinessCasePolicy,
    EpicPolicy,
    FeaturePolicy,
    StrategicThemePolicy,
    WorkflowPolicy,
    WorkflowStatePolicy,
)
from teams.models import Sprint, WorkItem
from teams.policies import SprintPolicy, TeamPolicy, WorkItemPolicy
from tests.access.addresses import addresses


@dataclass(frozen=True, slots=True)
class Mutant:
    """One seeded bug."""

    name: str
    seed: Callable[[pytest.MonkeyPatch], None]


def _everything(self: Any, actor: Any, queryset: Any) -> Any:
    return queryset


def _yes(*args: Any, **kwargs: Any) -> bool:
    return True


def _nothing(*args: Any, **kwargs: Any) -> None:
    return None


def _no_fields(self: Any, actor: Any, obj: Any) -> frozenset[str]:
    return frozenset()


def _set(name: str, owner: Any, attribute: str, value: Any) -> Mutant:
    return Mutant(name, lambda patch: patch.setattr(owner, attribute, value))


def _unguarded(module: str, *names: str) -> Mutant:
    def seed(patch: pytest.MonkeyPatch) -> None:
        for name in names:
            patch.setattr(importlib.import_module(module), name, _nothing)

    return Mutant(f"{module} forgets {' and '.join(names)}", seed)


def _function(module: str, name: str, value: Any) -> Mutant:
    return Mutant(
        f"{module}.{name} looks everywhere", lambda patch: patch.setattr(importlib.import_module(module), name, value)
    )


def _rule(address_name: str, **changed: Any) -> Mutant:
    def seed(patch: pytest.MonkeyPatch) -> None:
        address = next(each for each in addresses("object", "listing") if each.name == address_name)
        old = address.rule
        fields = {name: getattr(old, name) for name in AccessRule.__dataclass_fields__} | changed
        patch.setattr(address.view, "access_rule", AccessRule(**fields))

    return Mutant(f"{address_name} is guarded by {changed}", seed)


def _all_of(model: Any) -> Any:
    return lambda actor, kind=None: (kind or model)._default_manager.all()


VISIBLE_EVERYWHERE: Final = (PersonPolicy, RoleAssignmentPolicy, _OrganisationWide, Policy)
OF_ALL_KINDS: Final = (EpicPolicy, FeaturePolicy, WorkItemPolicy, SprintPolicy, TeamPolicy, BusinessCasePolicy)

MUTANTS: Final = (
    *(_set(f"{each.__name__}.visible returns all", each, "visible", _everything) for each in VISIBLE_EVERYWHERE),
    *(_set(f"{each.__name__}.visible returns all", each, "visible", _everything) for each in OF_ALL_KINDS),
    *(_set(f"{each.__name__}.allows says yes", each, "allows", _yes) for each in OF_ALL_KINDS),
    _set("PersonPolicy.allows says yes", PersonPolicy, "allows", _yes),
    _set("Policy.allows says yes", Policy, "allows", _yes),
    _set("Policy.allows_within says yes", Policy, "allows_within", _yes),
    _set("everybody holds what belongs to all", _OrganisationWide, "_holds", _yes),
    _set("no money is hidden", Policy, "hidden_fields", _no_fields),
    _set("no address is hidden", PersonPolicy, "hidden_fields", _no_fields),
    _set("money is no group", BusinessCasePolicy, "field_groups", {}),
    _set("a cost is forgotten in its group", BusinessCasePolicy, "field_groups", {"MONEY": ("cost_mvp", "benefit")}),
    _set("features belong to the portfolio of their epic", FeaturePolicy, "unit_lookup", "epic__unit"),
    _set("themes belong to the unit of their owner", StrategicThemePolicy, "unit_lookup", "owner__unit"),
    _set("items belong to the program of their feature", WorkItemPolicy, "unit_lookup", "feature__unit"),
    _set("whoever sees an epic sees its case", BusinessCasePolicy, "noun", "epic"),
    _set("epics are guarded as features", EpicPolicy, "noun", "feature"),
    _set("sprints are guarded as items", SprintPolicy, "noun", "item"),
    _set("periods are guarded as units", PeriodPolicy, "noun", "unit"),
    _set("own fields are guarded as units", CustomFieldPolicy, "noun", "unit"),
    _set("workflows are guarded as teams", WorkflowPolicy, "noun", "team"),
    _set("columns are guarded as teams", WorkflowStatePolicy, "noun", "team"),
    _set("numbers are guarded as units", RollupPolicy, "noun", "unit"),
    _set("jobs are for whoever sees the unit", JobPolicy, "permission", lambda self, action: "unit.view"),
    _set("a right anywhere is a right everywhere", PersonActor, "can", lambda self, code, unit_id: code in self.grants),
    _set(
        "the whole organisation is like a unit",
        PersonActor,
        "can",
        lambda self, code, unit_id: bool(self.grants.get(code)) if unit_id is None else unit_id in self.units(code),
    ),
    _set(
        "rights reach all units",
        PersonActor,
        "units",
        lambda self, code: frozenset(Unit.objects.values_list("pk", flat=True)) if code in self.grants else frozenset(),
    ),
    _set("the door loads what is not visible", access, "visible", lambda actor, model: model._default_manager.all()),
    _set("the door does not ask", access, "require", _nothing),
    _set("the door does not ask within", access, "require_within", _nothing),
    _unguarded("teams.services.items", "require", "require_within"),
    _unguarded("teams.services.sprints", "require", "require_within"),
    _unguarded("teams.services.teams", "require"),
    _unguarded("portfolio.services.epics", "require", "require_within"),
    _unguarded("portfolio.services.features", "require", "require_within"),
    _unguarded("portfolio.services.themes", "require", "require_within"),
    _unguarded("portfolio.services.cases", "require_within"),
    _unguarded("portfolio.services.workflows", "require"),
    _unguarded("organization.services.units", "require"),
    _unguarded("organization.services.people", "require", "require_within"),
    _unguarded("organization.services.people_bulk", "require_within"),
    _unguarded("organization.services.roles", "require", "require_within"),
    _unguarded("organization.services.periods", "require", "require_within"),
    _unguarded("organization.services.calendars", "require", "require_within"),
    _unguarded("organization.services.customs", "require", "require_within"),
    _unguarded("collaboration.services.jobs", "require", "require_within"),
    _function("teams.views.boards", "_column", lambda team, state_id, **_: WorkflowState.objects.get(pk=state_id)),
    _function("teams.views.backlogs", "_item", lambda request, team, pk: WorkItem.objects.get(pk=pk)),
    _function("teams.views.backlogs", "_section", lambda team, pk: Sprint.objects.filter(pk=pk).first()),
    _function("teams.views.teams", "_state", lambda team, pk: WorkflowState.objects.get(pk=pk)),
    _function("portfolio.views.states", "_state", lambda workflow, pk: WorkflowState.objects.get(pk=pk)),
    _function("teams.views.sprints", "_check_address", _nothing),
    _function("portfolio.forms.things", "visible", _all_of(None)),
    _function("organization.views.people", "_units_for", lambda actor, permission: Unit.objects.all()),
    _rule("teams:item_edit", action="VIEW"),
    _rule("portfolio:epic_delete", action="VIEW"),
    _rule("organization:role_give", kind="signed_in"),
)
