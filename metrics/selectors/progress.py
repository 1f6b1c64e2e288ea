"""Epics and features with how far they are, and how they came there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from metrics.calculations.series import running_stock
from metrics.models import ItemFact, StateStay
from metrics.selectors.selection import Selection
from organization.models import Unit
from pmo_portal.lib.access import Actor, visible
from pmo_portal.lib.windows import day_start
from portfolio.models import Epic, Feature, StateCategory, TrackedKind
from portfolio.selectors.progress import (
    NO_PROGRESS,
    SEES_ITEMS,
    PartRow,
    Progress,
    parts_summed,
    progress_of_epics,
    progress_of_features,
)

PAGE_ROWS: Final = 20
UNFINISHED: Final = ~Q(state__category__in=(StateCategory.DONE, StateCategory.CANCELLED))

# What each team had done of each feature by the end of a day, as `services.things` counts it for now. What was finished
# by then has the estimate of its finish, all else the one it had then.
_PARTS_THEN: Final = """
    SELECT {thing}, f.feature_id, f.unit_id, count(*)::int,
           count(*) FILTER (WHERE NOT stood.is_finished AND i.category <> 'BACKLOG')::int,
           count(*) FILTER (WHERE stood.is_finished)::int,
           coalesce(sum(stood.estimate), 0), coalesce(sum(stood.estimate) FILTER (WHERE stood.is_finished), 0),
           count(*) FILTER (WHERE stood.estimate IS NULL)::int,
           CASE WHEN t.estimate_scale = 'NONE' THEN ''
                WHEN t.estimate_scale = 'FREE' THEN concat_ws(' ', t.estimate_scale, f.unit_id)
                ELSE t.estimate_scale END
      FROM portfolio_feature p
      JOIN portfolio_workflowstate s ON s.id = p.state_id AND (%(with_cancelled)s OR s.category <> 'CANCELLED')
      JOIN metrics_itemfact f
        ON f.feature_id = p.id AND f.is_counted AND f.created_on <= %(last)s
       AND (f.cancelled_on IS NULL OR f.cancelled_on > %(last)s)
      JOIN teams_team t ON t.unit_id = f.unit_id
      JOIN metrics_iteminterval i
        ON i.item_id = f.item_id AND i.from_at < %(end_at)s AND (i.to_at IS NULL OR i.to_at >= %(end_at)s)
     CROSS JOIN LATERAL (
           SELECT coalesce(f.finished_on <= %(last)s, false) AS is_finished,
                  CASE WHEN f.finished_on <= %(last)s THEN f.finished_estimate ELSE i.estimate END AS estimate) AS stood
     WHERE {thing} = ANY(%(things)s) AND p.deleted_at IS NULL
     GROUP BY {thing}, f.feature_id, f.unit_id, t.estimate_scale
