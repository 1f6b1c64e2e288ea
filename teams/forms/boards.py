"""What the board's requests carry."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from teams.models import WorkItem

MAX_ID: Final = 2**63 - 1
MOST_CARDS_ASKED: Final = 1000
MOST_LINES: Final = 50


class BoardMoveForm(forms.Form):
    """A card dropped: which, into which column, behind which card (none: on top), and the version that was seen."""

    id = forms.IntegerField(min_value=1, max_value=MAX_ID)
    to = forms.IntegerField(min_value=1, max_value=MAX_ID)
    after = forms.IntegerField(min_value=1, max_value=MAX_ID, required=False)
    version = forms.IntegerField(min_value=0, max_value=2**31 - 1, required=False)


class IdsField(forms.CharField):
    """Ids separated by commas."""

    def clean(self, value: Any) -> list[int]:
        """The ids, each once."""
        parts = [part for part in super().clean(value).split(",") if part]
        if len(parts) > MOST_CARDS_ASKED:
            raise ValidationError(_("That are too many at once."))
        if not all(part.isascii() and part.isdigit() and int(part) <= MAX_ID for part in parts if len(part) < 20):
            raise ValidationError(_("These are no ids."))
        if any(len(part) >= 20 for part in parts):
            raise ValidationError(_("These are no ids."))
        return sorted({int(part) for part in parts})


class CardsForm(forms.Form):
    """Which cards to draw again."""

    ids = IdsField(required=False)
    all = forms.BooleanField(required=False)


class LinesField(forms.Field):
    """One title a value, or several lines in one; empty ones are dropped."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: Any) -> list[str]:
        """The titles in their order."""
        lines = [line.strip() for text in value or [] for line in str(text).replace("\x00", "").splitlines()]
        titles = [line for line in lines if line]
        if not titles:
            raise ValidationError(_("Give it a title."))
        if len(titles) > MOST_LINES:
            raise ValidationError(
                _("That are %(n)s lines; at most %(most)s at once.") % {"n": len(titles), "most": MOST_LINES}
            )
        longest = WorkItem._meta.get_field("title").max_length or 255
        if any(len(title) > longest for title in titles):
            raise ValidationError(
                ngettext("A title has at most %(most)s letter.", "A title has at most %(most)s letters.", longest)
                % {"most": longest}
            )
        return titles


class BoardAddForm(forms.Form):
    """Cards typed into a column."""

    column = forms.IntegerField(min_value=1, max_value=MAX_ID, label=gettext_lazy("Column"))
    title = LinesField(label=gettext_lazy("Title"))

    def first_error(self) -> str:
        """The sentence to show for a refused quick add."""
        return next((str(error) for errors in self.errors.values() for error in errors), "")
