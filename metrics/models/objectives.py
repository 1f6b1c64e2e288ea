"""Objectives and key results: what a unit wants to achieve, how anybody can tell, and what is known of it so far."""

from __future__ import annotations

import pghistory
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from collaboration.models.search_triggers import Words, searched
from metrics.models.kpis import NumberFormat, Reading


@searched(Words("objective", title="title", body=("description",), unit="unit_id", gone="archived_at"))
@pghistory.track()
class Objective(models.Model):
    """What a unit wants to achieve in a period, in words; may serve a theme and an objective above it."""

    unit = models.ForeignKey("organization.Unit", models.PROTECT, related_name="objectives", verbose_name=_("unit"))
    title = models.CharField(_("title"), max_length=160)
    description = models.TextField(_("why"), blank=True, help_text=_("Why it matters, and what it does not mean."))
    theme = models.ForeignKey(
        "portfolio.StrategicTheme",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="objectives",
        verbose_name=_("theme"),
    )
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("serves"),
        help_text=_("The objective above it that it helps to reach."),
    )
    owner = models.ForeignKey(
        "organization.Person", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("owner")
    )
    period = models.ForeignKey(
        "organization.Period", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("period")
    )
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("objective")
        verbose_name_plural = _("objectives")
        constraints = (models.CheckConstraint(condition=~Q(parent=models.F("id")), name="objective_not_its_parent"),)
        indexes = (models.Index(fields=["unit", "title"], name="objective_of_unit"),)

    def __str__(self) -> str:
        return self.title


class KeyResultDirection(models.TextChoices):
    """Which way a key result goes. A target that lies on the start is to be kept."""

    UP = "UP", _("Up to the target, or keep it at least there")
    DOWN = "DOWN", _("Down to the target, or keep it at most there")


class DrivenBy(models.TextChoices):
    """Where the current value of a key result comes from; every page says which."""

    BY_HAND = "BY_HAND", _("Check-ins by hand")
    KPI = "KPI", _("A KPI")
    WORK = "WORK", _("Linked work")


@pghistory.track()
class KeyResult(models.Model):
    """How anybody can tell that an objective is reached: from a start to a target, by a day.

    Driven by work, the value is the share of the linked epics' and features' items that is done, in percent.
    """

    objective = models.ForeignKey(Objective, models.CASCADE, related_name="key_results", verbose_name=_("objective"))
    title = models.CharField(_("title"), max_length=160)
    driven_by = models.CharField(_("driven by"), max_length=7, choices=DrivenBy, default=DrivenBy.BY_HAND)
    kpi = models.ForeignKey(
        "metrics.Kpi", models.PROTECT, null=True, blank=True, related_name="key_results", verbose_name=_("KPI")
    )
    direction = models.CharField(
        _("direction"), max_length=4, choices=KeyResultDirection, default=KeyResultDirection.UP
    )
    start_value = models.DecimalField(_("start"), max_digits=20, decimal_places=4, default=0)
    target_value = models.DecimalField(_("target"), max_digits=20, decimal_places=4, default=100)
    number_format = models.CharField(_("format"), max_length=8, choices=NumberFormat, default=NumberFormat.NUMBER)
    currency = models.CharField(
        _("currency"), max_length=3, blank=True, validators=[RegexValidator(r"^[A-Z]{3}$", _("Three capital letters."))]
    )
    unit_label = models.CharField(_("counted in"), max_length=40, blank=True, help_text=_("Such as shops, or hours."))
    places = models.PositiveSmallIntegerField(_("decimals"), default=0, validators=[MaxValueValidator(4)])
    weight = models.PositiveSmallIntegerField(
        _("weight"), default=1, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    owner = models.ForeignKey(
        "organization.Person", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("owner")
    )
    due_on = models.DateField(_("due"), null=True, blank=True)
    position = models.PositiveIntegerField(default=0, editable=False)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("key result")
        verbose_name_plural = _("key results")
        constraints = (
            models.CheckConstraint(
                condition=Q(driven_by="KPI", kpi__isnull=False) | (~Q(driven_by="KPI") & Q(kpi__isnull=True)),
                name="key_result_kpi_when_driven_by_it",
            ),
            models.CheckConstraint(
                condition=Q(direction="UP", target_value__gte=models.F("start_value"))
                | Q(direction="DOWN", target_value__lte=models.F("start_value")),
                name="key_result_goes_its_way",
            ),
        )
        indexes = (models.Index(fields=["objective", "position"], name="key_result_order"),)

    def __str__(self) -> str:
        return self.title

    @property
    def is_money(self) -> bool:
        """Whether its values are for holders of ``money.view`` only."""
        return self.number_format == NumberFormat.MONEY or (self.kpi is not None and self.kpi.is_money)


@pghistory.track()
class KeyResultWork(models.Model):
    """A key result is driven by an epic or a feature."""

    key_result = models.ForeignKey(KeyResult, models.CASCADE, related_name="work")
    epic = models.ForeignKey("portfolio.Epic", models.CASCADE, null=True, related_name="+")
    feature = models.ForeignKey("portfolio.Feature", models.CASCADE, null=True, related_name="+")

    class Meta:
        verbose_name = _("linked work")
        verbose_name_plural = _("linked work")
        constraints = (
            models.CheckConstraint(
                condition=Q(epic__isnull=True) ^ Q(feature__isnull=True), name="key_result_work_is_one_thing"
            ),
            models.UniqueConstraint(
                fields=["key_result", "epic", "feature"], name="key_result_work_once", nulls_distinct=False
            ),
        )

    def __str__(self) -> str:
        return f"{self.key_result_id}: {self.epic_id or self.feature_id}"


@pghistory.track()
class CheckIn(Reading):
    """What somebody says of a key result on a day: its value, how sure they are to reach the target, and why."""

    key_result = models.ForeignKey(KeyResult, models.CASCADE, related_name="check_ins", verbose_name=_("key result"))

    class Meta:
        verbose_name = _("check-in")
        verbose_name_plural = _("check-ins")
        constraints = (
            models.UniqueConstraint(
                fields=["key_result", "day"], name="check_in_once_a_day", condition=Q(removed_at__isnull=True)
            ),
        )
