"""The values of KPIs: entered, corrected, taken back, and uploaded many at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metrics.models import Kpi, KpiSource, Measurement
from metrics.services.formulas import remeasure_users
from metrics.services.kpis import locked, present
from metrics.services.readings import check_free, clean, corrected, taken_back
from pmo_portal.lib import live
from pmo_portal.lib.access import Action, Actor, Denied, policy_for, require, require_within
from pmo_portal.lib.errors import Refused

EDITABLE: Final = frozenset({"day", "value", "confidence", "comment"})


@dataclass(frozen=True, slots=True)
class UploadedValue:
    """One line of a file that is right: which KPI, which day, what."""

    kpi_id: int
    day: date
    value: Decimal
    confidence: str = ""
    comment: str = ""


@transaction.atomic
def measurement_record(*, actor: Actor, kpi: Kpi, values: Mapping[str, Any], at: datetime) -> Measurement:
    """Enter the value of a day. There is one a day: a second is refused on ``day``, the first can be corrected."""
    require_within(actor, Action.CREATE, Measurement, kpi.unit_id)
    kpi = present(locked(kpi))
    _require_sight(actor, kpi)
    if kpi.source == KpiSource.FORMULA:
        raise Refused(_("It is computed by a formula; change the values it is computed from."))
    measurement = Measurement(kpi=kpi, person_id=actor.person_id, created_at=at, **_known(values))
    clean(measurement, at=at)
    check_free(Measurement.objects.filter(kpi=kpi), measurement)
    measurement.save(force_insert=True)
    _took(kpi, at)
    return measurement


@transaction.atomic
def measurement_correct(
    *, actor: Actor, measurement: Measurement, values: Mapping[str, Any], seen_version: int | None, at: datetime
) -> Measurement:
    """Correct a value; what stood there before stays in its history."""
    require(actor, Action.EDIT, measurement)
    kpi = present(locked(measurement.kpi))
    _require_sight(actor, kpi)
    measurement = _locked(measurement, kpi)
    if measurement.source == KpiSource.FORMULA:
        raise Refused(_("It is computed by a formula; change the values it is computed from."))
    if corrected(measurement, Measurement.objects.filter(kpi=kpi), _known(values), seen_version=seen_version, at=at):
        measurement.save()
        _took(kpi, at)
    return measurement


@transaction.atomic
def measurement_remove(*, actor: Actor, measurement: Measurement, is_removed: bool, at: datetime) -> Measurement:
    """Take a value back, or bring it back where no other has taken its day."""
    require(actor, Action.EDIT, measurement)
    kpi = present(locked(measurement.kpi))
    _require_sight(actor, kpi)
    measurement = _locked(measurement, kpi)
    if measurement.source == KpiSource.FORMULA:
        raise Refused(_("It is computed by a formula; change the values it is computed from."))
    if taken_back(measurement, Measurement.objects.filter(kpi=kpi), is_removed=is_removed, at=at):
        measurement.save()
        _took(kpi, at)
    return measurement


@transaction.atomic
def measurements_upload(*, actor: Actor, rows: Sequence[UploadedValue], at: datetime) -> dict[str, int]:
    """Write the values of a file: new days are added, other values corrected, equal ones left alone; so the same file
    twice is the same as once. All rows or none; returns how many were ``added``, ``corrected``, ``unchanged``."""
    kpis = {
        kpi.pk: kpi
        for kpi in Kpi.objects.select_for_update(of=("self",))
        .filter(pk__in={row.kpi_id for row in rows})
        .order_by("pk")
    }
    for kpi in kpis.values():
        require_within(actor, Action.CREATE, Measurement, kpi.unit_id)
        require_within(actor, Action.EDIT, Measurement, kpi.unit_id)
        _require_sight(actor, present(kpi))
        if kpi.source == KpiSource.FORMULA:
            raise Refused(_("%(name)s is computed by a formula and takes no values.") % {"name": kpi.name})
    stored = {
        (row.kpi_id, row.day): row
        for row in Measurement.objects.select_for_update(of=("self",)).filter(
            kpi__in=kpis, day__in={row.day for row in rows}, removed_at__isnull=True
        )
    }
    added, changed = _sorted_out(rows, stored, kpis, actor=actor, at=at)
    Measurement.objects.bulk_create(added)
    Measurement.objects.bulk_update(changed, ["value", "confidence", "comment", "person", "source", "version"])
    touched = [kpi for kpi in kpis.values() if kpi.pk in {row.kpi_id for row in (*added, *changed)}]
    remeasure_users(touched, at=at)
    for unit_id in {kpi.unit_id for kpi in touched}:
        live.publish_on_commit(unit_id=unit_id, kind=live.Kind.METRICS)
    return {"added": len(added), "corrected": len(changed), "unchanged": len(rows) - len(added) - len(changed)}


def upload_sentence(counts: Mapping[str, int]) -> str:
    """What an upload came to, in words."""
    parts = [
        ngettext("%(n)s value added", "%(n)s values added", counts["added"]) % {"n": counts["added"]},
        ngettext("%(n)s corrected", "%(n)s corrected", counts["corrected"]) % {"n": counts["corrected"]},
        ngettext("%(n)s unchanged", "%(n)s unchanged", counts["unchanged"]) % {"n": counts["unchanged"]},
    ]
    return ", ".join(parts)


def _sorted_out(
    rows: Sequence[UploadedValue],
    stored: Mapping[tuple[int, date], Measurement],
    kpis: Mapping[int, Kpi],
    *,
    actor: Actor,
    at: datetime,
) -> tuple[list[Measurement], list[Measurement]]:
    added: list[Measurement] = []
    changed: list[Measurement] = []
    for row in rows:
        known = stored.get((row.kpi_id, row.day))
        texts = {"confidence": row.confidence, "comment": row.comment}
        if known is None:
            new = Measurement(
                kpi=kpis[row.kpi_id],
                day=row.day,
                value=row.value,
                source=KpiSource.CSV,
                person_id=actor.person_id,
                created_at=at,
                **texts,
            )
            clean(new, at=at)
            added.append(new)
        elif is_changed(known, row):
            known.value, known.source, known.person_id = row.value, KpiSource.CSV, actor.person_id
            for name, text in texts.items():
                setattr(known, name, text or getattr(known, name))
            known.version += 1
            clean(known, at=at)
            changed.append(known)
    return added, changed


def is_changed(known: Measurement, row: UploadedValue) -> bool:
    """Whether a line of a file says something else than what is stored; what it leaves empty it does not touch."""
    said = ((row.confidence, known.confidence), (row.comment, known.comment))
    return known.value != row.value or any(new and new != old for new, old in said)


def _known(values: Mapping[str, Any]) -> Mapping[str, Any]:
    unknown: Collection[str] = set(values) - EDITABLE
    if unknown:
        raise ValueError(f"not editable on a measurement: {sorted(unknown)}")
    return values


def _locked(measurement: Measurement, kpi: Kpi) -> Measurement:
    found = Measurement.objects.select_for_update(of=("self",)).get(pk=measurement.pk)
    found.kpi = kpi
    return found


def _require_sight(actor: Actor, kpi: Kpi) -> None:
    """Amounts are entered by those who may see them."""
    if policy_for(Measurement).hidden_fields(actor, Measurement(kpi=kpi)):
        raise Denied(Action.EDIT, kpi)


def _took(kpi: Kpi, at: datetime) -> None:
    remeasure_users([kpi], at=at)
    live.publish_on_commit(unit_id=kpi.unit_id, kind=live.Kind.METRICS)
