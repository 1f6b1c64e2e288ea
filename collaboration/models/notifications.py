"""Being told: what waits in somebody's inbox, how they want to be told, and the mails that go out."""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pmo_portal.lib.telling import Way


class Notification(models.Model):
    """One thing somebody is told, once.

    ``title`` names what it is about, ``text`` what was said; both are words of people, kept as they were. Why somebody
    is told, and what the facts in ``facts`` mean, is put into words when it is read. Whether it may still be read is
    asked of its subject each time: rows outlive rights. ``once`` names the event, so that it is told nobody twice.
    """

    person = models.ForeignKey("organization.Person", models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=20)
    subject_kind = models.CharField(max_length=20, blank=True)
    subject_id = models.BigIntegerField(null=True)
    unit = models.ForeignKey("organization.Unit", models.CASCADE, null=True, related_name="+")
    title = models.CharField(max_length=300)
    text = models.TextField(blank=True)
    url = models.CharField(max_length=500)
    facts = models.JSONField(default=dict)
    actor = models.ForeignKey("organization.Person", models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    way = models.CharField(max_length=6, choices=Way, default=Way.INBOX)
    once = models.CharField(max_length=64)
    read_at = models.DateTimeField(null=True)
    snoozed_until = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        constraints = (models.UniqueConstraint(fields=["person", "once"], name="notification_once"),)
        indexes = (
            models.Index(fields=["person", "-at", "-id"], name="notification_of_person"),
            models.Index(fields=["person"], name="notification_unread", condition=Q(read_at__isnull=True)),
            models.Index(
                fields=["at"],
                name="notification_to_digest",
                condition=Q(way="DIGEST", mailed_at__isnull=True, read_at__isnull=True),
            ),
            models.Index(fields=["subject_kind", "subject_id"], name="notification_of_subject"),
            models.Index(fields=["read_at"], name="notification_leaves", condition=Q(read_at__isnull=False)),
        )

    def __str__(self) -> str:
        return self.title


@pghistory.track()
class NotificationChoice(models.Model):
    """How somebody wants to be told of a kind of thing, where it is not the usual way."""

    person = models.ForeignKey("organization.Person", models.CASCADE, related_name="notification_choices")
    kind = models.CharField(max_length=20)
    way = models.CharField(max_length=6, choices=Way)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["person", "kind"], name="notification_choice_once"),)

    def __str__(self) -> str:
        return f"{self.kind}: {self.way}"


@pghistory.track()
class MutedUnit(models.Model):
    """A unit of which, and of all below it, somebody is told only what is urgent."""

    person = models.ForeignKey("organization.Person", models.CASCADE, related_name="muted_units")
    unit = models.ForeignKey("organization.Unit", models.CASCADE, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["person", "unit"], name="muted_unit_once"),)

    def __str__(self) -> str:
        return str(self.unit)


class MailKind(models.TextChoices):
    """What a mail is."""

    NOW = "NOW", _("At once")
    DIGEST = "DIGEST", _("Daily mail")


class MailOutcome(models.TextChoices):
    """How a mail ended."""

    SENT = "SENT", _("Sent")
    NOTHING = "NOTHING", _("Nothing to say any more")
    FAILED = "FAILED", _("Given up")


class Mail(models.Model):
    """A mail that is due, or was: about one notification at once, or the digest of a day. Its words are made when it is
    sent, of what its reader may see then. A row that has ended is never sent again."""

    person = models.ForeignKey("organization.Person", models.CASCADE, related_name="+")
    kind = models.CharField(max_length=6, choices=MailKind)
    notification = models.OneToOneField(Notification, models.CASCADE, null=True, related_name="mail")
    day = models.DateField(null=True, help_text="The reader's own day.")
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=7, choices=MailOutcome, blank=True)

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mails")
        constraints = (
            models.UniqueConstraint(fields=["person", "day"], condition=Q(kind="DIGEST"), name="mail_digest_once"),
            models.CheckConstraint(
                condition=Q(kind="NOW", notification__isnull=False, day__isnull=True)
                | Q(kind="DIGEST", notification__isnull=True, day__isnull=False),
                name="mail_is_about_something",
            ),
        )
        indexes = (
            models.Index(fields=["due_at"], name="mail_due", condition=Q(ended_at__isnull=True)),
            models.Index(fields=["ended_at"], name="mail_leaves", condition=Q(ended_at__isnull=False)),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.due_at:%Y-%m-%d %H:%M}"
