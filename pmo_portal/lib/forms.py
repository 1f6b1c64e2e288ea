"""What forms of every app share: the controls people see, and a service's refusal shown beside the field."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.translation import gettext as _

from pmo_portal.lib.errors import Conflict, DomainError


class DayInput(forms.DateInput):
    """A day, picked with the browser's own calendar; its value is ISO whatever the language."""

    input_type = "date"

    def __init__(self, attrs: dict[str, object] | None = None) -> None:
        super().__init__(attrs=attrs, format="%Y-%m-%d")


class SeenForm(forms.Form):
    """A form that says which change of the thing its writer saw last (see ``lib.merging``)."""

    seen = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=0)


@contextmanager
def errors_into(form: forms.BaseForm) -> Iterator[None]:
    """Turn what a service refuses into errors of ``form``: beside the field if the form has it, else above all.

    Afterwards ``form.is_valid()`` tells whether the service went through.
    """
    try:
        yield
    except ValidationError as error:
        for name, messages in _by_field(error).items():
            form.add_error(name if name in form.fields else None, messages)
    except DomainError as error:
        form.add_error(None, str(error))


def _by_field(error: ValidationError) -> dict[str, list[str]]:
    if hasattr(error, "error_dict"):
        return dict(error.message_dict)
    return {NON_FIELD_ERRORS: list(error.messages)}


@contextmanager
def conflicts_into(form: forms.BaseForm, *, seen: str, now: Callable[[], object]) -> Iterator[None]:
    """Say beside each field what somebody else has made of it meanwhile; what the person typed stays.

    The form's field ``seen`` then carries the version of ``now``, so that sending it again is the person's decision.
    """
    try:
        yield
    except Conflict as error:
        for conflict in error.conflicts:
            name = conflict.field if conflict.field in form.fields else None
            theirs = "–" if conflict.theirs in (None, "", [], {}) else _said(form, conflict.field, conflict.theirs)
            form.add_error(
                name,
                _("Somebody else changed this meanwhile. It is now: %(value)s. Save again to keep yours.")
                % {"value": theirs},
            )
        form.data = form.data.copy()  # type: ignore[attr-defined]
        form.data[seen] = str(now() or "")  # type: ignore[index]


def _said(form: forms.BaseForm, name: str, value: object) -> str:
    field = form.fields.get(name)
    choices = dict(getattr(field, "choices", ())) if isinstance(field, forms.ChoiceField) else {}
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return str(choices.get(value, value)) if isinstance(value, str) else str(value)
