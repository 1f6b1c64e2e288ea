"""KPIs: made, changed, put away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from metrics.models import Direction, Kpi, KpiSource, NumberFormat
from metrics.models.kpis import is_reserved
from metrics.services.formulas import formula_take, measure_by_formula, remeasure_users, take_money
from metrics.services.versions import merged
from organization.models import Unit
from pmo_portal.lib import live, locks
from pmo_portal.lib.access import Action, Actor, Denied, policy_for, require, require_within
from pmo_portal.lib.errors import Refused, field_error

EDITABLE: Final = frozenset(
    {
        "name",
        "description",
        "owner",
        "direction",
        "number_format",
        "currency",
        "unit_label",
        "places",
        "baseline_value",
        "baseline_on",
        "target_value",
        "target_high",
        "target_on",
        "at_risk_at",
        "off_at",
        "tolerance",
        "frequency",
        "source",
        "formula",
    }
)
LONGEST_CODE: Final = 40


@transaction.atomic
def kpi_create(*, actor: Actor, unit: Unit, values: Mapping[str, Any], at: datetime) -> Kpi:
    """A KPI of a unit. ``values`` holds any of :data:`EDITABLE` and ``code``; without a code one is made of the name.

    Raises ValidationError by field.
    """
    require_within(actor, Action.CREATE, Kpi, unit.pk)
    _check_names(values, EDITABLE | {"code"})
    locks.lock("metrics.kpi_codes")
    code = values.get("code") or free_code(str(values.get("name", "")))
    kpi = Kpi(unit=unit, created_at=at, **{**values, "code": code})
    _clean(kpi)
    formula = formula_take(actor=actor, kpi=kpi)
    kpi.is_money = take_money(kpi, formula)
    _check_money(actor, kpi)
    kpi.save(force_insert=True)
    measure_by_formula(kpi, formula, at=at)
    _announce(kpi)
    return kpi


@transaction.atomic
def kpi_edit(*, actor: Actor, kpi: Kpi, values: Mapping[str, Any], seen_version: int | None, at: datetime) -> Kpi:
    """Change a KPI. What somebody else changed since ``seen_version`` is kept, unless it is the same field."""
    require(actor, Action.EDIT, kpi)
    _check_names(values, EDITABLE)
    kpi = present(locked(kpi))
    require(actor, Action.EDIT, kpi)
    if policy_for(Kpi).hidden_fields(actor, kpi) & set(values):
        raise Denied(Action.EDIT, kpi)
    wanted = merged(kpi, values, seen_version)
    if not wanted:
        return kpi
    was_money = kpi.is_money
    for name, value in wanted.items():
        setattr(kpi, name, value)
    kpi.version += 1
    _clean(kpi)
    formula = formula_take(actor=actor, kpi=kpi) if {"source", "formula"} & set(wanted) else None
    kpi.is_money = take_money(kpi, formula)
    if not was_money:
        _check_money(actor, kpi)
    kpi.save()
    if formula is not None or {"source", "formula"} & set(wanted):
        measure_by_formula(kpi, formula, at=at)
    if kpi.is_money != was_money:
        remeasure_users([kpi], at=at)
    _announce(kpi)
    return kpi


@transaction.atomic
def kpi_archive(*, actor: Actor, kpi: Kpi, is_archived: bool, at: datetime) -> Kpi:
    """Put a KPI away, or take it back: it keeps its values and leaves lists, formulas and what needs attention."""
    require(actor, Action.DELETE, kpi)
    kpi = locked(kpi)
    if is_archived == (kpi.archived_at is not None):
        return kpi
    users = kpi.used_by.filter(kpi__archived_at__isnull=True).select_related("kpi")
    if is_archived and users:
        names = ", ".join(sorted(user.kpi.name for user in users))
        raise Refused(_("Formulas use it: %(names)s. Change or archive them first.") % {"names": names})
    driven = kpi.key_results.filter(archived_at__isnull=True, objective__archived_at__isnull=True).count()
    if is_archived and driven:
        raise Refused(_("It drives key results. Have them driven by something else first."))
    if not is_archived and kpi.inputs.filter(uses__archived_at__isnull=False).exists():
        raise Refused(_("Its formula uses an archived KPI. Take that one back first."))
    kpi.archived_at = at if is_archived else None
    kpi.version += 1
    kpi.save(update_fields=["archived_at", "version"])
    _announce(kpi)
    return kpi


def locked(kpi: Kpi) -> Kpi:
    """The KPI as it is stored, held until the transaction ends."""
    return Kpi.objects.select_for_update(of=("self",)).select_related("unit").get(pk=kpi.pk)


def present(kpi: Kpi) -> Kpi:
    """``kpi``, unless it is archived: nothing but taking it back happens to it there."""
    if kpi.archived_at is not None:
        raise Refused(_("It is archived. Take it back first."))
    return kpi


def free_code(name: str) -> str:
    """A code made of a name that no KPI has yet: "Active shops" is active_shops, the second one active_shops_2."""
    stem = re.sub(r"^[^a-z]+", "", slugify(name).replace("-", "_"))[: LONGEST_CODE - 6] or "kpi"
    taken = set(Kpi.objects.filter(code__startswith=stem).values_list("code", flat=True))
    if is_reserved(stem):
        taken.add(stem)
    numbers = (f"{stem}_{number}" for number in range(2, len(taken) + 3))
    return next(code for code in (stem, *numbers) if code not in taken)


def _check_names(values: Mapping[str, Any], known: frozenset[str]) -> None:
    unknown = set(values) - known
    if unknown:
        raise ValueError(f"not editable on a KPI: {sorted(unknown)}")


def _check_money(actor: Actor, kpi: Kpi) -> None:
    """Nobody makes an amount that they could not see themselves."""
    if kpi.is_money and policy_for(Kpi).hidden_fields(actor, kpi):
        name = "number_format" if kpi.number_format == NumberFormat.MONEY else "formula"
        raise field_error(name, _("Only those who may see amounts of money keep KPIs of them."))


def _clean(kpi: Kpi) -> None:
    kpi.name = kpi.name.strip()
    kpi.currency = kpi.currency.strip().upper()
    if kpi.number_format == NumberFormat.MONEY and not kpi.currency:
        raise field_error("currency", _("Amounts need a currency."))
    if kpi.number_format != NumberFormat.MONEY:
        kpi.currency = ""
    if kpi.source != KpiSource.FORMULA:
        kpi.formula = ""
    kpi.full_clean()
    if kpi.direction == Direction.RANGE:
        _check_range(kpi)
    else:
        _check_thresholds(kpi)
    if kpi.baseline_on and kpi.target_on and kpi.target_on <= kpi.baseline_on:
        raise field_error("target_on", _("The target comes after the baseline."))


def _check_range(kpi: Kpi) -> None:
    if kpi.target_value is None or kpi.target_high is None:
        missing = "target_value" if kpi.target_value is None else "target_high"
        raise field_error(missing, _("A range needs a lower and an upper end."))
    if kpi.target_high < kpi.target_value:
        raise field_error("target_high", _("The upper end is below the lower end."))
    if kpi.tolerance is not None and kpi.tolerance < 0:
        raise field_error("tolerance", _("The tolerance is 0 or more."))
    kpi.at_risk_at = kpi.off_at = None


def _check_thresholds(kpi: Kpi) -> None:
    """On the way from good to bad come the target, "at risk beyond" and "off track beyond", each as far or farther."""
    kpi.target_high = kpi.tolerance = None
    sign = 1 if kpi.direction == Direction.UP else -1
    if kpi.target_value is None:
        for name in ("at_risk_at", "off_at"):
            if getattr(kpi, name) is not None:
                raise field_error(name, _("A threshold needs a target."))
        return
    at_risk_at = kpi.target_value if kpi.at_risk_at is None else kpi.at_risk_at
    if sign * (at_risk_at - kpi.target_value) > 0:
        raise field_error("at_risk_at", _("The target itself would be at risk. Choose a value that is worse."))
    if kpi.off_at is not None and sign * (kpi.off_at - at_risk_at) > 0:
        raise field_error("off_at", _("Off track begins where at risk ends, or is worse than it."))


def _announce(kpi: Kpi) -> None:
    live.publish_on_commit(unit_id=kpi.unit_id, kind=live.Kind.METRICS)
