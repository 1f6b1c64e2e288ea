"""Forms of benefits and their reviews."""

from __future__ import annotations

from typing import Any

from django import forms

from metrics.forms.value import ReadingForm, ValueForm
from metrics.models import Benefit, BenefitReview
from pmo_portal.lib.access import Actor, policy_for
from pmo_portal.lib.forms import DayInput
from portfolio.forms.things import people
from portfolio.models import Epic


class BenefitForm(ValueForm):
    """What an epic promises."""

    class Meta:
        model = Benefit
        fields = (
            "name",
            "description",
            "owner",
            "released_on",
            "number_format",
            "currency",
            "unit_label",
            "places",
            "baseline_value",
            "promised_value",
        )
        widgets = {"description": forms.Textarea(attrs={"rows": 3}), "released_on": DayInput}

    def __init__(self, *args: Any, actor: Actor, epic: Epic, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["owner"].queryset = people(actor, self.instance.owner_id)
        if self.instance.pk is not None:
            self.leave_out(policy_for(Benefit).hidden_fields(actor, self.instance))
        self.without_money(actor, epic.unit_id)


class BenefitReviewForm(ReadingForm):
    """What was measured at a review."""

    class Meta(ReadingForm.Meta):
        model = BenefitReview  # type: ignore[assignment]
