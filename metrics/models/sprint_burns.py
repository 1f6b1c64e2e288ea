"""The lines of a closed sprint, as they were read at its completion."""

from __future__ import annotations

from django.db import models


class SprintBurn(models.Model):
    """Burndown and burnup of a closed sprint: written once when its numbers have arrived, and never again.

    Unlike every other derived row this one is not made anew: a late or undone change, a deleted item or another
    meaning of a column leaves the picture of a closed sprint alone, as it leaves the sprint's figures.

    `steps`: [moment, kind, item id or null, size, scope, done], the last three as [points, items], points as text;
    `changes`: [moment, kind, item id, points] of items added, removed and re-estimated after the start; `guide`:
    [day, share left at its end]. `calculations.burn` says what they mean.
    """

    sprint = models.OneToOneField("teams.Sprint", models.CASCADE, primary_key=True, related_name="burn")
    steps = models.JSONField()
    changes = models.JSONField()
    guide = models.JSONField()
    frozen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"lines of sprint {self.sprint_id}"
