"""The lightweight business case of an epic, in versions."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from collaboration.models.search_triggers import Words, searched


class Recommendation(models.TextChoices):
    """What the author of a business case advises."""

    UNDECIDED = "UNDECIDED", _("Not decided yet")
    GO = "GO", _("Go")
    NO_GO = "NO_GO", _("No go")


@searched(
    Words(
        "case",
        body=(
            "for_whom",
            "who_need",
            "solution_is",
            "that_provides",
            "unlike",
            "outcome_hypothesis",
            "leading_indicators",
            "in_scope",
            "out_of_scope",
            "mvp",
            "sponsors",
            "options_considered",
            "risks",
            "recommendation_reason",
        ),
        about=("", "epic_id"),
        about_always="epic",
        pk="epic_id",
        newest="number",
    )
)
class BusinessCase(models.Model):
    """One version of an epic's business case. A version is never changed: an edit makes the next one.

    Amounts are in the portfolio's currency and are seen only by holders of ``money.view``.
    """

    epic = models.ForeignKey("portfolio.Epic", models.CASCADE, related_name="cases", verbose_name=_("epic"))
    number = models.PositiveIntegerField(_("version"))
    for_whom = models.TextField(_("For"), blank=True, help_text=_("customers"))
    who_need = models.TextField(_("who"), blank=True, help_text=_("do something, have a need"))
    solution_is = models.TextField(_("the solution is a"), blank=True, help_text=_("what it is"))
    that_provides = models.TextField(_("that"), blank=True, help_text=_("provides this value"))
    unlike = models.TextField(_("unlike"), blank=True, help_text=_("competitor, current solution or nothing"))
    outcome_hypothesis = models.TextField(_("outcome hypothesis"), blank=True)
    leading_indicators = models.TextField(_("leading indicators"), blank=True)
    in_scope = models.TextField(_("in scope"), blank=True)
    out_of_scope = models.TextField(_("out of scope"), blank=True)
    mvp = models.TextField(_("MVP"), blank=True, help_text=_("The smallest thing that proves or disproves it."))
    sponsors = models.TextField(_("sponsors"), blank=True)
    options_considered = models.TextField(_("options considered"), blank=True)
    risks = models.TextField(_("risks"), blank=True)
    cost_mvp = models.DecimalField(_("cost of the MVP"), max_digits=16, decimal_places=2, null=True, blank=True)
    cost_full = models.DecimalField(_("cost in full"), max_digits=16, decimal_places=2, null=True, blank=True)
    benefit = models.DecimalField(_("expected benefit a year"), max_digits=16, decimal_places=2, null=True, blank=True)
    recommendation = models.CharField(
        _("recommendation"), max_length=10, choices=Recommendation, default=Recommendation.UNDECIDED
    )
    recommendation_reason = models.TextField(_("reason"), blank=True)
    author = models.ForeignKey("organization.Person", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("business case")
        verbose_name_plural = _("business cases")
        constraints = (
            models.UniqueConstraint(fields=["epic", "number"], name="case_version_once"),
            models.CheckConstraint(
                condition=(Q(cost_mvp__isnull=True) | Q(cost_mvp__gte=0))
                & (Q(cost_full__isnull=True) | Q(cost_full__gte=0)),
                name="case_costs_not_negative",
            ),
        )

    def __str__(self) -> str:
        return f"{self.epic_id} v{self.number}"

    def clean(self) -> None:
        """Say beside the amount what the constraint only knows by its name."""
        below = [name for name in ("cost_mvp", "cost_full") if (getattr(self, name) or 0) < 0]
        if below:
            raise ValidationError({name: _("A cost is 0 or more.") for name in below})
