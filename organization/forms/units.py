"""Forms for units and their place in the tree."""

from __future__ import annotations

from datetime import date, timedelta

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from organization.models import Calendar, Unit, UnitKind
from pmo_portal.lib.forms import DayInput, SeenForm
from pmo_portal.lib.windows import BEGINNING


class UnitChoiceField(forms.ModelChoiceField):
    """A unit, named with its kind: there may be a program and a team of one name."""

    def label_from_instance(self, obj: Unit) -> str:
        return f"{obj.name} ({obj.get_kind().label})"


class UnitCreateForm(forms.Form):
    """Open a unit under another one, or a portfolio on its own."""

    kind = forms.ChoiceField(label=_("Kind"), choices=UnitKind.choices)
    parent = UnitChoiceField(
        label=_("Belongs to"),
        queryset=Unit.objects.none(),
        required=False,
        empty_label=_("Nothing: a portfolio on its own"),
    )
    name = forms.CharField(label=_("Name"), max_length=120)
    code = forms.CharField(
        label=_("Code"),
        max_length=16,
        help_text=_("Short, in capitals, such as HAR. Permanent: it is part of addresses and of item keys."),
    )
    description = forms.CharField(label=_("What it is for"), widget=forms.Textarea(attrs={"rows": 3}), required=False)
    currency = forms.RegexField(
        label=_("Currency"),
        regex=r"^[A-Za-z]{3}$",
        required=False,
        help_text=_("Of a portfolio, such as EUR; everything below counts in it."),
    )
    calendar = forms.ModelChoiceField(
        label=_("Calendar"),
        queryset=Calendar.objects.none(),
        required=False,
        empty_label=_("That of the unit above"),
    )
    valid_from = forms.DateField(
        label=_("Belongs there from"),
        widget=DayInput(),
        required=False,
        help_text=_("Empty: it always did."),
    )

    def __init__(self, *args: object, parents: QuerySet[Unit], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["parent"].queryset = parents  # type: ignore[attr-defined]
        self.fields["calendar"].queryset = Calendar.objects.order_by("name")  # type: ignore[attr-defined]

    def clean_code(self) -> str:
        """Capitals, however it was typed."""
        return str(self.cleaned_data["code"]).upper()

    def clean_valid_from(self) -> date:
        """No day means no known start."""
        return self.cleaned_data["valid_from"] or BEGINNING


class UnitEditForm(SeenForm, forms.ModelForm):
    """Describe a unit."""

    class Meta:
        model = Unit
        fields = ("name", "description", "currency", "calendar")
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}
        labels = {"description": _("What it is for")}

    def _post_clean(self) -> None:
        """The service writes and validates the model; this form must not touch the instance."""


class UnitMoveForm(forms.Form):
    """From a day on, under another unit."""

    parent = UnitChoiceField(label=_("Moves to"), queryset=Unit.objects.none(), empty_label=_("Choose a unit"))
    from_day = forms.DateField(
        label=_("From"),
        widget=DayInput(),
        help_text=_(
            "The first day under the new unit. A past day corrects history and its numbers; a future day plans."
        ),
    )

    def __init__(self, *args: object, parents: QuerySet[Unit], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["parent"].queryset = parents  # type: ignore[attr-defined]


class UnitCloseForm(forms.Form):
    """The last day on which anything is added."""

    last_day = forms.DateField(
        label=_("Last day"), widget=DayInput(), help_text=_("It stays with its history and its numbers.")
    )

    @property
    def closed_on(self) -> date:
        """The first day it is closed."""
        return self.cleaned_data["last_day"] + timedelta(days=1)
