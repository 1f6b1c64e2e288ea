"""One workflow engine for items, features and epics: states are rows, and what a state means has dates."""

from __future__ import annotations

import pghistory
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from portfolio.models.tracking import TrackedKind


class StateCategory(models.TextChoices):
    """What a state means to every number, whatever a team calls it."""

    BACKLOG = "BACKLOG", _("Backlog")
    COMMITTED = "COMMITTED", _("Committed")
    ACTIVE = "ACTIVE", _("Active")
    WAITING = "WAITING", _("Waiting")
    DONE = "DONE", _("Done")
    CANCELLED = "CANCELLED", _("Cancelled")


STARTED_CATEGORIES = (StateCategory.COMMITTED, StateCategory.ACTIVE, StateCategory.WAITING)
"""Work that has begun and has not ended, unless the team says otherwise."""


@pghistory.track()
class Workflow(models.Model):
    """The states a kind of thing goes through in a unit."""

    kind = models.CharField(_("of"), max_length=8, choices=TrackedKind)
    unit = models.ForeignKey("organization.Unit", models.CASCADE, related_name="workflows", verbose_name=_("unit"))
    name = models.CharField(_("name"), max_length=120)

    class Meta:
        verbose_name = _("workflow")
        verbose_name_plural = _("workflows")
        constraints = (models.UniqueConstraint(fields=["unit", "kind", "name"], name="workflow_name_once"),)

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class WorkflowState(models.Model):
    """One state: a column of the board, with its policy and its limit."""

    workflow = models.ForeignKey(Workflow, models.CASCADE, related_name="states", verbose_name=_("workflow"))
    name = models.CharField(_("name"), max_length=80)
    category = models.CharField(_("category"), max_length=10, choices=StateCategory)
    position = models.PositiveSmallIntegerField(_("position"))
    wip_limit = models.PositiveSmallIntegerField(_("WIP limit"), null=True, blank=True)
    is_hard_limit = models.BooleanField(_("limit stops moves"), default=False)
    policy = models.TextField(_("policy"), blank=True, help_text=_("What must be true to enter and to leave."))
    needs_approval = models.BooleanField(
        _("entry needs approval"),
        default=False,
        help_text=_("Of an epic's business case, where a rule of the portfolio says who decides."),
    )
    is_archived = models.BooleanField(_("archived"), default=False)
    source_ref = models.CharField(max_length=120, blank=True, editable=False)

    class Meta:
        verbose_name = _("state")
        verbose_name_plural = _("states")
        constraints = (
            models.UniqueConstraint(
                fields=["workflow", "name"], condition=Q(is_archived=False), name="state_name_once"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_started(self) -> bool:
        """Whether work in this state has begun and not ended."""
        return self.category in STARTED_CATEGORIES


class MomentRange(Func):
    """PostgreSQL's half-open ``tstzrange(from, to)``; an open end is unbounded."""

    function = "TSTZRANGE"


class StateMeaning(models.Model):
    """What a state meant, from one moment to another: the category it gave to whatever entered it then.

    A correction rewrites the rows (all history is read anew); a change from a date ends one and starts
    another. The current one equals ``WorkflowState.category``.
    """

    state = models.ForeignKey(WorkflowState, models.CASCADE, related_name="meanings")
    category = models.CharField(max_length=10, choices=StateCategory)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")), name="meaning_has_length"
            ),
            ExclusionConstraint(
                name="meaning_one_at_a_time",
                expressions=[
                    ("state", RangeOperators.EQUAL),
                    (MomentRange("valid_from", "valid_to"), RangeOperators.OVERLAPS),
                ],
            ),
        )

    def __str__(self) -> str:
        return f"{self.state}: {self.category}"


@pghistory.track()
class WorkflowTransition(models.Model):
    """An allowed move between two states. A workflow without any allows all moves.

    ``from_state`` None stands for any state; ``roles`` empty means whoever may move the thing.
    """

    workflow = models.ForeignKey(Workflow, models.CASCADE, related_name="transitions", verbose_name=_("workflow"))
    from_state = models.ForeignKey(
        WorkflowState, models.CASCADE, related_name="+", null=True, blank=True, verbose_name=_("from")
    )
    to_state = models.ForeignKey(WorkflowState, models.CASCADE, related_name="+", verbose_name=_("to"))
    roles = ArrayField(models.CharField(max_length=20), verbose_name=_("roles"), default=list, blank=True)

    class Meta:
        verbose_name = _("transition")
        verbose_name_plural = _("transitions")
        constraints = (
            models.UniqueConstraint(
                fields=["workflow", "from_state", "to_state"], nulls_distinct=False, name="transition_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.from_state or _('any')} → {self.to_state}"
