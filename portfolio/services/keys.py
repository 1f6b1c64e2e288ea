"""Keys of epics and features: the code of the unit that has them, a letter, and a number that is never used twice."""

from __future__ import annotations

import re
from typing import Final

from django.db import connection
from django.utils.translation import gettext as _

from organization.models import Unit
from pmo_portal.lib.errors import field_error
from portfolio.models import TrackedKind
from portfolio.services.types import TrackedType

LETTERS: Final = {TrackedKind.EPIC: "E", TrackedKind.FEATURE: "F"}
_KEY: Final = re.compile(r"^[A-Za-z][A-Za-z0-9_.-]{0,38}$")


def next_key(tracked: TrackedType, unit: Unit) -> str:
    """The next key of a unit, such as ``LARK-E12``. Locks the unit, so that two at once get two numbers.

    What lies in the recycle bin keeps its number.
    """
    Unit.objects.select_for_update(no_key=True).get(pk=unit.pk)
    prefix = f"{unit.code}-{LETTERS[tracked.kind]}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT max(substring(key FROM %(start)s)::int) FROM {tracked.table} WHERE key ~ %(shape)s",  # noqa: S608 - a constant
            {"start": len(prefix) + 1, "shape": f"^{re.escape(prefix)}[0-9]{{1,8}}$"},
        )
        (last,) = cursor.fetchone()
    return f"{prefix}{(last or 0) + 1}"


def checked_key(tracked: TrackedType, key: str) -> str:
    """A key that comes from elsewhere, such as the tracker an import reads; refused when it is taken or unfit."""
    if not _KEY.match(key):
        raise field_error("key", _("A key starts with a letter and has letters, digits, dots, dashes and _ only."))
    if tracked.model._default_manager.filter(key=key).exists():
        raise field_error("key", _("The key %(key)s is taken.") % {"key": key})
    return key
