"""What each role may do: the one table of grants.

A permission is ``<noun>.<action>``. A grant reaches *down* from the unit the role is held on (that unit and
all below it) or *up* (that unit and all above it): a developer sees the epics of the portfolio their team
works for, but not the neighbouring team. The portal shows this table, docs/access.md is generated from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from organization.models.roles import Role


class Reach(models.TextChoices):
    """In which direction of the unit tree a grant holds."""

    DOWN = "DOWN", _("the unit and all below it")
    UP = "UP", _("the unit and all above it")


@dataclass(frozen=True, slots=True)
class Grant:
    """One permission with its reach."""

    permission: str
    reach: Reach


def _down(*permissions: str) -> frozenset[Grant]:
    return frozenset(Grant(permission, Reach.DOWN) for permission in permissions)


def _up(*permissions: str) -> frozenset[Grant]:
    return frozenset(Grant(permission, Reach.UP) for permission in permissions)


def _all_of(noun: str, *actions: str) -> tuple[str, ...]:
    return tuple(f"{noun}.{action}" for action in actions)


_LOOK: Final = _down(
    "unit.view",
    "person.view",
    "role.view",
    "period.view",
    "calendar.view",
    "theme.view",
    "epic.view",
    "business_case.view",
    "feature.view",
    "team.view",
    "item.view",
    "sprint.view",
    "workflow.view",
    "metrics.view",
    "kpi.view",
    "measurement.view",
    "objective.view",
    "check_in.view",
    "status.view",
    "benefit.view",
    "pi_objective.view",
    "approval.view",
    "approval_rule.view",
    # Whoever sees a thing may say something about it: those who only look have the questions.
    "comment.create",
)
_WHY: Final = _up(
    "unit.view",
    "period.view",
    "calendar.view",
    "theme.view",
    "epic.view",
    "feature.view",
    # What the units above want to achieve; not what they are measured by, which may add up what neighbours do.
    "objective.view",
    "check_in.view",
    "comment.create",
)
_MONEY: Final = _down("money.view")
_STRATEGY: Final = _down(
    "approval.create",
    *_all_of("theme", "create", "edit", "delete"),
    *_all_of("epic", "create", "edit", "move", "delete", "configure"),
    *_all_of("business_case", "create", "edit"),
)
# To keep order is to remove what others said, and their files.
_FEATURES: Final = _down("comment.manage", *_all_of("feature", "create", "edit", "move", "delete", "configure"))
_ITEMS: Final = _down(*_all_of("item", "create", "edit", "move"))
_TEAM: Final = _down(
    "comment.manage",
    "item.delete",
    "team.configure",
    "workflow.configure",
    *_all_of("sprint", "create", "edit", "manage", "delete"),
)
_VALUES: Final = _down(
    *_all_of("kpi", "create", "edit"),
    *_all_of("measurement", "create", "edit"),
    *_all_of("objective", "create", "edit"),
    *_all_of("check_in", "create", "edit"),
    *_all_of("status", "create", "edit"),
    *_all_of("pi_objective", "create", "edit", "delete"),
)
_OUTCOMES: Final = _VALUES | _down(
    # MANAGE is to set a verdict by hand; of an increment's objective, to say what it was worth.
    *_all_of("kpi", "delete", "manage"),
    *_all_of("objective", "delete", "manage"),
    "status.delete",
    *_all_of("benefit", "create", "edit", "delete"),
    "pi_objective.manage",
)
_HOUSE: Final = _down(
    *_all_of("unit", "create", "edit", "move", "manage"),
    *_all_of("person", "create", "edit"),
    "personal.view",
    *_all_of("role", "create", "delete"),
    *_all_of("period", "create", "edit", "delete"),
    *_all_of("calendar", "create", "edit", "delete"),
    *_all_of("custom_field", "view", "create", "edit"),
    *_all_of("approval_rule", "create", "edit"),
    *_all_of("announcement", "view", "create", "edit", "delete"),
    *_all_of("exchange_rate", "view", "create", "edit", "delete"),
    "audit.view",
    "team.configure",
    "workflow.configure",
)
_OPERATION: Final = _down(
    *_all_of("term", "view", "edit"),
    # To erase somebody, and how long what is known of people is kept.
    "person.delete",
    *_all_of("retention", "view", "edit"),
    *_all_of("sign_in_rule", "view", "edit"),
    "operations.view",
    "operations.manage",
    "import.create",
    "metrics.manage",
)

ROLE_GRANTS: Final[Mapping[Role, frozenset[Grant]]] = {
    Role.ADMINISTRATOR: _LOOK | _MONEY | _STRATEGY | _FEATURES | _ITEMS | _TEAM | _OUTCOMES | _HOUSE | _OPERATION,
    # Nobody can give a role that grants more than they hold: whoever staffs the teams holds what teams hold.
    Role.PMO_STAFF: (
        _LOOK | _WHY | _MONEY | _STRATEGY | _FEATURES | _ITEMS | _TEAM | _OUTCOMES | _HOUSE | _down("import.create")
    ),
    Role.COMMITTEE_MEMBER: _LOOK | _WHY | _MONEY,
    Role.EXECUTIVE: _LOOK | _WHY | _MONEY,
    Role.PROGRAM_LEAD: _LOOK | _WHY | _FEATURES | _OUTCOMES | _down("epic.create", "epic.edit", "approval.create"),
    Role.PRODUCT_OWNER: _LOOK | _WHY | _ITEMS | _TEAM | _VALUES,
    Role.SCRUM_MASTER: _LOOK | _WHY | _ITEMS | _TEAM | _VALUES,
    Role.DEVELOPER: _LOOK | _WHY | _ITEMS | _down("check_in.create", "measurement.create"),
    Role.COACH: _LOOK | _WHY,
    Role.SUPPORT: _LOOK | _WHY,
    Role.STAKEHOLDER: _down(
        "unit.view",
        "theme.view",
        "epic.view",
        "feature.view",
        "period.view",
        "kpi.view",
        "measurement.view",
        "objective.view",
        "check_in.view",
        "status.view",
        "pi_objective.view",
        "comment.create",
    )
    | _WHY,
}


def permissions_of(roles: Iterable[Role], reach: Reach) -> frozenset[str]:
    """The permissions that any of ``roles`` grants in one direction."""
    return frozenset(grant.permission for role in roles for grant in ROLE_GRANTS[role] if grant.reach == reach)


def all_permissions() -> tuple[str, ...]:
    """Every permission any role grants, in order."""
    return tuple(sorted({grant.permission for grants in ROLE_GRANTS.values() for grant in grants}))
