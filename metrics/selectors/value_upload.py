"""What a file of values would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from metrics.models import Kpi, KpiSource, Measurement
from metrics.selectors.value import value_text
from metrics.services.measurements import UploadedValue, is_changed
from organization.models import Unit
from pmo_portal.lib.access import Action, Actor, policy_for, visible

MOST_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One line of the file: what would become of it. ``old`` is what is stored, as text; "" when nothing is."""

    name: str
    day: date
    new: str
    old: str
    is_change: bool


@dataclass(slots=True)
class Preview:
    """What a file would do, and the first lines that would change anything."""

    added: int = 0
    corrected: int = 0
    unchanged: int = 0
    rows: list[PreviewRow] = field(default_factory=list)

    @property
    def does_anything(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.added or self.corrected)

    @property
    def more_count(self) -> int:
        """Changes that are not shown."""
        return max(self.added + self.corrected - len(self.rows), 0)


def uploadable_kpis(actor: Actor, unit: Unit, *, day: date) -> dict[str, Kpi]:
    """The KPIs of a unit and below, by code, whose values this person may write and see, and that no formula gives."""
    units = Unit.objects.under([unit.pk], day=day)
    found = visible(actor, Kpi).filter(unit__in=units, archived_at__isnull=True).exclude(source=KpiSource.FORMULA)
    policy = policy_for(Measurement)
    return {
        kpi.code: kpi
        for kpi in found
        if policy.allows_within(actor, Action.CREATE, kpi.unit_id)
        and policy.allows_within(actor, Action.EDIT, kpi.unit_id)
        and not policy.hidden_fields(actor, Measurement(kpi=kpi))
    }


def preview_of(rows: Sequence[UploadedValue], kpis: Mapping[str, Kpi]) -> Preview:
    """Compare the lines of a file with what is stored. One statement."""
    by_id = {kpi.pk: kpi for kpi in kpis.values()}
    stored = {
        (one.kpi_id, one.day): one
        for one in Measurement.objects.filter(
            kpi__in=list(by_id), day__in={row.day for row in rows}, removed_at__isnull=True
        )
    }
    preview = Preview()
    for row in rows:
        known = stored.get((row.kpi_id, row.day))
        if known is not None and not is_changed(known, row):
            preview.unchanged += 1
            continue
        preview.added += known is None
        preview.corrected += known is not None
        if len(preview.rows) < MOST_SHOWN:
            kpi = by_id[row.kpi_id]
            old = value_text(known.value, kpi) if known else ""
            preview.rows.append(
                PreviewRow(kpi.name, row.day, value_text(row.value, kpi), old, is_change=known is not None)
            )
    return preview
