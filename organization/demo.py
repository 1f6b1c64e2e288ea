"""The demo organisation's people and units. All of it is invented, and plainly so."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from organization.access import SYSTEM
from organization.demo_accounts import DEMO_DOMAIN
from organization.models import Period, PeriodKind, Person, Role, Unit, UnitKind
from organization.services.calendars import calendar_create
from organization.services.people import person_create, user_create
from organization.services.periods import period_create
from organization.services.roles import role_give
from organization.services.units import unit_create
from pmo_portal.lib.windows import local_day, week_start

WEEKS: Final = 26
"""How much history the demo has."""


@dataclass(slots=True)
class DemoWorld:
    """What the steps of the demo share: the moment it ends, one seeded source of chance, and who is where."""

    now: datetime
    chance: Random
    units: dict[str, Unit] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    members: dict[str, list[Person]] = field(default_factory=dict)
    periods: list[Period] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def began_at(self) -> datetime:
        """The Monday, eight in the morning UTC, on which its history begins."""
        monday = week_start(local_day(self.now)) - timedelta(weeks=WEEKS)
        day = self.now.replace(year=monday.year, month=monday.month, day=monday.day)
        return day.replace(hour=8, minute=0, second=0, microsecond=0)


PROGRAMS: Final = {
    "PAY": ("Payments", {"HAR": "Harbour", "LIG": "Lighthouse", "JET": "Jetty"}),
    "SHOP": ("Storefront", {"MEA": "Meadow", "ORC": "Orchard", "MIL": "Mill"}),
}
"""Program code -> name and its teams."""

ACCOUNTS: Final = {
    Role.PMO_STAFF: ("Paula Lantern", "LARK"),
    Role.COMMITTEE_MEMBER: ("Bruno Compass", "LARK"),
    Role.EXECUTIVE: ("Edda Sextant", "LARK"),
    Role.PROGRAM_LEAD: ("Ravi Anchor", "PAY"),
    Role.PRODUCT_OWNER: ("Marta Willow", "HAR"),
    Role.SCRUM_MASTER: ("Sami Pebble", "HAR"),
    Role.DEVELOPER: ("Tova Bramble", "HAR"),
    Role.COACH: ("Cleo Harvest", "LARK"),
    Role.SUPPORT: ("Hugo Teapot", "LARK"),
    Role.STAKEHOLDER: ("Nora Umbrella", "LARK"),
    Role.ADMINISTRATOR: ("Otis Keyhole", None),
}
"""One person for each role, and the unit the role is held on; they can be entered with one click in demo mode."""

_GIVEN: Final = [
    "Ana",
    "Ben",
    "Cara",
    "Dov",
    "Elin",
    "Finn",
    "Gina",
    "Hal",
    "Iris",
    "Jon",
    "Kaya",
    "Leo",
    "Mina",
    "Nils",
    "Olga",
    "Pia",
    "Quin",
    "Rosa",
    "Sven",
    "Tara",
    "Udo",
    "Vera",
    "Wim",
    "Yara",
    "Zeno",
]
_FAMILY: Final = [
    "Acorn",
    "Bobbin",
    "Candle",
    "Drizzle",
    "Easel",
    "Feather",
    "Gable",
    "Hazel",
    "Inkwell",
    "Juniper",
    "Kettle",
    "Ladder",
    "Marble",
    "Nutmeg",
    "Oar",
    "Pumpkin",
    "Quill",
    "Ribbon",
    "Saddle",
    "Thimble",
    "Velvet",
    "Walnut",
    "Yarrow",
    "Zipper",
    "Birch",
]


def people_and_units(world: DemoWorld) -> None:
    """One portfolio, two programs, six teams, and the people in them."""
    began = world.began_at
    calendar = calendar_create(actor=SYSTEM, name="Larkfield", country="DE", at=began)
    portfolio = _unit(world, UnitKind.PORTFOLIO, "LARK", "Larkfield", None, currency="EUR", calendar=calendar)
    drawn = [f"{given} {family}" for given, family in zip(_GIVEN, _FAMILY, strict=True)]
    names = iter(world.chance.sample(drawn, len(drawn)))
    for code, (name, teams) in PROGRAMS.items():
        program = _unit(world, UnitKind.PROGRAM, code, name, portfolio)
        for team_code, team_name in teams.items():
            team = _unit(world, UnitKind.TEAM, team_code, team_name, program)
            # Harbour's product owner and scrum master are demo accounts.
            roles = [Role.DEVELOPER] * 3 if team_code == "HAR" else [Role.PRODUCT_OWNER, *[Role.DEVELOPER] * 3]
            world.members[team_code] = [_member(world, next(names), role, team) for role in roles]
    _member(world, next(names), Role.PROGRAM_LEAD, world.units["SHOP"])
    for role, (name, unit_code) in ACCOUNTS.items():
        unit = world.units[unit_code] if unit_code else None
        person = _member(world, name, role, unit)
        world.people[role] = person
        user_create(actor=SYSTEM, person=person, email=person.email, at=began)
        if unit_code == "HAR":
            world.members["HAR"].append(person)
    _periods(world, portfolio)


def _unit(world: DemoWorld, kind: UnitKind, code: str, name: str, parent: Unit | None, **fields: Any) -> Unit:
    unit = unit_create(actor=SYSTEM, kind=kind, name=name, code=code, parent=parent, at=world.began_at, **fields)
    world.units[code] = unit
    return unit


def _member(world: DemoWorld, name: str, role: Role, unit: Unit | None) -> Person:
    address = f"{name.lower().replace(' ', '.')}@{DEMO_DOMAIN}"
    person = person_create(actor=SYSTEM, name=name, email=address, at=world.began_at)
    role_give(actor=SYSTEM, person=person, role=role, unit=unit, at=world.began_at)
    return person


def _periods(world: DemoWorld, portfolio: Unit) -> None:
    """Program increments of ten weeks around today, and the fiscal year."""
    today = local_day(world.now)
    first = week_start(local_day(world.began_at))
    for number in range(4):
        starts_on = first + timedelta(weeks=10 * number)
        period = period_create(
            actor=SYSTEM,
            unit=portfolio,
            kind=PeriodKind.PI,
            name=f"PI {starts_on:%y}.{number + 1}",
            starts_on=starts_on,
            ends_on=starts_on + timedelta(weeks=10),
            at=world.began_at,
        )
        world.periods.append(period)
    period_create(
        actor=SYSTEM,
        unit=portfolio,
        kind=PeriodKind.FISCAL_YEAR,
        name=f"FY {today.year}",
        starts_on=today.replace(month=1, day=1),
        ends_on=today.replace(year=today.year + 1, month=1, day=1),
        at=world.began_at,
    )
