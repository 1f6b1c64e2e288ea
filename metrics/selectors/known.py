"""What was known at the end of a day: of values, targets and words that people keep, and correct later.

A day that is over is read as it was seen then: what was entered, corrected or taken back since is left out. For today
nothing is asked of the histories. Who may see what is always decided by today's rights, and names and owners are
today's.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import BigIntegerField, Case, F, Model, OuterRef, Q, QuerySet, Subquery, When
from django.utils import timezone

from pmo_portal.lib.windows import day_start, local_day


def is_over(day: date) -> bool:
    """Whether a day lies behind us: only then can something have changed since."""
    return day < local_day(timezone.now())


def end_of(day: date) -> datetime:
    """The first moment after a day."""
    return day_start(day + timedelta(days=1))


def stood_on(day: date, *, gone: str, made: str = "created_at") -> Q:
    """There at the end of a day: made by then, and put away (``gone``) not at all or later."""
    if not is_over(day):
        return Q(**{f"{gone}__isnull": True})
    end_at = end_of(day)
    return Q(**{f"{made}__lt": end_at}) & (Q(**{f"{gone}__isnull": True}) | Q(**{f"{gone}__gte": end_at}))


def as_then(rows: QuerySet[Any], day: date, *names: str) -> QuerySet[Any]:
    """Tracked rows with ``then_<name>``: what their fields held at the end of a day, or hold when it is not over.

    A row that nobody changed is its own past; of others the last version of that day counts, and before their history
    began, its first.
    """
    if not is_over(day):
        as_now: QuerySet[Any] = rows.annotate(**{f"then_{name}": F(name) for name in names})
        return as_now
    versions = _versions(rows.model, end_of(day)).filter(pgh_obj_id=OuterRef("pk"))
    found: QuerySet[Any] = rows.annotate(
        **{
            f"then_{name}": Case(
                When(version=1, then=F(name)), default=Subquery(versions.order_by("place").values(name)[:1])
            )
            for name in names
        }
    )
    return found


def put_back(rows: Iterable[Any], day: date, *names: str) -> None:
    """Set the named columns of tracked rows to what they held at the end of a day. One statement when any of them
    was ever changed, none for today."""
    changed = {row.pk: row for row in rows if row.version > 1} if is_over(day) else {}
    if not changed:
        return
    model: type[Model] = type(next(iter(changed.values())))
    versions = _versions(model, end_of(day)).filter(pgh_obj_id__in=list(changed))
    found = versions.order_by("pgh_obj_id", "place").distinct("pgh_obj_id").values_list("pgh_obj_id", *names)
    for pk, *values in found:
        for name, value in zip(names, values, strict=True):
            setattr(changed[pk], name, value)


def _versions(model: type[Any], end_at: datetime) -> QuerySet[Any]:
    """The versions of tracked rows by ``place``: those before a moment, the last one first, then the later ones, the
    first one first."""
    is_before = Q(pgh_created_at__lt=end_at)
    place = Case(When(is_before, then=-F("pgh_id")), default=F("pgh_id"), output_field=BigIntegerField())
    found: QuerySet[Any] = model.pgh_event_model._default_manager.annotate(place=place)
    return found
