"""The demo organisation's people and units. All of it is invented, and plainly so."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import product
from random import Random
from typing import Any, Final

from organization.access import SYSTEM
from organization.demo_accounts import DEMO_DOMAIN
from organization.models import Period, PeriodKind, Person, Role, Unit, UnitKind
from organization.services.calendars import calendar_create
from organization.services.people import person_create, user_create
from organization.services.periods import period_create
from organization.services.roles import role_give
from organization.services.units import unit_create, unit_move
from pmo_portal.lib.windows import local_day, week_start


@dataclass(frozen=True, slots=True)
class DemoProgram:
    """A program of the demo with its teams (code -> name)."""

    code: str
    name: str
    stream: str
    teams: dict[str, str]


PROGRAMS: Final = (
    DemoProgram("PAY", "Payments", "MNY", {"HAR": "Harbour", "LIG": "Lighthouse", "JET": "Jetty", "BUO": "Buoy"}),
    DemoProgram("SHOP", "Storefront", "TRD", {"MEA": "Meadow", "ORC": "Orchard", "MIL": "Mill", "BRN": "Barn"}),
    DemoProgram("SHIP", "Delivery", "TRD", {"DEP": "Depot", "CAR": "Carriage", "RAI": "Railway", "PAR": "Parcel"}),
    DemoProgram("CORE", "Platform", "RUN", {"QUA": "Quarry", "FOR": "Forge", "KIL": "Kiln", "TOW": "Tower"}),
)
STREAMS: Final = {"MNY": "Money", "TRD": "Trade", "RUN": "Running the house"}

MOVED_TEAM: Final = "BUO"
MOVED_FROM: Final = "SHOP"
"""This team stood under another program for the first half of the demo's history."""


@dataclass(frozen=True, slots=True)
class DemoSize:
    """How much of the demo is made. ``small`` is for tests: two programs without value streams, half a year."""

    weeks: int
    programs: tuple[DemoProgram, ...]
    has_streams: bool
    people: int


SIZES: Final = {
    "full": DemoSize(52, PROGRAMS, has_streams=True, people=120),
    "small": DemoSize(
        26,
        tuple(replace(program, teams=dict(list(program.teams.items())[:3])) for program in PROGRAMS[:2]),
        has_streams=False,
        people=35,
    ),
}


@dataclass(slots=True)
class DemoWorld:
    """What the steps of the demo share: the moment it ends, one seeded source of chance, and who is where."""

    now: datetime
    chance: Random
    size: DemoSize = SIZES["full"]
    units: dict[str, Unit] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    members: dict[str, list[Person]] = field(default_factory=dict)
    periods: list[Period] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def began_at(self) -> datetime:
        """The Monday, eight in the morning UTC, on which its history begins."""
        return self.morning(self.size.weeks)

    @property
    def team_moved_at(self) -> datetime:
        """The Monday from which the team that changes its program stands where it stands now."""
        return self.morning(self.size.weeks // 2)

    def morning(self, weeks_ago: int) -> datetime:
        """The Monday of so many weeks ago, eight in the morning UTC."""
        monday = week_start(local_day(self.now)) - timedelta(weeks=weeks_ago)
        day = self.now.replace(year=monday.year, month=monday.month, day=monday.day)
        return day.replace(hour=8, minute=0, second=0, microsecond=0)

    @property
    def teams(self) -> dict[str, str]:
        """Team code -> code of the program it stands under now."""
        return {team: program.code for program in self.size.programs for team in program.teams}

    @property
    def running_period(self) -> int:
        """The place of the increment in which today lies."""
        today = local_day(self.now)
        return max(number for number, period in enumerate(self.periods) if period.starts_on <= today)


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
    "Ana", "Ben", "Cara", "Dov", "Elin", "Finn", "Gina", "Hal", "Iris", "Jon", "Kaya", "Leo", "Mina", "Nils",
    "Olga", "Pia", "Quin", "Rosa", "Sven", "Tara", "Udo", "Vera", "Wim", "Yara", "Zeno",
]  # fmt: skip
_FAMILY: Final = [
    "Acorn", "Bobbin", "Candle", "Drizzle", "Easel", "Feather", "Gable", "Hazel", "Inkwell", "Juniper",
    "Kettle", "Ladder", "Marble", "Nutmeg", "Oar", "Pumpkin", "Quill", "Ribbon", "Saddle", "Thimble", "Velvet",
    "Walnut", "Yarrow", "Zipper", "Birch",
]  # fmt: skip


