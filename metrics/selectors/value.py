"""KPIs as pages show them: latest value, trend, verdict with its source, what is late; money only for those who may."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final, Protocol

from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _

from metrics.calculations.value import Verdict, aim_verdict, due_on, late_days, way_of
from metrics.models import Kpi, KpiSource, Measurement, NumberFormat, VerdictOverride
from metrics.models import Verdict as SaidVerdict
from pmo_portal.lib import format as formatting
from pmo_portal.lib.access import Actor, policy_for, visible

SHOWN_VALUES: Final = 13
"""Values of a KPI that a list draws: a year of months, a quarter of weeks."""

TONES: Final = {
    Verdict.ON_TRACK: ("good", "circle-check"),
    Verdict.AT_RISK: ("warn", "triangle-alert"),
    Verdict.OFF_TRACK: ("bad", "octagon-alert"),
    Verdict.NO_DATA: ("", "circle-dashed"),
}


class Written(Protocol):
    """What says how its values are written."""

    number_format: str
    currency: str
    unit_label: str
    places: int


def value_text(value: Decimal | float | None, written: Written, *, with_unit: bool = True) -> str:
    """A value as its KPI or key result writes it."""
    if value is None:
        return formatting.NOTHING
    if written.number_format == NumberFormat.MONEY:
        return formatting.money(Decimal(value), written.currency)
    text = formatting.number(value, written.places)
    if written.number_format == NumberFormat.PERCENT:
        return f"{text} %"
    return f"{text} {written.unit_label}" if with_unit and written.unit_label else text


def verdict_label(verdict: str) -> str:
    """A verdict in words."""
    return str(dict(SaidVerdict.choices).get(str(verdict), _("No data")))


@dataclass(frozen=True, slots=True)
class Standing:
    """A verdict with where it comes from: computed, or set by hand over the computed one."""

    computed: Verdict
    override: VerdictOverride | None = None

    @property
    def verdict(self) -> Verdict:
        """The verdict that holds."""
        return Verdict(self.override.verdict) if self.override else self.computed

    @property
    def label(self) -> str:
        """The verdict in words."""
        return verdict_label(self.verdict)

    @property
    def computed_label(self) -> str:
        """What the numbers say, in words."""
        return verdict_label(self.computed)

    @property
    def tone(self) -> str:
        """The tone of its badge."""
        return TONES[self.verdict][0]

    @property
    def icon(self) -> str:
        """The mark beside its word."""
        return TONES[self.verdict][1]


def standing_of(verdict: str) -> Standing:
    """A verdict somebody said, for the same badge."""
    return Standing(Verdict(verdict or Verdict.NO_DATA))


@dataclass(slots=True)
class KpiLine:
    """One KPI with its latest values (oldest first), as one person may see it on a day.

    ``is_hidden``: its numbers are amounts and this person sees none; the verdict stays, in words.
    """

    kpi: Kpi
    day: date
    is_hidden: bool
    values: list[Measurement] = field(default_factory=list)
    override: VerdictOverride | None = None

    @property
    def latest(self) -> Measurement | None:
        """The newest value."""
        return self.values[-1] if self.values else None

    @property
    def measured_on(self) -> date | None:
        """The day of the newest value."""
        return self.values[-1].day if self.values else None

    @property
    def standing(self) -> Standing:
        """On track, at risk or off, and who says so."""
        latest = self.latest
        return Standing(aim_verdict(latest.value if latest else None, self.kpi.aim), self.override)

    @property
    def value(self) -> str:
        """The newest value, as text."""
        return self._text(self.latest.value if self.latest else None)

    @property
    def target(self) -> str:
        """What it should be, as text."""
        if self.is_hidden or self.kpi.target_value is None:
            return "" if not self.is_hidden else formatting.NOTHING
        if self.kpi.target_high is None:
            return value_text(self.kpi.target_value, self.kpi)
        low = value_text(self.kpi.target_value, self.kpi, with_unit=False)
        return _("%(low)s to %(high)s") % {"low": low, "high": value_text(self.kpi.target_high, self.kpi)}

    @property
    def baseline(self) -> str:
        """Where it came from, as text."""
        return self._text(self.kpi.baseline_value)

    @property
    def series(self) -> list[float]:
        """The values to draw."""
        return [] if self.is_hidden else [float(one.value) for one in self.values]

    @property
    def way(self) -> int:
        """1 when the newest value is better than the one before, -1 when worse."""
        if len(self.values) < 2:
            return 0
        aim = self.kpi.aim
        return way_of(self.values[-2].value, self.values[-1].value, aim.direction, aim=aim)

    @property
    def trend(self) -> dict[str, str]:
        """The trend in words, with a direction and a tone, for a tile."""
        if len(self.values) < 2:
            return {}
        now, before = self.values[-1].value, self.values[-2].value
        if now == before:
            return {"word": _("As before"), "way": "flat", "tone": ""}
        word = {1: _("better"), -1: _("worse"), 0: _("changed")}[self.way]
        amount = "" if self.is_hidden else f"{value_text(abs(now - before), self.kpi, with_unit=False)} "
        return {
            "word": f"{amount}{word}",
            "way": "up" if now > before else "down",
            "tone": {1: "good", -1: "bad"}.get(self.way, ""),
        }

    @property
    def late_days(self) -> int:
        """How many days a value is late."""
        return late_days(self._last_on, self.kpi.rhythm, day=self.day)

    @property
    def due_on(self) -> date:
        """When the next value is due."""
        return due_on(self._last_on, self.kpi.rhythm)

    @property
    def source_label(self) -> str:
        """Where its values come from, in words."""
        return str(KpiSource(self.kpi.source).label)

    @property
    def _last_on(self) -> date:
        latest = self.latest
        return latest.day if latest else self.kpi.first_due_from

    def _text(self, value: Decimal | None) -> str:
        return formatting.NOTHING if self.is_hidden else value_text(value, self.kpi)


def kpis_seen(actor: Actor, *, with_archived: bool = False) -> QuerySet[Kpi]:
    """The KPIs a person sees, with unit and owner, by name."""
    kpis = visible(actor, Kpi).select_related("unit", "owner").order_by("name", "pk")
    return kpis if with_archived else kpis.filter(archived_at__isnull=True)


def kpi_lines(actor: Actor, kpis: Iterable[Kpi], *, day: date, most_values: int = SHOWN_VALUES) -> list[KpiLine]:
    """KPIs with their newest values up to ``day`` and verdicts set by hand; two statements however many they are."""
    policy = policy_for(Kpi)
    lines = {kpi.pk: KpiLine(kpi, day, is_hidden=bool(policy.hidden_fields(actor, kpi))) for kpi in kpis}
    for row in latest_readings(
        Measurement.objects.filter(kpi__in=list(lines), day__lte=day), "kpi_id", most=most_values
    ):
        lines[row.kpi_id].values.append(row)
    for override in overrides_on(day).filter(kpi__in=list(lines)):
        lines[override.kpi_id or 0].override = override
    return list(lines.values())


def latest_readings(readings: QuerySet[Any], owner: str, *, most: int) -> QuerySet[Any]:
    """The ``most`` newest values of each owner that nobody took back, oldest first; one statement."""
    place = Window(RowNumber(), partition_by=F(owner), order_by=F("day").desc())
    found: QuerySet[Any] = (
        readings.filter(removed_at__isnull=True)
        .annotate(place=place)
        .filter(place__lte=most)
        .select_related("person")
        .order_by(owner, "day")
    )
    return found


def overrides_on(day: date) -> QuerySet[VerdictOverride]:
    """The verdicts set by hand that hold on a day."""
    return VerdictOverride.objects.filter(ended_at__isnull=True, expires_on__gt=day).select_related("person")


def measurements_of(kpi: Kpi, *, with_removed: bool = True) -> QuerySet[Measurement]:
    """All values of a KPI, the newest first."""
    rows = Measurement.objects.filter(kpi=kpi).select_related("person").order_by("-day", "-pk")
    return rows if with_removed else rows.filter(removed_at__isnull=True)


def by_unit(lines: Sequence[KpiLine]) -> list[tuple[Any, list[KpiLine]]]:
    """Lines under their units, in the order of levels and names."""
    groups: dict[Any, list[KpiLine]] = defaultdict(list)
    for line in lines:
        groups[line.kpi.unit].append(line)
    return sorted(groups.items(), key=lambda pair: (pair[0].get_kind().rank, pair[0].name))
