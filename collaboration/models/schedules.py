"""Files of pages that come by mail, again and again."""

from __future__ import annotations

import pghistory
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _


class Rhythm(models.TextChoices):
    """How often a file comes."""

    DAILY = "DAILY", _("Every day")
    WORKDAYS = "WORKDAYS", _("Monday to Friday")
    WEEKLY = "WEEKLY", _("Every week")
    MONTHLY = "MONTHLY", _("Every month")


class FileFormat(models.TextChoices):
    """What kind of file it is."""

    PDF = "pdf", _("PDF, to read")
    XLSX = "xlsx", _("Excel, to work with")
    CSV = "csv", _("CSV, for programs")


class ScheduleState(models.TextChoices):
    """The life of a schedule."""

    ACTIVE = "ACTIVE", _("Active")
    PAUSED = "PAUSED", _("Paused")
    ENDED = "ENDED", _("Ended")


@pghistory.track(exclude=["next_run_at", "last_run_at"])
class ExportSchedule(models.Model):
    """A page whose file is sent at a time of day, on the clock of its owner.

    ``path`` and ``query`` are the page's address without the format. Each recipient gets the file that the page gives
    *them* at that moment: a schedule shows nobody more than they may see.
    """

    owner = models.ForeignKey("organization.Person", models.PROTECT, related_name="export_schedules")
    title = models.CharField(_("title"), max_length=150)
    path = models.CharField(max_length=500, editable=False)
    query = models.CharField(max_length=3000, blank=True, editable=False)
    file_format = models.CharField(_("file"), max_length=4, choices=FileFormat, default=FileFormat.PDF)
    rhythm = models.CharField(_("how often"), max_length=8, choices=Rhythm, default=Rhythm.WEEKLY)
    weekday = models.PositiveSmallIntegerField(
        _("on"), choices=list(WEEKDAYS.items()), default=0, validators=[MaxValueValidator(6)]
    )
    month_day = models.PositiveSmallIntegerField(
        _("on day"), default=1, validators=[MinValueValidator(1), MaxValueValidator(31)]
    )
    time = models.TimeField(_("at"))
    state = models.CharField(max_length=6, choices=ScheduleState, default=ScheduleState.ACTIVE)
    end_reason = models.CharField(max_length=200, blank=True)
    next_run_at = models.DateTimeField(null=True)
    last_run_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("scheduled file")
        verbose_name_plural = _("scheduled files")
        constraints = (
            models.CheckConstraint(
                condition=Q(state="ACTIVE", next_run_at__isnull=False)
                | Q(~Q(state="ACTIVE"), next_run_at__isnull=True),
                name="schedule_runs_while_active",
            ),
        )
        indexes = (
            models.Index(fields=["next_run_at"], name="schedule_due", condition=Q(next_run_at__isnull=False)),
            models.Index(fields=["owner", "-created_at"], name="schedule_of_owner"),
        )

    def __str__(self) -> str:
        return self.title


@pghistory.track(exclude=["last_sent_at", "last_failure"])
class ExportRecipient(models.Model):
    """Somebody a scheduled file is sent to. Whoever ends it for themselves is not asked again."""

    schedule = models.ForeignKey(ExportSchedule, models.CASCADE, related_name="recipients")
    person = models.ForeignKey("organization.Person", models.CASCADE, related_name="export_recipients")
    stopped_at = models.DateTimeField(null=True)
    stop_reason = models.CharField(max_length=200, blank=True)
    last_sent_at = models.DateTimeField(null=True)
    last_failure = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("recipient of a scheduled file")
        verbose_name_plural = _("recipients of scheduled files")
        constraints = (models.UniqueConstraint(fields=["schedule", "person"], name="schedule_recipient_once"),)
        indexes = (models.Index(fields=["person"], name="schedule_of_person", condition=Q(stopped_at__isnull=True)),)

    def __str__(self) -> str:
        return str(self.person)
