"""How is it going: what is derived from events, and can be thrown away and rebuilt; and what people say of value: KPIs,
objectives, status updates."""

from metrics.models.benefits import Benefit, BenefitReview
from metrics.models.dashboards import Dashboard, DashboardTile, TileKind
from metrics.models.facts import ItemFact, ItemInterval
from metrics.models.freshness import RollupMembership, RollupTeam, StateReading
from metrics.models.kpis import (
    Confidence,
    Direction,
    Frequency,
    Kpi,
    KpiInput,
    KpiSource,
    Measurement,
    NumberFormat,
)
from metrics.models.objectives import CheckIn, DrivenBy, KeyResult, KeyResultDirection, KeyResultWork, Objective
from metrics.models.parking import BegunWork, StuckItem
from metrics.models.pi_objectives import PiObjective
from metrics.models.rollups import CycleWeek, Rollup, ScopeKind, StockCheckpoint
from metrics.models.sprint_burns import SprintBurn
from metrics.models.status import StatusUpdate, Verdict, VerdictOverride
from metrics.models.things import StateStay

__all__ = [
    "BegunWork",
    "Benefit",
    "BenefitReview",
    "CheckIn",
    "Confidence",
    "CycleWeek",
    "Dashboard",
    "DashboardTile",
    "Direction",
    "DrivenBy",
    "Frequency",
    "ItemFact",
    "ItemInterval",
    "KeyResult",
    "KeyResultDirection",
    "KeyResultWork",
    "Kpi",
    "KpiInput",
    "KpiSource",
    "Measurement",
    "NumberFormat",
    "Objective",
    "PiObjective",
    "Rollup",
    "RollupMembership",
    "RollupTeam",
    "ScopeKind",
    "SprintBurn",
    "StateReading",
    "StateStay",
    "StatusUpdate",
    "StockCheckpoint",
    "StuckItem",
    "TileKind",
    "Verdict",
    "VerdictOverride",
]
