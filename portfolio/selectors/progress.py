"""How far features and epics are, in the items of the teams their reader may look into."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias

from django.db.models import ExpressionWrapper, F, FloatField, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Cast, NullIf

from pmo_portal.lib.access import Actor
from portfolio.models import Feature, StateCategory, TeamProgress

SEES_ITEMS: Final = "item.view"

_COLUMNS: Final = (
    "feature_id",
    "unit_id",
    "item_count",
    "started_count",
    "finished_count",
    "points",
    "finished_points",
    "unestimated_count",
    "scale",
    "computed_at",
)
PartRow: TypeAlias = tuple[int, int, int, int, int, Decimal, Decimal, int, str, datetime | None]
"""What a team has done of a feature, in the order of `_COLUMNS`."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The items of a feature, or of all features of an epic, as of `computed_at`.

    `points` and `finished_points` are None unless all teams that contribute declare one scale. `hidden_count` items lie
    in teams the reader may not look into: nothing else is said of them. `feature_count` and what follows it are for an
    epic: features, those done, those without an item.
    """

    item_count: int = 0
    started_count: int = 0
    finished_count: int = 0
    points: Decimal | None = None
    finished_points: Decimal | None = None
    unestimated_count: int = 0
    hidden_count: int = 0
    team_count: int = 0
    computed_at: datetime | None = None
    feature_count: int = 0
    finished_feature_count: int = 0
    empty_feature_count: int = 0

    @property
    def begun_count(self) -> int:
        """Finished and in progress."""
        return self.finished_count + self.started_count

    @property
    def ratio(self) -> float | None:
        """By number of items; None without an item."""
        return self.finished_count / self.item_count if self.item_count else None

    @property
    def points_ratio(self) -> float | None:
        """By points; None where points do not add up, or there are none."""
        return float(self.finished_points / self.points) if self.points and self.finished_points is not None else None


NO_PROGRESS: Final = Progress()


def with_progress(things: QuerySet[Any], *, of: str, actor: Actor) -> QuerySet[Any]:
    """Adds ``item_count``, ``started_items``, ``done_items`` and ``progress_ratio`` (None without an item) to features
    or epics, from the teams the actor may look into: what lists sort by and draw. ``of`` leads from a part to it."""
    parts = TeamProgress.objects.filter(**{of: OuterRef("pk")}, feature__deleted_at=None).exclude(
        feature__state__category=StateCategory.CANCELLED
    )
    if not actor.is_system:
        parts = parts.filter(unit__any_of=actor.units(SEES_ITEMS))
    sums = parts.order_by().values(of)
    annotated: QuerySet[Any] = things.annotate(
        item_count=Subquery(sums.annotate(n=Sum("item_count")).values("n")),
        started_items=Subquery(sums.annotate(n=Sum("started_count")).values("n")),
        done_items=Subquery(sums.annotate(n=Sum("finished_count")).values("n")),
        progress_ratio=ExpressionWrapper(
            Cast(F("done_items"), FloatField()) / NullIf(F("item_count"), Value(0)), output_field=FloatField()
        ),
    )
    return annotated


def progress_of_features(feature_ids: Iterable[int], *, actor: Actor) -> dict[int, Progress]:
    """How far each of some features is; one statement."""
    ids = list(feature_ids)
    rows: defaultdict[int, list[PartRow]] = defaultdict(list)
    for row in _rows(ids):
        rows[row[0]].append(row)
    return {pk: parts_summed(rows[pk], actor=actor) for pk in ids}


def progress_of_epics(epic_ids: Iterable[int], *, actor: Actor) -> dict[int, Progress]:
    """How far each of some epics is, from the items of all its features; one statement."""
    ids = list(epic_ids)
    rows: defaultdict[int, list[PartRow]] = defaultdict(list)
    features: defaultdict[int, dict[int, tuple[bool, bool]]] = defaultdict(dict)
    present = Feature.objects.filter(epic__any_of=ids, deleted_at=None).exclude(state__category=StateCategory.CANCELLED)
    parts = present.values_list("epic_id", "state__category", "pk", *(f"progress__{name}" for name in _COLUMNS[1:]))
    for epic_id, category, *row in parts:
        pk, item_count = row[0], row[2] or 0
        features[epic_id][pk] = (category == StateCategory.DONE, item_count > 0)
        if item_count:
            rows[epic_id].append(tuple(row))
    return {
        epic_id: parts_summed(rows[epic_id], actor=actor, features=list(features[epic_id].values())) for epic_id in ids
    }


def _rows(feature_ids: Sequence[int]) -> Iterable[PartRow]:
    found = TeamProgress.objects.filter(feature__any_of=feature_ids, item_count__gt=0)
    return found.values_list(*_COLUMNS)


def parts_summed(rows: Sequence[PartRow], *, actor: Actor, features: Sequence[tuple[bool, bool]] = ()) -> Progress:
    """Add up the parts of the teams that the reader may look into. SECURITY: of the others only how many items."""
    seen = rows if actor.is_system else [row for row in rows if row[1] in actor.units(SEES_ITEMS)]
    scales = {row[8] for row in seen}
    is_one_scale = len(scales) == 1 and scales != {""}
    return Progress(
        item_count=sum(row[2] for row in seen),
        started_count=sum(row[3] for row in seen),
        finished_count=sum(row[4] for row in seen),
        points=sum((row[5] for row in seen), Decimal(0)) if is_one_scale else None,
        finished_points=sum((row[6] for row in seen), Decimal(0)) if is_one_scale else None,
        unestimated_count=sum(row[7] for row in seen),
        hidden_count=sum(row[2] for row in rows) - sum(row[2] for row in seen),
        team_count=len({row[1] for row in seen}),
        computed_at=max((row[9] for row in seen if row[9]), default=None),
        feature_count=len(features),
        finished_feature_count=sum(is_done for is_done, _has_items in features),
        empty_feature_count=sum(not has_items for _is_done, has_items in features),
    )
