"""Objectives and key results: made, changed, put away."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metrics.models import DrivenBy, KeyResult, KeyResultWork, Kpi, NumberFormat, Objective
from metrics.services.versions import merged
from organization.models import Period, Unit
from pmo_portal.lib import live, locks
from pmo_portal.lib.access import Action, Actor, Denied, policy_for, require, require_within
from pmo_portal.lib.errors import Conflict, FieldConflict, Refused, field_error
from pmo_portal.lib.windows import local_day
from portfolio.models import Epic, Feature, StrategicTheme

EDITABLE: Final = frozenset({"title", "description", "theme", "parent", "owner", "period"})
KEY_RESULT_EDITABLE: Final = frozenset(
    {
        "title",
        "driven_by",
        "kpi",
        "direction",
        "start_value",
        "target_value",
        "number_format",
        "currency",
        "unit_label",
        "places",
        "weight",
        "owner",
        "due_on",
    }
)
WORK: Final = frozenset({"epics", "features"})
MOST_LEVELS: Final = 8
"""A tree of objectives deeper than this is no alignment any more."""


@transaction.atomic
def objective_create(*, actor: Actor, unit: Unit, values: Mapping[str, Any], at: datetime) -> Objective:
    """An objective of a unit. ``values`` holds any of :data:`EDITABLE`. Raises ValidationError by field."""
    require_within(actor, Action.CREATE, Objective, unit.pk)
    _check_names(values, EDITABLE)
    objective = Objective(unit=unit, created_at=at, **values)
    _clean(objective, at=at)
    objective.save(force_insert=True)
    _announce(objective)
    return objective


@transaction.atomic
def objective_edit(
    *, actor: Actor, objective: Objective, values: Mapping[str, Any], seen_version: int | None, at: datetime
) -> Objective:
    """Change an objective. What somebody else changed since ``seen_version`` is kept, unless it is the same field."""
    require(actor, Action.EDIT, objective)
    _check_names(values, EDITABLE)
    objective = present(locked(objective))
    wanted = merged(objective, values, seen_version)
    if not wanted:
        return objective
    for name, value in wanted.items():
        setattr(objective, name, value)
    objective.version += 1
    _clean(objective, at=at)
    objective.save()
    _announce(objective)
    return objective


@transaction.atomic
def objective_archive(*, actor: Actor, objective: Objective, is_archived: bool, at: datetime) -> Objective:
    """Put an objective away with its key results, or take it back."""
    require(actor, Action.DELETE, objective)
    objective = locked(objective)
    if is_archived == (objective.archived_at is not None):
        return objective
    children = objective.children.filter(archived_at__isnull=True).count()
    if is_archived and children:
        raise Refused(
            ngettext(
                "%(n)s objective serves it. Archive that one first, or have it serve another.",
                "%(n)s objectives serve it. Archive them first, or have them serve another.",
                children,
            )
            % {"n": children}
        )
    if not is_archived and objective.parent is not None and objective.parent.archived_at is not None:
        raise Refused(_("The objective it serves is archived. Take that one back first."))
    objective.archived_at = at if is_archived else None
    objective.version += 1
    objective.save(update_fields=["archived_at", "version"])
    _announce(objective)
    return objective


@transaction.atomic
def key_result_create(*, actor: Actor, objective: Objective, values: Mapping[str, Any], at: datetime) -> KeyResult:
    """A key result, behind those the objective has. ``values`` holds any of :data:`KEY_RESULT_EDITABLE`, ``epics`` and
    ``features``."""
    require(actor, Action.EDIT, objective)
    _check_names(values, KEY_RESULT_EDITABLE | WORK)
    objective = present(locked(objective))
    last = KeyResult.objects.filter(objective=objective).aggregate(last=Max("position"))["last"]
    fields = {name: value for name, value in values.items() if name not in WORK}
    key_result = KeyResult(objective=objective, position=(last or 0) + 1, created_at=at, **fields)
    _clean_key_result(actor, key_result, values)
    key_result.save(force_insert=True)
    _link(actor, key_result, values)
    _announce(objective)
    return key_result


@transaction.atomic
def key_result_edit(
    *, actor: Actor, key_result: KeyResult, values: Mapping[str, Any], seen_version: int | None, at: datetime
) -> KeyResult:
    """Change a key result; its linked work as a whole."""
    require(actor, Action.EDIT, key_result)
    _check_names(values, KEY_RESULT_EDITABLE | WORK)
    objective = present(locked(key_result.objective))
    key_result = _locked_key_result(key_result, objective)
    if policy_for(KeyResult).hidden_fields(actor, key_result) & set(values):
        raise Denied(Action.EDIT, key_result)
    if key_result.archived_at is not None:
        raise Refused(_("It is archived. Take it back first."))
    wanted = merged(key_result, {name: value for name, value in values.items() if name not in WORK}, seen_version)
    has_new_work = _has_new_work(key_result, values)
    if has_new_work and seen_version is not None and seen_version != key_result.version:
        raise Conflict([FieldConflict("epics", yours=values.get("epics"), theirs="")])
    if not wanted and not has_new_work:
        return key_result
    for name, value in wanted.items():
        setattr(key_result, name, value)
    key_result.version += 1
    _clean_key_result(actor, key_result, values)
    key_result.save()
    _link(actor, key_result, values)
    _announce(objective)
    return key_result


@transaction.atomic
def key_result_archive(*, actor: Actor, key_result: KeyResult, is_archived: bool, at: datetime) -> KeyResult:
    """Leave a key result out of its objective's score, or take it back; its check-ins stay."""
    require(actor, Action.EDIT, key_result)
    objective = present(locked(key_result.objective))
    key_result = _locked_key_result(key_result, objective)
    if is_archived == (key_result.archived_at is not None):
        return key_result
    if not is_archived and key_result.kpi is not None and key_result.kpi.archived_at is not None:
        raise Refused(_("The KPI that drives it is archived. Take that one back first."))
    key_result.archived_at = at if is_archived else None
    key_result.version += 1
    key_result.save(update_fields=["archived_at", "version"])
    _announce(objective)
    return key_result


