"""Fiscal years, quarters and program increments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.utils.translation import gettext as _

from organization.models import Period, PeriodKind, Unit
from pmo_portal.lib import locks
from pmo_portal.lib.access import Action, Actor, require, require_within
from pmo_portal.lib.errors import field_error
from pmo_portal.lib.format import day as format_day
from pmo_portal.lib.merging import own_changes


@dataclass(frozen=True, slots=True)
class PlannedPeriod:
    """A period that a series would make."""

    kind: PeriodKind
    name: str
    starts_on: date
    ends_on: date


@transaction.atomic
def period_create(
    *,
    actor: Actor,
    unit: Unit,
    kind: PeriodKind | str,
    name: str,
    starts_on: date,
    ends_on: date,
    at: datetime,
) -> Period:
    """Name a stretch of days ``[starts_on, ends_on)`` by which a unit and all below it plan and report."""
    require_within(actor, Action.CREATE, Period, unit.pk)
    _lock(unit)
    period = Period(unit=unit, kind=PeriodKind(kind), name=name.strip(), starts_on=starts_on, ends_on=ends_on)
    _check(period)
    period.save(force_insert=True)
    return period


@transaction.atomic
def period_edit(
    *,
    actor: Actor,
    period: Period,
    name: str,
    starts_on: date,
    ends_on: date,
    seen: int | None = None,
    at: datetime,
) -> Period:
    """Rename a period or move its days."""
    require(actor, Action.EDIT, period)
    _lock(period.unit)
    period = Period.objects.select_for_update(of=("self",)).get(pk=period.pk)
    told = {"name": name.strip(), "starts_on": starts_on, "ends_on": ends_on}
    for field, value in own_changes(period, told, seen=seen).items():
        setattr(period, field, value)
    _check(period)
    period.save()
    return period


@transaction.atomic
def period_delete(*, actor: Actor, period: Period, at: datetime) -> None:
    """Remove a period that nothing was planned in; raises django's ProtectedError otherwise."""
    require(actor, Action.DELETE, period)
    period.delete()


def quarters_of_year(*, starts_on: date, name: str) -> tuple[PlannedPeriod, ...]:
    """A fiscal year that begins on ``starts_on``, with its four quarters of three months."""
    edges = [starts_on + relativedelta(months=3 * number) for number in range(5)]
    year = PlannedPeriod(PeriodKind.FISCAL_YEAR, name, edges[0], edges[4])
    names = (_("Q%(number)s %(year)s") % {"number": n + 1, "year": name} for n in range(4))
    quarters = (
        PlannedPeriod(PeriodKind.QUARTER, quarter, *days) for quarter, days in zip(names, pairwise(edges), strict=True)
    )
    return (year, *quarters)


def increments(
    *, starts_on: date, weeks: int, count: int, name: str, first_number: int = 1
) -> tuple[PlannedPeriod, ...]:
    """Program increments of equal length, one after the other, named ``<name> <number>``."""
    length = timedelta(weeks=weeks)
    return tuple(
        PlannedPeriod(PeriodKind.PI, f"{name} {first_number + n}", starts_on + n * length, starts_on + (n + 1) * length)
        for n in range(count)
    )


@transaction.atomic
def period_create_series(*, actor: Actor, unit: Unit, planned: tuple[PlannedPeriod, ...], at: datetime) -> list[Period]:
    """Create several periods of a unit at once, all or none."""
    return [
        period_create(
            actor=actor,
            unit=unit,
            kind=one.kind,
            name=one.name,
            starts_on=one.starts_on,
            ends_on=one.ends_on,
            at=at,
        )
        for one in planned
    ]


def _lock(unit: Unit) -> None:
    """Two people must not plan the same days at the same moment."""
    locks.lock(f"organization.periods.{unit.pk}")


def _check(period: Period) -> None:
    if period.ends_on <= period.starts_on:
        raise field_error("ends_on", _("It ends before it begins."))
    period.full_clean()
    overlapping = (
        Period.objects.filter(
            unit=period.unit_id,
            kind=period.kind,
            starts_on__lt=period.ends_on,
            ends_on__gt=period.starts_on,
        )
        .exclude(pk=period.pk)
        .order_by("starts_on")
        .first()
    )
    if overlapping is not None:
        raise field_error(
            "starts_on",
            _("%(name)s already covers days from %(start)s to %(end)s.")
            % {
                "name": overlapping.name,
                "start": format_day(overlapping.starts_on),
                "end": format_day(overlapping.ends_on - timedelta(days=1)),
            },
        )
