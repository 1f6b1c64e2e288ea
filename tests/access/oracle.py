"""What the access rules should answer, worked out from the table of grants and the drawing of the tests' small world.

It shares nothing with the policies, the SQL of grants or the unit closure: it knows the tree as a drawing, and which
noun guards a kind of thing as a list. Where this and the portal differ, one of them is wrong.
"""

from __future__ import annotations

from typing import Final

from django.db import models

from collaboration.models import ApprovalRequest, ApprovalRule, Attachment, Comment, Job
from metrics.models import (
    Benefit,
    BenefitReview,
    CheckIn,
    Dashboard,
    KeyResult,
    Kpi,
    Measurement,
    Objective,
    PiObjective,
    Rollup,
    RollupTeam,
    StatusUpdate,
)
from organization.grants import ROLE_GRANTS, Grant, Reach
from organization.models import (
    Announcement,
    AuditRecord,
    Calendar,
    CalendarDay,
    CustomField,
    ExchangeRate,
    Period,
    Person,
    RetentionRule,
    RoleAssignment,
    SignInRule,
    Term,
    Unit,
)
from portfolio.models import BusinessCase, Epic, Feature, StrategicTheme, Workflow, WorkflowState
from teams.models import ImportPlan, ItemEvent, Sprint, Team, WorkItem
from tests.access.subjects import Place
from tests.personas import PERSONAS

ABOVE: Final = {
    "NORTH": (),
    "COAST": ("NORTH",),
    "HAR": ("COAST", "NORTH"),
    "LIG": ("COAST", "NORTH"),
    "INLAND": ("NORTH",),
    "QUA": ("INLAND", "NORTH"),
    "SOUTH": (),
    "VALLEY": ("SOUTH",),
    "MEA": ("VALLEY", "SOUTH"),
    "ORC": ("VALLEY", "SOUTH"),
}
"""The units by code with everything above them: the drawing in tests/personas.py."""

NOUNS: Final[dict[type[models.Model], str]] = {
    Unit: "unit",
    Person: "person",
    RoleAssignment: "role",
    Period: "period",
    Calendar: "calendar",
    CalendarDay: "calendar",
    Term: "term",
    CustomField: "custom_field",
    Announcement: "announcement",
    ExchangeRate: "exchange_rate",
    RetentionRule: "retention",
    SignInRule: "sign_in_rule",
    AuditRecord: "audit",
    StrategicTheme: "theme",
    Epic: "epic",
    BusinessCase: "business_case",
    Feature: "feature",
    Team: "team",
    Workflow: "workflow",
    WorkflowState: "workflow",
    WorkItem: "item",
    ItemEvent: "item",
    Sprint: "sprint",
    ApprovalRequest: "approval",
    ApprovalRule: "approval_rule",
    Comment: "comment",
    Attachment: "comment",
    Job: "import",
    ImportPlan: "import",
    Rollup: "metrics",
    RollupTeam: "operations",
    Kpi: "kpi",
    Measurement: "measurement",
    Objective: "objective",
    KeyResult: "objective",
    CheckIn: "check_in",
    Benefit: "benefit",
    BenefitReview: "benefit",
    StatusUpdate: "status",
    PiObjective: "pi_objective",
    Dashboard: "dashboard",
}
"""The noun of the permissions on each kind of thing."""

WHOLE_ORGANISATION: Final = {Calendar, CalendarDay, Term, ExchangeRate, RetentionRule, SignInRule}
"""Belong to no unit: whoever holds the permission anywhere holds it on them."""


def holds(persona: str, permission: str, code: str | None) -> bool:
    """Whether a persona holds a permission on the unit of this code; None: on the whole organisation."""
    role, home = PERSONAS[persona]
    if role is None:
        return False
    down, up = (Grant(permission, reach) in ROLE_GRANTS[role] for reach in (Reach.DOWN, Reach.UP))
    if home == "":
        return down
    if code is None:
        return False
    mine = _CODES[home]
    return (down and (code == mine or mine in ABOVE[code])) or (up and (code == mine or code in ABOVE[mine]))


def holds_anywhere(persona: str, permission: str) -> bool:
    """Whether a persona holds a permission on any unit at all."""
    role, _home = PERSONAS[persona]
    return role is not None and any(grant.permission == permission for grant in ROLE_GRANTS[role])


_CODES: Final = {
    "north": "NORTH",
    "coast": "COAST",
    "harbour": "HAR",
    "lighthouse": "LIG",
    "inland": "INLAND",
    "quarry": "QUA",
    "south": "SOUTH",
    "valley": "VALLEY",
    "meadow": "MEA",
    "orchard": "ORC",
}


def permission_on(model: type[models.Model], action: str) -> str:
    """The permission for doing something to this kind of thing."""
    if model in {Comment, Attachment}:
        # Those of the tests are about a unit and nobody's own: only who keeps order removes them.
        return {"VIEW": "unit.view", "DELETE": "comment.manage"}.get(action, f"comment.{action.lower()}")
    if model is Dashboard:
        # Shared, and nobody's own among the personas: read by whoever sees the unit, changed by none of them.
        return "unit.view" if action == "VIEW" else "dashboard.own"
    # Whoever may import into a unit starts, sees and cancels its jobs: one permission.
    return "import.create" if model in {Job, ImportPlan} else f"{NOUNS[model]}.{action.lower()}"


def may(persona: str, action: str, model: type[models.Model], place: Place) -> bool:
    """Whether a persona may do something to the thing of this kind in this place (or inside its unit)."""
    permission = permission_on(model, action)
    if model in WHOLE_ORGANISATION:
        return holds_anywhere(persona, permission)
    return holds(persona, permission, place.unit_at(model).code)


def expected(
    persona: str, action: str, model: type[models.Model], loaded: type[models.Model], place: Place, unit: Unit
) -> int:
    """404 for what the persona may not see, 403 for what they see and may not do, 200 for "let in".

    ``loaded`` is what the address names, ``model`` the kind of thing the action is about, ``unit`` where.
    """
    if not (holds(persona, "unit.view", unit.code) if loaded is Unit else may(persona, "VIEW", loaded, place)):
        return 404
    if loaded is model and loaded is not Unit:
        return 200 if may(persona, action, model, place) else 403
    return 200 if holds(persona, permission_on(model, action), unit.code) else 403
