"""What and why: themes, epics, business cases, features; and the engine that everything tracked shares."""

from portfolio.models.cases import BusinessCase, Recommendation
from portfolio.models.epics import Epic, EpicEvent, EpicTheme, EpicType
from portfolio.models.features import Feature, FeatureEvent
from portfolio.models.forecasts import EpicForecast, FeatureForecast, Forecast
from portfolio.models.progress import TeamProgress
from portfolio.models.themes import StrategicTheme, ThemeState
from portfolio.models.tracking import EventKind, EventSource, Outbox, Tracked, TrackedEvent, TrackedKind
from portfolio.models.workflow import (
    STARTED_CATEGORIES,
    StateCategory,
    StateMeaning,
    Workflow,
    WorkflowState,
    WorkflowTransition,
)

__all__ = [
    "STARTED_CATEGORIES",
    "BusinessCase",
    "Epic",
    "EpicEvent",
    "EpicForecast",
    "EpicTheme",
    "EpicType",
    "EventKind",
    "EventSource",
    "Feature",
    "FeatureEvent",
    "FeatureForecast",
    "Forecast",
    "Outbox",
    "Recommendation",
    "StateCategory",
    "StateMeaning",
    "StrategicTheme",
    "TeamProgress",
    "ThemeState",
    "Tracked",
    "TrackedEvent",
    "TrackedKind",
    "Workflow",
    "WorkflowState",
    "WorkflowTransition",
]
