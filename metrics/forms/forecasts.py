"""The inputs of a forecast: all of them in the address, so that whoever gets the link sees the same answer."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from metrics.selectors.forecasts import CONFIDENCES, DEFAULT_WEEKS, HORIZON_DAYS, SEED
from metrics.selectors.selection import COUNTED_TYPES
from pmo_portal.lib.format import day as format_day
from pmo_portal.lib.format import number
from pmo_portal.lib.forms import DayInput

MOST_WEEKS: Final = 260
MOST_ITEMS: Final = 100_000
MOST_DAYS: Final = 3650
DEFAULT_CONFIDENCE: Final = 85


LAST_DAY: Final = date(9999, 1, 1)


def parse_day(text: str) -> date | None:
    """The day a text of the address is, if it is one."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


class WorkForecastForm(forms.Form):
    """How a feature or epic is forecast. What the address leaves out is the default, and is shown."""

    history = forms.IntegerField(
        label=_("Past weeks to draw from"), min_value=1, max_value=MOST_WEEKS, initial=DEFAULT_WEEKS
    )
    growth = forms.DecimalField(
        label=_("Growth factor"),
        help_text=_("Items each item turns out to be: split, or found on the way."),
        min_value=Decimal("0.1"),
        max_value=10,
        decimal_places=2,
        initial=Decimal(1),
    )
    share = forms.IntegerField(
        label=_("Focus share, %"),
        help_text=_("Of the throughput. Empty: each part's own."),
        min_value=1,
        max_value=100,
        required=False,
    )
    start = forms.DateField(label=_("First day"), widget=DayInput)
    target = forms.DateField(label=_("Target day"), widget=DayInput)
    confidence = forms.TypedChoiceField(
        label=_("Confidence"),
        coerce=int,
        choices=[(percent, f"{percent} %") for percent in CONFIDENCES],
        initial=DEFAULT_CONFIDENCE,
    )
    seed = forms.IntegerField(
        label=_("Seed"),
        help_text=_("The same seed draws the same days."),
        min_value=0,
        max_value=2**31 - 1,
        initial=SEED,
    )

    def __init__(self, query: QueryDict, *, today: date) -> None:
        self._today = today
        data = query.copy()
        # Without a target: so many days from the first one, wherever that lies.
        first = parse_day(data.get("start", "")) or today
        named = {"start": today, "target": min(first, LAST_DAY) + timedelta(days=HORIZON_DAYS - 1)}
        for name, field in self.base_fields.items():
            if field.required and not data.get(name):
                value = named.get(name, field.initial)
                data[name] = value.isoformat() if isinstance(value, date) else str(value)
        super().__init__(data, auto_id="forecast-%s")

    def clean_start(self) -> date:
        """A day within reach: not before computers, not beyond ten years."""
        start: date = self.cleaned_data["start"]
        if not date(1970, 1, 1) <= start <= self._today + timedelta(days=MOST_DAYS):
            raise forms.ValidationError(_("A day between 1970 and ten years from now."))
        return start

    def clean(self) -> dict[str, Any]:
        """The target does not lie before the first day."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        start, target = cleaned.get("start"), cleaned.get("target")
        if start and target and not start <= target <= start + timedelta(days=MOST_DAYS):
            self.add_error("target", _("A day from the first day on, within ten years."))
        return cleaned

    @property
    def horizon_days(self) -> int:
        """How many days there are from the first day to the target, both included."""
        days: timedelta = self.cleaned_data["target"] - self.cleaned_data["start"]
        return days.days + 1

    @property
    def words(self) -> list[str]:
        """What was asked, for paper: every input that is not left to the portal, as "label: value"."""
        return [
            f"{field.label}: {self._said(field.name)}"
            for field in self.visible_fields()
            if self.cleaned_data.get(field.name) not in (None, "")
        ]

    def _said(self, name: str) -> str:
        value = self.cleaned_data[name]
        if isinstance(value, date):
            return format_day(value)
        choices = {str(key): str(label) for key, label in getattr(self.fields[name], "choices", ())}
        if label := choices.get(str(value)):
            return label
        if name == "seed":
            return str(value)
        return number(value, 0 if value == int(value) else 2)

    @property
    def share_ratio(self) -> float | None:
        """The focus share as a ratio; None when nobody set one."""
        share = self.cleaned_data["share"]
        return share / 100 if share else None


class UnitForecastForm(WorkForecastForm):
    """How a unit's open work is forecast."""

    items = forms.IntegerField(
        label=_("Items left"),
        help_text=_("Empty: all that are open."),
        min_value=0,
        max_value=MOST_ITEMS,
        required=False,
    )
    type = forms.ChoiceField(
        label=_("Type of item"),
        required=False,
        choices=[("", _("All")), *((item_type.value, item_type.label) for item_type in COUNTED_TYPES)],
    )
    field_order = ("history", "items", "type", "growth", "share", "start", "target", "confidence", "seed")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["share"].help_text = _("Of the unit's throughput. Empty: all of it.")
