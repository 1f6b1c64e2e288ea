"""Who: people, the unit tree, roles, periods, calendars, and the organisation's own words and fields."""

from organization.models.announcements import Announcement, AnnouncementDismissal, AnnouncementSeverity
from organization.models.audit import AuditAction, AuditRecord
from organization.models.calendars import Calendar, CalendarDay
from organization.models.customs import CustomField, CustomFieldType, Term
from organization.models.people import Person, User
from organization.models.periods import Period, PeriodKind
from organization.models.rates import ExchangeRate
from organization.models.retention import Erasure, ErasureWish, RetentionRule
from organization.models.roles import Role, RoleAssignment
from organization.models.sign_in import Invitation, SignInRule, SignInWay, UserSession
from organization.models.units import Unit, UnitClosure, UnitKind, UnitParent

__all__ = [
    "Announcement",
    "AnnouncementDismissal",
    "AnnouncementSeverity",
    "AuditAction",
    "AuditRecord",
    "Calendar",
    "CalendarDay",
    "CustomField",
    "CustomFieldType",
    "Erasure",
    "ErasureWish",
    "ExchangeRate",
    "Invitation",
    "Period",
    "PeriodKind",
    "Person",
    "RetentionRule",
    "Role",
    "RoleAssignment",
    "SignInRule",
    "SignInWay",
    "Term",
    "Unit",
    "UnitClosure",
    "UnitKind",
    "UnitParent",
    "User",
    "UserSession",
]
