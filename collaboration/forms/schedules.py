"""When a file comes by mail, and to whom."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from collaboration.models import FileFormat, Rhythm
from organization.models import Person
from pmo_portal.lib.forms import SeenForm


class TimeInput(forms.TimeInput):
    """A time of day, to the minute."""

    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


class ScheduleForm(SeenForm):
    """A scheduled file."""

    title = forms.CharField(label=_("Title"), max_length=150, help_text=_("The subject of the mail."))
    file_format = forms.ChoiceField(label=_("File"), choices=FileFormat.choices)
    rhythm = forms.ChoiceField(label=_("How often"), choices=Rhythm.choices, initial=Rhythm.WEEKLY)
    weekday = forms.TypedChoiceField(
        label=_("Day of the week"),
        choices=list(WEEKDAYS.items()),
        coerce=int,
        initial=0,
        help_text=_("Counts for what comes every week."),
    )
    month_day = forms.IntegerField(
        label=_("Day of the month"),
        min_value=1,
        max_value=31,
        initial=1,
        help_text=_("Counts for what comes every month; a shorter month has it on its last day."),
    )
    time = forms.TimeField(label=_("At"), widget=TimeInput(), initial="07:00")
    people = forms.ModelMultipleChoiceField(
        label=_("Also to"),
        queryset=Person.objects.none(),
        required=False,
        help_text=_("People who may see the page. Each gets what they may see, and can end it for themselves."),
    )

    def __init__(self, *args: Any, people: QuerySet[Person], zone: str, formats: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["people"].queryset = people  # type: ignore[attr-defined]
        self.fields["time"].help_text = _("On your clock (%(zone)s).") % {"zone": zone}
        self.fields["file_format"].choices = [  # type: ignore[attr-defined]
            (code, label) for code, label in FileFormat.choices if code in formats
        ]

    def values(self) -> dict[str, Any]:
        """As the services take them."""
        names = ("title", "file_format", "rhythm", "weekday", "month_day", "time")
        return {name: self.cleaned_data[name] for name in names}
