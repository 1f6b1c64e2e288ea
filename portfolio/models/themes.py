"""Strategic themes: what the portfolio wants to achieve in a period."""

from __future__ import annotations

import pghistory
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from collaboration.models.search_triggers import Words, searched


class ThemeState(models.TextChoices):
    """Whether a theme guides work now."""

    PROPOSED = "PROPOSED", _("Proposed")
    ACTIVE = "ACTIVE", _("Active")
    CLOSED = "CLOSED", _("Closed")


@searched(Words("theme", title="name", body=("description", "success_measure"), unit="unit_id"))
@pghistory.track()
class StrategicTheme(models.Model):
    """A goal that connects a portfolio to the strategy of the enterprise; epics align to themes by shares."""

    unit = models.ForeignKey("organization.Unit", models.PROTECT, related_name="themes", verbose_name=_("portfolio"))
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), blank=True)
    success_measure = models.TextField(_("success measure"), blank=True)
    owner = models.ForeignKey(
        "organization.Person", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("owner")
    )
    period = models.ForeignKey(
        "organization.Period", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("period")
    )
    state = models.CharField(_("state"), max_length=8, choices=ThemeState, default=ThemeState.PROPOSED)
    weight_percent = models.PositiveSmallIntegerField(
        _("weight"), default=0, validators=[MaxValueValidator(100)], help_text=_("Intended share of the portfolio, %.")
    )
    position = models.PositiveIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("strategic theme")
        verbose_name_plural = _("strategic themes")
        constraints = (models.UniqueConstraint(fields=["unit", "name"], name="theme_name_once"),)

    def __str__(self) -> str:
        return self.name
