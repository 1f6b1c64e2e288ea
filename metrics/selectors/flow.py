"""How work flows through the columns: what has entered them by each day, and what is in them and how old.

Read from the intervals of items, in one statement each, whatever the number of items.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db import connection
from django.db.models import Q, QuerySet

from metrics.calculations.series import running_stock
from metrics.models import ItemInterval, RollupMembership
from metrics.selectors.selection import Period
from organization.models import Unit, UnitKind
from pmo_portal.lib.windows import BEGINNING, FOREVER, portal_zone
from portfolio.models import StateCategory, WorkflowState

FLOW: Final = (
    StateCategory.BACKLOG,
    StateCategory.COMMITTED,
    StateCategory.ACTIVE,
    StateCategory.WAITING,
    StateCategory.DONE,
)
"""The categories work flows through; cancelled work left the flow where it was."""

# An item entered a column when it first did, and every column before that one at the latest then.
_ENTRIES = """
WITH member AS (
    SELECT * FROM unnest(%(teams)s::bigint[], %(since)s::date[], %(until)s::date[]) AS m (team_id, valid_from, valid_to)
), place AS (
    SELECT * FROM unnest(%(states)s::bigint[], %(places)s::int[]) AS p (state_id, place)
), fallback AS (
    SELECT * FROM unnest(%(categories)s::text[], %(category_places)s::int[]) AS p (category, place)
), entered AS (
    SELECT i.item_id, coalesce(p.place, c.place) AS place,
           min(greatest((i.from_at AT TIME ZONE %(zone)s)::date, m.valid_from)) AS day
      FROM metrics_iteminterval i
      JOIN member m ON m.team_id = i.unit_id AND (i.from_at AT TIME ZONE %(zone)s)::date < m.valid_to
       AND (i.to_at IS NULL OR i.to_at AT TIME ZONE %(zone)s > m.valid_from)
      JOIN metrics_itemfact f ON f.item_id = i.item_id AND f.is_counted
      LEFT JOIN place p ON p.state_id = i.state_id
      JOIN fallback c ON c.category = i.category
     WHERE i.from_at < %(end_at)s AND (%(type)s = '' OR f.item_type = %(type)s)
     GROUP BY 1, 2
), reached AS (
    SELECT e.item_id, column_place AS place, min(e.day) AS day
      FROM entered e, generate_series(0, e.place) AS column_place
     GROUP BY 1, 2
)
SELECT place, greatest(day, %(start)s - 1), count(*)::int FROM reached WHERE day < %(end)s GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class CumulativeFlow:
    """By day: how many items had entered each column, or a later one, by its end. Lines never fall."""

    columns: Sequence[str]
    days: Sequence[date]
    counts: Sequence[tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class _Columns:
    """Columns by name, the place of each state that has one, and of each category for all other states."""

    names: list[str]
    states: dict[int, int]
    categories: dict[str, int]


def team_spans(unit: Unit) -> dict[int, list[tuple[date, date]]]:
    """From which day to before which day each team belonged to a unit; a team belongs to itself for ever."""
    if unit.kind == UnitKind.TEAM:
        return {unit.pk: [(BEGINNING, FOREVER)]}
    spans: dict[int, list[tuple[date, date]]] = {}
    members = RollupMembership.objects.filter(ancestor=unit)
    for team_id, valid_from, valid_to in members.values_list("team_id", "valid_from", "valid_to"):
        spans.setdefault(team_id, []).append((valid_from, valid_to))
    return spans


def teams_on(unit: Unit, day: date) -> list[int]:
    """The teams that belonged to a unit on a day."""
    return [pk for pk, spans in team_spans(unit).items() if any(since <= day < until for since, until in spans)]


def _columns(unit: Unit) -> _Columns:
    """A team's columns as on its board; above a team, where boards differ, the categories."""
    if unit.kind != UnitKind.TEAM:
        return _Columns([category.value for category in FLOW], {}, {category: at for at, category in enumerate(FLOW)})
    states = list(
        WorkflowState.objects.filter(workflow__teams=unit.pk, is_archived=False)
        .exclude(category=StateCategory.CANCELLED)
        .order_by("position", "pk")
    )
    order = {category.value: at for at, category in enumerate(FLOW)}
    # A state that is no longer on the board counts as the first column of its category, or of the next there is.
    places = {
        category: next((at for at, state in enumerate(states) if order[state.category] >= rank), len(states) - 1)
        for category, rank in order.items()
    }
    return _Columns([state.name for state in states], {state.pk: at for at, state in enumerate(states)}, places)


def cumulative_flow_of(unit: Unit, period: Period) -> CumulativeFlow:
    """Count first entries into columns by day. An item that came with its team entered on the team's first day.

    `metrics.calculations.series.cumulative_flow` says the same in plain Python.
    """
    columns, spans = _columns(unit), team_spans(unit)
    members = [(team_id, since, until) for team_id, held in spans.items() for since, until in held]
    days = list(period.window)
    parameters: dict[str, Any] = {
        "teams": [member[0] for member in members],
        "since": [member[1] for member in members],
        "until": [member[2] for member in members],
        "states": list(columns.states),
        "places": list(columns.states.values()),
        "categories": list(columns.categories),
        "category_places": list(columns.categories.values()),
        "zone": portal_zone().key,
        "type": period.item_type,
        "start": period.window.start,
        "end": period.window.end,
        "end_at": period.end_at,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ENTRIES, parameters)
        entries = {(place, day): count for place, day, count in cursor.fetchall()}
    lines = []
    for place in range(len(columns.names)):
        before = sum(count for (at, day), count in entries.items() if at == place and day < period.window.start)
        lines.append(running_stock(before, [entries.get((place, day), 0) for day in days]))
    return CumulativeFlow(columns.names, days, list(zip(*lines, strict=True)))


@dataclass(frozen=True, slots=True)
class OpenItem:
    """An item in progress at the end of the as-of day, and the column it was in then."""

    key: str
    item_type: str
    team: str
    column: str
    started_on: date
    age_days: int


def _as_of(unit: Unit, period: Period) -> QuerySet[ItemInterval]:
    """What was true at the end of the as-of day of the items of a unit's teams of that day."""
    rows = ItemInterval.objects.filter(
        Q(to_at__isnull=True) | Q(to_at__gte=period.end_at),
        unit__any_of=teams_on(unit, period.as_of),
        from_at__lt=period.end_at,
    )
    return rows.filter(item_type=period.item_type) if period.item_type else rows


def open_items(unit: Unit, period: Period) -> list[OpenItem]:
    """Everything in progress at the end of the as-of day, oldest first. Blocked work ages too."""
    rows = _as_of(unit, period).filter(is_wip=True)
    values: QuerySet[Any, tuple[Any, ...]] = rows.order_by("item__fact__started_on", "item__key").values_list(
        "item__key", "item_type", "unit__name", "state__name", "item__fact__started_on"
    )
    return [
        OpenItem(key, item_type, team, column, started_on, (period.as_of - started_on).days + 1)
        for key, item_type, team, column, started_on in values
    ]


def unfinished_count(unit: Unit, period: Period) -> int:
    """How many items were there at the end of the as-of day, neither finished nor cancelled, started or not."""
    unfinished = [category.value for category in FLOW if category != StateCategory.DONE]
    return _as_of(unit, period).filter(category__in=unfinished, item__fact__is_counted=True).count()
