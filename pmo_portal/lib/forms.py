"""What forms of every app share: the controls people see, and a service's refusal shown beside the field."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from pmo_portal.lib.errors import DomainError


class DayInput(forms.DateInput):
    """A day, picked with the browser's own calendar; its value is ISO whatever the language."""

    input_type = "date"

    def __init__(self, attrs: dict[str, object] | None = None) -> None:
        super().__init__(attrs=attrs, format="%Y-%m-%d")


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
