"""The columns of a board: name, limit, policy, and what a column means to the numbers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pmo_portal.lib.forms import DayInput
from pmo_portal.lib.windows import day_start
from portfolio.models import StateCategory, WorkflowState


class StateForm(forms.ModelForm[WorkflowState]):
    """A column: its name, its limit, its policy."""

    class Meta:
        model = WorkflowState
        fields: tuple[str, ...] = ("name", "wip_limit", "is_hard_limit", "policy")
        widgets = {"policy": forms.Textarea(attrs={"rows": 3})}


class StateCreateForm(StateForm):
    """A new column, with what it means to the numbers."""

    class Meta(StateForm.Meta):
        fields = ("name", "category", "wip_limit", "is_hard_limit", "policy")


class MeaningForm(forms.Form):
    """What a column means to the numbers, and since when."""

    CORRECTION = "correction"
    FROM_DAY = "from_day"

    category = forms.ChoiceField(
        label=gettext_lazy("Category"),
        choices=StateCategory.choices,
        help_text=gettext_lazy("It decides what counts as work in progress, as waiting, as finished."),
    )
    since = forms.ChoiceField(
        label=gettext_lazy("Since when?"),
        widget=forms.RadioSelect,
        initial=FROM_DAY,
        choices=[
            (FROM_DAY, gettext_lazy("A change from a day on: what entered the column before keeps its old meaning.")),
            (CORRECTION, gettext_lazy("A correction: it always meant this. All past numbers are read again.")),
        ],
    )
    day = forms.DateField(label=gettext_lazy("From day"), required=False, widget=DayInput())

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        self.today = today
        super().__init__(*args, **kwargs)
        self.fields["day"].initial = today

    def clean(self) -> dict[str, Any]:
        """A change needs its day, and that day has come."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("since") == self.FROM_DAY:
            day = cleaned.get("day")
            if day is None:
                self.add_error("day", ValidationError(_("Say from which day on.")))
            elif day > self.today:
                self.add_error("day", ValidationError(_("This day has not come yet.")))
        return cleaned

    def from_at(self) -> datetime | None:
        """The moment the new meaning begins; None for a correction."""
        is_correction = self.cleaned_data["since"] == self.CORRECTION
        return None if is_correction else day_start(self.cleaned_data["day"])


class PlaceForm(forms.Form):
    """One place to the left or to the right."""

    by = forms.TypedChoiceField(coerce=int, choices=[(-1, "-1"), (1, "1")])
