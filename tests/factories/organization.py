"""Units, people and roles, made through the services by the system itself."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime

from organization.access import SYSTEM
from organization.models import Person, Role, RoleAssignment, Unit, UnitKind, User
from organization.services import people, roles, units
from pmo_portal.lib.windows import BEGINNING, FOREVER

NOW = datetime(2026, 6, 3, 9, 0, tzinfo=UTC)
"""When the tests' things were made, where the moment does not matter."""

_numbers = itertools.count(1)


def unit_make(
    kind: UnitKind | str = UnitKind.TEAM,
    *,
    parent: Unit | None = None,
    name: str = "",
    code: str = "",
    valid_from: date = BEGINNING,
) -> Unit:
    """A unit of its own name under ``parent``."""
    number = next(_numbers)
    return units.unit_create(
        actor=SYSTEM,
        kind=kind,
        name=name or f"{UnitKind(kind).label} {number}",
        code=code or f"U{number}",
        parent=parent,
        valid_from=valid_from,
        at=NOW,
    )


def person_make(name: str = "", *, unit: Unit | None = None, email: str = "", is_external: bool = False) -> Person:
    """Somebody who cannot sign in."""
    number = next(_numbers)
    return people.person_create(
        actor=SYSTEM,
        name=name or f"Person {number}",
        email=email or f"person{number}@example.org",
        is_external=is_external,
        unit=unit,
        at=NOW,
    )


def user_make(person: Person | None = None, *, email: str = "", password: str | None = None) -> User:
    """The sign-in of a person."""
    person = person or person_make()
    return people.user_create(actor=SYSTEM, person=person, email=email or person.email, password=password, at=NOW)


def role_make(
    person: Person,
    role: Role | str,
    unit: Unit | None,
    *,
    valid_from: date = BEGINNING,
    valid_to: date = FOREVER,
) -> RoleAssignment:
    """A role that a person holds on a unit; without a unit, everywhere."""
    return roles.role_give(
        actor=SYSTEM, person=person, role=role, unit=unit, valid_from=valid_from, valid_to=valid_to, at=NOW
    )
