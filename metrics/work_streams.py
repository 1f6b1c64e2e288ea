"""What is still to be done of features and epics, by whom, at which pace: what their forecasts are drawn from.

A fixed number of statements for one feature and for a thousand. A page asks for one; the worker that keeps forecasts
asks for all.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Final

from django.db import connection
from django.db.models import Count, Exists, Min, OuterRef, QuerySet, Sum

from metrics.calculations.forecast import Stream, items_with_growth
from metrics.calculations.series import per_day
from metrics.models import Rollup, RollupMembership, ScopeKind
from pmo_portal.lib.windows import Window
from portfolio.models import Feature, StateCategory, TrackedKind
from teams.models import ItemType, WorkItem

ENDED: Final = (StateCategory.DONE, StateCategory.CANCELLED)
PAST_FEATURES: Final = 50
"""Sizes of so many of a program's last finished features are drawn from."""
MINIMUM_FEATURES: Final = 3
DEFAULT_DAYS: Final = 91
LEAST_SHARE: Final = 0.01

# The last finished features of each program and how many items each had.
_SIZES = """
    SELECT p.id, s.size
      FROM unnest(%(units)s::bigint[]) AS p (id)
     CROSS JOIN LATERAL (
           SELECT (SELECT count(*)::int FROM teams_workitem w
                     JOIN portfolio_workflowstate ws ON ws.id = w.state_id
                    WHERE w.feature_id = f.id AND w.deleted_at IS NULL AND w.parent_id IS NULL
                      AND w.type <> 'SUBTASK' AND ws.category <> 'CANCELLED') AS size
             FROM portfolio_feature f
             JOIN portfolio_workflowstate fs ON fs.id = f.state_id
            WHERE f.unit_id = p.id AND f.deleted_at IS NULL AND fs.category = 'DONE'
            ORDER BY f.state_entered_at DESC, f.id DESC
            LIMIT %(most)s) AS s
     WHERE s.size > 0
     ORDER BY p.id, s.size
"""

# Of what teams finished in the past days, how much belonged to a feature, and to one that belongs to an epic.
_LINKED = """
    SELECT i.finished_unit_id, count(*)::int, count(w.feature_id)::int, count(f.epic_id)::int
      FROM metrics_itemfact i
      JOIN teams_workitem w ON w.id = i.item_id
      LEFT JOIN portfolio_feature f ON f.id = w.feature_id
     WHERE i.is_counted AND i.finished_unit_id = ANY(%(teams)s) AND i.finished_on >= %(start)s
       AND i.finished_on < %(end)s
     GROUP BY 1
"""

# Which features, and which epics, teams have in progress now.
_IN_PROGRESS = """
    SELECT DISTINCT i.unit_id, w.feature_id, f.epic_id
      FROM metrics_iteminterval i
      JOIN teams_workitem w ON w.id = i.item_id
      JOIN portfolio_feature f ON f.id = w.feature_id
     WHERE i.is_wip AND i.to_at IS NULL AND i.unit_id = ANY(%(teams)s)
"""


@dataclass(frozen=True, slots=True)
class Focus:
    """Which part of a unit's throughput goes into one feature (epic), and why.

    `linked` of `finished` items of the past days belonged to any feature (epic); `in_progress` features (epics) share
    that part evenly.
    """

    share: float
    finished: int
    linked: int
    in_progress: int


@dataclass(frozen=True, slots=True)
class Part:
    """A team's part of a feature or epic; for features without items, the program's.

    `sample` are the past days that are drawn from: fewer than asked for where the unit is younger.
    """

    unit_id: int
    items: int
    unsplit: int
    sizes: Sequence[int]
    sample: Window
    finished_by_day: Sequence[int]
    focus: Focus

    def stream(self, *, growth: float, share: float | None) -> Stream:
        """What is simulated, with the growth factor, and the focus share if somebody sets one."""
        return Stream(
            key=self.unit_id,
            finished_by_day=self.finished_by_day,
            share=self.focus.share if share is None else share,
            items=items_with_growth(self.items, growth=growth),
            unsplit=self.unsplit,
            sizes=self.sizes,
        )


