"""Working days: a week's pattern, a country's holidays, and the days that differ."""

from __future__ import annotations

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


def monday_to_friday() -> list[int]:
    """ISO weekdays, Monday = 1."""
    return [1, 2, 3, 4, 5]


@pghistory.track()
class Calendar(models.Model):
    """Which days people of a unit work. Public holidays come from the country's (and subdivision's) rules."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    country = models.CharField(_("country"), max_length=2, blank=True, help_text=_("ISO code, such as DE."))
    subdivision = models.CharField(_("subdivision"), max_length=8, blank=True, help_text=_("ISO code, such as BY."))
    workdays = ArrayField(
        models.PositiveSmallIntegerField(), verbose_name=_("working weekdays"), default=monday_to_friday
    )

    class Meta:
        verbose_name = _("calendar")
        verbose_name_plural = _("calendars")

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class CalendarDay(models.Model):
    """A day that differs from the pattern: a company holiday, or a Saturday that is worked."""

    calendar = models.ForeignKey(Calendar, models.CASCADE, related_name="days", verbose_name=_("calendar"))
    day = models.DateField(_("day"))
    is_working = models.BooleanField(_("worked"), default=False)
    label = models.CharField(_("why"), max_length=80)

    class Meta:
        verbose_name = _("special day")
        verbose_name_plural = _("special days")
        constraints = (models.UniqueConstraint(fields=["calendar", "day"], name="calendar_day_once"),)

    def __str__(self) -> str:
        return f"{self.day}: {self.label}"
