"""The roles of the product, held by people on units, with dates."""

from __future__ import annotations

import pghistory
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from organization.models.units import DateRange
from pmo_portal.lib.windows import BEGINNING, FOREVER


class Role(models.TextChoices):
    """What somebody is for a unit. What each role may do is one table: ``organization.grants``."""

    ADMINISTRATOR = "ADMINISTRATOR", _("Administrator")
    PMO_STAFF = "PMO_STAFF", _("PMO staff")
    COMMITTEE_MEMBER = "COMMITTEE_MEMBER", _("Steering committee member")
    EXECUTIVE = "EXECUTIVE", _("Executive")
    PROGRAM_LEAD = "PROGRAM_LEAD", _("Program lead")
    PRODUCT_OWNER = "PRODUCT_OWNER", _("Product owner")
    SCRUM_MASTER = "SCRUM_MASTER", _("Scrum master")
    DEVELOPER = "DEVELOPER", _("Developer")
    COACH = "COACH", _("Agile coach")
    SUPPORT = "SUPPORT", _("Support staff")
    STAKEHOLDER = "STAKEHOLDER", _("Stakeholder")


@pghistory.track()
class RoleAssignment(models.Model):
    """A person holds a role on a unit and all below it, from one day to another. Without a unit: everywhere."""

    person = models.ForeignKey("organization.Person", models.CASCADE, related_name="roles", verbose_name=_("person"))
    unit = models.ForeignKey(
        "organization.Unit", models.CASCADE, related_name="roles", verbose_name=_("unit"), null=True, blank=True
    )
    role = models.CharField(_("role"), max_length=20, choices=Role)
    valid_from = models.DateField(_("from"), default=BEGINNING)
    valid_to = models.DateField(_("to"), default=FOREVER)

    class Meta:
        verbose_name = _("role assignment")
        verbose_name_plural = _("role assignments")
        constraints = (
            models.CheckConstraint(condition=Q(valid_to__gt=F("valid_from")), name="role_has_length"),
            ExclusionConstraint(
                name="role_once_a_day",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    (Coalesce("unit", Value(0, output_field=models.BigIntegerField())), RangeOperators.EQUAL),
                    ("role", RangeOperators.EQUAL),
                    (DateRange("valid_from", "valid_to"), RangeOperators.OVERLAPS),
                ],
            ),
        )

    def __str__(self) -> str:
        return f"{self.person}: {self.role} on {self.unit or _('everything')}"
