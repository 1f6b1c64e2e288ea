"""Forms of objectives of increments."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from metrics.models import PiObjective
from organization.models import Period
from portfolio.forms.things import SeenVersionForm


class PiObjectiveForm(SeenVersionForm):
    """An objective; a new one with the increment it is for."""

    period: forms.ModelChoiceField[Period] = forms.ModelChoiceField(
        label=_("Program increment"), queryset=Period.objects.none(), empty_label=None
    )
    field_order = ("title", "period")

    class Meta:
        model = PiObjective
        fields = ("title", "description", "planned_value", "is_committed")
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, increments: list[Period] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if increments is None:
            del self.fields["period"]
        else:
            period: Any = self.fields["period"]
            period.queryset = Period.objects.filter(pk__in=[one.pk for one in increments]).order_by("-starts_on")


class PiScoreForm(SeenVersionForm):
    """What an objective was worth."""

    class Meta:
        model = PiObjective
        fields = ("actual_value",)
