"""Open sessions, open invitations, and who must prove who they are twice."""

from __future__ import annotations

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from organization.models.roles import Role


class SignInWay(models.TextChoices):
    """How somebody proved who they are."""

    PASSWORD = "PASSWORD", _("Password")
    PASSWORD_AND_CODE = "PASSWORD_AND_CODE", _("Password and second step")
    PASSKEY = "PASSKEY", _("Passkey")
    ORGANISATION = "ORGANISATION", _("The organisation's sign-in")
    INVITATION = "INVITATION", _("Invitation")
    DEMO = "DEMO", _("Demo")
    OTHER = "OTHER", _("Other")


class UserSession(models.Model):
    """One browser in which somebody is, or was, signed in.

    Django's session says nothing of whose it is; this row does, so that people see theirs and can end them. A row
    outlives its session: a browser that was here before is no news. ``device`` is a digest of what only that browser
    holds, ``place`` the network it came from, shortened so that it names no house.
    """

    user = models.ForeignKey("organization.User", models.CASCADE, related_name="portal_sessions")
    session_key = models.CharField(max_length=40, null=True, blank=True, unique=True, editable=False)
    device = models.CharField(max_length=32, blank=True, editable=False)
    browser = models.CharField(_("browser"), max_length=80, blank=True)
    place = models.CharField(_("from"), max_length=64, blank=True)
    way = models.CharField(_("how"), max_length=20, choices=SignInWay, default=SignInWay.OTHER)
    began_at = models.DateTimeField(_("since"), default=timezone.now)
    seen_at = models.DateTimeField(_("last seen"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True)
    must_set_up = models.BooleanField(
        default=False, editable=False, help_text="A role of its person needs a second step that is not there yet."
    )

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        indexes = (models.Index(fields=["user", "ended_at"], name="session_user"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(session_key__isnull=True), name="session_ended_has_no_key"
            ),
        )

    def __str__(self) -> str:
        return f"{self.browser} ({self.place})"


@pghistory.track(exclude=["digest"])
class Invitation(models.Model):
    """A mailed link with which somebody comes in for the first time. The link itself is nowhere: only its digest."""

    person = models.ForeignKey("organization.Person", models.CASCADE, related_name="invitations")
    invited_by = models.ForeignKey("organization.Person", models.SET_NULL, null=True, related_name="+")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    sent_at = models.DateTimeField(_("sent"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"))
    accepted_at = models.DateTimeField(_("accepted"), null=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = (
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(accepted_at__isnull=True, withdrawn_at__isnull=True),
                name="invitation_one_open",
            ),
        )

    def __str__(self) -> str:
        return str(self.person)


@pghistory.track()
class SignInRule(models.Model):
    """Whose sign-in needs a second step; the organisation has one row."""

    second_step_roles = ArrayField(
        models.CharField(max_length=20, choices=Role.choices),
        default=list,
        blank=True,
        verbose_name=_("a second step is asked of"),
    )

    class Meta:
        verbose_name = _("rule of signing in")
        verbose_name_plural = _("rules of signing in")
        constraints = (models.CheckConstraint(condition=Q(pk=1), name="sign_in_rule_said_once"),)

    def __str__(self) -> str:
        return "sign-in"
