"""Who may see numbers, who may have them made anew, and who says what of value."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

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
from pmo_portal.lib.access import Action, Actor, M, Policy, register_policy


@register_policy
class RollupPolicy(Policy):
    """The numbers of a unit are seen by whoever holds ``metrics.view`` on it."""

    model = Rollup
    noun = "metrics"
    unit_lookup = "scope_id"

    def unit_of(self, obj: Rollup) -> int:
        return obj.scope_id


class _Amounts(Policy):
    """A policy of what may be an amount: its numbers belong to the group MONEY only when it is."""

    def is_money(self, obj: Any) -> bool:
        """Whether the numbers of ``obj`` are amounts."""
        raise NotImplementedError

    def hidden_fields(self, actor: Actor, obj: Any) -> frozenset[str]:
        return super().hidden_fields(actor, obj) if self.is_money(obj) else frozenset()


@register_policy
class RollupTeamPolicy(Policy):
    """How the numbers are made is for whoever runs the portal, whatever unit it is about."""

    model = RollupTeam
    noun = "operations"
    unit_lookup = "team"


@register_policy
class KpiPolicy(_Amounts):
    """KPIs belong to a unit; MANAGE is to set a verdict by hand."""

    model = Kpi
    noun = "kpi"
    field_groups = {
        "MONEY": ("baseline_value", "target_value", "target_high", "at_risk_at", "off_at", "tolerance", "formula")
    }

    def is_money(self, obj: Kpi) -> bool:
        return obj.is_money


@register_policy
class MeasurementPolicy(_Amounts):
    """The values of a KPI."""

    model = Measurement
    noun = "measurement"
    unit_lookup = "kpi__unit"
    field_groups = {"MONEY": ("value", "comment")}

    def is_money(self, obj: Measurement) -> bool:
        return obj.kpi.is_money


@register_policy
class ObjectivePolicy(Policy):
    """Objectives belong to a unit and are seen by everyone who works for it; MANAGE is to set a verdict by hand."""

    model = Objective
    noun = "objective"


@register_policy
class KeyResultPolicy(_Amounts):
    """Key results belong to their objective."""

    model = KeyResult
    noun = "objective"
    unit_lookup = "objective__unit"
    field_groups = {"MONEY": ("start_value", "target_value")}

    def is_money(self, obj: KeyResult) -> bool:
        return obj.is_money


@register_policy
class CheckInPolicy(_Amounts):
    """What was said of a key result."""

    model = CheckIn
    noun = "check_in"
    unit_lookup = "key_result__objective__unit"
    field_groups = {"MONEY": ("value", "comment")}

    def is_money(self, obj: CheckIn) -> bool:
        return obj.key_result.is_money


@register_policy
class BenefitPolicy(_Amounts):
    """What an epic promised belongs to the epic's portfolio."""

    model = Benefit
    noun = "benefit"
    unit_lookup = "epic__unit"
    field_groups = {"MONEY": ("baseline_value", "promised_value")}

    def is_money(self, obj: Benefit) -> bool:
        return obj.is_money


@register_policy
class BenefitReviewPolicy(_Amounts):
    """What came of a promise."""

    model = BenefitReview
    noun = "benefit"
    unit_lookup = "benefit__epic__unit"
    field_groups = {"MONEY": ("value", "comment")}

    def is_money(self, obj: BenefitReview) -> bool:
        return obj.benefit.is_money


@register_policy
class StatusUpdatePolicy(Policy):
    """Status updates belong to the unit they are about, or that owns the epic or objective they are about."""

    model = StatusUpdate
    noun = "status"


@register_policy
class PiObjectivePolicy(Policy):
    """Objectives of increments belong to the team or program that promises them; MANAGE is to say what they were
    worth."""

    model = PiObjective
    noun = "pi_objective"


@register_policy
class DashboardPolicy(Policy):
    """A dashboard is its owner's. One that is shared with a unit is read by everybody who sees the unit, each with what
    they themselves may see; nobody but its owner changes it. What is put away is seen by its owner only."""

    model = Dashboard
    noun = "dashboard"
    unit_lookup = "shared_with"

    def permission(self, action: Action) -> str:
        # Nobody is granted the other one: it is the owner's, and not given by a role.
        return "unit.view" if action == Action.VIEW else "dashboard.own"

    def visible(self, actor: Actor, queryset: models.QuerySet[M]) -> models.QuerySet[M]:
        if actor.is_system:
            return queryset
        shared = Q(shared_with__any_of=actor.units(self.permission(Action.VIEW)), archived_at__isnull=True)
        return queryset.filter(shared | Q(owner=actor.person_id or 0))

    def allows(self, actor: Actor, action: Action, obj: Any) -> bool:
        if actor.is_system or (actor.person_id is not None and obj.owner_id == actor.person_id):
            return True
        is_shared = obj.shared_with_id is not None and obj.archived_at is None
        return action == Action.VIEW and is_shared and actor.can(self.permission(action), obj.shared_with_id)
