"""What the history of a work item says about it, and the stretches of time it is made of.

Both tables are derived from `teams.ItemEvent` by one set-based statement (`services.reading`) and by
nothing else. Their foreign keys carry no database constraint: the rows are made from the very rows they
point to, a million at a time, and can be rebuilt at will (ADR-0016).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from django.db import models
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Coalesce

from portfolio.models import StateCategory
from teams.models import ItemType

UNFINISHED: Final = (StateCategory.BACKLOG, StateCategory.COMMITTED, StateCategory.ACTIVE, StateCategory.WAITING)
"""The categories of work that is neither finished nor cancelled."""

_NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
ENDS_AT: Final = Coalesce("to_at", Value(_NEVER, models.DateTimeField()))
ENDS_AT_SQL: Final = "coalesce(i.to_at, '9999-12-31 00:00:00+00'::timestamptz)"
"""When an interval `i` ended, or never. As one value, so that what lasted longer than a moment is one stretch of an
index: with "empty or later" the database reads all that ever was."""


class ItemFact(models.Model):
    """One work item's dates and spans, as its history reads today.

    Flows belong to the unit that had the item at that moment (`created_unit`, `started_unit`, ...); `unit` has
    it now. Days are metric days; `cycle_days` and `lead_days` count both ends. `is_counted` is false for what
    counts in no number: sub-items, deleted items, and items not read yet. `is_start_seen` is false when a
    finished item never entered a started column; its finish then stands for its start and percentiles leave
    it out. `is_data_error`: finished before it was created; such an item has no spans. `feature` is the one it belongs
    to now.
    """

    item = models.OneToOneField(
        "teams.WorkItem", models.CASCADE, primary_key=True, db_constraint=False, related_name="fact"
    )
    unit = models.ForeignKey(
        "organization.Unit", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    item_type = models.CharField(max_length=8, choices=ItemType)
    is_counted = models.BooleanField()
    category = models.CharField(max_length=10, choices=StateCategory)
    created_at = models.DateTimeField()
    created_on = models.DateField()
    created_unit = models.ForeignKey(
        "organization.Unit", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    started_at = models.DateTimeField(null=True)
    started_on = models.DateField(null=True)
    started_unit = models.ForeignKey(
        "organization.Unit", models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    finished_at = models.DateTimeField(null=True)
    finished_on = models.DateField(null=True)
    finished_unit = models.ForeignKey(
        "organization.Unit", models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    cancelled_at = models.DateTimeField(null=True)
    cancelled_on = models.DateField(null=True)
    cancelled_unit = models.ForeignKey(
        "organization.Unit", models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    finished_estimate = models.DecimalField(max_digits=7, decimal_places=2, null=True)
    is_start_seen = models.BooleanField()
    is_data_error = models.BooleanField()
    cycle_days = models.IntegerField(null=True)
    lead_days = models.IntegerField(null=True)
    active_seconds = models.BigIntegerField(null=True)
    waiting_seconds = models.BigIntegerField(null=True)
    blocked_seconds = models.BigIntegerField(null=True)
    reopened_count = models.PositiveIntegerField()
    feature = models.ForeignKey(
        "portfolio.Feature", models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )

    class Meta:
        # Lists behind the numbers ask by unit and day, and only for what counts.
        indexes = (
            models.Index(
                fields=["finished_unit", "finished_on"],
                name="fact_finished",
                condition=Q(is_counted=True, finished_on__isnull=False),
            ),
            models.Index(
                fields=["started_unit", "started_on"],
                name="fact_started",
                condition=Q(is_counted=True, started_on__isnull=False),
            ),
            models.Index(fields=["created_unit", "created_on"], name="fact_created", condition=Q(is_counted=True)),
            models.Index(
                fields=["cancelled_unit", "cancelled_on"],
                name="fact_cancelled",
                condition=Q(is_counted=True, cancelled_on__isnull=False),
            ),
            # How far a feature is, team by team.
            models.Index(
                fields=["feature", "unit"],
                name="fact_feature",
                condition=Q(is_counted=True, feature__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"facts of item {self.item_id}"


class ItemIntervalQuerySet(QuerySet["ItemInterval"]):
    """Intervals asked by moments."""

    def lasting(self, moment: datetime) -> ItemIntervalQuerySet:
        """What was true just before a moment, one interval of each item that was there."""
        return self.alias(ends_at=ENDS_AT).filter(ends_at__gte=moment, from_at__lt=moment)


class ItemInterval(models.Model):
    """A stretch of an item's life in which nothing changed that numbers depend on; half-open.

    `to_at` is empty while it lasts. `category` is what the state meant when the item entered it. `is_wip` says
    whether the item counts as work in progress of `unit` in it: started by the team's own rule, and counted
    at all. Asking for an earlier moment is a filter on these rows.
    """

    pk = models.CompositePrimaryKey("item_id", "from_at")
    item = models.ForeignKey(
        "teams.WorkItem", models.CASCADE, db_constraint=False, db_index=False, related_name="intervals"
    )
    from_at = models.DateTimeField()
    to_at = models.DateTimeField(null=True)
    item_type = models.CharField(max_length=8, choices=ItemType)
    unit = models.ForeignKey(
        "organization.Unit", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    state = models.ForeignKey(
        "portfolio.WorkflowState",
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    category = models.CharField(max_length=10, choices=StateCategory)
    is_wip = models.BooleanField()
    is_blocked = models.BooleanField()
    sprint = models.ForeignKey(
        "teams.Sprint", models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    estimate = models.DecimalField(max_digits=7, decimal_places=2, null=True)

    objects = ItemIntervalQuerySet.as_manager()

    class Meta:
        indexes = (
            # Work in progress of a unit, now and at any earlier moment; counted without a look at the rows.
            models.Index(
                "unit",
                ENDS_AT,
                "from_at",
                name="interval_in_progress",
                condition=Q(is_wip=True),
                include=["to_at", "item_type", "item"],
            ),
            # What had not begun, or had been put back.
            models.Index(
                "unit",
                ENDS_AT,
                "from_at",
                name="interval_not_begun",
                condition=Q(is_wip=False, category__in=UNFINISHED),
            ),
            # Whatever was in a unit at any time, for its cumulative flow.
            models.Index(fields=["unit"], name="interval_unit"),
            # Whatever was in a sprint at any time, for its lines.
            models.Index(fields=["sprint"], name="interval_sprint", condition=Q(sprint__isnull=False)),
        )

    def __str__(self) -> str:
        return f"item {self.item_id} from {self.from_at:%Y-%m-%d %H:%M}"
