"""Forms of the inbox: how to be told, and until when something can wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from organization.models import Unit
from pmo_portal.lib.forms import DayInput
from pmo_portal.lib.telling import Way, notification_kinds


class WaysForm(forms.Form):
    """How somebody wants to be told: a choice for each kind."""

    def __init__(self, *args: Any, ways: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind in notification_kinds():
            self.fields[kind.code] = forms.ChoiceField(
                label=kind.label, choices=Way.choices, initial=ways.get(kind.code, kind.way)
            )

    def values(self) -> dict[str, Way]:
        """What was chosen, by kind."""
        return {code: Way(way) for code, way in self.cleaned_data.items()}


class MuteForm(forms.Form):
    """A unit to hear nothing of."""

    unit = forms.ModelChoiceField(label=_("Unit"), queryset=Unit.objects.none(), empty_label=_("Choose a unit"))

    def __init__(self, *args: Any, units: QuerySet[Unit], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]


class SnoozeForm(forms.Form):
    """Until when something can wait."""

    day = forms.DateField(label=_("Until"), widget=DayInput)
