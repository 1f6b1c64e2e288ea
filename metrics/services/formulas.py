"""KPIs that are computed from others: the formula is read when it is written, its values follow its inputs.

A value of a formula is stored like any other, one for each day on which an input changed; nothing is computed when a
page is read. Flow numbers (``metric.throughput``) come from the workers, for whole periods.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from metrics.calculations.formula import METRIC, Formula, FormulaError, parse
from metrics.models import Kpi, KpiInput, KpiSource, Measurement, NumberFormat
from organization.models import Unit
from pmo_portal.lib import locks
from pmo_portal.lib.access import Actor, visible
from pmo_portal.lib.errors import field_error
from pmo_portal.lib.windows import local_day

METRIC_CODES: Final = ("throughput", "started", "wip", "cycle_time")
"""Flow numbers of the KPI's own unit that a formula may use: items finished and started in the period, items in
progress at its end, and the days that 85 % of its finished items did not exceed."""

PLACES: Final = Decimal("0.0001")


def formula_take(*, actor: Actor, kpi: Kpi) -> Formula | None:
    """Read a KPI's formula and find what it uses; raises ValidationError on ``formula`` in words.

    It may use KPIs of its own unit and below, as far as its author sees them: what it shows adds up what its readers
    may see anyway.
    """
    if kpi.source != KpiSource.FORMULA:
        return None
    locks.lock("metrics.formulas")
    try:
        formula = parse(kpi.formula)
    except FormulaError as error:
        raise field_error("formula", _sentence(error)) from error
    unknown = formula.metrics - set(METRIC_CODES)
    if unknown:
        known = ", ".join(f"{METRIC}.{code}" for code in METRIC_CODES)
        raise field_error(
            "formula",
            _("There is no %(name)s. There is: %(known)s.") % {"name": f"{METRIC}.{min(unknown)}", "known": known},
        )
    found = _kpis_named(actor, kpi, formula.codes)
    missing = sorted(formula.codes - set(found))
    if missing:
        raise field_error("formula", _("No KPI of this unit or below it has the code %(code)s.") % {"code": missing[0]})
    # Adding euros to dollars gives neither; a formula knows no rates.
    currencies = {one.currency for one in found.values() if one.currency} | ({kpi.currency} - {""})
    if len(currencies) > 1:
        raise field_error(
            "formula",
            _("It would add up amounts of different currencies: %(currencies)s.")
            % {"currencies": ", ".join(sorted(currencies))},
        )
    if kpi.pk is not None and _reaches(found.values(), kpi.pk):
        raise field_error("formula", _("It would be computed from itself."))
    return formula


def take_money(kpi: Kpi, formula: Formula | None) -> bool:
    """Whether a KPI is an amount: written as one, or computed from one."""
    if kpi.number_format == NumberFormat.MONEY:
        return True
    if kpi.source != KpiSource.FORMULA:
        return False
    if formula is None:
        return kpi.inputs.filter(uses__is_money=True).exists()
    return Kpi.objects.filter(code__in=formula.codes, is_money=True).exists()


def measure_by_formula(kpi: Kpi, formula: Formula | None, *, at: datetime) -> None:
    """Note what a saved KPI's formula uses, and compute its values; without a formula it uses nothing any more."""
    KpiInput.objects.filter(kpi=kpi).exclude(uses__code__in=formula.codes if formula else ()).delete()
    if formula is None:
        return
    known = set(KpiInput.objects.filter(kpi=kpi).values_list("uses__code", flat=True))
    used = Kpi.objects.filter(code__in=formula.codes - known)
    KpiInput.objects.bulk_create([KpiInput(kpi=kpi, uses=one) for one in used])
    if formula.metrics:
        _ask_for_metrics()
    else:
        _store(kpi, _series(kpi, formula), at=at)
    remeasure_users([kpi], at=at)


def remeasure_users(changed: Iterable[Kpi], *, at: datetime) -> None:
    """Compute anew every KPI whose formula uses one of ``changed``, and those that use them."""
    ids = [kpi.pk for kpi in changed]
    while ids:
        # Locked: two values of one day that come at once must not both add the formula's value of that day.
        using = KpiInput.objects.filter(uses__in=ids).values("kpi")
        users = list(
            Kpi.objects.select_for_update(of=("self",)).filter(pk__in=using, source=KpiSource.FORMULA).order_by("pk")
        )
        for user in users:
            formula = parse(user.formula)
            is_money = take_money(user, None)
            if is_money != user.is_money:
                user.is_money = is_money
                user.save(update_fields=["is_money"])
            if formula.metrics:
                _ask_for_metrics()
            else:
                _store(user, _series(user, formula), at=at)
        ids = [user.pk for user in users]


