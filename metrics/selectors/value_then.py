"""KPIs, objectives and key results with the targets they had on a day: a number means what it was measured against."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from metrics.models import KeyResult, Kpi, Objective
from metrics.selectors.known import is_over, put_back
from organization.models import Period

_KPI: Final = (
    "direction", "baseline_value", "baseline_on", "target_value", "target_high", "target_on", "at_risk_at", "off_at",
    "tolerance", "frequency", "source", "formula",
)  # fmt: skip
_KEY_RESULT: Final = ("driven_by", "kpi_id", "direction", "start_value", "target_value", "weight", "due_on")


def put_back_kpis(kpis: Iterable[Kpi], day: date) -> None:
    """What KPIs were measured against on a day."""
    put_back(kpis, day, *_KPI)


def put_back_objectives(objectives: Sequence[Objective], day: date) -> None:
    """The periods objectives had on a day, and what they served."""
    if not is_over(day):
        return
    now = {one.pk: one.period_id for one in objectives}
    put_back(objectives, day, "period_id", "parent_id")
    moved = [one for one in objectives if one.period_id != now[one.pk]]
    periods = Period.objects.in_bulk([one.period_id for one in moved if one.period_id]) if moved else {}
    for one in moved:
        one.period = periods.get(one.period_id or 0)


def put_back_key_results(key_results: Sequence[KeyResult], day: date) -> None:
    """What drove key results on a day, and what they were measured against."""
    if not is_over(day):
        return
    now = {one.pk: one.kpi_id for one in key_results}
    put_back(key_results, day, *_KEY_RESULT)
    moved = [one for one in key_results if one.kpi_id != now[one.pk]]
    kpis = Kpi.objects.in_bulk([one.kpi_id for one in moved if one.kpi_id]) if moved else {}
    for one in moved:
        one.kpi = kpis.get(one.kpi_id or 0)
