"""Writing an announcement."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from organization.forms.units import UnitChoiceField
from organization.models import AnnouncementSeverity, Role, Unit
from pmo_portal.lib.forms import SeenForm


class MomentInput(forms.DateTimeInput):
    """A moment, picked with the browser's own clock and calendar, in the person's own zone."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class AnnouncementForm(SeenForm):
    """What is said, to whom, from when to when."""

    title = forms.CharField(label=_("Title"), max_length=120)
    text = forms.CharField(
        label=_("Text"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Markdown: **bold**, lists, links."),
    )
    severity = forms.ChoiceField(label=_("How much it matters"), choices=AnnouncementSeverity.choices)
    unit = UnitChoiceField(label=_("To the people of"), queryset=Unit.objects.none(), required=False)
    roles = forms.MultipleChoiceField(
        label=_("Only with one of these roles"),
        choices=Role.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: whatever their role."),
    )
    starts_at = forms.DateTimeField(label=_("From"), widget=MomentInput())
    ends_at = forms.DateTimeField(label=_("To"), widget=MomentInput())

    def __init__(self, *args: Any, units: QuerySet[Unit], may_tell_all: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["unit"]
        field.queryset = units
        # Who does not look after everything must say which unit; the empty choice would be everybody.
        field.required = not may_tell_all
        field.empty_label = _("Everybody") if may_tell_all else _("Choose a unit")
