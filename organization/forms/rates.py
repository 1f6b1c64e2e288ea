"""Forms of exchange rates."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from pmo_portal.lib.forms import DayInput, SeenForm

_THREE = {"maxlength": 3, "autocapitalize": "characters", "size": 4}


class RateForm(forms.Form):
    """A new rate."""

    base = forms.CharField(label=_("One unit of"), max_length=3, widget=forms.TextInput(attrs=_THREE))
    quote = forms.CharField(label=_("Costs in"), max_length=3, widget=forms.TextInput(attrs=_THREE))
    rate = forms.DecimalField(label=_("Rate"), max_digits=18, decimal_places=8, min_value=0)
    starts_on = forms.DateField(
        label=_("Holds from"), widget=DayInput(), help_text=_("Until a later rate of the pair says else.")
    )
    source = forms.CharField(label=_("Source"), max_length=120, required=False, help_text=_("Such as: central bank."))


class RateEditForm(SeenForm):
    """A corrected rate: the pair and the day stay."""

    value = forms.DecimalField(label=_("Rate"), max_digits=18, decimal_places=8, min_value=0)
    source = forms.CharField(label=_("Source"), max_length=120, required=False)


class RateUploadForm(forms.Form):
    """A file of rates."""

    file = forms.FileField(
        label=_("CSV file"), help_text=_("Columns: from, to, day (YYYY-MM-DD), rate. A known day is corrected.")
    )
    source = forms.CharField(label=_("Source"), max_length=120, required=False)
