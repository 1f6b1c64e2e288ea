"""What a team or a program promises for a program increment, and what came of it."""

from __future__ import annotations

import pghistory
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


@pghistory.track()
class PiObjective(models.Model):
    """One objective of a unit for one increment, in a line anybody understands.

    The business owners say before the increment what it would be worth to them, and after it what it was worth. A
    committed objective is a promise; an uncommitted one is tried, and no one is let down when it fails.
    """

    unit = models.ForeignKey("organization.Unit", models.PROTECT, related_name="pi_objectives", verbose_name=_("unit"))
    period = models.ForeignKey(
        "organization.Period", models.PROTECT, related_name="pi_objectives", verbose_name=_("program increment")
    )
    title = models.CharField(_("objective"), max_length=160)
    description = models.TextField(_("description"), blank=True, help_text=_("How anybody can tell that it is met."))
    is_committed = models.BooleanField(
        _("committed"), default=True, help_text=_("A promise. Without it, what it brings still counts.")
    )
    planned_value = models.PositiveSmallIntegerField(
        _("planned business value"),
        validators=[MinValueValidator(1), MaxValueValidator(10)],
        help_text=_("What it would be worth, 1 to 10, said by the business owners."),
    )
    actual_value = models.PositiveSmallIntegerField(
        _("actual business value"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(10)],
        help_text=_("What it was worth, 0 to 10, said when the increment is over."),
    )
    removed_at = models.DateTimeField(_("removed"), null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("PI objective")
        verbose_name_plural = _("PI objectives")
        constraints = (
            models.CheckConstraint(condition=Q(planned_value__range=(1, 10)), name="pi_objective_planned_1_to_10"),
            models.CheckConstraint(
                condition=Q(actual_value__isnull=True) | Q(actual_value__lte=10), name="pi_objective_actual_0_to_10"
            ),
        )
        indexes = (
            models.Index(fields=["unit", "period"], name="pi_objective_of_unit", condition=Q(removed_at__isnull=True)),
        )

    def __str__(self) -> str:
        return self.title
