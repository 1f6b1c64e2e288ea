"""People who come to hear of a team, and leave it."""

from __future__ import annotations

from django.utils import timezone

from organization.access import SYSTEM
from organization.models import Person, Role, RoleAssignment, Unit, User
from organization.services import people, roles
from pmo_portal.lib.windows import local_day
from tests.factories.organization import person_make, role_make, user_make


def member_of(*units: Unit) -> User:
    """Somebody with a sign-in who is a developer of these teams."""
    person = person_make()
    for unit in units:
        role_make(person, Role.DEVELOPER, unit)
    return user_make(person)


def join_team(user: User, unit: Unit) -> None:
    role_make(Person.objects.get(user=user), Role.DEVELOPER, unit)


def leave_team(user: User, unit: Unit) -> None:
    """As of today."""
    now = timezone.now()
    assignment = RoleAssignment.objects.get(person__user=user, unit=unit)
    roles.role_end(actor=SYSTEM, assignment=assignment, on_day=local_day(now), at=now)


def deactivate(user: User) -> None:
    people.person_deactivate(actor=SYSTEM, person=Person.objects.get(user=user), at=timezone.now())
