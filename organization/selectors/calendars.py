"""Which calendar a unit plans by."""

from __future__ import annotations

from datetime import date

from organization.models import Calendar, UnitClosure
from organization.querysets import valid_on
from organization.working_days import WorkingDays, working_days_of


def calendar_of(unit_id: int, *, day: date) -> Calendar | None:
    """The unit's own calendar, else that of the nearest unit above that has one on ``day``. One statement."""
    nearest = (
        UnitClosure.objects.filter(valid_on(day), descendant=unit_id, ancestor__calendar__isnull=False)
        .select_related("ancestor__calendar")
        .order_by("depth")
        .first()
    )
    return nearest.ancestor.calendar if nearest is not None else None


def working_days_for(unit_id: int, *, day: date) -> WorkingDays:
    """The working days a unit plans by on ``day``: Monday to Friday where no unit above has a calendar."""
    return working_days_of(calendar_of(unit_id, day=day))
