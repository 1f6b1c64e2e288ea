"""People with what they hold, as lists and pages show them."""

from __future__ import annotations

from datetime import date

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from organization.models import Person, RoleAssignment, User
from organization.querysets import valid_on
from pmo_portal.lib.access import Actor, visible
from pmo_portal.lib.windows import local_day


def people_with_roles(actor: Actor, *, day: date) -> QuerySet[Person]:
    """The people ``actor`` may see; ``current_roles`` holds the roles of the day with their units, so that neither
    the list nor the policy asks for them person by person."""
    roles = RoleAssignment.objects.filter(valid_on(day)).select_related("unit").order_by("unit__name", "role")
    return (
        visible(actor, Person)
        .select_related("unit", "user")
        .prefetch_related(Prefetch("roles", queryset=roles, to_attr="current_roles"))
    )


def roles_of(person: Person) -> list[RoleAssignment]:
    """Every role a person holds, held or will hold; the running ones first."""
    today = local_day(timezone.now())
    held = RoleAssignment.objects.filter(person=person).select_related("unit", "person")
    return sorted(
        held,
        key=lambda role: (
            not role.valid_from <= today < role.valid_to,
            role.unit.name if role.unit else "",
            role.role,
            role.valid_from,
        ),
    )


def roles_held_by(person_id: int | None, *, day: date) -> QuerySet[RoleAssignment]:
    """What a person holds on a day, with the units."""
    held = RoleAssignment.objects.filter(valid_on(day), person=person_id)
    return held.select_related("unit").order_by("unit__name", "role")


def sign_in_of(person: Person) -> User | None:
    """How a person signs in, if they do."""
    return User.objects.filter(person=person).first()
