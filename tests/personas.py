"""The people the tests know by name, and the small organisation they work in.

    north (portfolio)                      south (portfolio)
    +-- coast (program)                    +-- valley (program)
    |   +-- harbour (team)                     +-- meadow (team)
    |   +-- lighthouse (team)                  +-- orchard (team)
    +-- inland (program)
        +-- quarry (team)

``world.persona("developer")`` is a person of that role with a sign-in, made when first asked for;
``client_as("developer")`` is a browser in which that person is signed in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from django.test import Client

from organization.access import PersonActor, actor_for
from organization.models import Person, Role, Unit, UnitKind, User
from tests.factories.organization import person_make, role_make, unit_make, user_make

PERSONAS: dict[str, tuple[Role | None, str]] = {
    "administrator": (Role.ADMINISTRATOR, ""),
    "pmo_staff": (Role.PMO_STAFF, "north"),
    "committee_member": (Role.COMMITTEE_MEMBER, "north"),
    "executive": (Role.EXECUTIVE, "north"),
    "program_lead": (Role.PROGRAM_LEAD, "coast"),
    "product_owner": (Role.PRODUCT_OWNER, "harbour"),
    "scrum_master": (Role.SCRUM_MASTER, "harbour"),
    "developer": (Role.DEVELOPER, "harbour"),
    "coach": (Role.COACH, "coast"),
    "support": (Role.SUPPORT, "north"),
    "stakeholder": (Role.STAKEHOLDER, "north"),
    "neighbour": (Role.DEVELOPER, "lighthouse"),
    "inland_lead": (Role.PROGRAM_LEAD, "inland"),
    "south_staff": (Role.PMO_STAFF, "south"),
    "south_developer": (Role.DEVELOPER, "meadow"),
    "stranger": (None, ""),
}
"""Who holds which role on which unit ("" = everywhere); the stranger holds none."""


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody with a sign-in and at most one role."""

    name: str
    person: Person
    user: User
    unit: Unit | None

    @property
    def actor(self) -> PersonActor:
        """The rights they have now."""
        return actor_for(self.user)


@dataclass(frozen=True, slots=True)
class World:
    """Two portfolios that know nothing of each other."""

    north: Unit
    coast: Unit
    harbour: Unit
    lighthouse: Unit
    inland: Unit
    quarry: Unit
    south: Unit
    valley: Unit
    meadow: Unit
    orchard: Unit
    _made: dict[str, Persona] = field(default_factory=dict)

    def persona(self, name: str) -> Persona:
        """Somebody of PERSONAS; the same one however often asked."""
        if name not in self._made:
            role, unit_name = PERSONAS[name]
            unit: Unit | None = getattr(self, unit_name) if unit_name else None
            person = person_make(f"{name.replace('_', ' ').title()} Example", email=f"{name}@example.org")
            if role is not None:
                role_make(person, role, unit)
            self._made[name] = Persona(name, person, user_make(person), unit)
        return self._made[name]

    def personas(self) -> list[Persona]:
        """All of them."""
        return [self.persona(name) for name in PERSONAS]


@pytest.fixture
def world(db: None) -> World:
    """The organisation of the tests, anew for every test."""
    return world_make()


def world_make() -> World:
    """The organisation of the tests, its units made through the services."""
    north = unit_make(UnitKind.PORTFOLIO, name="North", code="NORTH")
    coast = unit_make(UnitKind.PROGRAM, parent=north, name="Coast", code="COAST")
    inland = unit_make(UnitKind.PROGRAM, parent=north, name="Inland", code="INLAND")
    south = unit_make(UnitKind.PORTFOLIO, name="South", code="SOUTH")
    valley = unit_make(UnitKind.PROGRAM, parent=south, name="Valley", code="VALLEY")
    return World(
        north=north,
        coast=coast,
        harbour=unit_make(parent=coast, name="Harbour", code="HAR"),
        lighthouse=unit_make(parent=coast, name="Lighthouse", code="LIG"),
        inland=inland,
        quarry=unit_make(parent=inland, name="Quarry", code="QUA"),
        south=south,
        valley=valley,
        meadow=unit_make(parent=valley, name="Meadow", code="MEA"),
        orchard=unit_make(parent=valley, name="Orchard", code="ORC"),
    )


@pytest.fixture
def client_as(world: World) -> Callable[[str], Client]:
    """A browser in which somebody of PERSONAS is signed in."""

    def signed_in(name: str) -> Client:
        client = Client()
        client.force_login(world.persona(name).user)
        return client

    return signed_in
