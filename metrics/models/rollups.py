"""What happened in a scope on a day: the rows that pages read."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from teams.models import ItemType


class ScopeKind(models.TextChoices):
    """What a roll-up row is about."""

    UNIT = "UNIT", _("Unit")


class Rollup(models.Model):
    """What happened in a scope on one metric day to items of one type.

    Flows are stored as they are; a stock, the work in progress, as its change of the day. A row of a unit
    above a team is the sum of the teams that belonged to it on that day; a team that joins brings its open
    work along on its first day. Rows in which nothing happened are not stored. `finished_estimate` is in
    the points of a team and says nothing above one.
    """

    pk = models.CompositePrimaryKey("scope_kind", "scope_id", "day", "item_type")
    scope_kind = models.CharField(max_length=8, choices=ScopeKind)
    scope_id = models.BigIntegerField()
    day = models.DateField()
    item_type = models.CharField(max_length=8, choices=ItemType)
    created = models.IntegerField(default=0)
    started = models.IntegerField(default=0)
    finished = models.IntegerField(default=0)
    finished_start_not_seen = models.IntegerField(default=0)
    cancelled = models.IntegerField(default=0)
    finished_estimate = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    finished_without_estimate = models.IntegerField(default=0)
    wip_delta = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.scope_kind} {self.scope_id} on {self.day}: {self.item_type}"


class CycleWeek(models.Model):
    """How many items of a type finished in a scope in an ISO week after so many days: a histogram that adds up.

    Holds only items whose start was seen. A window of whole weeks reads nothing else; the days of a week that a
    window cuts through are counted from facts (`metrics.selectors.histograms`). Percentiles of any scope and window
    are exact either way. A unit above teams counts the days on which a team belonged to it.
    """

    pk = models.CompositePrimaryKey("scope_kind", "scope_id", "week", "item_type", "cycle_days")
    scope_kind = models.CharField(max_length=8, choices=ScopeKind)
    scope_id = models.BigIntegerField()
    week = models.DateField()
    item_type = models.CharField(max_length=8, choices=ItemType)
    cycle_days = models.IntegerField()
    count = models.IntegerField()

    def __str__(self) -> str:
        return (
            f"{self.scope_kind} {self.scope_id} in the week of {self.week}: {self.count} after {self.cycle_days} days"
        )


class StockCheckpoint(models.Model):
    """The work in progress of a scope as a day began, so that no page sums from the beginning of time.

    Where a scope has a row for a day, all its types with open work have one.
    """

    pk = models.CompositePrimaryKey("scope_kind", "scope_id", "day", "item_type")
    scope_kind = models.CharField(max_length=8, choices=ScopeKind)
    scope_id = models.BigIntegerField()
    day = models.DateField()
    item_type = models.CharField(max_length=8, choices=ItemType)
    wip = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.scope_kind} {self.scope_id} as {self.day} began: {self.wip}"
