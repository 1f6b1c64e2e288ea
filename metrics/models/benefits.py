"""Benefits: what an epic promised, and what came of it three, six and twelve months after it went live."""

from __future__ import annotations

import pghistory
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from metrics.models.kpis import NumberFormat, Reading


@pghistory.track()
class Benefit(models.Model):
    """A number that an epic promised to move, from a baseline to a promise; looked at after the release."""

    epic = models.ForeignKey("portfolio.Epic", models.CASCADE, related_name="benefits", verbose_name=_("epic"))
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("how it is measured"), blank=True)
    owner = models.ForeignKey(
        "organization.Person", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("owner")
    )
    number_format = models.CharField(_("format"), max_length=8, choices=NumberFormat, default=NumberFormat.NUMBER)
    currency = models.CharField(
        _("currency"), max_length=3, blank=True, validators=[RegexValidator(r"^[A-Z]{3}$", _("Three capital letters."))]
    )
    unit_label = models.CharField(_("counted in"), max_length=40, blank=True, help_text=_("Such as shops, or hours."))
    places = models.PositiveSmallIntegerField(_("decimals"), default=0, validators=[MaxValueValidator(4)])
    baseline_value = models.DecimalField(_("baseline"), max_digits=20, decimal_places=4)
    promised_value = models.DecimalField(_("promised"), max_digits=20, decimal_places=4)
    released_on = models.DateField(
        _("live since"), null=True, blank=True, help_text=_("From here the reviews after 3, 6 and 12 months count.")
    )
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("benefit")
        verbose_name_plural = _("benefits")
        constraints = (
            models.CheckConstraint(condition=~Q(promised_value=models.F("baseline_value")), name="benefit_is_a_change"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_money(self) -> bool:
        """Whether its values are for holders of ``money.view`` only."""
        return self.number_format == NumberFormat.MONEY


@pghistory.track()
class BenefitReview(Reading):
    """What was measured of a benefit at one of its reviews; ``months`` after the release."""

    benefit = models.ForeignKey(Benefit, models.CASCADE, related_name="reviews", verbose_name=_("benefit"))
    months = models.PositiveSmallIntegerField(_("months after the release"), choices=[(3, "3"), (6, "6"), (12, "12")])

    class Meta:
        verbose_name = _("benefit review")
        verbose_name_plural = _("benefit reviews")
        constraints = (
            models.UniqueConstraint(
                fields=["benefit", "months"], name="benefit_review_once", condition=Q(removed_at__isnull=True)
            ),
        )
