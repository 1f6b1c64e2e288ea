"""Person is who; User is the optional sign-in of a person."""

from __future__ import annotations

from typing import Any, ClassVar

import pghistory
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


def initials_of(name: str) -> str:
    """Up to two letters for an avatar: first letters of the first and the last word of a name."""
    words = [word for word in name.split() if word[0].isalnum()] or [name or "?"]
    letters = words[0][0] + (words[-1][0] if len(words) > 1 else "")
    return letters.upper()


@pghistory.track()
class Person(models.Model):
    """Somebody who works, decides or asks: assignee, role holder, skill owner, voter.

    Imported and external people never sign in; they have no :class:`User`. ``unit`` is where a person
    belongs when no role says so, such as the portfolio an import brought them into.
    """

    name = models.CharField(_("name"), max_length=200)
    email = models.EmailField(_("e-mail"), blank=True)
    is_external = models.BooleanField(_("external"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    unit = models.ForeignKey(
        "organization.Unit", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("home unit")
    )
    source_ref = models.CharField(max_length=200, null=True, blank=True, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        indexes = (models.Index(fields=["name"], name="person_name"),)

    def __str__(self) -> str:
        return self.name

    @property
    def initials(self) -> str:
        """Up to two letters for an avatar."""
        return initials_of(self.name)


class UserManager(BaseUserManager["User"]):
    """Makes sign-ins; the e-mail address is the name one signs in with."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A sign-in for ``email``; without a password it can only be set by a reset link."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """An operator who may read Django's admin. Their rights in the portal come from roles like anybody's."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        """Addresses are compared without regard to case."""
        return self.get(email=(username or "").lower())


@pghistory.track(exclude=["password", "last_login"])
class User(AbstractBaseUser, PermissionsMixin):
    """The sign-in of a person, with how they like the portal to look and speak."""

    class Theme(models.TextChoices):
        SYSTEM = "SYSTEM", _("As the system")
        LIGHT = "LIGHT", _("Light")
        DARK = "DARK", _("Dark")

    person = models.OneToOneField(
        Person, models.PROTECT, related_name="user", verbose_name=_("person"), null=True, blank=True
    )
    email = models.EmailField(_("e-mail"), unique=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("operator"), default=False)
    theme = models.CharField(_("theme"), max_length=8, choices=Theme, default=Theme.SYSTEM)
    language = models.CharField(_("language"), max_length=16, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    date_joined = models.DateTimeField(default=timezone.now, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("sign-in")
        verbose_name_plural = _("sign-ins")

    def __str__(self) -> str:
        return self.email

    @property
    def name(self) -> str:
        """The person's name: what a password must not be like."""
        return self.person.name if self.person is not None else ""
