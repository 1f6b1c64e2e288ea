"""How long what is known of people is kept, and how a person is forgotten."""

from __future__ import annotations

from typing import Final

import pghistory
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

LONGEST_MONTHS: Final = 240


@pghistory.track()
class RetentionRule(models.Model):
    """How many months something is kept; the organisation has one row. Empty: for ever, or nobody is proposed."""

    inactive_months = models.PositiveSmallIntegerField(
        _("propose to erase people who have been inactive for"),
        null=True,
        blank=True,
        default=36,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_MONTHS)],
    )
    sign_in_months = models.PositiveSmallIntegerField(
        _("keep sign-ins in the audit log for"),
        null=True,
        blank=True,
        default=12,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_MONTHS)],
    )
    notification_months = models.PositiveSmallIntegerField(
        _("keep notifications that were read for"),
        null=True,
        blank=True,
        default=6,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_MONTHS)],
    )

    class Meta:
        verbose_name = _("retention")
        verbose_name_plural = _("retention")
        constraints = (models.CheckConstraint(condition=Q(pk=1), name="retention_said_once"),)

    def __str__(self) -> str:
        return "retention"


class ErasureWish(models.Model):
    """An administrator wants a person forgotten; another one has to confirm it before it runs out. Rows stay, and say
    who asked, why, and how it ended."""

    class Outcome(models.TextChoices):
        """How a wish ended."""

        CONFIRMED = "CONFIRMED", _("Confirmed")
        REFUSED = "REFUSED", _("Refused")
        WITHDRAWN = "WITHDRAWN", _("Withdrawn")
        EXPIRED = "EXPIRED", _("Nobody confirmed it in time")

    person = models.ForeignKey("organization.Person", models.PROTECT, related_name="erasure_wishes")
    asked_by = models.ForeignKey("organization.Person", models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    reason = models.CharField(_("reason"), max_length=300)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey("organization.Person", models.PROTECT, null=True, related_name="+")
    outcome = models.CharField(max_length=9, choices=Outcome, blank=True)

    class Meta:
        verbose_name = _("wish to erase somebody")
        verbose_name_plural = _("wishes to erase somebody")
        constraints = (
            models.UniqueConstraint(
                fields=["person"], condition=Q(ended_at__isnull=True), name="erasure_wish_one_open"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, outcome="") | (Q(ended_at__isnull=False) & ~Q(outcome="")),
                name="erasure_wish_ends_somehow",
            ),
        )

    def __str__(self) -> str:
        return f"person {self.person_id}"


class Erasure(models.Model):
    """A person was, or is about to be, forgotten: who asked for it and who confirmed, why, and what was found. Never
    says the name."""

    person = models.OneToOneField("organization.Person", models.PROTECT, related_name="erasure")
    requested_by = models.ForeignKey("organization.Person", models.PROTECT, null=True, related_name="+")
    confirmed_by = models.ForeignKey("organization.Person", models.PROTECT, null=True, related_name="+")
    requested_at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(_("reason"), max_length=300)
    needles = models.JSONField(default=dict)
    """What to look for, until it is done: the name and addresses. Emptied by the last step."""
    finished_at = models.DateTimeField(null=True)
    report = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        constraints = (
            models.CheckConstraint(condition=Q(finished_at__isnull=True) | Q(needles={}), name="erasure_forgets"),
        )

    def __str__(self) -> str:
        return f"person {self.person_id}"
