"""Epics and features with how far they are, and how they came there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Q

from metrics.calculations.series import running_stock
from metrics.models import ItemFact
from metrics.selectors.selection import Selection
from organization.models import Unit
from pmo_portal.lib.access import Actor, visible
from portfolio.models import Epic, Feature, StateCategory, TrackedKind
from portfolio.selectors.progress import NO_PROGRESS, SEES_ITEMS, Progress, progress_of_epics, progress_of_features

PAGE_ROWS: Final = 20
UNFINISHED: Final = ~Q(state__category__in=(StateCategory.DONE, StateCategory.CANCELLED))


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
    at most four statements."""
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
        progress = _progress_then(ids, selection, kind=kind, actor=actor)
    elif kind == TrackedKind.EPIC:
        progress = progress_of_epics(ids, actor=actor)
    else:
        progress = progress_of_features(ids, actor=actor)
    return ThingPage(found, [ThingProgress(thing, progress.get(thing.pk, NO_PROGRESS)) for thing in rows])


def _progress_then(ids: Sequence[int], selection: Selection, *, kind: TrackedKind, actor: Actor) -> dict[int, Progress]:
    """How far things were at the end of the as-of day, in items that belong to them now; one statement.

    Points are left out: what an open item was estimated at then is not known here.
    """
    of_thing = "feature__epic" if kind == TrackedKind.EPIC else "feature"
    last = selection.as_of
    facts = ItemFact.objects.filter(
        ~Q(cancelled_on__lte=last) | Q(cancelled_on__isnull=True),
        **{f"{of_thing}__any_of": list(ids)},
        feature__deleted_at=None,
        is_counted=True,
        created_on__lte=last,
    )
    seen = Q() if actor.is_system else Q(unit__any_of=actor.units(SEES_ITEMS))
    finished = Q(finished_on__lte=last)
    rows = (
        facts.order_by()
        .values(thing=F(of_thing))
        .annotate(
            n=Count("pk", filter=seen),
            started=Count("pk", filter=seen & Q(started_on__lte=last) & ~finished),
            finished=Count("pk", filter=seen & finished),
            whole=Count("pk"),
        )
    )
    return {
        row["thing"]: Progress(
            item_count=row["n"],
            started_count=row["started"],
            finished_count=row["finished"],
            hidden_count=row["whole"] - row["n"],
        )
        for row in rows
    }


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
