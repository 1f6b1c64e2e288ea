"""Themes, epics and features, made through the services by the system itself."""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Any

from organization.access import SYSTEM
from organization.models import Unit
from portfolio.models import Epic, Feature, StrategicTheme, TrackedKind, WorkflowState
from portfolio.services.epics import epic_create
from portfolio.services.features import feature_create
from portfolio.services.themes import theme_create
from portfolio.services.workflows import workflow_of
from tests.factories.organization import NOW

_numbers = itertools.count(1)


def theme_make(unit: Unit, *, name: str = "", at: datetime = NOW, **values: Any) -> StrategicTheme:
    """A theme of a portfolio."""
    return theme_create(actor=SYSTEM, unit=unit, values={"name": name or f"Theme {next(_numbers)}", **values}, at=at)


def epic_make(
    unit: Unit, *, title: str = "", state: WorkflowState | None = None, at: datetime = NOW, **values: Any
) -> Epic:
    """An epic of a portfolio, in the first state of its kanban unless told otherwise."""
    return epic_create(
        actor=SYSTEM, unit=unit, title=title or f"Epic {next(_numbers)}", state=state, values=values, at=at
    )


def feature_make(
    unit: Unit, *, title: str = "", state: WorkflowState | None = None, at: datetime = NOW, **values: Any
) -> Feature:
    """A feature of a program, in the first state of its kanban unless told otherwise."""
    return feature_create(
        actor=SYSTEM, unit=unit, title=title or f"Feature {next(_numbers)}", state=state, values=values, at=at
    )


def state_named(unit: Unit, kind: TrackedKind, name: str) -> WorkflowState:
    """A state of the unit's kanban by its name."""
    return workflow_of(unit, kind).states.get(name=name, is_archived=False)
