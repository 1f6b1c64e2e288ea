"""Forms for periods."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from organization.models import PeriodKind
from organization.services.periods import PlannedPeriod, increments, quarters_of_year
from pmo_portal.lib.forms import DayInput, SeenForm


class PeriodForm(forms.Form):
    """One period; the last day belongs to it."""

    kind = forms.ChoiceField(label=_("Kind"), choices=PeriodKind.choices)
    name = forms.CharField(label=_("Name"), max_length=60)
    starts_on = forms.DateField(label=_("First day"), widget=DayInput())
    last_day = forms.DateField(label=_("Last day"), widget=DayInput())

    def values(self) -> dict[str, object]:
        """As the service takes them: half-open."""
        values: dict[str, object] = {
            name: self.cleaned_data[name] for name in ("kind", "name", "starts_on", "seen") if name in self.fields
        }
        return {**values, "ends_on": self.cleaned_data["last_day"] + timedelta(days=1)}


class PeriodEditForm(SeenForm, PeriodForm):
    """A period as its writer saw it; it keeps its kind."""

    kind = None  # type: ignore[assignment]


class PeriodSeriesForm(forms.Form):
    """A fiscal year with its quarters, or several increments in a row."""

    YEAR, INCREMENTS = "YEAR", "INCREMENTS"

    what = forms.ChoiceField(
        label=_("Make"),
        choices=[(YEAR, _("A fiscal year with four quarters")), (INCREMENTS, _("Program increments in a row"))],
        widget=forms.RadioSelect,
    )
    name = forms.CharField(
        label=_("Name"), max_length=40, help_text=_("Of the year, such as 2027; of the increments, such as PI.")
    )
    starts_on = forms.DateField(label=_("First day"), widget=DayInput())
    count = forms.IntegerField(label=_("How many increments"), min_value=1, max_value=12, initial=5, required=False)
    weeks = forms.IntegerField(
        label=_("Weeks of each increment"), min_value=1, max_value=26, initial=10, required=False
    )
    first_number = forms.IntegerField(
        label=_("Number of the first increment"), min_value=1, max_value=999, initial=1, required=False
    )

    def clean(self) -> dict[str, object]:
        values = super().clean() or {}
        if values.get("what") == self.INCREMENTS:
            for name in ("count", "weeks", "first_number"):
                if name not in self.errors and not values.get(name):
                    self.add_error(name, ValidationError(_("Enter a number."), code="required"))
        return values

    def planned(self) -> tuple[PlannedPeriod, ...]:
        """The periods it asks for."""
        values = self.cleaned_data
        if values["what"] == self.YEAR:
            return quarters_of_year(starts_on=values["starts_on"], name=values["name"])
        return increments(
            starts_on=values["starts_on"],
            weeks=values["weeks"],
            count=values["count"],
            name=values["name"],
            first_number=values["first_number"],
        )
