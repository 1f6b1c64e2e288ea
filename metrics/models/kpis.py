"""KPIs: what a unit is measured by, and the values that were measured."""

from __future__ import annotations

import keyword
from typing import TYPE_CHECKING

import pghistory
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from collaboration.models.search_triggers import Words, searched
from metrics.calculations.formula import FUNCTIONS, METRIC
from metrics.calculations.value import Aim
from metrics.calculations.value import Direction as AimDirection
from metrics.calculations.value import Frequency as MeasureFrequency
from pmo_portal.lib.windows import local_day

if TYPE_CHECKING:
    from datetime import date


class Direction(models.TextChoices):
    """Which way is better."""

    UP = "UP", _("Higher is better")
    DOWN = "DOWN", _("Lower is better")
    RANGE = "RANGE", _("Within a range is best")


class Frequency(models.TextChoices):
    """How often a KPI is measured; decides when a value is late."""

    DAILY = "DAILY", _("Daily")
    WEEKLY = "WEEKLY", _("Weekly")
    MONTHLY = "MONTHLY", _("Monthly")
    QUARTERLY = "QUARTERLY", _("Quarterly")
    YEARLY = "YEARLY", _("Yearly")


class NumberFormat(models.TextChoices):
    """How values are written."""

    NUMBER = "NUMBER", _("Number")
    PERCENT = "PERCENT", _("Percent")
    MONEY = "MONEY", _("Money")


class KpiSource(models.TextChoices):
    """Where a KPI's values come from."""

    BY_HAND = "BY_HAND", _("Entered by hand")
    FORMULA = "FORMULA", _("Computed by a formula")
    CSV = "CSV", _("Uploaded as a file")


class Confidence(models.TextChoices):
    """How sure somebody is of a value they give, or of reaching the target."""

    HIGH = "HIGH", _("High")
    MEDIUM = "MEDIUM", _("Medium")
    LOW = "LOW", _("Low")


def is_reserved(code: str) -> bool:
    """Whether a word has a meaning in formulas."""
    return code in FUNCTIONS or code == METRIC or keyword.iskeyword(code)


def check_code(code: str) -> None:
    """A KPI's code must be a name that a formula can use."""
    if is_reserved(code):
        raise ValidationError(_("This word has a meaning in formulas. Choose another one."))


