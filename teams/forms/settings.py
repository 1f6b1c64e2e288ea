"""How a team works: its settings. Its columns have the same forms as those of every board."""

from __future__ import annotations

from django import forms

from portfolio.forms.states import MeaningForm, PlaceForm, StateCreateForm, StateForm
from teams.models import Team

__all__ = ["MeaningForm", "PlaceForm", "StateCreateForm", "StateForm", "TeamForm"]


class TeamForm(forms.ModelForm[Team]):
    """What a team may change of its way of working."""

    class Meta:
        model = Team
        fields = ("method", "started_from", "estimate_scale", "stale_after_days")
