"""When epics and features are likely to be done: derived by the metrics' workers, kept here for lists and details."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class Forecast(models.Model):
    """The days by which it is done with a confidence of 50, 70, 85 and 95 %, as of `computed_at`.

    Empty days: later than in ten years, or no forecast at all; then `why` names the reason. `unit_ids` are the units
    whose pace it is drawn from: only who may look into all of them is shown it. `digest` tells whether a new one would
    come out the same. Written by `forecasts_write` and by nothing else.
    """

    p50_on = models.DateField(_("even chance"), null=True)
    p70_on = models.DateField(_("70 %"), null=True)
    p85_on = models.DateField(_("85 %"), null=True)
    p95_on = models.DateField(_("95 %"), null=True)
    why = models.CharField(_("why there is none"), max_length=20, blank=True)
    unit_ids = ArrayField(models.BigIntegerField(), verbose_name=_("drawn from"), default=list)
    digest = models.CharField(max_length=64, blank=True)
    computed_at = models.DateTimeField(_("as of"))

    class Meta:
        abstract = True


class EpicForecast(Forecast):
    """When an epic is likely to be done."""

    epic = models.OneToOneField("portfolio.Epic", models.CASCADE, primary_key=True, related_name="forecast")

    class Meta(Forecast.Meta):
        verbose_name = _("forecast of an epic")
        verbose_name_plural = _("forecasts of epics")

    def __str__(self) -> str:
        return f"epic {self.epic_id}: {self.p85_on}"


class FeatureForecast(Forecast):
    """When a feature is likely to be done."""

    feature = models.OneToOneField("portfolio.Feature", models.CASCADE, primary_key=True, related_name="forecast")

    class Meta(Forecast.Meta):
        verbose_name = _("forecast of a feature")
        verbose_name_plural = _("forecasts of features")

    def __str__(self) -> str:
        return f"feature {self.feature_id}: {self.p85_on}"
