"""Named stretches of time: fiscal years, quarters, program increments."""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class PeriodKind(models.TextChoices):
    """What a period is used for."""

    FISCAL_YEAR = "FISCAL_YEAR", _("Fiscal year")
    QUARTER = "QUARTER", _("Quarter")
    PI = "PI", _("Program increment")


@pghistory.track()
class Period(models.Model):
    """A half-open stretch of days that a unit and all below it plan and report by."""

    kind = models.CharField(_("kind"), max_length=16, choices=PeriodKind)
    unit = models.ForeignKey("organization.Unit", models.CASCADE, related_name="periods", verbose_name=_("unit"))
    name = models.CharField(_("name"), max_length=60)
    starts_on = models.DateField(_("starts on"))
    ends_on = models.DateField(_("ends before"), help_text=_("The first day that no longer belongs to it."))

    class Meta:
        verbose_name = _("period")
        verbose_name_plural = _("periods")
        constraints = (
            models.CheckConstraint(condition=Q(ends_on__gt=F("starts_on")), name="period_has_length"),
            models.UniqueConstraint(fields=["unit", "kind", "name"], name="period_name_once"),
        )

    def __str__(self) -> str:
        return self.name