def people_and_units(world: DemoWorld) -> None:
    """One portfolio, its value streams, programs and teams, and the people in them."""
    began = world.began_at
    calendar = calendar_create(actor=SYSTEM, name="Larkfield", country="DE", at=began)
    portfolio = _unit(world, UnitKind.PORTFOLIO, "LARK", "Larkfield", None, currency="EUR", calendar=calendar)
    streams = {}
    if world.size.has_streams:
        streams = {code: _unit(world, UnitKind.VALUE_STREAM, code, name, portfolio) for code, name in STREAMS.items()}
    for program in world.size.programs:
        _unit(world, UnitKind.PROGRAM, program.code, program.name, streams.get(program.stream, portfolio))
    for program in world.size.programs:
        for code, name in program.teams.items():
            is_moved = code == MOVED_TEAM
            team = _unit(world, UnitKind.TEAM, code, name, world.units[MOVED_FROM if is_moved else program.code])
            if is_moved:
                from_day = local_day(world.team_moved_at)
                parent = world.units[program.code]
                unit_move(actor=SYSTEM, unit=team, parent=parent, from_day=from_day, at=world.team_moved_at)
    _people(world)
    _periods(world, portfolio)


def _people(world: DemoWorld) -> None:
    """The accounts, a lead for every program that has none among them, and the teams; as many as the size says."""
    names = iter(_names(world.chance))
    leads = [program.code for program in world.size.programs if program.code != ACCOUNTS[Role.PROGRAM_LEAD][1]]
    for code in leads:
        _member(world, next(names), Role.PROGRAM_LEAD, world.units[code])
    codes = list(world.teams)
    remaining = world.size.people - len(ACCOUNTS) - len(leads)
    for number, code in enumerate(codes):
        share = remaining // len(codes) + (number < remaining % len(codes))
        # Harbour's product owner and scrum master are demo accounts.
        heads = [] if code == "HAR" else [Role.PRODUCT_OWNER, *([Role.SCRUM_MASTER] if share > 5 else [])]
        roles = [*heads, *[Role.DEVELOPER] * (share - len(heads))]
        world.members[code] = [_member(world, next(names), role, world.units[code]) for role in roles]
    for role, (name, unit_code) in ACCOUNTS.items():
        person = _member(world, name, role, world.units[unit_code] if unit_code else None)
        world.people[role] = person
        user_create(actor=SYSTEM, person=person, email=person.email, at=world.began_at)
        if unit_code == "HAR":
            world.members["HAR"].append(person)


def _names(chance: Random) -> list[str]:
    """Every given name with every family name once, in a drawn order; the first ones share neither."""
    first = list(zip(_GIVEN, chance.sample(_FAMILY, len(_FAMILY)), strict=True))
    rest = [pair for pair in product(_GIVEN, _FAMILY) if pair not in first]
    chance.shuffle(rest)
    return [f"{given} {family}" for given, family in (*first, *rest)]


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
    """Program increments of ten weeks from the beginning to after today, and the fiscal years."""
    today = local_day(world.now)
    first = week_start(local_day(world.began_at))
    in_year: Counter[int] = Counter()
    for number in range(-(-world.size.weeks // 10) + 1):
        starts_on = first + timedelta(weeks=10 * number)
        in_year[starts_on.year] += 1
        period = period_create(
            actor=SYSTEM,
            unit=portfolio,
            kind=PeriodKind.PI,
            name=f"PI {starts_on:%y}.{in_year[starts_on.year]}",
            starts_on=starts_on,
            ends_on=starts_on + timedelta(weeks=10),
            at=world.began_at,
        )
        world.periods.append(period)
    for year in range(first.year, today.year + 1):
        period_create(
            actor=SYSTEM,
            unit=portfolio,
            kind=PeriodKind.FISCAL_YEAR,
            name=f"FY {year}",
            starts_on=today.replace(year=year, month=1, day=1),
            ends_on=today.replace(year=year + 1, month=1, day=1),
            at=world.began_at,
        )
