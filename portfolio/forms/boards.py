"""What boards send: moves, quick adds, requests for changed cards."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

MAX_CARDS = 500


class MoveForm(forms.Form):
    """Put a card into a column, behind another one or on top."""

    id = forms.IntegerField(min_value=1)
    to = forms.IntegerField(min_value=1)
    after = forms.IntegerField(required=False, min_value=1)
    version = forms.IntegerField(required=False, min_value=0)


class CardsForm(forms.Form):
    """Which cards a page wants anew: some ids, or all."""

    ids = forms.CharField(required=False, max_length=8000)
    all = forms.BooleanField(required=False)

    def clean_ids(self) -> list[int]:
        """The ids, as numbers."""
        parts = [part for part in self.cleaned_data["ids"].split(",") if part]
        if len(parts) > MAX_CARDS or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
            raise forms.ValidationError(_("Not a list of cards."))
        return [int(part) for part in parts]


class AddForm(forms.Form):
    """New cards for one column, a title each."""

    column = forms.IntegerField(min_value=1)

    def clean(self) -> dict[str, Any]:
        """The titles: the field is there once for each card."""
        titles = [" ".join(title.split()) for title in self.data.getlist("title")]  # type: ignore[attr-defined]
        titles = [title for title in titles if title]
        if not titles:
            raise forms.ValidationError(_("Type a title first."))
        if len(titles) > MAX_CARDS:
            raise forms.ValidationError(_("At most %(count)s cards at once.") % {"count": MAX_CARDS})
        if any(len(title) > 255 for title in titles):
            raise forms.ValidationError(_("A title has at most 255 characters."))
        return {**self.cleaned_data, "titles": titles}

    def first_error(self) -> str:
        """One sentence for the toast."""
        return " ".join(str(error) for errors in self.errors.values() for error in errors)
