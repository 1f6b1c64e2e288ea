"""What somebody asks the audit log."""

from __future__ import annotations

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from organization.forms.units import UnitChoiceField
from organization.models import Unit
from organization.selectors.audit import AuditQuestion, Place
from pmo_portal.lib.forms import DayInput


class AuditForm(forms.Form):
    """The filters of the log; they stand in the address."""

    q = forms.CharField(label=_("Name or key"), max_length=100, required=False)
    who = forms.CharField(label=_("Who"), max_length=100, required=False)
    unit = UnitChoiceField(
        label=_("Unit"), queryset=Unit.objects.none(), required=False, empty_label=_("All"), to_field_name="code"
    )
    kind = forms.ChoiceField(label=_("Kind"), required=False)
    action = forms.ChoiceField(label=_("What"), required=False)
    first = forms.DateField(label=_("From"), widget=DayInput(), required=False)
    last = forms.DateField(label=_("To"), widget=DayInput(), required=False)

    def __init__(
        self,
        *args: object,
        units: QuerySet[Unit],
        kinds: list[tuple[str, str]],
        actions: list[tuple[str, str]],
        **kwargs: object,
    ) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]
        self.fields["kind"].choices = [("", _("All")), *kinds]  # type: ignore[attr-defined]
        self.fields["action"].choices = [("", _("All")), *actions]  # type: ignore[attr-defined]

    def question(self, *, after: str = "") -> AuditQuestion:
        """What is asked; what cannot be read asks nothing."""
        self.full_clean()
        asked = self.cleaned_data
        return AuditQuestion(
            who=asked.get("who", "").replace("\x00", "").strip(),
            unit=asked.get("unit"),
            kind=asked.get("kind", ""),
            action=asked.get("action", ""),
            first=asked.get("first"),
            last=asked.get("last"),
            text=asked.get("q", "").replace("\x00", "").strip(),
            after=Place.read(after),
        )
