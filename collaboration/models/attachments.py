"""Attachments: files people put to a thing, or say something with."""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from collaboration.models.comments import Comment


@pghistory.track()
class Attachment(models.Model):
    """A file about a thing of whatever kind (``lib.subjects``); who may see the thing may have it.

    It is stored under a random name outside everything that is served. ``media_type`` was found by looking into the
    file, whatever its name or its sender says; it is kept for pictures that a page may show, and empty for everything
    else, which is only ever downloaded. A deleted file can be taken back for thirty days.
    """

    subject_kind = models.CharField(max_length=20)
    subject_id = models.BigIntegerField()
    comment = models.ForeignKey(
        Comment, models.CASCADE, null=True, blank=True, related_name="attachments", verbose_name=_("comment")
    )
    name = models.CharField(_("file name"), max_length=200)
    stored_name = models.CharField(max_length=64, unique=True, editable=False)
    size = models.BigIntegerField(_("size"))
    digest = models.CharField(max_length=64, editable=False)
    media_type = models.CharField(max_length=20, blank=True, editable=False)
    width = models.PositiveIntegerField(null=True, editable=False)
    height = models.PositiveIntegerField(null=True, editable=False)
    created_by = models.ForeignKey("organization.Person", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)
    deleted_by = models.ForeignKey("organization.Person", models.PROTECT, null=True, related_name="+", editable=False)

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        indexes = (
            models.Index(fields=["subject_kind", "subject_id", "id"], name="attachment_files"),
            models.Index(fields=["deleted_at"], name="attachment_bin", condition=Q(deleted_at__isnull=False)),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_picture(self) -> bool:
        """Whether a page may show it."""
        return bool(self.media_type)
