"""Which unit a page of value is about, and what it takes from the units above."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from django.db import models
from django.db.models import QuerySet
from django.utils import timezone

from organization.models import Unit
from organization.selectors.units import units_holding
from pmo_portal.lib.access import Actor
from pmo_portal.lib.windows import local_day

M = TypeVar("M", bound=models.Model)


@dataclass(frozen=True, slots=True)
class UnitFilter:
    """The units a list can be narrowed to, by level and name, and the one it is."""

    units: list[Unit]
    chosen: Unit | None
    day: date

    def narrowed(self, rows: QuerySet[M]) -> QuerySet[M]:
        """Rows of the chosen unit and all below it."""
        if self.chosen is None:
            return rows
        return rows.filter(unit__in=Unit.objects.under([self.chosen.pk], day=self.day))


def unit_filter(actor: Actor, code: str, permission: str, *, day: date) -> UnitFilter:
    """Read which unit an address asks for, among those on which the actor holds a permission. One statement."""
    units = sorted(units_holding(actor, permission, day=day), key=lambda unit: (unit.get_kind().rank, unit.name))
    return UnitFilter(units, next((unit for unit in units if unit.code == code), None), day)


def currency_of(unit: Unit) -> str:
    """The currency a unit counts in: its own, or that of the nearest unit above with one."""
    day = local_day(timezone.now())
    above: Any = Unit.objects.filter(
        closure_down__descendant=unit, closure_down__valid_from__lte=day, closure_down__valid_to__gt=day
    )
    found: str | None = (
        above.exclude(currency="").order_by("closure_down__depth").values_list("currency", flat=True).first()
    )
    return found or ""
