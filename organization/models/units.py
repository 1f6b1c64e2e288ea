"""One tree of units, with dates: a team that changes program does not rewrite the past."""

from __future__ import annotations

import pghistory
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Func, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from organization.querysets import UnitQuerySet
from pmo_portal.lib.windows import BEGINNING, FOREVER


class UnitKind(models.TextChoices):
    """The levels of the organisation, from top to bottom. A level may be skipped, never reversed."""

    PORTFOLIO = "PORTFOLIO", _("Portfolio")
    VALUE_STREAM = "VALUE_STREAM", _("Value stream")
    PROGRAM = "PROGRAM", _("Program")
    TEAM = "TEAM", _("Team")

    @property
    def rank(self) -> int:
        """0 for a portfolio, 3 for a team; a parent's rank is lower than its child's."""
        return list(UnitKind).index(self)


class DateRange(Func):
    """PostgreSQL's half-open ``daterange(from, to)``."""

    function = "DATERANGE"


@pghistory.track()
class Unit(models.Model):
    """A part of the organisation to which roles, budgets, registers, numbers and dashboards attach."""

    kind = models.CharField(_("kind"), max_length=16, choices=UnitKind)
    name = models.CharField(_("name"), max_length=120)
    code = models.CharField(
        _("code"),
        max_length=16,
        unique=True,
        validators=[RegexValidator(r"^[A-Z][A-Z0-9_-]*$", _("Capital letters, digits, - and _; a letter first."))],
        help_text=_("Short and permanent: it is part of addresses, and of the keys of a team's items."),
    )
    description = models.TextField(_("description"), blank=True)
    currency = models.CharField(
        _("currency"), max_length=3, blank=True, help_text=_("Of a portfolio; everything below it counts in it.")
    )
    calendar = models.ForeignKey(
        "organization.Calendar",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("calendar"),
        help_text=_("Working days and holidays; without one, the next unit above decides."),
    )
    closed_on = models.DateField(_("closed on"), null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = UnitQuerySet.as_manager()

    class Meta:
        verbose_name = _("unit")
        verbose_name_plural = _("units")

    def __str__(self) -> str:
        return self.name

    def get_kind(self) -> UnitKind:
        """The kind as an enumeration, with its rank."""
        return UnitKind(self.kind)


@pghistory.track()
class UnitParent(models.Model):
    """Under which unit a unit stands, from one day (included) to another (not included)."""

    unit = models.ForeignKey(Unit, models.CASCADE, related_name="placements", verbose_name=_("unit"))
    parent = models.ForeignKey(Unit, models.CASCADE, related_name="child_placements", verbose_name=_("parent"))
    valid_from = models.DateField(_("from"), default=BEGINNING)
    valid_to = models.DateField(_("to"), default=FOREVER)

    class Meta:
        verbose_name = _("placement")
        verbose_name_plural = _("placements")
        constraints = (
            models.CheckConstraint(condition=Q(valid_to__gt=models.F("valid_from")), name="placement_has_length"),
            models.CheckConstraint(condition=~Q(unit=models.F("parent")), name="placement_not_in_itself"),
            ExclusionConstraint(
                name="placement_one_parent_a_day",
                expressions=[
                    ("unit", RangeOperators.EQUAL),
                    (DateRange("valid_from", "valid_to"), RangeOperators.OVERLAPS),
                ],
            ),
        )

    def __str__(self) -> str:
        return f"{self.unit} in {self.parent} from {self.valid_from}"


class UnitClosure(models.Model):
    """Derived from the placements: every ancestor of every unit, itself included, with the days it held.

    Access, scopes and roll-ups join this table; only ``unit_closure_rebuild`` writes it.
    """

    ancestor = models.ForeignKey(Unit, models.CASCADE, related_name="closure_down")
    descendant = models.ForeignKey(Unit, models.CASCADE, related_name="closure_up")
    depth = models.PositiveSmallIntegerField()
    valid_from = models.DateField()
    valid_to = models.DateField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["ancestor", "descendant", "valid_from"], name="closure_once_a_day"),
        )
        indexes = (models.Index(fields=["descendant", "valid_from"], name="closure_up"),)

    def __str__(self) -> str:
        return f"{self.ancestor_id} over {self.descendant_id}"
