"""What a dashboard of one's own can show of a unit: the numbers and charts that have a name."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext as _

from metrics.definitions import CYCLE_TIME, STARTED, THROUGHPUT, VELOCITY, WIP
from metrics.models import TileKind
from organization.models import Unit, UnitKind

UNITS: Final = "units"
"""The chart of the units below side by side."""
VELOCITY_CODE: Final = "velocity"


def number_names() -> dict[str, str]:
    """The numbers, as their definitions call them."""
    return {
        "throughput": str(THROUGHPUT.name),
        "wip": str(WIP.name),
        "cycle_time": str(CYCLE_TIME.name),
        "started": str(STARTED.name),
        VELOCITY_CODE: str(VELOCITY.name),
    }


def chart_names() -> dict[str, str]:
    """The charts, as they are headed."""
    return {
        "throughput": _("Finished items by week"),
        "wip": _("Work in progress by day"),
        "cycle_time": _("Items by cycle time"),
        UNITS: _("Cycle times side by side"),
    }


def codes_of(unit: Unit, kind: str) -> list[str]:
    """What a unit has of this kind: only teams have a velocity, only what has units below shows them side by side."""
    is_team = unit.kind == UnitKind.TEAM
    if kind == TileKind.NUMBER:
        return [code for code in number_names() if is_team or code != VELOCITY_CODE]
    if kind == TileKind.CHART:
        return [code for code in chart_names() if not is_team or code != UNITS]
    return []


def name_of(kind: str, code: str) -> str:
    """How a number or chart is called."""
    return (number_names() if kind == TileKind.NUMBER else chart_names()).get(code, code)


def usual_codes(unit: Unit) -> list[tuple[TileKind, str]]:
    """What the unit's own dashboard shows: four numbers and its charts."""
    fourth = VELOCITY_CODE if unit.kind == UnitKind.TEAM else "started"
    charts = codes_of(unit, TileKind.CHART)
    return [
        *((TileKind.NUMBER, code) for code in ("throughput", "wip", "cycle_time", fourth)),
        *((TileKind.CHART, code) for code in charts),
    ]
