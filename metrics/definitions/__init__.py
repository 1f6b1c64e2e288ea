"""What each number means, said once: tiles, charts, lists, exports, docs/metrics.md and tests read it here.

A changed formula raises the metric's version and needs an ADR. Nothing stands here that no page shows.
"""

from __future__ import annotations

from typing import Final

from metrics.definitions.flow import (
    AGING_WIP,
    BLOCKED_TIME,
    CUMULATIVE_FLOW,
    CYCLE_TIME,
    FLOW_EFFICIENCY,
    LEAD_TIME,
    LITTLES_LAW,
    PERCENTILES,
    START_NOT_SEEN,
    STARTED,
    THROUGHPUT,
    TIME_IN_COLUMN,
    WIP,
)
from metrics.definitions.forecasts import BACKTEST, FORECAST, MONTE_CARLO_HOW_MANY, MONTE_CARLO_WHEN
from metrics.definitions.metric import Metric
from metrics.definitions.portfolio import (
    ALIGNMENT,
    DATA_QUALITY,
    EPIC_LEAD_TIME,
    EPIC_PROGRESS,
    FLOW_DISTRIBUTION,
    FLOW_LOAD,
    FLOW_PREDICTABILITY,
    FLOW_TIME,
    FLOW_VELOCITY,
    PI_PREDICTABILITY,
    UNALIGNED,
)
from metrics.definitions.sprints import BURNDOWN, BURNUP, CARRY_OVER, COMMITMENT, SAY_DO, SCOPE_CHANGE, VELOCITY
from metrics.definitions.value import BENEFIT, KEY_RESULT, KPI, OBJECTIVE

FAMILIES: Final[dict[str, tuple[Metric, ...]]] = {
    "flow": (
        THROUGHPUT,
        STARTED,
        WIP,
        AGING_WIP,
        CYCLE_TIME,
        LEAD_TIME,
        PERCENTILES,
        START_NOT_SEEN,
        CUMULATIVE_FLOW,
        FLOW_EFFICIENCY,
        BLOCKED_TIME,
        TIME_IN_COLUMN,
        LITTLES_LAW,
    ),
    "sprints": (VELOCITY, COMMITMENT, SCOPE_CHANGE, CARRY_OVER, BURNDOWN, BURNUP, SAY_DO),
    "forecasts": (MONTE_CARLO_WHEN, MONTE_CARLO_HOW_MANY, FORECAST, BACKTEST),
    "portfolio": (
        FLOW_DISTRIBUTION,
        FLOW_VELOCITY,
        FLOW_TIME,
        FLOW_LOAD,
        FLOW_PREDICTABILITY,
        PI_PREDICTABILITY,
        EPIC_PROGRESS,
        EPIC_LEAD_TIME,
        ALIGNMENT,
        UNALIGNED,
        DATA_QUALITY,
    ),
    "value": (KPI, KEY_RESULT, OBJECTIVE, BENEFIT),
}
"""Metrics by what they are about, in the order of the page that lists them."""

METRICS: Final = {metric.code: metric for family in FAMILIES.values() for metric in family}
"""Every metric by its code."""

__all__ = [
    "AGING_WIP",
    "ALIGNMENT",
    "BACKTEST",
    "BENEFIT",
    "BLOCKED_TIME",
    "BURNDOWN",
    "BURNUP",
    "CARRY_OVER",
    "COMMITMENT",
    "CUMULATIVE_FLOW",
    "CYCLE_TIME",
    "DATA_QUALITY",
    "EPIC_LEAD_TIME",
    "EPIC_PROGRESS",
    "FAMILIES",
    "FLOW_DISTRIBUTION",
    "FLOW_EFFICIENCY",
    "FLOW_LOAD",
    "FLOW_PREDICTABILITY",
    "FLOW_TIME",
    "FLOW_VELOCITY",
    "FORECAST",
    "KEY_RESULT",
    "KPI",
    "LEAD_TIME",
    "LITTLES_LAW",
    "METRICS",
    "MONTE_CARLO_HOW_MANY",
    "MONTE_CARLO_WHEN",
    "OBJECTIVE",
    "PERCENTILES",
    "PI_PREDICTABILITY",
    "SAY_DO",
    "SCOPE_CHANGE",
    "STARTED",
    "START_NOT_SEEN",
    "THROUGHPUT",
    "TIME_IN_COLUMN",
    "UNALIGNED",
    "VELOCITY",
    "WIP",
    "Metric",
]
