"""KPIs, objectives and key results, made through the services by the system itself."""

from __future__ import annotations

import itertools
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from metrics.models import CheckIn, KeyResult, Kpi, Measurement, Objective
from metrics.services.check_ins import check_in_record
from metrics.services.kpis import kpi_create
from metrics.services.measurements import measurement_record
from metrics.services.objectives import key_result_create, objective_create
from organization.access import SYSTEM
from organization.models import Unit
from tests.factories.organization import NOW

_numbers = itertools.count(1)


def kpi_make(unit: Unit, *, name: str = "", at: datetime = NOW, **values: Any) -> Kpi:
    """A KPI of a unit."""
    return kpi_create(actor=SYSTEM, unit=unit, values={"name": name or f"KPI {next(_numbers)}", **values}, at=at)


def measure(kpi: Kpi, day: date, value: float, *, at: datetime = NOW) -> Measurement:
    """The value of a day."""
    return measurement_record(actor=SYSTEM, kpi=kpi, values={"day": day, "value": Decimal(str(value))}, at=at)


def objective_make(unit: Unit, *, title: str = "", at: datetime = NOW, **values: Any) -> Objective:
    """An objective of a unit."""
    title = title or f"Objective {next(_numbers)}"
    return objective_create(actor=SYSTEM, unit=unit, values={"title": title, **values}, at=at)


def key_result_make(objective: Objective, *, title: str = "", at: datetime = NOW, **values: Any) -> KeyResult:
    """A key result from 0 to 100, driven by hand unless told otherwise."""
    title = title or f"Key result {next(_numbers)}"
    return key_result_create(actor=SYSTEM, objective=objective, values={"title": title, **values}, at=at)


def check_in(key_result: KeyResult, day: date, value: float, *, at: datetime = NOW) -> CheckIn:
    """What is said of a key result on a day."""
    values = {"day": day, "value": Decimal(str(value)), "confidence": "HIGH"}
    return check_in_record(actor=SYSTEM, key_result=key_result, values=values, at=at)
