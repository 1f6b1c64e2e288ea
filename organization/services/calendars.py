"""Working days: the calendars a unit plans by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime

import holidays
from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from organization.models import Calendar, CalendarDay
from pmo_portal.lib.access import Action, Actor, require, require_within
from pmo_portal.lib.errors import Refused, field_error
from pmo_portal.lib.merging import own_changes


@transaction.atomic
def calendar_create(
    *,
    actor: Actor,
    name: str,
    country: str = "",
    subdivision: str = "",
    workdays: Iterable[int] = (1, 2, 3, 4, 5),
    at: datetime,
) -> Calendar:
    """Add a calendar: ISO weekdays that are worked, and the country whose public holidays are not."""
    require_within(actor, Action.CREATE, Calendar, None)
    return _save(Calendar(), _described(name=name, country=country, subdivision=subdivision, workdays=workdays))


@transaction.atomic
def calendar_edit(
    *,
    actor: Actor,
    calendar: Calendar,
    name: str,
    country: str,
    subdivision: str,
    workdays: Iterable[int],
    seen: int | None = None,
    at: datetime,
) -> Calendar:
    """Change the pattern of a calendar. Working days are counted anew wherever it is used.

    ``seen`` is the last change its writer knew; raises Conflict for fields that somebody else changed since.
    """
    require(actor, Action.EDIT, calendar)
    calendar = Calendar.objects.select_for_update().get(pk=calendar.pk)
    told = _described(name=name, country=country, subdivision=subdivision, workdays=workdays)
    return _save(calendar, own_changes(calendar, told, seen=seen))


@transaction.atomic
def calendar_delete(*, actor: Actor, calendar: Calendar, at: datetime) -> None:
    """Remove a calendar that no unit uses."""
    require(actor, Action.DELETE, calendar)
    try:
        calendar.delete()
    except ProtectedError as error:
        raise Refused(_("Units use this calendar: give them another one first.")) from error


@transaction.atomic
def calendar_day_set(
    *, actor: Actor, calendar: Calendar, day: date, is_working: bool, label: str, at: datetime
) -> CalendarDay:
    """Make one day differ from the pattern: a company holiday, or a Saturday that is worked."""
    require(actor, Action.EDIT, calendar)
    special = CalendarDay.objects.select_for_update().filter(calendar=calendar, day=day).first()
    special = special or CalendarDay(calendar=calendar, day=day)
    special.is_working, special.label = is_working, label.strip()
    special.full_clean()
    special.save()
    return special


@transaction.atomic
def calendar_day_remove(*, actor: Actor, special: CalendarDay, at: datetime) -> None:
    """Let a day follow the pattern again."""
    require(actor, Action.EDIT, special.calendar)
    special.delete()


def _described(*, name: str, country: str, subdivision: str, workdays: Iterable[int]) -> dict[str, object]:
    return {
        "name": name.strip(),
        "country": country.strip().upper(),
        "subdivision": subdivision.strip().upper(),
        "workdays": sorted(set(workdays)),
    }


def _save(calendar: Calendar, values: Mapping[str, object]) -> Calendar:
    for field, value in values.items():
        setattr(calendar, field, value)
    if not calendar.workdays or not set(calendar.workdays) <= set(range(1, 8)):
        raise field_error("workdays", _("Choose at least one weekday."))
    known = holidays.list_supported_countries()
    if calendar.country and calendar.country not in known:
        raise field_error("country", _("No public holidays are known for this country."))
    if calendar.subdivision and calendar.subdivision not in known.get(calendar.country, []):
        raise field_error("subdivision", _("This country has no such subdivision."))
    calendar.full_clean()
    calendar.save()
    return calendar
