"""Objectives of program increments: added, changed, scored, taken away."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from metrics.models import PiObjective
from metrics.services.versions import merged
from organization.models import Period, PeriodKind, Unit
from pmo_portal.lib import live
from pmo_portal.lib.access import Action, Actor, require, require_within
from pmo_portal.lib.errors import Refused, field_error
from pmo_portal.lib.windows import local_day

EDITABLE: Final = frozenset({"title", "description", "is_committed", "planned_value"})
PLAN: Final = ("is_committed", "planned_value")
"""What a score is held against: it is not changed once there is one."""


@transaction.atomic
def pi_objective_create(
    *, actor: Actor, unit: Unit, period: Period, values: Mapping[str, Any], at: datetime
) -> PiObjective:
    """An objective of a unit for an increment. ``values`` holds any of :data:`EDITABLE`; ValidationError by field."""
    require_within(actor, Action.CREATE, PiObjective, unit.pk)
    _check_names(values)
    above = Unit.objects.over([unit.pk], day=local_day(at))
    if period.kind != PeriodKind.PI or not above.filter(pk=period.unit_id).exists():
        raise field_error("period", _("Choose a program increment of this unit or one above it."))
    objective = PiObjective(unit=unit, period=period, created_at=at, **values)
    _save(objective, is_new=True)
    return objective


@transaction.atomic
def pi_objective_edit(
    *, actor: Actor, objective: PiObjective, values: Mapping[str, Any], seen_version: int | None, at: datetime
) -> PiObjective:
    """Change an objective. What somebody else changed since ``seen_version`` is kept, unless it is the same field."""
    require(actor, Action.EDIT, objective)
    _check_names(values)
    return _write(_present(objective), values, seen_version)


@transaction.atomic
def pi_objective_score(
    *, actor: Actor, objective: PiObjective, actual_value: int | None, seen_version: int | None, at: datetime
) -> PiObjective:
    """Say what an objective was worth, 0 to 10, or that this is not known (None)."""
    require(actor, Action.MANAGE, objective)
    objective = _present(objective)
    if actual_value is not None and objective.period.starts_on > local_day(at):
        raise field_error("actual_value", _("The increment has not begun: there is nothing to score yet."))
    return _write(objective, {"actual_value": actual_value}, seen_version)


@transaction.atomic
def pi_objective_remove(*, actor: Actor, objective: PiObjective, is_removed: bool, at: datetime) -> PiObjective:
    """Take an objective out of every sum, or bring it back."""
    require(actor, Action.DELETE, objective)
    objective = _locked(objective)
    if is_removed != (objective.removed_at is not None):
        objective.removed_at = at if is_removed else None
        _save(objective)
    return objective


def _write(objective: PiObjective, values: Mapping[str, Any], seen_version: int | None) -> PiObjective:
    wanted = merged(objective, values, seen_version)
    if objective.actual_value is not None and (planned := next((name for name in PLAN if name in wanted), None)):
        raise field_error(planned, _("It is scored already: what was planned stays. Take the score away first."))
    for name, value in wanted.items():
        setattr(objective, name, value)
    if wanted:
        _save(objective)
    return objective


def _save(objective: PiObjective, *, is_new: bool = False) -> None:
    objective.title = objective.title.strip()
    objective.full_clean()
    if not is_new:
        objective.version += 1
    objective.save(force_insert=is_new)
    live.publish_on_commit(unit_id=objective.unit_id, kind=live.Kind.METRICS)


def _present(objective: PiObjective) -> PiObjective:
    objective = _locked(objective)
    if objective.removed_at is not None:
        raise Refused(_("It was removed. Bring it back first."))
    return objective


def _locked(objective: PiObjective) -> PiObjective:
    rows = PiObjective.objects.select_for_update(of=("self",)).select_related("unit", "period")
    return rows.get(pk=objective.pk)


def _check_names(values: Mapping[str, Any]) -> None:
    unknown = set(values) - EDITABLE
    if unknown:
        raise ValueError(f"not editable here: {sorted(unknown)}")
