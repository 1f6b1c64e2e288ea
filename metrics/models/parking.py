"""What could not be taken into the numbers: noted, so that it holds up nothing else and is not forgotten."""

from __future__ import annotations

from django.db import models


class BegunWork(models.Model):
    """Work on a unit's numbers that was begun and has not ended: by its worker's death, or not yet.

    Written before the work and deleted in its transaction, so whatever kills its worker leaves it standing. Many
    unfinished beginnings say that the work must be cut into pieces to find the one that kills.
    """

    class Work(models.TextChoices):
        """What was begun."""

        DRAIN = "DRAIN"
        REBUILD = "REBUILD"

    pk = models.CompositePrimaryKey("unit_id", "work")
    unit_id = models.BigIntegerField()
    work = models.CharField(max_length=7, choices=Work)
    begun_count = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.work} of {self.unit_id}, begun {self.begun_count} times"


class StuckItem(models.Model):
    """An item whose history could not be read when it was tried alone.

    ``tries`` counts since it was last asked for. With ``parked_at`` it is left alone until somebody asks again or
    its team is rebuilt; its contribution to the numbers is what it was before. ``error`` is empty when whoever
    tried has not come back.
    """

    item = models.OneToOneField("teams.WorkItem", models.CASCADE, primary_key=True, related_name="+")
    unit = models.ForeignKey("organization.Unit", models.CASCADE, related_name="+")
    tries = models.PositiveSmallIntegerField(default=0)
    tried_at = models.DateTimeField()
    error = models.TextField(blank=True)
    parked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"item {self.item_id}, tried {self.tries} times"
