"""The forms of a talk: what somebody says, with or without files."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from collaboration.models import ReactionKind
from collaboration.services.comments import MOST_LETTERS


class FilesInput(forms.ClearableFileInput):
    """A choice of several files."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files, as a list. How many and how large they may be is for the service to say."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        given = data if isinstance(data, (list, tuple)) else [data]
        files = [file for file in given if file]
        if self.required and not files:
            raise forms.ValidationError(self.error_messages["required"])
        return files


class CommentForm(forms.Form):
    """Something said about a thing; ``parent`` is the comment it answers."""

    text = forms.CharField(label=_("Comment"), required=False, strip=False, max_length=2 * MOST_LETTERS)
    parent = forms.IntegerField(required=False, min_value=1)
    upload = FilesField(label=_("Files"), required=False)


class CommentEditForm(forms.Form):
    """The same said differently, by whoever saw ``version`` of it."""

    text = forms.CharField(label=_("Comment"), required=False, strip=False, max_length=2 * MOST_LETTERS)
    version = forms.IntegerField(required=False, min_value=1)


class ReactionForm(forms.Form):
    """One reaction, and whether it shall be there."""

    kind = forms.ChoiceField(choices=ReactionKind)
    on = forms.ChoiceField(choices=[("1", "1"), ("0", "0")])


class AttachmentForm(forms.Form):
    """Files for a thing."""

    upload = FilesField(label=_("Files"), error_messages={"required": _("Choose at least one file.")})
