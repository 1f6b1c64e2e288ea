"""Dashboards that people put together for themselves: which numbers of which units, in which order."""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class TileKind(models.TextChoices):
    """What stands behind a tile."""

    NUMBER = "NUMBER", _("Number")
    CHART = "CHART", _("Chart")
    KPI = "KPI", _("KPI")


@pghistory.track()
class Dashboard(models.Model):
    """A page of numbers as its owner wants it. Nobody else sees it, until it is shared with a unit: then everybody who
    sees that unit reads it, each with what they themselves may see."""

    owner = models.ForeignKey("organization.Person", models.PROTECT, related_name="+", verbose_name=_("owner"))
    name = models.CharField(_("name"), max_length=80)
    shared_with = models.ForeignKey(
        "organization.Unit",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("shared with"),
        help_text=_(
            "Everybody who sees this unit may then read the dashboard and copy it, with the numbers they may see."
        ),
    )
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("dashboard")
        verbose_name_plural = _("dashboards")
        indexes = (
            models.Index(fields=["owner"], name="dashboard_of_owner"),
            models.Index(fields=["shared_with"], name="dashboard_shared", condition=Q(archived_at__isnull=True)),
        )

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class DashboardTile(models.Model):
    """One number, chart or KPI of a dashboard; nothing that it shows is kept. ``code`` names a number or a chart of
    ``unit`` (`metrics.dashboard_tiles`)."""

    dashboard = models.ForeignKey(Dashboard, models.CASCADE, related_name="tiles", verbose_name=_("dashboard"))
    position = models.PositiveSmallIntegerField(_("place"))
    kind = models.CharField(_("kind"), max_length=6, choices=TileKind)
    unit = models.ForeignKey(
        "organization.Unit", models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("unit")
    )
    code = models.CharField(_("what"), max_length=20, blank=True)
    kpi = models.ForeignKey(
        "metrics.Kpi", models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("KPI")
    )
    is_wide = models.BooleanField(_("wide"), default=False)

    class Meta:
        verbose_name = _("tile of a dashboard")
        verbose_name_plural = _("tiles of dashboards")
        constraints = (
            models.CheckConstraint(
                condition=Q(kind=TileKind.KPI, kpi__isnull=False, unit__isnull=True, code="")
                | (~Q(kind=TileKind.KPI) & Q(kpi__isnull=True, unit__isnull=False) & ~Q(code="")),
                name="dashboard_tile_shows_one_thing",
            ),
            models.UniqueConstraint(
                fields=["dashboard", "kind", "unit", "code", "kpi"],
                nulls_distinct=False,
                name="dashboard_tile_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.code or self.kpi_id}"
