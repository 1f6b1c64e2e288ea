"""Forecasts of epics and features: a projection that whoever derives numbers writes here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from pmo_portal.lib.access import Action, Actor, require_within
from portfolio.models import Epic, EpicForecast, Feature, FeatureForecast, TrackedKind

_FIELDS = ("p50_on", "p70_on", "p85_on", "p95_on", "why", "unit_ids", "digest", "computed_at")


@dataclass(frozen=True, slots=True)
class ForecastRow:
    """A forecast as `portfolio.models.Forecast` keeps it."""

    p50_on: date | None
    p70_on: date | None
    p85_on: date | None
    p95_on: date | None
    why: str
    unit_ids: Collection[int]
    digest: str


@transaction.atomic
def forecasts_write(
    *, actor: Actor, kind: TrackedKind, rows: Mapping[int, ForecastRow], gone: Collection[int] = (), at: datetime
) -> None:
    """Set the forecasts of epics or features by id, and forget those of `gone`. Two statements for any number."""
    model, subject, by = _of(kind)
    require_within(actor, Action.EDIT, subject, None)
    # What was deleted for good meanwhile has no forecast.
    here = set(subject.objects.filter(pk__in=rows).values_list("pk", flat=True))
    model.objects.bulk_create(
        [
            model(
                **{
                    f"{by}_id": pk,
                    "computed_at": at,
                    "unit_ids": sorted(row.unit_ids),
                    **{name: getattr(row, name) for name in _FIELDS if name not in {"unit_ids", "computed_at"}},
                }
            )
            for pk, row in sorted(rows.items())
            if pk in here
        ],
        update_conflicts=True,
        update_fields=_FIELDS,
        unique_fields=[by],
    )
    if gone:
        model.objects.filter(pk__in=gone).delete()


def _of(kind: TrackedKind) -> tuple[Any, Any, str]:
    return (EpicForecast, Epic, "epic") if kind == TrackedKind.EPIC else (FeatureForecast, Feature, "feature")
