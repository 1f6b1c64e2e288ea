"""How a team works: the settings of a unit of kind TEAM."""

from __future__ import annotations

import pghistory
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from portfolio.models import StateCategory


class TeamMode(models.TextChoices):
    """Where the team's work lives."""

    HOSTED = "HOSTED", _("Hosted here")
    MIRRORED = "MIRRORED", _("Mirrored from its tracker")


class TeamMethod(models.TextChoices):
    """How the team plans its work."""

    SCRUM = "SCRUM", _("Scrum")
    KANBAN = "KANBAN", _("Kanban")
    SCRUMBAN = "SCRUMBAN", _("Scrumban")


class EstimateScale(models.TextChoices):
    """The values a team estimates with."""

    FIBONACCI = "FIBONACCI", _("1, 2, 3, 5, 8, 13, 20, 40")
    LINEAR = "LINEAR", _("1 to 10")
    T_SHIRT = "T_SHIRT", _("XS to XL, counted as 1, 2, 3, 5, 8")
    FREE = "FREE", _("Any number")
    NONE = "NONE", _("No estimates")


@pghistory.track(exclude=["next_number"])
class Team(models.Model):
    """A team: where its work lives, how it plans, and what its numbers count from.

    Its primary key is its unit's: ``item.team_id`` *is* a unit id.
    """

    unit = models.OneToOneField(
        "organization.Unit", models.CASCADE, primary_key=True, related_name="team", verbose_name=_("unit")
    )
    mode = models.CharField(_("mode"), max_length=8, choices=TeamMode, default=TeamMode.HOSTED)
    method = models.CharField(_("method"), max_length=8, choices=TeamMethod, default=TeamMethod.SCRUM)
    key_prefix = models.CharField(
        _("key prefix"),
        max_length=16,
        unique=True,
        validators=[RegexValidator(r"^[A-Z][A-Z0-9]*$", _("Capital letters and digits; a letter first."))],
    )
    next_number = models.PositiveIntegerField(default=1, editable=False)
    workflow = models.ForeignKey("portfolio.Workflow", models.PROTECT, related_name="teams", verbose_name=_("workflow"))
    started_from = models.CharField(
        _("work starts at"),
        max_length=10,
        choices=[
            (StateCategory.COMMITTED.value, StateCategory.COMMITTED.label),
            (StateCategory.ACTIVE.value, StateCategory.ACTIVE.label),
        ],
        default=StateCategory.COMMITTED,
        help_text=_("Cycle time and WIP count from the first state of this category."),
    )
    estimate_scale = models.CharField(
        _("estimates"), max_length=10, choices=EstimateScale, default=EstimateScale.FIBONACCI
    )
    stale_after_days = models.PositiveSmallIntegerField(
        _("stale after"), default=7, validators=[MinValueValidator(1)], help_text=_("Days in one column.")
    )
    source = models.CharField(_("source"), max_length=200, blank=True, help_text=_("The tracker it is mirrored from."))

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")

    def __str__(self) -> str:
        return str(self.unit)

    @property
    def has_sprints(self) -> bool:
        """Whether the board shows a sprint."""
        return self.method in {TeamMethod.SCRUM, TeamMethod.SCRUMBAN}

    @property
    def is_mirrored(self) -> bool:
        """Whether source fields are read-only here."""
        return self.mode == TeamMode.MIRRORED
