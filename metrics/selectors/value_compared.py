"""Values beside those of another day."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from datetime import date

from metrics.selectors.known import end_of
from metrics.selectors.value import KpiLine, kpi_lines
from metrics.selectors.value_objectives import ObjectiveLine, objective_lines
from pmo_portal.lib.access import Actor


def compare_kpis(actor: Actor, lines: Sequence[KpiLine], day: date) -> None:
    """Say of each KPI how it stood on the day it is compared with; those made later have no such day."""
    kpis = [copy(line.kpi) for line in lines if line.kpi.created_at < end_of(day)]
    then = {line.kpi.pk: line for line in kpi_lines(actor, kpis, day=day, most_values=1)}
    for line in lines:
        line.then = then.get(line.kpi.pk)


def compare_objectives(actor: Actor, lines: Sequence[ObjectiveLine], day: date) -> None:
    """Say of each objective and key result how it stood on the day it is compared with."""
    objectives = [copy(line.objective) for line in lines if line.objective.created_at < end_of(day)]
    then = {line.objective.pk: line for line in objective_lines(actor, objectives, day=day)}
    for line in lines:
        line.then = then.get(line.objective.pk)
        results = {one.key_result.pk: one for one in line.then.key_results} if line.then else {}
        for one in line.key_results:
            one.then = results.get(one.key_result.pk)
