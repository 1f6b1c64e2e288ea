"""Forms for calendars."""

from __future__ import annotations

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from pmo_portal.lib.forms import DayInput, SeenForm


class CalendarForm(forms.Form):
    """A week's pattern and whose public holidays are not worked."""

    name = forms.CharField(label=_("Name"), max_length=80)
    country = forms.CharField(
        label=_("Country"), max_length=2, required=False, help_text=_("ISO code, such as DE. Empty: no holidays.")
    )
    subdivision = forms.CharField(
        label=_("Subdivision"), max_length=8, required=False, help_text=_("ISO code, such as BY.")
    )
    workdays = forms.TypedMultipleChoiceField(
        label=_("Worked on"),
        choices=[(number + 1, name) for number, name in WEEKDAYS.items()],
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        initial=[1, 2, 3, 4, 5],
    )


class CalendarEditForm(SeenForm, CalendarForm):
    """A week's pattern, as its writer saw it."""


class CalendarDayForm(forms.Form):
    """A day that differs from the pattern."""

    day = forms.DateField(label=_("Day"), widget=DayInput())
    is_working = forms.TypedChoiceField(
        label=_("That day is"),
        choices=[("no", _("free")), ("yes", _("worked"))],
        coerce=lambda value: value == "yes",
        initial="no",
    )
    label = forms.CharField(label=_("Why"), max_length=80)