@searched(Words("kpi", key="code", title="name", body=("description",), unit="unit_id", gone="archived_at"))
@pghistory.track()
class Kpi(models.Model):
    """A number by which a unit is measured, with where it came from and where it should get.

    ``is_money`` is kept by the services: the KPI is an amount, or its formula uses one. Its numbers are then seen only
    by holders of ``money.view``. RANGE aims at ``target_value`` to ``target_high``.
    """

    unit = models.ForeignKey("organization.Unit", models.PROTECT, related_name="kpis", verbose_name=_("unit"))
    code = models.CharField(
        _("code"),
        max_length=40,
        unique=True,
        validators=[
            RegexValidator(r"^[a-z][a-z0-9_]*$", _("Small letters, digits and _; a letter first.")),
            check_code,
        ],
        help_text=_("Short and permanent: formulas and files name the KPI by it."),
    )
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), blank=True, help_text=_("What exactly is counted, and why."))
    owner = models.ForeignKey(
        "organization.Person", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("owner")
    )
    direction = models.CharField(_("direction"), max_length=5, choices=Direction, default=Direction.UP)
    number_format = models.CharField(_("format"), max_length=8, choices=NumberFormat, default=NumberFormat.NUMBER)
    currency = models.CharField(
        _("currency"), max_length=3, blank=True, validators=[RegexValidator(r"^[A-Z]{3}$", _("Three capital letters."))]
    )
    unit_label = models.CharField(_("counted in"), max_length=40, blank=True, help_text=_("Such as shops, or hours."))
    places = models.PositiveSmallIntegerField(_("decimals"), default=0, validators=[MaxValueValidator(4)])
    baseline_value = models.DecimalField(_("baseline"), max_digits=20, decimal_places=4, null=True, blank=True)
    baseline_on = models.DateField(_("baseline of"), null=True, blank=True)
    target_value = models.DecimalField(_("target"), max_digits=20, decimal_places=4, null=True, blank=True)
    target_high = models.DecimalField(
        _("target, upper end"), max_digits=20, decimal_places=4, null=True, blank=True, help_text=_("Of a range.")
    )
    target_on = models.DateField(_("target by"), null=True, blank=True)
    at_risk_at = models.DecimalField(
        _("at risk beyond"), max_digits=20, decimal_places=4, null=True, blank=True,
        help_text=_("A worse value is at risk; without one, every value short of the target is."),
    )  # fmt: skip
    off_at = models.DecimalField(
        _("off track beyond"), max_digits=20, decimal_places=4, null=True, blank=True,
        help_text=_("A worse value is off track; without one, a value no better than the baseline is."),
    )  # fmt: skip
    tolerance = models.DecimalField(
        _("tolerance"), max_digits=20, decimal_places=4, null=True, blank=True,
        help_text=_("So far outside its range it is at risk, farther off track."),
    )  # fmt: skip
    frequency = models.CharField(_("measured"), max_length=9, choices=Frequency, default=Frequency.MONTHLY)
    source = models.CharField(_("source"), max_length=7, choices=KpiSource, default=KpiSource.BY_HAND)
    formula = models.CharField(
        _("formula"), max_length=400, blank=True, help_text=_("Such as 100 * refunds / orders, with codes of KPIs.")
    )
    is_money = models.BooleanField(default=False, editable=False)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("KPI")
        verbose_name_plural = _("KPIs")
        indexes = (models.Index(fields=["unit", "name"], name="kpi_of_unit"),)

    def __str__(self) -> str:
        return self.name

    @property
    def aim(self) -> Aim:
        """What its values are measured against."""
        return Aim(
            direction=AimDirection(self.direction),
            baseline=self.baseline_value,
            target=self.target_value,
            high=self.target_high,
            at_risk_at=self.at_risk_at,
            off_at=self.off_at,
            tolerance=self.tolerance,
        )

    @property
    def rhythm(self) -> MeasureFrequency:
        """How often it is measured."""
        return MeasureFrequency(self.frequency)

    @property
    def first_due_from(self) -> date:
        """The day from which the first value is waited for."""
        return local_day(self.created_at)


@pghistory.track()
class KpiInput(models.Model):
    """A KPI's formula uses another KPI: kept beside the formula, so that what depends on a value is found at once."""

    kpi = models.ForeignKey(Kpi, models.CASCADE, related_name="inputs")
    uses = models.ForeignKey(Kpi, models.PROTECT, related_name="used_by")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["kpi", "uses"], name="kpi_input_once"),
            models.CheckConstraint(condition=~Q(kpi=models.F("uses")), name="kpi_input_not_itself"),
        )

    def __str__(self) -> str:
        return f"{self.kpi_id} uses {self.uses_id}"


class Reading(models.Model):
    """A value of a day, by whom, how sure they were, and why. A wrong one is corrected or taken back; both are kept
    in its history."""

    day = models.DateField(_("day"))
    value = models.DecimalField(_("value"), max_digits=20, decimal_places=4)
    confidence = models.CharField(_("confidence"), max_length=6, choices=Confidence, blank=True)
    comment = models.TextField(_("comment"), blank=True, max_length=2000)
    person = models.ForeignKey(
        "organization.Person", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    removed_at = models.DateTimeField(_("taken back"), null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.day}: {self.value}"


@pghistory.track()
class Measurement(Reading):
    """A value of a KPI; one a day."""

    kpi = models.ForeignKey(Kpi, models.CASCADE, related_name="measurements", verbose_name=_("KPI"))
    source = models.CharField(_("source"), max_length=7, choices=KpiSource, default=KpiSource.BY_HAND)

    class Meta:
        verbose_name = _("measurement")
        verbose_name_plural = _("measurements")
        constraints = (
            models.UniqueConstraint(
                fields=["kpi", "day"], name="measurement_once_a_day", condition=Q(removed_at__isnull=True)
            ),
        )