"""


@dataclass(frozen=True, slots=True)
class ThingProgress:
    """An epic or a feature, and how far it is."""

    thing: Epic | Feature
    progress: Progress


@dataclass(frozen=True, slots=True)
class ThingPage:
    """Some of the unfinished epics or features of a unit, in the order of their board."""

    page: Page[Any]
    rows: list[ThingProgress]


def things_under_way(
    unit: Unit, selection: Selection, *, kind: TrackedKind, actor: Actor, page: str | None
) -> ThingPage:
    """The unfinished epics of a portfolio, or features of a program, with their progress at the end of the as-of day;
    at most five statements."""
    model: type[Epic] | type[Feature] = Epic if kind == TrackedKind.EPIC else Feature
    things = (
        visible(actor, model)
        .filter(UNFINISHED, unit=unit, deleted_at__isnull=True)
        .select_related("state", "owner")
        .order_by("-state__position", "rank", "pk")
    )
    found: Page[Any] = Paginator(things, PAGE_ROWS).get_page(page)
    rows = list(found.object_list)
    ids = [thing.pk for thing in rows]
    if not selection.is_now:
        progress = progress_then(ids, selection, kind=kind, actor=actor)
    elif kind == TrackedKind.EPIC:
        progress = progress_of_epics(ids, actor=actor)
    else:
        progress = progress_of_features(ids, actor=actor)
    return ThingPage(found, [ThingProgress(thing, progress.get(thing.pk, NO_PROGRESS)) for thing in rows])


def progress_then(
    things: Sequence[int], selection: Selection, *, kind: TrackedKind, actor: Actor
) -> dict[int, Progress]:
    """How far things were at the end of the as-of day, in the items and features that belong to them now.

    An item that was finished then and has been opened again counts as begun, as in every number: its last finish
    counts. `metrics.calculations.progress` says the same in plain Python. One statement for features, two for epics.
    """
    is_epic = kind == TrackedKind.EPIC
    rows: defaultdict[int, list[PartRow]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            _PARTS_THEN.format(thing="p.epic_id" if is_epic else "p.id"),
            {
                "things": list(things),
                "last": selection.as_of,
                "end_at": day_start(selection.as_of + timedelta(days=1)),
                "with_cancelled": not is_epic,
            },
        )
        for thing_id, *part in cursor.fetchall():
            rows[thing_id].append((*part, None))
    features = _features_then(things, rows, selection) if is_epic else {}
    return {pk: parts_summed(rows[pk], actor=actor, features=features.get(pk, ())) for pk in things}


def _features_then(
    epics: Sequence[int], rows: Mapping[int, Sequence[PartRow]], selection: Selection
) -> dict[int, list[tuple[bool, bool]]]:
    """Of the features that epics have now and that were there then: was it done, did it have an item."""
    end_at = day_start(selection.as_of + timedelta(days=1))
    lasting = StateStay.objects.filter(Q(to_at__isnull=True) | Q(to_at__gte=end_at), from_at__lt=end_at)
    was_done = lasting.filter(kind=TrackedKind.FEATURE, subject_id=OuterRef("pk"), state__category=StateCategory.DONE)
    present: QuerySet[Any, Any] = (
        Feature.objects.filter(epic__any_of=list(epics), deleted_at=None, created_at__lt=end_at)
        .exclude(state__category=StateCategory.CANCELLED)
        .annotate(was_done=Exists(was_done))
    )
    with_items = {row[0] for parts in rows.values() for row in parts}
    found: defaultdict[int, list[tuple[bool, bool]]] = defaultdict(list)
    for epic_id, pk, is_done in present.values_list("epic_id", "pk", "was_done"):
        found[epic_id].append((is_done, pk in with_items))
    return found


@dataclass(frozen=True, slots=True)
class BurnUp:
    """The scope and what is finished of it, at the end of each day of a window, in items.

    Items count from their creation on, for the feature they belong to now; what was cancelled leaves the scope on its
    day.
    """

    days: list[date]
    scope: list[int]
    finished: list[int]
    hidden_count: int


def burn_up(thing: Epic | Feature, selection: Selection, *, actor: Actor) -> BurnUp:
    """How the items of an epic or a feature came to be, and to be finished; four statements.

    SECURITY: only items of teams the reader may look into; of the others only how many they are.
    """
    of_thing = Q(feature__epic=thing) & Q(feature__deleted_at=None) if isinstance(thing, Epic) else Q(feature=thing)
    every = ItemFact.objects.filter(of_thing, is_counted=True, created_on__lt=selection.window.end)
    facts = every if actor.is_system else every.filter(unit__any_of=actor.units(SEES_ITEMS))
    window = selection.window
    created, finished, cancelled = (
        _by_day(facts.filter(**{f"{flow}_on__lt": window.end}), flow, window.start)
        for flow in ("created", "finished", "cancelled")
    )
    before = window.start - timedelta(days=1)
    days = list(window)
    return BurnUp(
        days=days,
        scope=running_stock(
            created.get(before, 0) - cancelled.get(before, 0),
            [created.get(day, 0) - cancelled.get(day, 0) for day in days],
        ),
        finished=running_stock(finished.get(before, 0), [finished.get(day, 0) for day in days]),
        hidden_count=0 if actor.is_system else every.count() - sum(created.values()),
    )


def _by_day(facts: Any, flow: str, start: date) -> dict[date, int]:
    """How many on each day of the window; all earlier ones on the day before it."""
    rows: Iterable[tuple[date, int]] = facts.order_by().values_list(f"{flow}_on").annotate(n=Count("pk"))
    found: dict[date, int] = {}
    for day, count in rows:
        place = max(day, start - timedelta(days=1))
        found[place] = found.get(place, 0) + count
    return found