class Why(StrEnum):
    """Why there is no forecast."""

    NO_FEATURES = "NO_FEATURES"
    NOTHING_LEFT = "NOTHING_LEFT"
    NO_PACE = "NO_PACE"
    NO_SIZES = "NO_SIZES"
    HIDDEN = "HIDDEN"


@dataclass(slots=True)
class _Amount:
    items: int = 0
    unsplit: int = 0


@dataclass(frozen=True, slots=True)
class WorkLeft:
    """What is left of a feature or epic, part by part. `feature_count` counts its features, ended ones too."""

    parts: Sequence[Part] = field(default_factory=tuple)
    feature_count: int = 0

    def digest(self) -> str:
        """Tell whether a forecast made before would come out the same."""
        told = [
            [part.unit_id, part.items, part.unsplit, list(part.sizes), list(part.finished_by_day), part.focus.share]
            for part in self.parts
        ]
        text = json.dumps([self.feature_count, told])
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def has_pace(part: Part) -> bool:
    """Whether there is a past to draw from: finished items, and sizes where features have no items yet."""
    return any(part.finished_by_day) and (not part.unsplit or len(part.sizes) >= MINIMUM_FEATURES)


def why_not(left: WorkLeft) -> Why | None:
    """Say why what is left cannot be forecast; None when it can."""
    if not left.feature_count:
        return Why.NO_FEATURES
    if not any(part.items or part.unsplit for part in left.parts):
        return Why.NOTHING_LEFT
    if any(part.unsplit and len(part.sizes) < MINIMUM_FEATURES for part in left.parts):
        return Why.NO_SIZES
    return None if all(any(part.finished_by_day) for part in left.parts) else Why.NO_PACE


def work_left(kind: TrackedKind, ids: Collection[int], *, today: date, days: int = DEFAULT_DAYS) -> dict[int, WorkLeft]:
    """Read what is left of some features or epics, and the pace of those who do it, from the `days` before `today`."""
    by = "pk" if kind == TrackedKind.FEATURE else "epic"
    amounts, counts = _amounts(by, ids)
    units = {unit_id for parts in amounts.values() for unit_id in parts}
    programs = {unit_id for parts in amounts.values() for unit_id, amount in parts.items() if amount.unsplit}
    histories = _histories(units, today=today, days=days)
    focuses = _Focuses(units, kind, Window(today - timedelta(days=days), today), today)
    sizes = _sizes(programs)
    return {
        pk: WorkLeft(
            parts=[
                Part(
                    unit_id=unit_id,
                    items=amount.items,
                    unsplit=amount.unsplit,
                    sizes=sizes.get(unit_id, ()),
                    sample=histories[unit_id][0],
                    finished_by_day=histories[unit_id][1],
                    focus=focuses.of(unit_id, pk),
                )
                for unit_id, amount in sorted(amounts.get(pk, {}).items())
            ],
            feature_count=counts.get(pk, 0),
        )
        for pk in ids
    }


def counted_items() -> QuerySet[WorkItem]:
    """Items that count: no sub-items, nothing deleted or cancelled."""
    found: QuerySet[WorkItem] = WorkItem.objects.present().filter(parent__isnull=True)
    return found.exclude(type=ItemType.SUBTASK).exclude(state__category=StateCategory.CANCELLED)


def _amounts(by: str, ids: Collection[int]) -> tuple[dict[int, dict[int, _Amount]], dict[int, int]]:
    """Open items by team and features without items by program, of features that have not ended."""
    amounts: defaultdict[int, dict[int, _Amount]] = defaultdict(dict)
    wanted = list(ids)
    features = Feature.objects.present().filter(**{f"{by}__in": wanted})
    going_on = features.exclude(state__category__in=ENDED)
    open_items: Iterable[tuple[int, int, int]] = (
        counted_items()
        .exclude(state__category=StateCategory.DONE)
        .filter(feature__in=going_on.values("pk"))
        .order_by()
        .values_list("feature" if by == "pk" else f"feature__{by}", "team")
        .annotate(n=Count("pk"))
    )
    for pk, unit_id, count in open_items:
        amounts[pk].setdefault(unit_id, _Amount()).items += count
    unsplit: Iterable[tuple[int, int, int]] = (
        going_on.filter(~Exists(counted_items().filter(feature=OuterRef("pk"))))
        .order_by()
        .values_list(by, "unit")
        .annotate(n=Count("pk"))
    )
    for pk, unit_id, count in unsplit:
        amounts[pk].setdefault(unit_id, _Amount()).unsplit += count
    counts = dict(features.order_by().values_list(by).annotate(n=Count("pk")))
    return amounts, counts


