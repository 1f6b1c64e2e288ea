"""Announcements: a sentence to many people, on every page, for a time."""

from __future__ import annotations

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from organization.models.roles import Role


class AnnouncementSeverity(models.TextChoices):
    """How much it matters."""

    INFO = "INFO", _("Information")
    WARNING = "WARNING", _("Warning")
    CRITICAL = "CRITICAL", _("Urgent")


@pghistory.track()
class Announcement(models.Model):
    """What the people of a unit (without one: everybody) should know from one moment to another.

    The people of a unit are those who may look into it: who works in it, below it, and looks after it from above.
    ``roles`` narrows it to holders of one of these; empty: whatever their role.
    """

    unit = models.ForeignKey(
        "organization.Unit",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="announcements",
        verbose_name=_("to the people of"),
    )
    roles = ArrayField(
        models.CharField(max_length=20, choices=Role),
        verbose_name=_("with one of these roles"),
        default=list,
        blank=True,
    )
    severity = models.CharField(
        _("how much it matters"), max_length=8, choices=AnnouncementSeverity, default=AnnouncementSeverity.INFO
    )
    title = models.CharField(_("title"), max_length=120)
    text = models.TextField(_("text"), max_length=2000, blank=True)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("to"))
    created_by = models.ForeignKey("organization.Person", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("announcement")
        verbose_name_plural = _("announcements")
        constraints = (models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="announcement_has_length"),)
        indexes = (models.Index(fields=["ends_at"], name="announcement_end"),)

    def __str__(self) -> str:
        return self.title


class AnnouncementDismissal(models.Model):
    """Somebody has read an announcement and does not want to see it again."""

    announcement = models.ForeignKey(Announcement, models.CASCADE, related_name="dismissals")
    person = models.ForeignKey("organization.Person", models.CASCADE, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["person", "announcement"], name="announcement_dismissed_once"),)

    def __str__(self) -> str:
        return f"{self.announcement}: {self.person}"
