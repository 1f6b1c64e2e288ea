"""Forms for the organisation's own words and fields."""

from __future__ import annotations

from collections.abc import Iterable

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from organization.forms.units import UnitChoiceField
from organization.models import CustomFieldType, Unit
from pmo_portal.lib.forms import SeenForm
from pmo_portal.lib.registry import CustomFieldOwner


class TermForm(forms.Form):
    """What the organisation calls a concept; both empty: what the portal calls it."""

    singular = forms.CharField(label=_("One"), max_length=60, required=False)
    plural = forms.CharField(label=_("Many"), max_length=60, required=False)


class _CustomFieldBase(forms.Form):
    """What of a field may change; its values are stored under its code and by its type."""

    label = forms.CharField(label=_("Label"), max_length=60)
    help_text = forms.CharField(label=_("Help"), max_length=200, required=False)
    choices = forms.CharField(
        label=_("To choose from"),
        widget=forms.Textarea(attrs={"rows": 4}),
        required=False,
        help_text=_("One a line; only for a choice."),
    )

    def clean_choices(self) -> list[str]:
        """One choice a line."""
        return [line.strip() for line in self.cleaned_data["choices"].splitlines() if line.strip()]


class CustomFieldEditForm(SeenForm, _CustomFieldBase):
    """What of a field may change, as its writer saw it."""


class CustomFieldForm(_CustomFieldBase):
    """A new field."""

    field_order = ("unit", "owner", "label", "code", "type", "choices", "help_text")

    owner = forms.ChoiceField(label=_("On"), choices=[])
    unit = UnitChoiceField(
        label=_("Of"),
        queryset=Unit.objects.none(),
        empty_label=_("Choose a unit"),
        help_text=_("The field exists on things of this unit and of all below it."),
    )
    code = forms.CharField(
        label=_("Code"),
        max_length=32,
        help_text=_("Small letters, digits and _. Permanent: imports and exports use it."),
    )
    type = forms.ChoiceField(label=_("Type"), choices=CustomFieldType.choices)

    def __init__(
        self, *args: object, units: QuerySet[Unit], owners: Iterable[CustomFieldOwner], **kwargs: object
    ) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]
        self.fields["owner"].choices = [(owner.code, owner.label) for owner in owners]  # type: ignore[attr-defined]
        # With another unit, other kinds of things can carry the field; without scripts the service says so.
        self.fields["unit"].widget.attrs |= {
            "hx-get": "",
            "hx-trigger": "change",
            "hx-target": "#field-owner",
            "hx-select": "#field-owner",
            "hx-swap": "outerHTML",
            "hx-push-url": "false",
        }
