"""Who: people, the unit tree, roles, periods, calendars, and the organisation's own words and fields."""

from organization.models.calendars import Calendar, CalendarDay
from organization.models.customs import CustomField, CustomFieldType, Term
from organization.models.people import Person, User
from organization.models.periods import Period, PeriodKind
from organization.models.roles import Role, RoleAssignment
from organization.models.units import Unit, UnitClosure, UnitKind, UnitParent

__all__ = [
    "Calendar",
    "CalendarDay",
    "CustomField",
    "CustomFieldType",
    "Period",
    "PeriodKind",
    "Person",
    "Role",
    "RoleAssignment",
    "Term",
    "Unit",
    "UnitClosure",
    "UnitKind",
    "UnitParent",
    "User",
]
