"""Exchange rates, by the day they hold from. They are typed or read from a file: the portal asks nobody."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import pghistory
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

CURRENCY: Final = RegexValidator(r"^[A-Z]{3}\Z", _("Three capital letters."))
SMALLEST: Final = Decimal("0.00000001")


@pghistory.track()
class ExchangeRate(models.Model):
    """One unit of ``base`` costs ``rate`` of ``quote`` from ``starts_on`` until a later rate of the pair says else."""

    base = models.CharField(_("from currency"), max_length=3, validators=[CURRENCY])
    quote = models.CharField(_("to currency"), max_length=3, validators=[CURRENCY])
    starts_on = models.DateField(_("holds from"))
    rate = models.DecimalField(
        _("rate"), max_digits=18, decimal_places=8, validators=[MinValueValidator(SMALLEST, _("More than nothing."))]
    )
    source = models.CharField(_("source"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("exchange rate")
        verbose_name_plural = _("exchange rates")
        constraints = (
            models.UniqueConstraint(
                fields=["base", "quote", "starts_on"],
                name="exchange_rate_once_a_day",
                violation_error_message=_("There is a rate of this pair from this day on."),
            ),
            models.CheckConstraint(condition=~Q(base=F("quote")), name="exchange_rate_of_two"),
            models.CheckConstraint(condition=Q(rate__gt=0), name="exchange_rate_positive"),
        )

    def __str__(self) -> str:
        return f"{self.base}/{self.quote}"
