"""The forms of saved views."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from collaboration.models import SavedView
from organization.models import Unit
from pmo_portal.lib.forms import SeenForm


class ViewCreateForm(forms.Form):
    """A question to a list gets a name."""

    name = forms.CharField(label=_("Name"), max_length=80)
    share = forms.ModelChoiceField(
        label=_("For"), queryset=Unit.objects.none(), required=False, empty_label=_("Only me"), to_field_name="code"
    )
    is_standard = forms.BooleanField(label=_("The list opens with it"), required=False)
    query = forms.CharField(required=False, max_length=4000, widget=forms.HiddenInput, strip=False)

    def __init__(self, *args: Any, units: list[Unit], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if units:
            found = Unit.objects.filter(pk__in=[unit.pk for unit in units]).order_by("name")
            self.fields["share"].queryset = found  # type: ignore[attr-defined]
        else:
            del self.fields["share"]


class ViewEditForm(SeenForm):
    """A saved view, described anew."""

    name = forms.CharField(label=_("Name"), max_length=80)
    is_shared = forms.BooleanField(label=_("Shared with the unit"), required=False)
    is_standard = forms.BooleanField(label=_("The list opens with it"), required=False)
    position = forms.IntegerField(label=_("Place in the menu"), min_value=0, max_value=9999)

    def __init__(self, *args: Any, view: SavedView, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if view.unit_id is None:
            del self.fields["is_shared"]
