"""KPIs as pages show them: latest value, trend, verdict with its source, what is late; money only for those who may."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final, Protocol

from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _

from metrics.calculations.value import Verdict, aim_verdict, due_on, late_days, way_of
from metrics.models import Kpi, KpiSource, Measurement, NumberFormat, VerdictOverride
from metrics.models import Verdict as SaidVerdict
from metrics.selectors.known import as_then, end_of, is_over, put_back, stood_on
from metrics.selectors.value_then import put_back_kpis
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
    then: KpiLine | None = None
    """The same KPI on the day it is compared with."""

    @property
    def change(self) -> dict[str, str]:
        """How its value differs from that of the other day, as `trend` says it; {} when there is nothing to say."""
        if self.then is None or self.then.latest is None or self.latest is None:
            return {}
        return self._change(self.then.latest.value, self.latest.value)

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
    def trend(self) -> dict[str, str]:
        """The trend in words, with a direction and a tone, for a tile."""
        if len(self.values) < 2:
            return {}
        return self._change(self.values[-2].value, self.values[-1].value)

    def _change(self, before: Decimal, now: Decimal) -> dict[str, str]:
        if now == before:
            return {"word": _("As before"), "way": "flat", "tone": ""}
        aim = self.kpi.aim
        way = way_of(before, now, aim.direction, aim=aim)
        word = {1: _("better"), -1: _("worse"), 0: _("changed")}[way]
        amount = "" if self.is_hidden else f"{value_text(abs(now - before), self.kpi, with_unit=False)} "
        return {
            "word": f"{amount}{word}",
            "way": "up" if now > before else "down",
            "tone": {1: "good", -1: "bad"}.get(way, ""),
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


def kpis_seen(actor: Actor, *, with_archived: bool = False, day: date | None = None) -> QuerySet[Kpi]:
    """The KPIs a person sees, with unit and owner, by name; with ``day`` those that were there at its end."""
    kpis = visible(actor, Kpi).select_related("unit", "owner").order_by("name", "pk")
    if day is not None and is_over(day):
        return kpis.filter(stood_on(day, gone="archived_at"))
    return kpis if with_archived else kpis.filter(archived_at__isnull=True)


def kpi_lines(
    actor: Actor,
    kpis: Iterable[Kpi],
    *,
    day: date,
    most_values: int = SHOWN_VALUES,
    known: Sequence[Measurement] | None = None,
) -> list[KpiLine]:
    """KPIs with their newest values up to ``day`` and verdicts set by hand, as they were known at its end; two
    statements however many they are, two more when things were changed since. ``known`` are all its values, as
    :func:`measurements_of` finds them, of the one KPI there is, where they are read already."""
    policy = policy_for(Kpi)
    # SECURITY: what is an amount today stays hidden, whatever it was on that day.
    lines = {kpi.pk: KpiLine(kpi, day, is_hidden=bool(policy.hidden_fields(actor, kpi))) for kpi in kpis}
    put_back_kpis((line.kpi for line in lines.values()), day)
    if known is None:
        readings = Measurement.objects.filter(kpi__in=list(lines))
        known = latest_readings(readings, "kpi_id", day=day, most=most_values)
    else:
        standing = [one for one in known if one.removed_at is None and one.day <= day]
        known = sorted(standing[:most_values], key=lambda one: one.day)
    for row in known:
        lines[row.kpi_id].values.append(row)
    for override in overrides_on(day).filter(kpi__in=list(lines)):
        lines[override.kpi_id or 0].override = override
    return list(lines.values())


def latest_readings(readings: QuerySet[Any], owner: str, *, day: date, most: int) -> list[Any]:
    """The ``most`` newest values of each owner for the days up to ``day``, oldest first, as they stood at its end; one
    statement, one more when any of them was corrected and the day is over."""
    place = Window(RowNumber(), partition_by=F(owner), order_by=F("then_day").desc())
    found = list(
        known_readings(readings, day=day)
        .annotate(place=place)
        .filter(place__lte=most)
        .select_related("person")
        .order_by(owner, "then_day")
    )
    put_back(found, day, "day", "value", "confidence", "comment")
    return found


def known_readings(readings: QuerySet[Any], *, day: date) -> QuerySet[Any]:
    """The values for days up to ``day`` that stood at its end, with their day then (``then_day``)."""
    found = as_then(readings, day, "day", "removed_at").filter(then_day__lte=day)
    if not is_over(day):
        return found.filter(then_removed_at__isnull=True)
    end_at = end_of(day)
    # Of a row with two versions only one thing was changed; when it was taken back, the row itself says when.
    return found.filter(
        Q(then_removed_at__isnull=True) | Q(then_removed_at__gte=end_at),
        Q(removed_at__isnull=True) | Q(removed_at__gte=end_at) | Q(version__gt=2),
        created_at__lt=end_at,
    )


def overrides_on(day: date) -> QuerySet[VerdictOverride]:
    """The verdicts set by hand that hold on a day."""
    found = VerdictOverride.objects.filter(stood_on(day, gone="ended_at"), expires_on__gt=day)
    return found.select_related("person")


def measurements_of(kpi: Kpi, *, day: date) -> list[Measurement]:
    """All values of a KPI, the newest first, those taken back too; of a day that is over those that stood at its
    end. At most two statements."""
    rows = Measurement.objects.filter(kpi=kpi)
    if not is_over(day):
        return list(rows.select_related("person").order_by("-day", "-pk"))
    found = list(known_readings(rows, day=day).select_related("person").order_by("-then_day", "-pk"))
    put_back(found, day, "day", "value", "confidence", "comment")
    for one in found:
        one.removed_at = None
    return found
