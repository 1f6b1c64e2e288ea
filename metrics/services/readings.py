"""What measurements and check-ins share: one value a day, none of the future, corrected and taken back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, TypeVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from metrics.models.kpis import Reading
from metrics.services.versions import merged
from pmo_portal.lib.errors import Refused, field_error
from pmo_portal.lib.windows import local_day

R = TypeVar("R", bound=Reading)

EARLIEST: Final = date(1970, 1, 1)


def clean(reading: Reading, *, at: datetime) -> None:
    """Raise ValidationError by field for a value that cannot be."""
    reading.full_clean(validate_constraints=False, exclude=["person"])
    if not EARLIEST <= reading.day <= local_day(at):
        raise field_error("day", _("A value belongs to a day that has come."))


def check_free(siblings: QuerySet[R], reading: R) -> None:
    """Refuse a second value on a day."""
    if siblings.filter(day=reading.day, removed_at__isnull=True).exclude(pk=reading.pk).exists():
        raise field_error("day", _("There is a value of this day already. Correct that one."))


def corrected(
    reading: R, siblings: QuerySet[R], values: Mapping[str, Any], *, seen_version: int | None, at: datetime
) -> bool:
    """Set what is different in a locked reading, and check it; whether anything is."""
    if reading.removed_at is not None:
        raise Refused(_("It was taken back. Bring it back first."))
    wanted = merged(reading, values, seen_version)
    for name, value in wanted.items():
        setattr(reading, name, value)
    if wanted:
        reading.version += 1
        clean(reading, at=at)
        check_free(siblings, reading)
    return bool(wanted)


def taken_back(reading: R, siblings: QuerySet[R], *, is_removed: bool, at: datetime) -> bool:
    """Take a locked reading back or bring it back; whether that is a change."""
    if is_removed == (reading.removed_at is not None):
        return False
    if not is_removed and siblings.filter(day=reading.day, removed_at__isnull=True).exists():
        raise Refused(_("Another value has taken its day. Take that one back first."))
    reading.removed_at = at if is_removed else None
    reading.version += 1
    return True
