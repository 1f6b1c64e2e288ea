"""The objectives of an increment by unit, and how predictable the increments were."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from metrics.calculations.predictability import Predictability, Scored, predictability
from metrics.models import PiObjective
from metrics.selectors.known import as_then, put_back, stood_on
from organization.models import Period, PeriodKind, Unit, UnitClosure
from organization.querysets import valid_on
from pmo_portal.lib.access import Actor, visible

_SAID: Final = ("title", "description", "is_committed", "planned_value", "actual_value")

MOST_INCREMENTS: Final = 12
"""So many of the last increments are offered and drawn: three years of quarterly ones."""


@dataclass(frozen=True, slots=True)
class UnitObjectives:
    """The objectives of one unit, the committed ones first, and what they come to."""

    unit: Unit
    objectives: list[PiObjective]
    total: Predictability


def increments_of(unit: Unit, *, day: date) -> list[Period]:
    """The program increments a unit plans by, its own and those of the units above it, the latest first."""
    above = Unit.objects.over([unit.pk], day=day)
    found = Period.objects.filter(kind=PeriodKind.PI, unit__in=above)
    return list(found.order_by("-starts_on", "-pk")[:MOST_INCREMENTS])


def increment_now(increments: list[Period], *, day: date) -> Period | None:
    """The one that runs on a day; else the last one that began; else the next one."""
    begun = [period for period in increments if period.starts_on <= day]
    return begun[0] if begun else (increments[-1] if increments else None)


def objectives_by_unit(actor: Actor, unit: Unit, period: Period, *, day: date) -> list[UnitObjectives]:
    """The objectives of a unit and of all below it for an increment, as far as ``actor`` sees them; its own first."""
    rows = (
        _seen(actor, unit, day=day)
        .filter(period=period)
        .select_related("unit", "period")
        .order_by("unit__name", "unit_id", "-is_committed", "-planned_value", "pk")
    )
    by_unit: dict[Unit, list[PiObjective]] = {}
    for row in rows:
        by_unit.setdefault(row.unit, []).append(row)
    put_back([row for found in by_unit.values() for row in found], day, *_SAID)
    found = [UnitObjectives(one, rows, predictability(map(_scored, rows))) for one, rows in by_unit.items()]
    return sorted(found, key=lambda group: group.unit != unit)


def predictability_of(actor: Actor, unit: Unit, increments: list[Period], *, day: date) -> dict[int, Predictability]:
    """What the objectives of a unit and all below it came to, by increment. One statement."""
    committed = Q(then_is_committed=True)
    sums: Any = (
        as_then(_seen(actor, unit, day=day), day, "is_committed", "planned_value", "actual_value")
        .filter(period__in=[period.pk for period in increments])
        .order_by()
        .values("period")
        .annotate(
            committed=Count("pk", filter=committed),
            planned=Sum("then_planned_value", filter=committed, default=0),
            actual=Sum("then_actual_value", default=0),
            actual_committed=Sum("then_actual_value", filter=committed, default=0),
            scored=Count("then_actual_value"),
            unscored=Count("pk", filter=Q(then_actual_value__isnull=True)),
        )
    )
    return {line.pop("period"): Predictability(**line) for line in sums}


def _seen(actor: Actor, unit: Unit, *, day: date) -> QuerySet[PiObjective]:
    """The objectives of the units that stood under a unit at the end of the increment, or stand there on ``day``."""
    closure = UnitClosure.objects.filter(ancestor=unit, descendant=OuterRef("unit"))
    end = OuterRef("period__ends_on")
    is_over = Q(period__ends_on__lte=day)
    stood = Q(Exists(closure.filter(valid_from__lt=end, valid_to__gte=end)))
    stands = Q(Exists(closure.filter(valid_on(day))))
    return visible(actor, PiObjective).filter(is_over & stood | ~is_over & stands, stood_on(day, gone="removed_at"))


def _scored(objective: PiObjective) -> Scored:
    return Scored(objective.is_committed, objective.planned_value, objective.actual_value)
