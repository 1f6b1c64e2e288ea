"""The organisation's own words for the levels, and its own fields."""

from __future__ import annotations

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


@pghistory.track()
class Term(models.Model):
    """What this organisation calls one of our concepts: an epic may be an 'initiative', a program a 'tribe'."""

    code = models.CharField(_("concept"), max_length=32, unique=True)
    singular = models.CharField(_("one"), max_length=60)
    plural = models.CharField(_("many"), max_length=60)

    class Meta:
        verbose_name = _("term")
        verbose_name_plural = _("terms")

    def __str__(self) -> str:
        return self.singular


class CustomFieldType(models.TextChoices):
    """What a custom field holds; decides its input, its checks and how lists filter it."""

    TEXT = "TEXT", _("Text")
    NUMBER = "NUMBER", _("Number")
    DATE = "DATE", _("Date")
    CHOICE = "CHOICE", _("Choice")
    YES_NO = "YES_NO", _("Yes or no")
    URL = "URL", _("Link")


@pghistory.track()
class CustomField(models.Model):
    """A typed field that the organisation adds to items, features or epics; values live in their ``custom`` column."""

    owner = models.CharField(_("on"), max_length=16, help_text=_("ITEM, FEATURE or EPIC."))
    code = models.CharField(
        _("code"),
        max_length=32,
        validators=[RegexValidator(r"^[a-z][a-z0-9_]*$", _("Small letters, digits and _; a letter first."))],
    )
    label = models.CharField(_("label"), max_length=60)
    type = models.CharField(_("type"), max_length=8, choices=CustomFieldType)
    choices = ArrayField(models.CharField(max_length=60), verbose_name=_("choices"), default=list, blank=True)
    help_text = models.CharField(_("help"), max_length=200, blank=True)
    unit = models.ForeignKey(
        "organization.Unit",
        models.CASCADE,
        related_name="custom_fields",
        verbose_name=_("unit"),
        help_text=_("The field exists on things of this unit and all below it."),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_archived = models.BooleanField(_("archived"), default=False)

    class Meta:
        verbose_name = _("custom field")
        verbose_name_plural = _("custom fields")
        constraints = (models.UniqueConstraint(fields=["owner", "code"], name="custom_field_code_once"),)

    def __str__(self) -> str:
        return self.label
