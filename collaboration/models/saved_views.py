"""Saved views: a question to a list that somebody keeps, for themselves or for a unit."""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


@pghistory.track()
class SavedView(models.Model):
    """A named question to a list: columns, filters, order, groups.

    ``query`` is the address's own language and is read through what its reader may see, so that it can show nobody more
    than they may. ``unit`` is the unit on whose list it was made; a shared view is for that unit and all below it, a
    private one only for its owner. One of them may be what the list opens with.
    """

    list_code = models.CharField(max_length=40, editable=False)
    unit = models.ForeignKey(
        "organization.Unit", models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("unit")
    )
    owner = models.ForeignKey("organization.Person", models.PROTECT, related_name="+", verbose_name=_("owner"))
    name = models.CharField(_("name"), max_length=80)
    query = models.CharField(max_length=2000, blank=True)
    is_shared = models.BooleanField(_("shared"), default=False)
    is_standard = models.BooleanField(_("opens the list"), default=False)
    position = models.PositiveSmallIntegerField(_("place in the menu"), default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        constraints = (
            models.CheckConstraint(condition=Q(is_shared=False) | Q(unit__isnull=False), name="view_shared_in_unit"),
            models.UniqueConstraint(
                fields=["list_code", "unit"],
                condition=Q(is_standard=True, is_shared=True),
                name="view_standard_of_unit",
            ),
            models.UniqueConstraint(
                fields=["owner", "list_code", "unit"],
                condition=Q(is_standard=True, is_shared=False),
                nulls_distinct=False,
                name="view_standard_of_owner",
            ),
        )
        indexes = (models.Index(fields=["list_code", "unit"], name="view_of_list"),)

    def __str__(self) -> str:
        return self.name
