"""The form an import begins with: files, whole folders, and where they go."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from organization.models import Unit


class _SeveralFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class _FolderInput(_SeveralFilesInput):
    """Browsers let people choose a whole folder by this attribute."""

    def __init__(self) -> None:
        super().__init__(attrs={"webkitdirectory": True})


class SeveralFilesField(forms.FileField):
    """Any number of files; an empty one is an error, as in Django's own field."""

    widget = _SeveralFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        """None at all is for the form to judge: there are two of these fields."""
        files = data if isinstance(data, list | tuple) else [data] if data else []
        return [super(SeveralFilesField, self).clean(file, initial) for file in files]


class ImportForm(forms.Form):
    """What to import, into which unit, from which tracker."""

    unit = forms.ModelChoiceField(Unit.objects.none(), label=gettext_lazy("Into"))
    upload = SeveralFilesField(
        label=gettext_lazy("Files"),
        help_text=gettext_lazy(
            "Jira issues as JSON (one a line, an array or pages; also gzipped), CSV or XLSX. A list of sprints may"
            " come along. Several files are taken as one."
        ),
    )
    folder = SeveralFilesField(label=gettext_lazy("Or a folder"), required=False, widget=_FolderInput)
    source = forms.SlugField(
        label=gettext_lazy("Name of the tracker"),
        required=False,
        max_length=40,
        help_text=gettext_lazy(
            "The same name finds the same items again: keep it from import to import. Empty: the code of the unit."
        ),
    )

    def __init__(self, *args: Any, units: QuerySet[Unit], is_too_large: bool, limit_mib: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_too_large, self.limit_mib = is_too_large, limit_mib
        field: Any = self.fields["unit"]
        field.queryset = units
        field.label_from_instance = lambda unit: f"{unit.name} ({unit.code})"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.is_too_large:
            limit = {"limit": self.limit_mib}
            self.add_error("upload", _("That is more than %(limit)s MiB: compress it with gzip, or split it.") % limit)
        elif not cleaned.get("upload") and not cleaned.get("folder") and not self.errors:
            self.add_error("upload", _("Choose at least one file."))
        return cleaned

    def chosen(self) -> list[UploadedFile]:
        """All files, from both fields; what operating systems leave in folders is not meant."""
        files = [*self.cleaned_data["upload"], *self.cleaned_data["folder"]]
        return [file for file in files if file.name and not file.name.startswith((".", "Thumbs.db", "desktop.ini"))]
