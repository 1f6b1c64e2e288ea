"""Asking for the approval of a business case."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portfolio.models import WorkflowState


class CaseSubmitForm(forms.Form):
    """Where the epic goes when it is approved, and when it is not."""

    to_state = forms.ModelChoiceField(
        label=_("Approved, it goes on to"), queryset=WorkflowState.objects.none(), empty_label=None
    )
    back_to = forms.ModelChoiceField(
        label=_("Rejected, it goes back to"),
        queryset=WorkflowState.objects.none(),
        required=False,
        empty_label=_("Nowhere: it stays where it is"),
    )
    comment = forms.CharField(
        label=_("To those who decide"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 4})
    )

    def __init__(self, *args: Any, gates: list[WorkflowState], earlier: list[WorkflowState], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, states in (("to_state", gates), ("back_to", earlier)):
            queryset = WorkflowState.objects.filter(pk__in=[state.pk for state in states]).order_by("position")
            self.fields[name].queryset = queryset  # type: ignore[attr-defined]
        if gates:
            self.fields["to_state"].initial = gates[0].pk
