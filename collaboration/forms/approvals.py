"""Forms of approvals: an answer, a rule, a delegation."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from collaboration.models import Verdict
from organization.models import Person, Role
from pmo_portal.lib.forms import DayInput, SeenForm
from pmo_portal.lib.registry import approval_subjects
from pmo_portal.lib.windows import FOREVER


class VoteForm(forms.Form):
    """An answer, for oneself or for whom one stands in."""

    verdict = forms.ChoiceField(label=_("Answer"), choices=Verdict.choices)
    person = forms.ModelChoiceField(label=_("For"), queryset=Person.objects.none(), empty_label=None)
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Needed to reject; everybody who sees the request reads it."),
    )

    def __init__(self, *args: Any, people: list[Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["person"]
        field.queryset = Person.objects.filter(pk__in=[person.pk for person in people])  # type: ignore[attr-defined]
        field.initial = people[0].pk if people else None
        if len(people) == 1:
            field.widget = forms.HiddenInput()


class RuleForm(SeenForm):
    """Who decides."""

    subject_kind = forms.ChoiceField(label=_("About"), choices=[])
    name = forms.CharField(label=_("Who decides"), max_length=80, help_text=_("Such as: steering committee."))
    above_amount = forms.DecimalField(
        label=_("From an amount over"),
        max_digits=16,
        decimal_places=2,
        min_value=0,
        required=False,
        help_text=_("In the portfolio's currency. Empty: whatever the amount, and things without one."),
    )
    role = forms.ChoiceField(
        label=_("Approvers by role"),
        choices=[("", _("None")), *Role.choices],
        required=False,
        help_text=_("Whoever holds it on the unit of the thing, or above."),
    )
    people = forms.ModelMultipleChoiceField(
        label=_("Approvers by name"), queryset=Person.objects.none(), required=False
    )
    quorum = forms.IntegerField(label=_("How many must agree"), min_value=1, max_value=50, initial=1)
    due_days = forms.IntegerField(label=_("Days to decide"), min_value=1, max_value=365, initial=10)

    def __init__(self, *args: Any, people: QuerySet[Person], is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["people"].queryset = people  # type: ignore[attr-defined]
        self.fields["subject_kind"].choices = [(kind.code, kind.label) for kind in approval_subjects]  # type: ignore[attr-defined]
        if not is_new:
            del self.fields["subject_kind"]

    def values(self) -> dict[str, Any]:
        """As the services take them."""
        values = dict(self.cleaned_data)
        if "subject_kind" in values:
            values["kind"] = values.pop("subject_kind")
            del values["seen"]
        return values


class DelegationForm(forms.Form):
    """Who answers for me, from when to when."""

    delegate = forms.ModelChoiceField(
        label=_("Who answers for me"), queryset=Person.objects.none(), empty_label=_("Choose a person")
    )
    valid_from = forms.DateField(label=_("From"), widget=DayInput())
    last_day = forms.DateField(
        label=_("Last day"), widget=DayInput(), required=False, help_text=_("Empty: until I end it.")
    )

    def __init__(self, *args: Any, people: QuerySet[Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["delegate"].queryset = people  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        """As the service takes them: half-open."""
        last_day: date | None = self.cleaned_data["last_day"]
        return {
            "delegate": self.cleaned_data["delegate"],
            "valid_from": self.cleaned_data["valid_from"],
            "valid_to": last_day + timedelta(days=1) if last_day else FOREVER,
        }
