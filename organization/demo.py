"""The demo organisation's people and units. All of it is invented."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from random import Random
from typing import Any, Final

from organization.access import SYSTEM
from organization.demo_accounts import DEMO_DOMAIN
from organization.models import Period, Person, Role, Unit, UnitKind
from organization.services.calendars import calendar_create
from organization.services.people import person_create, user_create
from organization.services.periods import increments, period_create_series, quarters_of_year
from organization.services.roles import role_give
from organization.services.units import unit_create, unit_edit
from pmo_portal.lib.windows import local_day, portal_zone, week_start

WEEKS: Final = 26
"""How long the demo's history is."""

UNITS: Final = (
    ("LARK", UnitKind.PORTFOLIO, "Larkfield", "", "Everything Larkfield builds for shops and their buyers."),
    ("PAY", UnitKind.PROGRAM, "Payments", "LARK", "Money in, money out, and what it costs."),
    ("SHOP", UnitKind.PROGRAM, "Storefront", "LARK", "What buyers see: catalogue, basket, orders."),
    ("HAR", UnitKind.TEAM, "Harbour", "PAY", "Payouts and limits."),
    ("LIG", UnitKind.TEAM, "Lighthouse", "PAY", "Fees and statements."),
    ("JET", UnitKind.TEAM, "Jetty", "PAY", "Sign-in, keys and webhooks."),
    ("MEA", UnitKind.TEAM, "Meadow", "SHOP", "Catalogue and search."),
    ("ORC", UnitKind.TEAM, "Orchard", "SHOP", "Basket and orders."),
    ("MIL", UnitKind.TEAM, "Mill", "SHOP", "Mails, receipts, stock."),
)
"""Code, kind, name, parent's code, what it is for."""

STAFF: Final = (
    (Role.ADMINISTRATOR, "", "Ines Adler"),
    (Role.PMO_STAFF, "LARK", "Paula Morgan"),
    (Role.COMMITTEE_MEMBER, "LARK", "Carl Meister"),
    (Role.EXECUTIVE, "LARK", "Elena Voss"),
    (Role.PROGRAM_LEAD, "PAY", "Robin Lark"),
    (Role.PRODUCT_OWNER, "HAR", "Olga Prinz"),
    (Role.SCRUM_MASTER, "HAR", "Sam Mast"),
    (Role.DEVELOPER, "HAR", "Dana Vey"),
    (Role.COACH, "LARK", "Chris Ochs"),
    (Role.SUPPORT, "LARK", "Sunny Port"),
    (Role.STAKEHOLDER, "LARK", "Stella Kehl"),
)
"""One person a role, on which unit ("" = everywhere); each can be entered with one click."""

MEMBERS: Final = {
    "HAR": ("Ada Sommer", "Tom Brandt", "Lena Krug", "Jon Feld"),
    "LIG": ("Mira Stein", "Paul Winter", "Eva Lind", "Nils Berg"),
    "JET": ("Kim Rosen", "Leo Hafen", "Ida Moor"),
    "MEA": ("Nora Wiese", "Ben Klee", "Lia Hain", "Max Acker"),
    "ORC": ("Rosa Apfel", "Finn Baum", "Mia Laub"),
    "MIL": ("Otto Korn", "Lotte Mahl", "Jan Bach", "Tilda Rad"),
}
"""The developers of each team."""

LEADS: Final = ((Role.PROGRAM_LEAD, "SHOP", "Greta Laden"),)
"""Who leads besides those one can be."""


@dataclass(slots=True)
class DemoWorld:
    """What the steps of the demo share: the clock, chance, and what earlier steps made."""

    now: datetime
    chance: Random
    units: dict[str, Unit] = field(default_factory=dict)
    people: dict[Role, Person] = field(default_factory=dict)
    members: dict[str, list[Person]] = field(default_factory=dict)
    periods: list[Period] = field(default_factory=list)
    """The program increments, oldest first."""
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def began_at(self) -> datetime:
        """Nine in the morning of the Monday on which the history begins."""
        monday = week_start(local_day(self.now)) - timedelta(weeks=WEEKS)
        return datetime.combine(monday, time(9), tzinfo=portal_zone())


def people_and_units(world: DemoWorld) -> None:
    """The unit tree with its calendar and periods, one person a role with a sign-in, and the teams' members."""
    at = world.began_at - timedelta(days=60)
    for code, kind, name, parent, description in UNITS:
        world.units[code] = unit_create(
            actor=SYSTEM,
            kind=kind,
            name=name,
            code=code,
            parent=world.units.get(parent),
            description=description,
            currency="EUR" if kind == UnitKind.PORTFOLIO else "",
            at=at,
        )
    _calendar(world, at)
    _periods(world, at)
    for role, code, name in (*STAFF, *LEADS):
        unit = world.units.get(code)
        person = _person(name, unit or world.units["LARK"], at)
        role_give(actor=SYSTEM, person=person, role=role, unit=unit, at=at)
        if role not in world.people:
            world.people[role] = person
            user_create(actor=SYSTEM, person=person, email=person.email, at=at)
    for code, names in MEMBERS.items():
        world.members[code] = [_person(name, world.units[code], at) for name in names]
        for person in world.members[code]:
            role_give(actor=SYSTEM, person=person, role=Role.DEVELOPER, unit=world.units[code], at=at)
    world.members["HAR"].append(world.people[Role.DEVELOPER])


def _calendar(world: DemoWorld, at: datetime) -> None:
    calendar = calendar_create(actor=SYSTEM, name="Hamburg", country="DE", subdivision="HH", at=at)
    portfolio = world.units["LARK"]
    world.units["LARK"] = unit_edit(
        actor=SYSTEM,
        unit=portfolio,
        name=portfolio.name,
        description=portfolio.description,
        currency=portfolio.currency,
        calendar=calendar,
        at=at,
    )


def _periods(world: DemoWorld, at: datetime) -> None:
    """Fiscal years with their quarters, and increments of twelve weeks: one past, one running, two to plan."""
    portfolio = world.units["LARK"]
    began_on = local_day(world.began_at)
    for year in sorted({began_on.year, local_day(world.now).year}):
        planned = quarters_of_year(starts_on=began_on.replace(year=year, month=1, day=1), name=str(year))
        period_create_series(actor=SYSTEM, unit=portfolio, planned=planned, at=at)
    planned = increments(starts_on=began_on, weeks=12, count=4, name="PI")
    world.periods = period_create_series(actor=SYSTEM, unit=portfolio, planned=planned, at=at)


def _person(name: str, unit: Unit, at: datetime) -> Person:
    address = f"{name.lower().replace(' ', '.')}@{DEMO_DOMAIN}"
    return person_create(actor=SYSTEM, name=name, email=address, unit=unit, at=at)
