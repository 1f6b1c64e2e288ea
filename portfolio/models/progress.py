"""How far features are: derived by the metrics' workers, kept here so that lists can show and sort by it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class TeamProgress(models.Model):
    """How far one team is with its part of a feature, as of `computed_at`.

    Team by team, so that a reader gets the sum of what they may look into and no other. Sub-items, deleted and
    cancelled items count nowhere. `points` are in the team's own `scale`: they add up over teams of one scale only, and
    a team without a declared scale has a scale of its own. Written by `progress_write` and by nothing else.
    """

    pk = models.CompositePrimaryKey("feature_id", "unit_id")
    feature = models.ForeignKey("portfolio.Feature", models.CASCADE, related_name="progress", db_index=False)
    unit = models.ForeignKey("organization.Unit", models.CASCADE, related_name="+", verbose_name=_("team"))
    item_count = models.PositiveIntegerField(_("items"), default=0)
    started_count = models.PositiveIntegerField(_("started"), default=0)
    finished_count = models.PositiveIntegerField(_("finished"), default=0)
    points = models.DecimalField(_("points"), max_digits=12, decimal_places=2, default=0)
    finished_points = models.DecimalField(_("finished points"), max_digits=12, decimal_places=2, default=0)
    unestimated_count = models.PositiveIntegerField(_("without an estimate"), default=0)
    scale = models.CharField(_("scale"), max_length=40, blank=True)
    computed_at = models.DateTimeField(_("as of"), null=True)

    class Meta:
        verbose_name = _("progress of a team")
        verbose_name_plural = _("progress of teams")

    def __str__(self) -> str:
        return f"feature {self.feature_id}, team {self.unit_id}: {self.finished_count} of {self.item_count}"
