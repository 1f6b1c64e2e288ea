"""Links: what one thing has to do with another, said once and read from both ends."""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class LinkKind(models.TextChoices):
    """What a link means, read from its first end."""

    BLOCKS = "BLOCKS", _("blocks")
    RELATES = "RELATES", _("relates to")
    DUPLICATES = "DUPLICATES", _("duplicates")


@pghistory.track()
class Link(models.Model):
    """One thing blocks, duplicates or relates to another, of whatever kind (``lib.subjects``).

    A link belongs to both ends: it exists only for who may see both, and whoever may edit one of them adds and removes
    it. What relates has no direction; its ends are kept in one order so that it is there once.
    """

    kind = models.CharField(_("kind"), max_length=10, choices=LinkKind)
    from_kind = models.CharField(max_length=20)
    from_id = models.BigIntegerField()
    to_kind = models.CharField(max_length=20)
    to_id = models.BigIntegerField()
    created_by = models.ForeignKey("organization.Person", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("link")
        verbose_name_plural = _("links")
        constraints = (
            models.UniqueConstraint(fields=["from_kind", "from_id", "to_kind", "to_id", "kind"], name="link_once"),
            models.CheckConstraint(condition=~Q(from_kind=F("to_kind"), from_id=F("to_id")), name="link_not_to_itself"),
        )
        indexes = (models.Index(fields=["to_kind", "to_id"], name="link_to"),)

    def __str__(self) -> str:
        return f"{self.from_kind} {self.from_id} {self.get_kind_display()} {self.to_kind} {self.to_id}"
