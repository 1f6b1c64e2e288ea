"""Epics: the portfolio's initiatives, business or enabler, aligned to themes."""

from __future__ import annotations

import pghistory
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from collaboration.models.search_triggers import Words, searched
from portfolio.models.tracking import Tracked, TrackedEvent
from portfolio.querysets import TrackedQuerySet


class EpicType(models.TextChoices):
    """Whether an epic delivers value itself or makes later value possible."""

    BUSINESS = "BUSINESS", _("Business")
    ENABLER = "ENABLER", _("Enabler")


@searched(
    Words(
        "epic",
        key="key",
        title="title",
        labels="labels",
        body=("description",),
        unit="unit_id",
        gone="deleted_at",
        changed="updated_at",
    )
)
class Epic(Tracked):
    """An initiative large enough to need a business case and a decision of the portfolio."""

    unit = models.ForeignKey("organization.Unit", models.PROTECT, related_name="epics", verbose_name=_("portfolio"))
    type = models.CharField(_("type"), max_length=8, choices=EpicType, default=EpicType.BUSINESS)
    owner = models.ForeignKey(
        "organization.Person", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("owner")
    )
    starts_on = models.DateField(_("planned start"), null=True, blank=True)
    ends_on = models.DateField(_("planned end"), null=True, blank=True)
    source_ref = models.CharField(max_length=200, null=True, blank=True, unique=True, editable=False)

    objects = TrackedQuerySet["Epic"].as_manager()

    class Meta:
        verbose_name = _("epic")
        verbose_name_plural = _("epics")
        constraints = (
            models.UniqueConstraint(fields=["unit", "rank"], name="epic_rank_once"),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(starts_on__isnull=True) | Q(ends_on__gte=models.F("starts_on")),
                name="epic_ends_after_start",
            ),
        )
        indexes = (models.Index(fields=["unit", "state", "rank"], name="epic_board"),)


class EpicEvent(TrackedEvent):
    """One change of an epic."""

    subject = models.ForeignKey(Epic, models.CASCADE, related_name="events")

    class Meta(TrackedEvent.Meta):
        indexes = (models.Index(fields=["subject", "at", "seq"], name="epicevent_history"),)


@pghistory.track()
class EpicTheme(models.Model):
    """The share of an epic that serves a theme; what is left to 100 % is unaligned and shown as such."""

    epic = models.ForeignKey(Epic, models.CASCADE, related_name="alignments", verbose_name=_("epic"))
    theme = models.ForeignKey(
        "portfolio.StrategicTheme", models.CASCADE, related_name="alignments", verbose_name=_("theme")
    )
    share_percent = models.PositiveSmallIntegerField(
        _("share"), validators=[MinValueValidator(1), MaxValueValidator(100)]
    )

    class Meta:
        verbose_name = _("alignment")
        verbose_name_plural = _("alignments")
        constraints = (
            models.UniqueConstraint(fields=["epic", "theme"], name="alignment_once"),
            models.CheckConstraint(condition=Q(share_percent__range=(1, 100)), name="alignment_share_1_to_100"),
        )

    def __str__(self) -> str:
        return f"{self.epic_id} → {self.theme_id}: {self.share_percent} %"
