"""Approvals: who must agree to what, asked once, answered by each, and bound to the content that was seen."""

from __future__ import annotations

from datetime import date, timedelta

import pghistory
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from organization.models import Role
from organization.models.units import DateRange
from pmo_portal.lib.windows import FOREVER


@pghistory.track()
class ApprovalRule(models.Model):
    """Who decides about things of a kind in a unit and all below it, from an amount on.

    Approvers are the people named, and whoever holds ``role`` on the thing's unit or above it. ``quorum`` of them must
    agree. Of all rules that fit, the nearest unit's with the highest amount decides. Without ``above_amount`` a rule
    fits whatever the amount, and things without one.
    """

    unit = models.ForeignKey("organization.Unit", models.CASCADE, related_name="approval_rules", verbose_name=_("unit"))
    subject_kind = models.CharField(_("about"), max_length=30)
    name = models.CharField(_("who decides"), max_length=80, help_text=_("Such as: steering committee."))
    above_amount = models.DecimalField(
        _("from an amount over"),
        max_digits=16,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("In the portfolio's currency. Empty: whatever the amount."),
    )
    role = models.CharField(
        _("approvers by role"),
        max_length=20,
        choices=Role,
        blank=True,
        help_text=_("Whoever holds it on the unit or above."),
    )
    quorum = models.PositiveSmallIntegerField(_("how many must agree"), default=1, validators=[MinValueValidator(1)])
    due_days = models.PositiveSmallIntegerField(
        _("days to decide"), default=10, validators=[MinValueValidator(1)], help_text=_("Then it is overdue.")
    )
    is_archived = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("approval rule")
        verbose_name_plural = _("approval rules")
        constraints = (
            models.UniqueConstraint(
                fields=["unit", "subject_kind", "above_amount"],
                condition=Q(is_archived=False),
                nulls_distinct=False,
                name="approval_rule_once",
                violation_error_message=_("The unit has a rule from this amount on."),
            ),
        )

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class ApprovalRulePerson(models.Model):
    """Somebody who is asked by name."""

    rule = models.ForeignKey(ApprovalRule, models.CASCADE, related_name="people")
    person = models.ForeignKey("organization.Person", models.CASCADE, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["rule", "person"], name="approval_rule_person_once"),)

    def __str__(self) -> str:
        return str(self.person)


class ApprovalState(models.TextChoices):
    """The life of a request."""

    WAITING = "WAITING", _("Waiting")
    APPROVED = "APPROVED", _("Approved")
    REJECTED = "REJECTED", _("Rejected")
    WITHDRAWN = "WITHDRAWN", _("Withdrawn")
    OUTDATED = "OUTDATED", _("Outdated by a change")


class ApprovalRequest(models.Model):
    """One question to some people. Everything it was asked by is kept: rule, amount, quorum, approvers, content.

    ``digest`` names the content that votes count for; a change of the content ends the request. ``order`` is what is
    done when it is approved, in the words of the subject's own room.
    """

    rule = models.ForeignKey(ApprovalRule, models.PROTECT, related_name="requests")
    unit = models.ForeignKey("organization.Unit", models.CASCADE, related_name="approval_requests")
    subject_kind = models.CharField(max_length=30)
    subject_id = models.BigIntegerField()
    title = models.CharField(max_length=300)
    digest = models.CharField(max_length=64)
    content_label = models.CharField(max_length=80, help_text="Such as: version 3.")
    order = models.JSONField(default=dict)
    amount = models.DecimalField(max_digits=16, decimal_places=2, null=True)
    currency = models.CharField(max_length=3, blank=True)
    above_amount = models.DecimalField(max_digits=16, decimal_places=2, null=True)
    quorum = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=9, choices=ApprovalState, default=ApprovalState.WAITING)
    comment = models.TextField(blank=True)
    requested_by = models.ForeignKey("organization.Person", models.PROTECT, null=True, related_name="+")
    requested_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    outcome = models.TextField(blank=True, help_text="What could not be done after the decision, and why.")

    class Meta:
        verbose_name = _("approval request")
        verbose_name_plural = _("approval requests")
        constraints = (
            models.UniqueConstraint(
                fields=["subject_kind", "subject_id"], condition=Q(state="WAITING"), name="approval_asked_once"
            ),
            models.CheckConstraint(
                condition=Q(state="WAITING", decided_at__isnull=True)
                | Q(~Q(state="WAITING"), decided_at__isnull=False),
                name="approval_ended_has_moment",
            ),
        )
        indexes = (
            models.Index(fields=["subject_kind", "subject_id", "-requested_at"], name="approval_of_subject"),
            models.Index(fields=["unit", "-requested_at"], name="approval_of_unit"),
        )

    def __str__(self) -> str:
        return self.title


class Verdict(models.TextChoices):
    """What an approver says."""

    APPROVE = "APPROVE", _("Approve")
    REJECT = "REJECT", _("Reject")
    ABSTAIN = "ABSTAIN", _("Abstain")


class ApprovalVoice(models.Model):
    """An approver of a request with their answer. ``voted_by`` is their delegate, or themselves."""

    request = models.ForeignKey(ApprovalRequest, models.CASCADE, related_name="voices")
    person = models.ForeignKey("organization.Person", models.PROTECT, related_name="approval_voices")
    verdict = models.CharField(max_length=7, choices=Verdict, blank=True)
    reason = models.TextField(blank=True)
    voted_by = models.ForeignKey("organization.Person", models.PROTECT, null=True, related_name="+")
    voted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["request", "person"], name="approval_voice_once"),
            # A delegate of two approvers is still one pair of eyes.
            models.UniqueConstraint(
                fields=["request", "voted_by"], condition=Q(voted_by__isnull=False), name="approval_voter_once"
            ),
            models.CheckConstraint(
                condition=Q(verdict="", voted_by__isnull=True, voted_at__isnull=True)
                | Q(~Q(verdict=""), voted_by__isnull=False, voted_at__isnull=False),
                name="approval_vote_is_whole",
            ),
        )
        indexes = (models.Index(fields=["person"], name="approval_open_voice", condition=Q(verdict="")),)

    def __str__(self) -> str:
        return f"{self.person}: {self.verdict or '-'}"


@pghistory.track()
class Delegation(models.Model):
    """Somebody answers for somebody else from one day to another."""

    person = models.ForeignKey("organization.Person", models.CASCADE, related_name="delegations")
    delegate = models.ForeignKey(
        "organization.Person", models.CASCADE, related_name="+", verbose_name=_("who answers for me")
    )
    valid_from = models.DateField(_("from"))
    valid_to = models.DateField(_("to"), default=FOREVER)

    class Meta:
        verbose_name = _("delegation")
        verbose_name_plural = _("delegations")
        constraints = (
            models.CheckConstraint(condition=Q(valid_to__gt=F("valid_from")), name="delegation_has_length"),
            models.CheckConstraint(condition=~Q(person=F("delegate")), name="delegation_to_another"),
            ExclusionConstraint(
                name="delegation_one_at_a_time",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    (DateRange("valid_from", "valid_to"), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("Somebody already answers for you on one of these days."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.delegate} for {self.person}"

    @property
    def last_day(self) -> date | None:
        """The last day on which it holds; None until somebody ends it."""
        return None if self.valid_to == FOREVER else self.valid_to - timedelta(days=1)
