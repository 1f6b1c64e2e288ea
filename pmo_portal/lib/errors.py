"""Errors the domain raises and pages explain. Each says what happened in words a person can act on."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


class DomainError(Exception):
    """A request that makes sense but cannot be done; ``str()`` is the sentence a person reads."""

    status = 422


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """One field that somebody else changed since it was read."""

    field: str
    yours: object
    theirs: object


class Conflict(DomainError):
    """The same field was changed by somebody else since it was read: nothing is written, both values are shown."""

    status = 409

    def __init__(self, conflicts: list[FieldConflict]) -> None:
        self.conflicts = conflicts
        names = ", ".join(conflict.field for conflict in conflicts)
        super().__init__(_("Somebody else changed this meanwhile: %(fields)s.") % {"fields": names})


class Refused(DomainError):
    """A rule of the process forbids it: a limit, a transition, a closed sprint."""


def field_error(field: str, message: str) -> ValidationError:
    """A validation error that belongs to one field of a form."""
    return ValidationError({field: message})
