"""How and when: teams, their boards and backlogs, work items, sprints."""

from teams.models.imports import ImportPlan, ImportShape, ImportStep
from teams.models.items import ItemEvent, ItemKeyAlias, ItemType, Priority, ServiceClass, WorkItem
from teams.models.sprints import Sprint, SprintOutcome, SprintOutcomeKind, SprintState
from teams.models.teams import EstimateScale, Team, TeamMethod, TeamMode

__all__ = [
    "EstimateScale",
    "ImportPlan",
    "ImportShape",
    "ImportStep",
    "ItemEvent",
    "ItemKeyAlias",
    "ItemType",
    "Priority",
    "ServiceClass",
    "Sprint",
    "SprintOutcome",
    "SprintOutcomeKind",
    "SprintState",
    "Team",
    "TeamMethod",
    "TeamMode",
    "WorkItem",
]
