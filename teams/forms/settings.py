"""How a team works: its settings. Its columns have the same forms as those of every board."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from organization.models import Unit
from portfolio.forms.states import MeaningForm, PlaceForm, StateCreateForm, StateForm
from teams.models import Team
from teams.services.teams import prefix_of

__all__ = ["MeaningForm", "PlaceForm", "StateCreateForm", "StateForm", "TeamCreateForm", "TeamForm"]


class TeamCreateForm(forms.ModelForm[Team]):
    """How a team begins; all but the prefix can be changed later."""

    class Meta:
        model = Team
        fields = ("method", "estimate_scale", "key_prefix")
        help_texts = {"key_prefix": _("Begins the keys of its items, such as HAR-12. It stays.")}

    def __init__(self, *args: Any, unit: Unit, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"key_prefix": prefix_of(unit.code)})
        super().__init__(*args, **kwargs)


class TeamForm(forms.ModelForm[Team]):
    """What a team may change of its way of working."""

    class Meta:
        model = Team
        fields = ("method", "started_from", "estimate_scale", "stale_after_days")
