"""What the forms of value share: amounts only for those who may see them, plain decimals, days, verdicts."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from metrics.models import CheckIn, Confidence, Measurement, NumberFormat, StatusUpdate, Verdict
from pmo_portal.lib.access import Actor
from pmo_portal.lib.forms import DayInput
from pmo_portal.lib.windows import local_day
from portfolio.forms.things import SeenVersionForm


def plain(value: Any) -> Any:
    """A stored decimal as somebody would type it: 900, not 900.0000."""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value


class ValueForm(SeenVersionForm):
    """A form with decimals, of a thing whose numbers may be amounts."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {name: plain(value) for name, value in self.initial.items()}

    def leave_out(self, names: frozenset[str]) -> None:
        """Do not ask for what the person may not see."""
        for name in names & set(self.fields):
            del self.fields[name]

    def without_money(self, actor: Actor, unit_id: int) -> None:
        """Offer amounts only to those who may see them."""
        if not (actor.is_system or actor.can("money.view", unit_id)):
            field: Any = self.fields["number_format"]
            field.choices = [pair for pair in field.choices if pair[0] != NumberFormat.MONEY]
            self.fields.pop("currency", None)


class ReadingForm(ValueForm):
    """A value of a day."""

    confidence = forms.ChoiceField(
        label=_("Confidence"), required=False, choices=[("", _("Not said")), *Confidence.choices]
    )

    class Meta:
        model = Measurement
        fields = ("day", "value", "confidence", "comment")
        widgets = {"day": DayInput, "comment": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        today = local_day(timezone.now())
        self.fields["day"].widget.attrs["max"] = today.isoformat()
        self.initial.setdefault("day", today)


class CheckInForm(ReadingForm):
    """A value of a key result, and how sure one is to reach the target."""

    class Meta(ReadingForm.Meta):
        model = CheckIn  # type: ignore[assignment]
        help_texts = {"confidence": _("How sure you are that the target will be reached.")}


class VerdictForm(forms.Form):
    """A verdict over the computed one."""

    verdict = forms.ChoiceField(label=_("Verdict"), choices=Verdict.choices, widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Everybody who sees the verdict reads it."),
    )
    expires_on = forms.DateField(
        label=_("Until"), widget=DayInput(), help_text=_("From this day on the computed verdict holds again.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("expires_on", local_day(timezone.now()) + timedelta(days=28))


class StatusForm(SeenVersionForm):
    """How something goes."""

    class Meta:
        model = StatusUpdate
        fields = ("verdict", "headline", "narrative", "help_needed", "next_due_on")
        widgets = {
            "verdict": forms.RadioSelect,
            "narrative": forms.Textarea(attrs={"rows": 6}),
            "help_needed": forms.Textarea(attrs={"rows": 2}),
            "next_due_on": DayInput,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        verdict: Any = self.fields["verdict"]
        verdict.choices = Verdict.choices
        self.initial.setdefault("next_due_on", local_day(timezone.now()) + timedelta(days=14))
