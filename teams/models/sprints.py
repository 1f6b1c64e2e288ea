"""Sprints, and what a closed one knew at its close."""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class SprintState(models.TextChoices):
    """The life of a sprint: planned, running, over."""

    FUTURE = "FUTURE", _("Planned")
    ACTIVE = "ACTIVE", _("Active")
    CLOSED = "CLOSED", _("Closed")


@pghistory.track()
class Sprint(models.Model):
    """A fixed stretch of time in which a team works towards a goal.

    ``starts_at``/``ends_at`` are planned; ``started_at``/``completed_at`` are what happened. The figures are
    frozen at the close and never change afterwards; points are sums of estimates, counts are items.
    """

    team = models.ForeignKey("teams.Team", models.CASCADE, related_name="sprints", verbose_name=_("team"))
    name = models.CharField(_("name"), max_length=120)
    goal = models.TextField(_("goal"), blank=True)
    state = models.CharField(_("state"), max_length=6, choices=SprintState, default=SprintState.FUTURE)
    starts_at = models.DateTimeField(_("starts"), null=True, blank=True)
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    completed_at = models.DateTimeField(_("completed"), null=True, blank=True)
    committed_points = models.DecimalField(max_digits=9, decimal_places=2, null=True, editable=False)
    completed_points = models.DecimalField(max_digits=9, decimal_places=2, null=True, editable=False)
    committed_count = models.PositiveIntegerField(null=True, editable=False)
    completed_count = models.PositiveIntegerField(null=True, editable=False)
    committed_completed_points = models.DecimalField(max_digits=9, decimal_places=2, null=True, editable=False)
    committed_completed_count = models.PositiveIntegerField(null=True, editable=False)
    added_count = models.PositiveIntegerField(null=True, editable=False)
    removed_count = models.PositiveIntegerField(null=True, editable=False)
    carried_over_count = models.PositiveIntegerField(null=True, editable=False)
    unestimated_count = models.PositiveIntegerField(null=True, editable=False)
    source_ref = models.CharField(max_length=200, null=True, blank=True, unique=True, editable=False)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("sprint")
        verbose_name_plural = _("sprints")
        constraints = (
            models.UniqueConstraint(
                fields=["team"],
                condition=Q(state=SprintState.ACTIVE, source_ref__isnull=True),
                name="sprint_one_active",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(starts_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="sprint_has_length",
                violation_error_message=_("A sprint ends after it starts."),
            ),
        )
        indexes = (models.Index(fields=["team", "state", "starts_at"], name="sprint_of_team"),)

    def __str__(self) -> str:
        return self.name


class SprintOutcomeKind(models.TextChoices):
    """What became of an item in a sprint."""

    COMPLETED = "COMPLETED", _("Completed")
    COMPLETED_OUTSIDE = "COMPLETED_OUTSIDE", _("Completed outside the sprint")
    FINISHED_AGAIN = "FINISHED_AGAIN", _("Finished again")
    NOT_COMPLETED = "NOT_COMPLETED", _("Not completed")
    REMOVED = "REMOVED", _("Removed")
    CANCELLED = "CANCELLED", _("Cancelled")


class SprintOutcome(models.Model):
    """One item's part in a closed sprint, as known at its close. Velocity, say/do and carry-over add these up."""

    sprint = models.ForeignKey(Sprint, models.CASCADE, related_name="outcomes")
    item = models.ForeignKey("teams.WorkItem", models.CASCADE, related_name="sprint_outcomes")
    kind = models.CharField(max_length=18, choices=SprintOutcomeKind)
    was_committed = models.BooleanField()
    was_added = models.BooleanField()
    was_removed = models.BooleanField()
    estimate_at_start = models.DecimalField(max_digits=7, decimal_places=2, null=True)
    estimate_at_end = models.DecimalField(max_digits=7, decimal_places=2, null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["sprint", "item"], name="outcome_once"),)
        indexes = (models.Index(fields=["item"], name="outcome_item"),)

    def __str__(self) -> str:
        return f"{self.item_id} in {self.sprint_id}: {self.kind}"