@transaction.atomic
def formula_measure(*, kpi_id: int, values: Mapping[date, Mapping[str, Decimal | None]], at: datetime) -> None:
    """Compute a formula that uses flow numbers, for the days whose flow numbers a worker has read. Other days keep
    their values. May run twice."""
    kpi = Kpi.objects.select_for_update(of=("self",)).get(pk=kpi_id)
    if kpi.source != KpiSource.FORMULA or kpi.archived_at is not None:
        return
    formula = parse(kpi.formula)
    inputs = _inputs_by_day(formula.codes, values)
    computed = {day: formula.value({**inputs[day], **metrics}) for day, metrics in values.items()}
    _store(kpi, computed, at=at, only=computed.keys())
    remeasure_users([kpi], at=at)


def _kpis_named(actor: Actor, kpi: Kpi, codes: Collection[str]) -> dict[str, Kpi]:
    day = local_day(timezone.now())
    units = Unit.objects.under([kpi.unit_id], day=day)
    found = visible(actor, Kpi).filter(code__in=codes, unit__in=units, archived_at__isnull=True)
    return {one.code: one for one in found}


def _reaches(kpis: Iterable[Kpi], wanted: int) -> bool:
    """Whether following what these KPIs use leads to ``wanted``."""
    edge = {kpi.pk for kpi in kpis}
    seen: set[int] = set()
    while edge:
        if wanted in edge:
            return True
        seen |= edge
        edge = set(KpiInput.objects.filter(kpi__in=edge).values_list("uses_id", flat=True)) - seen
    return False


def _series(kpi: Kpi, formula: Formula) -> dict[date, Decimal | None]:
    """The value of each day on which an input got one."""
    days = sorted(set(_input_rows(formula.codes).values_list("day", flat=True)))
    inputs = _inputs_by_day(formula.codes, days)
    return {day: formula.value(inputs[day]) for day in days}


def _input_rows(codes: Collection[str]) -> QuerySet[Measurement]:
    return Measurement.objects.filter(kpi__code__in=codes, removed_at__isnull=True)


def _inputs_by_day(codes: Collection[str], days: Iterable[date]) -> dict[date, dict[str, Decimal | None]]:
    """For each day the latest value of every input up to it; one statement."""
    rows = _input_rows(codes).order_by("kpi__code", "day").values_list("kpi__code", "day", "value")
    by_code = {code: list(group) for code, group in groupby(rows, key=lambda row: row[0])}
    result: dict[date, dict[str, Decimal | None]] = {}
    places = dict.fromkeys(by_code, 0)
    latest: dict[str, Decimal | None] = dict.fromkeys(codes)
    for day in sorted(days):
        for code, values in by_code.items():
            while places[code] < len(values) and values[places[code]][1] <= day:
                latest[code] = values[places[code]][2]
                places[code] += 1
        result[day] = dict(latest)
    return result


def _store(
    kpi: Kpi, computed: Mapping[date, Decimal | None], *, at: datetime, only: Collection[date] | None = None
) -> None:
    """Write the difference between what a formula gives and what is stored of it; ``only`` leaves other days alone."""
    stored = {
        row.day: row
        for row in Measurement.objects.select_for_update(of=("self",)).filter(kpi=kpi, removed_at__isnull=True)
        if row.source == KpiSource.FORMULA
    }
    by_hand = set(
        Measurement.objects.filter(kpi=kpi, removed_at__isnull=True)
        .exclude(source=KpiSource.FORMULA)
        .values_list("day", flat=True)
    )
    wanted = {
        day: value.quantize(PLACES) for day, value in computed.items() if value is not None and day not in by_hand
    }
    new = [day for day in wanted if day not in stored]
    Measurement.objects.bulk_create(
        [
            Measurement(kpi=kpi, day=day, value=wanted[day], source=KpiSource.FORMULA, created_at=at)
            for day in sorted(new)
        ]
    )
    changed = []
    for day, row in stored.items():
        if day in wanted and row.value != wanted[day]:
            row.value = wanted[day]
            changed.append(row)
        elif day not in wanted and (only is None or day in only):
            row.removed_at = at
            changed.append(row)
        else:
            continue
        row.version += 1
    Measurement.objects.bulk_update(changed, ["value", "removed_at", "version"])


def _ask_for_metrics() -> None:
    """Have a worker read the flow numbers that formulas use, after the commit."""
    from metrics.tasks import nudge_formulas  # noqa: PLC0415 - tasks import services

    nudge_formulas()


def _sentence(error: FormulaError) -> str:
    return {
        "too_long": _("The formula is too long."),
        "empty": _("Write a formula."),
        "constant": _("A formula uses at least one KPI or flow number."),
        "number": _("This number cannot be used: %(what)s."),
        "name": _("%(what)s is no KPI: it has a meaning in formulas."),
        "arguments": _("%(what)s needs something in its brackets; abs takes exactly one."),
        "forbidden": _("This is not part of a formula: %(what)s. Numbers, codes, + - * / and brackets are."),
    }.get(error.code, _("This cannot be read as a formula. Check brackets and signs.")) % {"what": error.what}