def _histories(unit_ids: Collection[int], *, today: date, days: int) -> dict[int, tuple[Window, list[int]]]:
    """The past days of units and how many items each finished on them; not before a unit's first day."""
    rows = Rollup.objects.filter(scope_kind=ScopeKind.UNIT, scope_id__in=list(unit_ids)).order_by()
    first = dict(rows.values_list("scope_id").annotate(first=Min("day")))
    start = today - timedelta(days=days)
    finished: defaultdict[int, dict[date, int]] = defaultdict(dict)
    for unit_id, day, count in (
        rows.filter(day__gte=start, day__lt=today).values_list("scope_id", "day").annotate(n=Sum("finished"))
    ):
        finished[unit_id][day] = count
    result = {}
    for unit_id in unit_ids:
        window = Window(min(max(start, first.get(unit_id, today)), today), today)
        result[unit_id] = window, per_day(finished[unit_id], window.start, window.end)
    return result


def _sizes(program_ids: Collection[int]) -> dict[int, list[int]]:
    sizes: defaultdict[int, list[int]] = defaultdict(list)
    if program_ids:
        with connection.cursor() as cursor:
            cursor.execute(_SIZES, {"units": sorted(program_ids), "most": PAST_FEATURES})
            for unit_id, size in cursor.fetchall():
                sizes[unit_id].append(size)
    return sizes


class _Focuses:
    """Focus shares of some units, a program's from those of its teams together."""

    def __init__(self, unit_ids: Collection[int], kind: TrackedKind, window: Window, today: date) -> None:
        self._teams: defaultdict[int, set[int]] = defaultdict(set)
        members = RollupMembership.objects.filter(
            ancestor__in=list(unit_ids), valid_from__lte=today, valid_to__gt=today
        ).values_list("ancestor_id", "team_id")
        for unit_id, team_id in members:
            self._teams[unit_id].add(team_id)
        for unit_id in unit_ids:
            self._teams[unit_id].add(unit_id)
        teams = sorted({team_id for found in self._teams.values() for team_id in found})
        parameters: dict[str, Any] = {"teams": teams, "start": window.start, "end": window.end}
        self._finished: dict[int, tuple[int, int]] = {}
        self._in_progress: defaultdict[int, set[int]] = defaultdict(set)
        is_epic = kind == TrackedKind.EPIC
        with connection.cursor() as cursor:
            cursor.execute(_LINKED, parameters)
            for team_id, finished, of_features, of_epics in cursor.fetchall():
                self._finished[team_id] = finished, of_epics if is_epic else of_features
            cursor.execute(_IN_PROGRESS, parameters)
            for team_id, feature_id, epic_id in cursor.fetchall():
                pk = epic_id if is_epic else feature_id
                if pk is not None:
                    self._in_progress[team_id].add(pk)

    def of(self, unit_id: int, pk: int) -> Focus:
        """The focus share of a unit for one feature (epic), which counts as in progress whether it is or not."""
        teams = self._teams[unit_id]
        finished = sum(self._finished.get(team_id, (0, 0))[0] for team_id in teams)
        linked = sum(self._finished.get(team_id, (0, 0))[1] for team_id in teams)
        others = {other for team_id in teams for other in self._in_progress[team_id]} | {pk}
        part = linked / finished if linked else 1.0
        return Focus(max(round(part / len(others), 4), LEAST_SHARE), finished, linked, len(others))


def streams_of(left: WorkLeft, *, growth: float = 1.0, share: float | None = None) -> list[Stream]:
    """What is simulated, stream by stream; nothing for parts without anything to do."""
    streams = [part.stream(growth=growth, share=share) for part in left.parts]
    return [stream for stream in streams if stream.items or stream.unsplit]
