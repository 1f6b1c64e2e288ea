"""What people keep an eye on, and what they keep at hand."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class WatchReason(models.TextChoices):
    """Why somebody watches something."""

    BY_HAND = "BY_HAND", _("You chose to")
    AUTHOR = "AUTHOR", _("You created it")
    ASSIGNEE = "ASSIGNEE", _("It is yours")
    COMMENTER = "COMMENTER", _("You wrote about it")
    MENTIONED = "MENTIONED", _("You were mentioned")


class Watch(models.Model):
    """Somebody wants to know what becomes of a thing; or, with ``is_on`` off, has said that they do not.

    The row that says no stays, so that nothing automatic starts it again. ``told_version`` is the version of the thing
    up to which they were told of changes.
    """

    person = models.ForeignKey("organization.Person", models.CASCADE, related_name="watches")
    subject_kind = models.CharField(max_length=20)
    subject_id = models.BigIntegerField()
    why = models.CharField(max_length=9, choices=WatchReason)
    is_on = models.BooleanField(default=True)
    told_version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("watched thing")
        verbose_name_plural = _("watched things")
        constraints = (models.UniqueConstraint(fields=["person", "subject_kind", "subject_id"], name="watch_once"),)
        indexes = (
            models.Index(fields=["subject_kind", "subject_id"], name="watch_of_subject", condition=Q(is_on=True)),
            models.Index(fields=["person", "-created_at", "-id"], name="watch_of_person", condition=Q(is_on=True)),
        )

    def __str__(self) -> str:
        return f"{self.subject_kind} {self.subject_id}"


class Favourite(models.Model):
    """A thing somebody marked to have it at hand."""

    person = models.ForeignKey("organization.Person", models.CASCADE, related_name="favourites")
    subject_kind = models.CharField(max_length=20)
    subject_id = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("favourite")
        verbose_name_plural = _("favourites")
        constraints = (models.UniqueConstraint(fields=["person", "subject_kind", "subject_id"], name="favourite_once"),)

    def __str__(self) -> str:
        return f"{self.subject_kind} {self.subject_id}"
