"""The business case as a guided form: sections with a question each."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

from django import forms

from portfolio.models import BusinessCase
from portfolio.selectors.cases import CASE_LABELS, SECTIONS, Section
from portfolio.services.cases import CASE_FIELDS

_LINES: Final = {"for_whom": 1, "who_need": 2, "solution_is": 2, "that_provides": 2, "unlike": 2}


class CaseForm(forms.ModelForm):
    """All of a business case but what its author may not see."""

    number = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=1)

    class Meta:
        model = BusinessCase
        fields = CASE_FIELDS
        labels = CASE_LABELS
        widgets = {
            field.name: forms.Textarea(attrs={"rows": _LINES.get(field.name, 3)})
            for field in BusinessCase._meta.fields
            if field.get_internal_type() == "TextField"
        }

    def __init__(self, *args: Any, hidden: Collection[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in hidden:
            self.fields.pop(name, None)

    def _post_clean(self) -> None:
        """The service checks and writes the next version; the instance stays the one that was read."""

    def values(self) -> dict[str, Any]:
        """What was typed, without the version it was typed on."""
        return {name: value for name, value in self.cleaned_data.items() if name != "number"}

    def sections(self) -> Iterator[tuple[Section, list[forms.BoundField]]]:
        """The fields by section; a section whose fields are all hidden is left out."""
        for section in SECTIONS:
            fields = [self[name] for name in section.names if name in self.fields]
            if fields:
                yield section, fields
