"""Who may do what to themes, epics, business cases, features and workflows."""

from __future__ import annotations

from pmo_portal.lib.access import Policy, register_policy
from portfolio.models import BusinessCase, Epic, Feature, StrategicTheme, Workflow, WorkflowState


@register_policy
class StrategicThemePolicy(Policy):
    """Themes belong to a portfolio and are seen by everyone who works for it."""

    model = StrategicTheme
    noun = "theme"


@register_policy
class EpicPolicy(Policy):
    """Epics belong to a portfolio."""

    model = Epic
    noun = "epic"


@register_policy
class BusinessCasePolicy(Policy):
    """Business cases belong to their epic; amounts are for those who may see money."""

    model = BusinessCase
    noun = "business_case"
    unit_lookup = "epic__unit"
    field_groups = {"MONEY": ("cost_mvp", "cost_full", "benefit")}


@register_policy
class FeaturePolicy(Policy):
    """Features belong to a program."""

    model = Feature
    noun = "feature"


@register_policy
class WorkflowPolicy(Policy):
    """Workflows belong to the unit that works by them."""

    model = Workflow
    noun = "workflow"


@register_policy
class WorkflowStatePolicy(Policy):
    """States belong to their workflow."""

    model = WorkflowState
    noun = "workflow"
    unit_lookup = "workflow__unit"