def locked(objective: Objective) -> Objective:
    """The objective as it is stored, held until the transaction ends."""
    rows = Objective.objects.select_for_update(of=("self",)).select_related("unit", "parent")
    return rows.get(pk=objective.pk)


def present(objective: Objective) -> Objective:
    """``objective``, unless it is archived: nothing but taking it back happens to it there."""
    if objective.archived_at is not None:
        raise Refused(_("It is archived. Take it back first."))
    return objective


def _locked_key_result(key_result: KeyResult, objective: Objective) -> KeyResult:
    found = KeyResult.objects.select_for_update(of=("self",)).select_related("kpi").get(pk=key_result.pk)
    found.objective = objective
    return found


def _check_names(values: Mapping[str, Any], known: Collection[str]) -> None:
    unknown = set(values) - set(known)
    if unknown:
        raise ValueError(f"not editable here: {sorted(unknown)}")


def _clean(objective: Objective, *, at: datetime) -> None:
    objective.title = objective.title.strip()
    if objective.pk is not None and objective.parent_id == objective.pk:
        raise field_error("parent", _("It would serve itself."))
    objective.full_clean()
    day = local_day(at)
    above = set(Unit.objects.over([objective.unit_id], day=day).values_list("pk", flat=True))
    if (
        objective.theme_id is not None
        and not StrategicTheme.objects.filter(pk=objective.theme_id, unit__in=above).exists()
    ):
        raise field_error("theme", _("Choose a theme of the portfolio above."))
    if objective.period_id is not None and not Period.objects.filter(pk=objective.period_id, unit__in=above).exists():
        raise field_error("period", _("Choose a period of this unit or one above it."))
    if objective.parent_id is not None:
        _check_parent(objective, above)


def _check_parent(objective: Objective, above: Collection[int]) -> None:
    """It serves an objective of its own unit or one above; never, however far round, itself."""
    locks.lock("metrics.objectives")
    parent = Objective.objects.filter(pk=objective.parent_id or 0).first()
    if parent is None or parent.unit_id not in above:
        raise field_error("parent", _("Choose an objective of this unit or one above it."))
    if parent.archived_at is not None:
        raise field_error("parent", _("This objective is archived."))
    step: Objective | None = parent
    for _level in range(MOST_LEVELS):
        if step is None:
            return
        if step.pk == objective.pk:
            raise field_error("parent", _("It would serve itself."))
        step = step.parent
    raise field_error("parent", _("This is more than %(n)s levels deep.") % {"n": MOST_LEVELS})


