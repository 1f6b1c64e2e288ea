"""The pages of a unit's numbers, side by side: overview, flow, sprints, forecast."""

from __future__ import annotations

from typing import Any, Final

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from organization.models import Unit, UnitKind

_EVERYWHERE: Final = frozenset(UnitKind.values)

_ROOMS: Final = (
    ("overview", _("Overview"), "metrics:unit_dashboard", _EVERYWHERE),
    ("flow", _("Flow"), "metrics:unit_flow", _EVERYWHERE),
    ("sprints", _("Sprints"), "metrics:team_sprints", frozenset({UnitKind.TEAM.value})),
    ("forecast", _("Forecast"), "metrics:unit_forecast", _EVERYWHERE),
    ("quality", _("Data quality"), "metrics:unit_quality", _EVERYWHERE),
)
"""What stands beside each other: code, name, address, kinds of unit that have it."""


def unit_rooms(unit: Unit, current: str, *, query: str = "") -> list[dict[str, Any]]:
    """What metrics/_rooms.html shows: the pages of a unit's numbers, with the selection of the present one."""
    rooms = []
    for code, label, name, kinds in _ROOMS:
        if unit.kind not in kinds:
            continue
        try:
            url = reverse(name, args=[unit.code])
        except NoReverseMatch:
            continue
        rooms.append({"label": label, "url": url + query, "is_on": code == current})
    return rooms
