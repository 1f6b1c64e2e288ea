"""Features: what a program delivers, part of an epic, in a program increment."""

from __future__ import annotations

from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from collaboration.models.search_triggers import Words, searched
from portfolio.models.tracking import Tracked, TrackedEvent
from portfolio.querysets import TrackedQuerySet


@searched(
    Words(
        "feature",
        key="key",
        title="title",
        labels="labels",
        body=("description", "benefit_hypothesis", "acceptance_criteria"),
        unit="unit_id",
        gone="deleted_at",
        changed="updated_at",
    )
)
class Feature(Tracked):
    """A service a program can deliver within one increment; work items of its teams make it up."""

    unit = models.ForeignKey("organization.Unit", models.PROTECT, related_name="features", verbose_name=_("program"))
    epic = models.ForeignKey(
        "portfolio.Epic", models.PROTECT, null=True, blank=True, related_name="features", verbose_name=_("epic")
    )
    owner = models.ForeignKey(
        "organization.Person", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("owner")
    )
    period = models.ForeignKey(
        "organization.Period",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("program increment"),
    )
    is_mvp = models.BooleanField(_("part of the MVP"), default=False)
    cost_of_delay = models.DecimalField(
        _("cost of delay"),
        max_digits=8,
        decimal_places=1,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("What every month without it costs, in any measure that the program uses for all its features."),
    )
    duration_months = models.DecimalField(
        _("duration in months"),
        max_digits=4,
        decimal_places=1,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.1"))],
    )
    benefit_hypothesis = models.TextField(_("benefit hypothesis"), blank=True)
    acceptance_criteria = models.TextField(_("acceptance criteria"), blank=True)
    source_ref = models.CharField(max_length=200, null=True, blank=True, unique=True, editable=False)

    objects = TrackedQuerySet["Feature"].as_manager()

    class Meta:
        verbose_name = _("feature")
        verbose_name_plural = _("features")
        constraints = (
            models.UniqueConstraint(fields=["unit", "rank"], name="feature_rank_once"),
            models.CheckConstraint(
                condition=Q(cost_of_delay__isnull=True) | Q(cost_of_delay__gte=0), name="feature_cost_of_delay"
            ),
            # It divides: never nothing.
            models.CheckConstraint(
                condition=Q(duration_months__isnull=True) | Q(duration_months__gt=0), name="feature_duration"
            ),
        )
        indexes = (
            models.Index(fields=["unit", "state", "rank"], name="feature_board"),
            models.Index(fields=["epic", "rank"], name="feature_epic"),
        )


class FeatureEvent(TrackedEvent):
    """One change of a feature."""

    subject = models.ForeignKey(Feature, models.CASCADE, related_name="events")

    class Meta(TrackedEvent.Meta):
        indexes = (models.Index(fields=["subject", "at", "seq"], name="featureevent_history"),)
