"""What items, features and epics have in common: a key, a state, a rank, a version, and events as their truth.

The engine lives in ``portfolio`` because it is the lowest app that has such things (ADR-0003).
"""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class TrackedKind(models.TextChoices):
    """The kinds of things whose every change is an event."""

    ITEM = "ITEM", _("Work item")
    FEATURE = "FEATURE", _("Feature")
    EPIC = "EPIC", _("Epic")


class EventKind(models.TextChoices):
    """What a change changed."""

    CREATED = "CREATED", _("Created")
    STATE = "STATE", _("State")
    RANK = "RANK", _("Rank")
    TITLE = "TITLE", _("Title")
    DESCRIPTION = "DESCRIPTION", _("Description")
    TYPE = "TYPE", _("Type")
    ESTIMATE = "ESTIMATE", _("Estimate")
    ASSIGNEE = "ASSIGNEE", _("Assignee")
    OWNER = "OWNER", _("Owner")
    SPRINT = "SPRINT", _("Sprint")
    TEAM = "TEAM", _("Team")
    UNIT = "UNIT", _("Unit")
    PARENT = "PARENT", _("Parent item")
    FEATURE = "FEATURE", _("Feature")
    EPIC = "EPIC", _("Epic")
    THEMES = "THEMES", _("Themes")
    PERIOD = "PERIOD", _("Program increment")
    BLOCKED = "BLOCKED", _("Blocked")
    RESOLUTION = "RESOLUTION", _("Resolution")
    CLASS = "CLASS", _("Class of service")
    PRIORITY = "PRIORITY", _("Priority")
    LABELS = "LABELS", _("Labels")
    DUE = "DUE", _("Due date")
    START = "START", _("Planned start")
    END = "END", _("Planned end")
    MVP = "MVP", _("Part of the MVP")
    HYPOTHESIS = "HYPOTHESIS", _("Benefit hypothesis")
    CRITERIA = "CRITERIA", _("Acceptance criteria")
    DELAY_COST = "DELAY_COST", _("Cost of delay")
    DURATION = "DURATION", _("Duration")
    CUSTOM = "CUSTOM", _("Custom field")
    KEY = "KEY", _("Key")
    DELETED = "DELETED", _("Deleted")
    RESTORED = "RESTORED", _("Restored")


class EventSource(models.TextChoices):
    """Through which door a change came."""

    PORTAL = "PORTAL", _("Portal")
    IMPORT = "IMPORT", _("Import")
    API = "API", _("API")
    SYSTEM = "SYSTEM", _("System")


class Tracked(models.Model):
    """A thing whose history is its events. ``version`` is the sequence number of its last event.

    ``rank`` is a fractional key: everything in one list sorts by it, and a move writes one row.
    """

    key = models.CharField(_("key"), max_length=40, unique=True)
    title = models.CharField(_("title"), max_length=255)
    description = models.TextField(_("description"), blank=True)
    state = models.ForeignKey("portfolio.WorkflowState", models.PROTECT, related_name="+", verbose_name=_("state"))
    rank = models.CharField(max_length=120, db_collation="C")
    labels = ArrayField(models.CharField(max_length=60), verbose_name=_("labels"), default=list, blank=True)
    custom = models.JSONField(_("custom fields"), default=dict, blank=True)
    version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    state_entered_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.key} {self.title}"


class TrackedEvent(models.Model):
    """One change of one thing; never updated, never deleted.

    ``old_ref``/``new_ref`` hold ids (states, sprints, people, units), ``old_value``/``new_value`` everything
    else; never the meaning of a state. ``at`` is when it was true, ``recorded_at`` when we learned it. A
    row with ``voids`` undoes another one: numbers skip both, the history shows both. ``unit_id`` is the
    owning unit at the time. Concrete classes add ``subject``.
    """

    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=12, choices=EventKind)
    old_ref = models.BigIntegerField(null=True)
    new_ref = models.BigIntegerField(null=True)
    old_value = models.JSONField(null=True)
    new_value = models.JSONField(null=True)
    unit_id = models.BigIntegerField()
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey("organization.Person", models.PROTECT, null=True, related_name="+")
    source = models.CharField(max_length=8, choices=EventSource, default=EventSource.PORTAL)
    source_ref = models.CharField(max_length=200, null=True)  # noqa: DJ001 - unique where there is one
    voids = models.ForeignKey("self", models.PROTECT, null=True, related_name="voided_by")
    correlation_id = models.UUIDField(default=uuid.uuid4)

    class Meta:
        abstract = True
        constraints = (
            models.UniqueConstraint(fields=["subject", "seq"], name="%(class)s_seq_once"),
            models.UniqueConstraint(
                fields=["source_ref"], condition=Q(source_ref__isnull=False), name="%(class)s_source_once"
            ),
            models.UniqueConstraint(fields=["voids"], condition=Q(voids__isnull=False), name="%(class)s_void_once"),
        )

    def __str__(self) -> str:
        return f"{self.kind} #{self.seq}"


class Outbox(models.Model):
    """What changed and has not reached the numbers yet; written in the transaction of the change.

    Append-only for writers. Whoever derives numbers claims rows, applies them and deletes them in one transaction.
    """

    kind = models.CharField(max_length=8, choices=TrackedKind)
    subject_id = models.BigIntegerField()
    unit_id = models.BigIntegerField()
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = (models.Index(fields=["unit_id", "id"], name="outbox_unit"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}"
