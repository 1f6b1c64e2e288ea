"""Work items: what a team does, one card each."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from collaboration.models.search_triggers import Words, searched
from portfolio.models import EventKind, Tracked, TrackedEvent
from portfolio.querysets import TrackedQuerySet


class ItemType(models.TextChoices):
    """What kind of work an item is. A sub-task is part of another item and counts in no number."""

    STORY = "STORY", _("Story")
    BUG = "BUG", _("Bug")
    TASK = "TASK", _("Task")
    SPIKE = "SPIKE", _("Spike")
    SUBTASK = "SUBTASK", _("Sub-task")


class Priority(models.TextChoices):
    """How urgent the work is to whoever asked for it."""

    HIGHEST = "HIGHEST", _("Highest")
    HIGH = "HIGH", _("High")
    MEDIUM = "MEDIUM", _("Medium")
    LOW = "LOW", _("Low")
    LOWEST = "LOWEST", _("Lowest")


class ServiceClass(models.TextChoices):
    """Class of service: how the item is treated in the flow."""

    STANDARD = "STANDARD", _("Standard")
    EXPEDITE = "EXPEDITE", _("Expedite")
    FIXED_DATE = "FIXED_DATE", _("Fixed date")
    INTANGIBLE = "INTANGIBLE", _("Intangible")


@searched(
    Words(
        "item",
        key="key",
        title="title",
        labels="labels",
        body=("description",),
        unit="team_id",
        gone="deleted_at",
        changed="updated_at",
    )
)
class WorkItem(Tracked):
    """A story, bug, task or spike on a team's board. Its key keeps the prefix it was made with."""

    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="items", verbose_name=_("team"))
    type = models.CharField(_("type"), max_length=8, choices=ItemType, default=ItemType.STORY)
    estimate = models.DecimalField(_("estimate"), max_digits=7, decimal_places=2, null=True, blank=True)
    assignee = models.ForeignKey(
        "organization.Person", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("assignee")
    )
    feature = models.ForeignKey(
        "portfolio.Feature", models.PROTECT, null=True, blank=True, related_name="items", verbose_name=_("feature")
    )
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("parent item")
    )
    sprint = models.ForeignKey(
        "teams.Sprint", models.PROTECT, null=True, blank=True, related_name="items", verbose_name=_("sprint")
    )
    priority = models.CharField(_("priority"), max_length=8, choices=Priority, default=Priority.MEDIUM)
    service_class = models.CharField(
        _("class of service"), max_length=10, choices=ServiceClass, default=ServiceClass.STANDARD
    )
    blocked_at = models.DateTimeField(_("blocked since"), null=True, blank=True)
    blocked_reason = models.CharField(_("why it is blocked"), max_length=200, blank=True)
    resolution = models.CharField(_("resolution"), max_length=60, blank=True)
    due_on = models.DateField(_("due on"), null=True, blank=True)
    reporter = models.ForeignKey(
        "organization.Person", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("reporter")
    )
    source_ref = models.CharField(max_length=200, null=True, blank=True, unique=True, editable=False)
    source_url = models.URLField(_("in the tracker"), blank=True, editable=False)

    objects = TrackedQuerySet["WorkItem"].as_manager()

    class Meta:
        verbose_name = _("work item")
        verbose_name_plural = _("work items")
        constraints = (
            # What it includes lets the list of items find and order the ids of a page without reading a single row.
            models.UniqueConstraint(
                fields=["team", "rank"],
                name="item_rank_once",
                include=["id", "deleted_at", "state", "type", "estimate", "title"],
            ),
            models.CheckConstraint(condition=Q(estimate__isnull=True) | Q(estimate__gte=0), name="item_estimate_0_up"),
            models.CheckConstraint(condition=~Q(parent=models.F("id")), name="item_not_its_own_parent"),
        )
        indexes = (
            models.Index(fields=["team", "state", "rank"], name="item_board", condition=Q(deleted_at__isnull=True)),
            models.Index(fields=["sprint", "rank"], name="item_sprint"),
            models.Index(fields=["feature", "rank"], name="item_feature"),
            models.Index(fields=["parent"], name="item_parent"),
            models.Index(fields=["assignee", "state"], name="item_assignee"),
            models.Index(fields=["team", "-updated_at"], name="item_recent"),
            models.Index(fields=["team", "title"], name="item_by_title", condition=Q(deleted_at__isnull=True)),
            GinIndex(fields=["title"], opclasses=["gin_trgm_ops"], name="item_title_trgm"),
        )


class ItemEvent(TrackedEvent):
    """One change of a work item. The truth behind every number."""

    subject = models.ForeignKey(WorkItem, models.CASCADE, related_name="events")

    class Meta(TrackedEvent.Meta):
        indexes = (
            models.Index(fields=["subject", "at", "seq"], name="itemevent_history"),
            # A close asks who was ever in its sprint, while cards wait for it.
            models.Index(fields=["new_ref"], name="itemevent_into_sprint", condition=Q(kind=EventKind.SPRINT)),
            models.Index(fields=["old_ref"], name="itemevent_from_sprint", condition=Q(kind=EventKind.SPRINT)),
        )


class ItemKeyAlias(models.Model):
    """A key an item had before it moved; old links go on working."""

    key = models.CharField(max_length=40, unique=True)
    item = models.ForeignKey(WorkItem, models.CASCADE, related_name="aliases")

    class Meta:
        verbose_name = _("old key")
        verbose_name_plural = _("old keys")

    def __str__(self) -> str:
        return self.key
