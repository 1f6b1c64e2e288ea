"""How is it going: what is derived from events. Every table here can be thrown away and rebuilt."""

from metrics.models.facts import ItemFact, ItemInterval
from metrics.models.freshness import RollupMembership, RollupTeam, StateReading
from metrics.models.rollups import CycleCount, Rollup, ScopeKind, StockCheckpoint

__all__ = [
    "CycleCount",
    "ItemFact",
    "ItemInterval",
    "Rollup",
    "RollupMembership",
    "RollupTeam",
    "ScopeKind",
    "StateReading",
    "StockCheckpoint",
]
