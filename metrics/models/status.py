"""What people say of how something goes: status updates, and verdicts set by hand over computed ones."""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Verdict(models.TextChoices):
    """How something stands. Nobody says "no data": that is only ever computed."""

    ON_TRACK = "ON_TRACK", _("On track")
    AT_RISK = "AT_RISK", _("At risk")
    OFF_TRACK = "OFF_TRACK", _("Off track")


@pghistory.track()
class VerdictOverride(models.Model):
    """A verdict set by hand over the computed one, with the reason, until a day. It is always shown as such."""

    kpi = models.ForeignKey("metrics.Kpi", models.CASCADE, null=True, blank=True, related_name="overrides")
    objective = models.ForeignKey("metrics.Objective", models.CASCADE, null=True, blank=True, related_name="overrides")
    verdict = models.CharField(_("verdict"), max_length=9, choices=Verdict)
    computed = models.CharField(_("computed then"), max_length=9, blank=True)
    reason = models.TextField(_("reason"), max_length=1000)
    expires_on = models.DateField(_("until"), help_text=_("From this day on the computed verdict holds again."))
    person = models.ForeignKey(
        "organization.Person", models.PROTECT, null=True, related_name="+", verbose_name=_("set by")
    )
    created_at = models.DateTimeField(_("set"), default=timezone.now)
    ended_at = models.DateTimeField(_("taken back"), null=True, blank=True)

    class Meta:
        verbose_name = _("verdict set by hand")
        verbose_name_plural = _("verdicts set by hand")
        constraints = (
            models.CheckConstraint(
                condition=Q(kpi__isnull=True) ^ Q(objective__isnull=True), name="override_is_of_one_thing"
            ),
            models.UniqueConstraint(
                fields=["kpi"], condition=Q(ended_at__isnull=True, kpi__isnull=False), name="override_of_kpi_once"
            ),
            models.UniqueConstraint(
                fields=["objective"],
                condition=Q(ended_at__isnull=True, objective__isnull=False),
                name="override_of_objective_once",
            ),
        )

    def __str__(self) -> str:
        return str(self.get_verdict_display())


@pghistory.track()
class StatusUpdate(models.Model):
    """How a unit, an epic or an objective goes, said by somebody on a day, until the next one is due.

    ``unit`` is the unit the update belongs to: the one it is about, or the owner of the epic or objective.
    ``suggested`` is the verdict the numbers gave at that moment; where the author said something else, every page
    shows both.
    """

    unit = models.ForeignKey("organization.Unit", models.PROTECT, related_name="status_updates", verbose_name=_("unit"))
    epic = models.ForeignKey(
        "portfolio.Epic", models.CASCADE, null=True, blank=True, related_name="status_updates", verbose_name=_("epic")
    )
    objective = models.ForeignKey(
        "metrics.Objective",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="status_updates",
        verbose_name=_("objective"),
    )
    verdict = models.CharField(_("verdict"), max_length=9, choices=Verdict)
    suggested = models.CharField(_("computed then"), max_length=9, blank=True, editable=False)
    headline = models.CharField(_("in one line"), max_length=160)
    narrative = models.TextField(
        _("what happened, what comes next"), blank=True, max_length=8000, help_text=_("Plain words; Markdown works.")
    )
    help_needed = models.TextField(_("help needed"), blank=True, max_length=2000)
    next_due_on = models.DateField(_("next update by"))
    author = models.ForeignKey(
        "organization.Person", models.PROTECT, null=True, related_name="+", verbose_name=_("author")
    )
    removed_at = models.DateTimeField(_("taken back"), null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(_("said"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("status update")
        verbose_name_plural = _("status updates")
        constraints = (
            models.CheckConstraint(
                condition=Q(epic__isnull=True) | Q(objective__isnull=True), name="status_is_of_one_thing"
            ),
        )
        indexes = (models.Index(fields=["unit", "-created_at"], name="status_feed"),)

    def __str__(self) -> str:
        return self.headline
