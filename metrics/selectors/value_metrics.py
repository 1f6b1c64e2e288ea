"""The flow numbers that formulas of KPIs use: of the KPI's own unit, for whole periods that have ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from metrics.calculations.formula import METRIC, parse
from metrics.calculations.value import closed_periods
from metrics.models import Kpi, KpiSource, Measurement
from metrics.selectors.numbers import UnitNumbers, numbers_of
from pmo_portal.lib.windows import Window, day_start

FIRST_PERIODS: Final = 12
"""Periods that a new formula is computed for, so that it has a past."""


@dataclass(frozen=True, slots=True)
class _Period:
    """One whole period, as `numbers_of` asks for it."""

    window: Window
    item_type: str = ""

    @property
    def as_of(self) -> date:
        return self.window.last_day

    @property
    def end_at(self) -> datetime:
        return day_start(self.window.end)


def formula_inputs(*, day: date) -> Iterator[tuple[int, Mapping[date, Mapping[str, Decimal | None]]]]:
    """For each KPI whose formula uses flow numbers: these numbers by the last day of each of its last periods.

    The newest period always, because late entries still correct it; older ones only where no value is stored. A few
    statements a KPI and period.
    """
    kpis = Kpi.objects.filter(source=KpiSource.FORMULA, archived_at__isnull=True, formula__contains=f"{METRIC}.")
    for kpi in kpis.order_by("pk"):
        codes = parse(kpi.formula).metrics
        periods = [Window(*one) for one in closed_periods(day, kpi.rhythm, count=FIRST_PERIODS)]
        stored = set(
            Measurement.objects.filter(kpi=kpi, removed_at__isnull=True, day__gte=periods[0].start).values_list(
                "day", flat=True
            )
        )
        wanted = [window for window in periods if window.last_day not in stored or window == periods[-1]]
        yield kpi.pk, {window.last_day: _values(kpi.unit_id, window, codes) for window in wanted}


def _values(unit_id: int, window: Window, codes: frozenset[str]) -> dict[str, Decimal | None]:
    numbers = numbers_of([unit_id], _Period(window))[unit_id]
    return {f"{METRIC}.{code}": _value(numbers, window, code) for code in codes}


def _value(numbers: UnitNumbers, window: Window, code: str) -> Decimal | None:
    """One flow number; None for a period that ended before anything was known."""
    if numbers.known_since is None or numbers.known_since > window.last_day:
        return None
    found = {
        "throughput": numbers.flow.finished,
        "started": numbers.flow.started,
        "wip": numbers.wip_now,
        "cycle_time": numbers.cycles.p85_days,
    }[code]
    return None if found is None else Decimal(str(found))
