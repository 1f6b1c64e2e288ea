"""Who may do what to people, units, roles, periods and calendars."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from organization.models import (
    Announcement,
    AuditRecord,
    Calendar,
    CustomField,
    ExchangeRate,
    Period,
    Person,
    RetentionRule,
    RoleAssignment,
    SignInRule,
    Term,
    Unit,
)
from organization.querysets import valid_on
from pmo_portal.lib.access import Action, Actor, Policy, register_policy
from pmo_portal.lib.windows import local_day

M = TypeVar("M", bound=models.Model)


@register_policy
class UnitPolicy(Policy):
    """A unit owns itself."""

    model = Unit
    noun = "unit"
    unit_lookup = "pk"

    def unit_of(self, obj: Unit) -> int:
        return obj.pk


@register_policy
class PersonPolicy(Policy):
    """One sees the people who hold a role on, or belong to, a unit one may look into; and oneself.

    Their home unit decides who describes, invites and deactivates them. Somebody without one belongs to all units they
    hold a role on: whoever looks after only one of these does not speak for the others.
    """

    model = Person
    noun = "person"
    unit_lookup = "unit"
    field_groups = {"PERSONAL": ("email",)}

    def visible(self, actor: Actor, queryset: models.QuerySet[M]) -> models.QuerySet[M]:
        if actor.is_system or actor.can(self.permission(Action.VIEW), None):
            return queryset
        units = actor.units(self.permission(Action.VIEW))
        today = local_day(timezone.now())
        roles = RoleAssignment.objects.filter(valid_on(today), person=OuterRef("pk"), unit__any_of=units)
        return queryset.filter(Q(Exists(roles)) | Q(unit__any_of=units) | Q(pk=actor.person_id))

    def allows(self, actor: Actor, action: Action, obj: Person) -> bool:
        if actor.is_system or actor.can(self.permission(action), None):
            return True
        if action == Action.VIEW:
            return self.visible(actor, Person.objects.filter(pk=obj.pk)).exists()
        units = {obj.unit_id} if obj.unit_id is not None else self._units_of(obj)
        return bool(units) and all(actor.can(self.permission(action), unit_id) for unit_id in units)

    def hidden_fields(self, actor: Actor, obj: Person) -> frozenset[str]:
        if actor.is_system or obj.pk == actor.person_id or actor.can("personal.view", None):
            return frozenset()
        if any(actor.can("personal.view", unit_id) for unit_id in self._units_of(obj)):
            return frozenset()
        return frozenset(self.field_groups["PERSONAL"])

    def _units_of(self, obj: Person) -> set[int]:
        """The home unit and those of today's roles; a list that has read ``current_roles`` is not asked again."""
        roles = getattr(obj, "current_roles", None)
        if roles is None:
            today = local_day(timezone.now())
            roles = obj.roles.filter(valid_on(today)).only("unit_id")
        return {unit_id for unit_id in [*(role.unit_id for role in roles), obj.unit_id] if unit_id is not None}


class _OfUnitOrEverybody(Policy):
    """What belongs to a unit, or without one to everybody: that is seen by who holds the permission for everything."""

    def visible(self, actor: Actor, queryset: models.QuerySet[M]) -> models.QuerySet[M]:
        if actor.is_system:
            return queryset
        held = Q(unit__any_of=actor.units(self.permission(Action.VIEW)))
        if actor.can(self.permission(Action.VIEW), None):
            held |= Q(unit__isnull=True)
        return queryset.filter(held)


@register_policy
class RoleAssignmentPolicy(_OfUnitOrEverybody):
    """Roles are seen and given by those who hold the permission on the same unit."""

    model = RoleAssignment
    noun = "role"


@register_policy
class PeriodPolicy(Policy):
    """Periods belong to a unit and are seen by everyone below it."""

    model = Period
    noun = "period"


class _OrganisationWide(Policy):
    """Things without a unit: seen by whoever holds the permission anywhere, changed by whoever holds it anywhere."""

    def unit_of(self, obj: Any) -> None:
        return None

    def visible(self, actor: Actor, queryset: models.QuerySet[M]) -> models.QuerySet[M]:
        if actor.is_system or self._holds(actor, Action.VIEW):
            return queryset
        return queryset.none()

    def allows(self, actor: Actor, action: Action, obj: Any) -> bool:
        return actor.is_system or self._holds(actor, action)

    def allows_within(self, actor: Actor, action: Action, unit_id: int | None) -> bool:
        return actor.is_system or self._holds(actor, action)

    def _holds(self, actor: Actor, action: Action) -> bool:
        permission = self.permission(action)
        return bool(actor.units(permission)) or actor.can(permission, None)


class _SaidForEverybody(_OrganisationWide):
    """What holds for everybody alike: administering one portfolio is not enough to say it."""

    def _holds(self, actor: Actor, action: Action) -> bool:
        return actor.can(self.permission(action), None)


@register_policy
class CalendarPolicy(_OrganisationWide):
    """Calendars are shared by the whole organisation."""

    model = Calendar
    noun = "calendar"


@register_policy
class TermPolicy(_OrganisationWide):
    """The organisation has one set of words."""

    model = Term
    noun = "term"


@register_policy
class CustomFieldPolicy(Policy):
    """Fields belong to the unit that added them."""

    model = CustomField
    noun = "custom_field"


@register_policy
class AnnouncementPolicy(_OfUnitOrEverybody):
    """Announcements are written, changed and taken back by who looks after the unit they are for, those for everybody
    by who looks after everything. Who reads them on their pages is decided by their audience, not here."""

    model = Announcement
    noun = "announcement"


@register_policy
class ExchangeRatePolicy(_OrganisationWide):
    """The organisation has one set of rates."""

    model = ExchangeRate
    noun = "exchange_rate"


@register_policy
class RetentionRulePolicy(_SaidForEverybody):
    """The organisation keeps things equally long everywhere: what one portfolio deletes, others may still need."""

    model = RetentionRule
    noun = "retention"


@register_policy
class SignInRulePolicy(_SaidForEverybody):
    """Who needs a second step is said once, whatever portfolio they work for."""

    model = SignInRule
    noun = "sign_in_rule"


@register_policy
class AuditRecordPolicy(Policy):
    """What happened at the door is seen by who watches over everything; of the people of their units, by their PMO."""

    model = AuditRecord
    noun = "audit"
    field_groups = {"PERSONAL": ("about", "place")}

    def unit_of(self, obj: AuditRecord) -> int | None:
        return obj.person.unit_id if obj.person is not None else None

    def visible(self, actor: Actor, queryset: models.QuerySet[M]) -> models.QuerySet[M]:
        if actor.is_system or actor.can(self.permission(Action.VIEW), None):
            return queryset
        units = actor.units(self.permission(Action.VIEW))
        roles = RoleAssignment.objects.filter(
            valid_on(local_day(timezone.now())), person=OuterRef("person"), unit__any_of=units
        )
        return queryset.filter(Q(person__unit__any_of=units) | Q(Exists(roles)))

    def allows(self, actor: Actor, action: Action, obj: AuditRecord) -> bool:
        return action == Action.VIEW and self.visible(actor, AuditRecord.objects.filter(pk=obj.pk)).exists()