def _clean_key_result(actor: Actor, key_result: KeyResult, values: Mapping[str, Any]) -> None:
    key_result.title = key_result.title.strip()
    key_result.currency = key_result.currency.strip().upper()
    if key_result.driven_by == DrivenBy.KPI:
        if key_result.kpi is None:
            raise field_error("kpi", _("Choose the KPI that drives it."))
        if key_result.kpi.archived_at is not None:
            raise field_error("kpi", _("This KPI is archived."))
        if "kpi" in values and not policy_for(Kpi).allows(actor, Action.VIEW, key_result.kpi):
            raise field_error("kpi", _("Choose a KPI that exists."))
        for name in ("number_format", "currency", "unit_label", "places"):
            setattr(key_result, name, getattr(key_result.kpi, name))
    else:
        key_result.kpi = None
    if key_result.driven_by == DrivenBy.WORK:
        _measure_by_work(key_result, values)
    if key_result.number_format != NumberFormat.MONEY:
        key_result.currency = ""
    elif not key_result.currency:
        raise field_error("currency", _("Amounts need a currency."))
    goes_up = key_result.direction == "UP"
    if goes_up and key_result.target_value < key_result.start_value:
        raise field_error("target_value", _("The target lies below the start, but the direction is up."))
    if not goes_up and key_result.target_value > key_result.start_value:
        raise field_error("target_value", _("The target lies above the start, but the direction is down."))
    key_result.full_clean()
    if policy_for(KeyResult).hidden_fields(actor, key_result):
        raise field_error("number_format", _("Only those who may see amounts of money keep key results of them."))


def _measure_by_work(key_result: KeyResult, values: Mapping[str, Any]) -> None:
    """Linked work is measured in percent done, from 0 on."""
    linked = values.get("epics", ()) or values.get("features", ())
    if not linked and not (
        key_result.pk and not WORK & set(values) and KeyResultWork.objects.filter(key_result=key_result).exists()
    ):
        raise field_error("epics", _("Choose at least one epic or feature that drives it."))
    key_result.number_format, key_result.unit_label, key_result.places = NumberFormat.PERCENT, "", 0
    key_result.direction, key_result.start_value = "UP", Decimal(0)
    if not 0 < key_result.target_value <= 100:
        raise field_error("target_value", _("Work is measured in percent done: more than 0, at most 100."))


def _wanted_work(key_result: KeyResult, values: Mapping[str, Any]) -> set[tuple[int | None, int | None]]:
    if key_result.driven_by != DrivenBy.WORK:
        return set()
    epics = {(epic.pk, None) for epic in values.get("epics") or ()}
    return epics | {(None, feature.pk) for feature in values.get("features") or ()}


def _has_new_work(key_result: KeyResult, values: Mapping[str, Any]) -> bool:
    if not WORK & set(values):
        return False
    driven_by = values.get("driven_by", key_result.driven_by)
    wanted = _wanted_work(KeyResult(driven_by=driven_by), values)
    return wanted != set(KeyResultWork.objects.filter(key_result=key_result).values_list("epic_id", "feature_id"))


def _link(actor: Actor, key_result: KeyResult, values: Mapping[str, Any]) -> None:
    """Have exactly the named work drive a key result; only work that the person sees can be named anew."""
    if not WORK & set(values) and key_result.driven_by == DrivenBy.WORK:
        return
    wanted = _wanted_work(key_result, values)
    linked = {(row.epic_id, row.feature_id): row for row in KeyResultWork.objects.filter(key_result=key_result)}
    for pair, row in linked.items():
        if pair not in wanted:
            row.delete()
    new = wanted - set(linked)
    _check_seen(actor, Epic, {epic for epic, _feature in new if epic is not None})
    _check_seen(actor, Feature, {feature for _epic, feature in new if feature is not None})
    KeyResultWork.objects.bulk_create(
        [
            KeyResultWork(key_result=key_result, epic_id=epic, feature_id=feature)
            for epic, feature in sorted(new, key=str)
        ]
    )


def _check_seen(actor: Actor, model: type[Epic] | type[Feature], ids: set[int]) -> None:
    seen = policy_for(model).visible(actor, model._default_manager.filter(pk__in=ids, deleted_at__isnull=True)).count()
    if seen != len(ids):
        raise field_error("epics" if model is Epic else "features", _("Choose work that exists."))


def _announce(objective: Objective) -> None:
    live.publish_on_commit(unit_id=objective.unit_id, kind=live.Kind.METRICS)
