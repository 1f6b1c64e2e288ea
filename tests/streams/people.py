"""Teams and the people in them."""

from __future__ import annotations

from organization.models import Person, Role, RoleAssignment, Unit, UnitClosure, UnitKind, User
from pmo_portal.lib.windows import BEGINNING, FOREVER


def team(code: str) -> Unit:
    unit = Unit.objects.create(kind=UnitKind.TEAM, name=f"Team {code}", code=code)
    UnitClosure.objects.create(ancestor=unit, descendant=unit, depth=0, valid_from=BEGINNING, valid_to=FOREVER)
    return unit


def member_of(*units: Unit, email: str = "member@example.org") -> User:
    person = Person.objects.create(name="Test Member", email=email)
    for unit in units:
        RoleAssignment.objects.create(person=person, unit=unit, role=Role.DEVELOPER)
    return User.objects.create_user(email, "a long pass phrase", person=person)
