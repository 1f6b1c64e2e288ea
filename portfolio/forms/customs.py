"""The organisation's own fields as fields of a form, named ``custom_<code>``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from organization.models import CustomField, CustomFieldType
from pmo_portal.lib.forms import DayInput

PREFIX = "custom_"


def custom_form_field(field: CustomField) -> forms.Field:
    """The form field for a custom field; never required, empty clears it."""
    common: dict[str, Any] = {"label": field.label, "help_text": field.help_text, "required": False}
    match field.type:
        case CustomFieldType.NUMBER:
            return forms.DecimalField(**common)
        case CustomFieldType.DATE:
            return forms.DateField(widget=DayInput, **common)
        case CustomFieldType.CHOICE:
            return forms.ChoiceField(choices=[("", "–"), *((choice, choice) for choice in field.choices)], **common)
        case CustomFieldType.YES_NO:
            return forms.ChoiceField(choices=[("", "–"), ("true", _("Yes")), ("false", _("No"))], **common)
        case CustomFieldType.URL:
            return forms.URLField(assume_scheme="https", **common)
    return forms.CharField(max_length=2000, **common)


def add_custom_fields(form: forms.BaseForm, customs: Iterable[CustomField], values: Mapping[str, Any]) -> None:
    """Give a form a field for each of ``customs``, filled with what the thing has."""
    for field in customs:
        name = f"{PREFIX}{field.code}"
        form.fields[name] = custom_form_field(field)
        value = values.get(field.code)
        form.initial[name] = str(value).lower() if isinstance(value, bool) else value


def split_customs(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """The cleaned data as services take it: custom fields by code under ``custom``."""
    plain = {name: value for name, value in cleaned.items() if not name.startswith(PREFIX)}
    customs = {name.removeprefix(PREFIX): value for name, value in cleaned.items() if name.startswith(PREFIX)}
    return {**plain, "custom": customs} if customs else plain
