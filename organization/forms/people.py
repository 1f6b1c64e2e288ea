"""Forms for people, their sign-ins and their roles."""

from __future__ import annotations

from datetime import date, timedelta

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from organization.forms.units import UnitChoiceField
from organization.models import Person, Role, Unit
from pmo_portal.lib.forms import DayInput, SeenForm
from pmo_portal.lib.windows import BEGINNING, FOREVER


class PersonForm(forms.Form):
    """Who somebody is."""

    name = forms.CharField(label=_("Name"), max_length=200)
    email = forms.EmailField(label=_("E-mail"), required=False)
    unit = UnitChoiceField(
        label=_("Home unit"),
        queryset=Unit.objects.none(),
        required=False,
        empty_label=_("None"),
        help_text=_("Where they belong as long as no role says more: whoever looks after it sees them."),
    )
    is_external = forms.BooleanField(label=_("Works outside the organisation"), required=False)

    def __init__(self, *args: object, units: QuerySet[Unit], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]


class PersonEditForm(SeenForm, PersonForm):
    """Who somebody is, as its writer saw it."""


class InviteForm(forms.Form):
    """The address somebody will sign in with."""

    email = forms.EmailField(label=_("E-mail to sign in with"), help_text=_("A link to choose a password goes there."))


class RoleGiveForm(forms.Form):
    """Who holds which role, where, and when."""

    person = forms.ModelChoiceField(label=_("Person"), queryset=Person.objects.none(), empty_label=_("Choose a person"))
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)
    unit = UnitChoiceField(label=_("On"), queryset=Unit.objects.none(), required=False)
    valid_from = forms.DateField(
        label=_("From"), widget=DayInput(), required=False, help_text=_("Empty: it always did.")
    )
    last_day = forms.DateField(
        label=_("Last day"), widget=DayInput(), required=False, help_text=_("Empty: until somebody ends it.")
    )

    def __init__(
        self,
        *args: object,
        people: QuerySet[Person],
        units: QuerySet[Unit],
        everywhere: bool,
        **kwargs: object,
    ) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["person"].queryset = people  # type: ignore[attr-defined]
        unit_field = self.fields["unit"]
        unit_field.queryset = units  # type: ignore[attr-defined]
        unit_field.empty_label = _("Everywhere") if everywhere else None  # type: ignore[attr-defined]
        unit_field.required = not everywhere
        unit_field.help_text = _("A role holds on the unit and on all below it.")

    def values(self) -> dict[str, object]:
        """As the service takes them: half-open, without a known start or end where none is given."""
        last_day: date | None = self.cleaned_data["last_day"]
        return {
            "person": self.cleaned_data["person"],
            "role": self.cleaned_data["role"],
            "unit": self.cleaned_data["unit"],
            "valid_from": self.cleaned_data["valid_from"] or BEGINNING,
            "valid_to": last_day + timedelta(days=1) if last_day else FOREVER,
        }


class RoleEndForm(forms.Form):
    """The last day on which a role is held."""

    last_day = forms.DateField(label=_("Last day"), widget=DayInput())
