"""Forms of single cells of lists that no form of a whole thing has."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from portfolio.models import Tracked, WorkflowState
from portfolio.services.many import LabelsChange


class StateCellForm(forms.Form):
    """Another state for a thing, from a list."""

    state = forms.ModelChoiceField(label=gettext_lazy("State"), queryset=WorkflowState.objects.none(), empty_label=None)

    def __init__(self, *args: Any, thing: Tracked, **kwargs: Any) -> None:
        kwargs["initial"] = {"state": thing.state_id}
        super().__init__(*args, **kwargs)
        states = WorkflowState.objects.filter(workflow_id=thing.state.workflow_id, is_archived=False)
        self.fields["state"].queryset = states.order_by("position", "pk")  # type: ignore[attr-defined]


class LabelsHow(forms.ChoiceField):
    """What happens with labels of many things: most often one is put on or taken off, and the others stay."""

    def __init__(self) -> None:
        choices = (
            (LabelsChange.ADD.value, gettext_lazy("Add these labels")),
            (LabelsChange.REMOVE.value, gettext_lazy("Take these labels off")),
            (LabelsChange.REPLACE.value, gettext_lazy("Have exactly these labels")),
        )
        super().__init__(label=gettext_lazy("What to do"), choices=choices, widget=forms.RadioSelect, required=False)
