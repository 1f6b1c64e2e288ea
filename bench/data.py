"""Teams with many cards, made quickly: the cards are inserted in bulk, everything around them by the services."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.test import Client
from django.utils import timezone
from fractional_indexing import generate_n_keys_between

from organization.access import SYSTEM
from organization.models import Person, Role, Unit, UnitKind, User
from organization.services.people import person_create, user_create
from organization.services.roles import role_give
from organization.services.units import unit_create
from pmo_portal.lib.windows import BEGINNING
from portfolio.models import Epic, Feature, TrackedKind, Workflow, WorkflowState
from portfolio.services.workflows import EPIC_STATES, FEATURE_STATES, workflow_create
from teams.models import Team, TeamMethod, WorkItem
from teams.services.teams import team_create

TYPES = ("STORY", "STORY", "STORY", "BUG", "TASK", "SPIKE")
WORDS = [
    "refund",
    "payout",
    "ledger",
    "webhook",
    "export",
    "report",
    "fee",
    "limit",
    "shop",
    "bank",
    "card",
    "order",
    "invoice",
    "voucher",
    "account",
    "signing",
]


@dataclass(frozen=True, slots=True)
class House:
    """A program whose teams are measured, and somebody who may work in all of them."""

    program: Unit
    people: list[Person]
    features: list[Feature]
    user: User

    def client(self) -> Client:
        """A browser in which that somebody is signed in."""
        client = Client()
        client.force_login(self.user)
        return client


def house_make(name: str) -> House:
    """A portfolio with a program, eight epics, twenty-four features, forty people."""
    at = timezone.now()
    portfolio = unit_create(actor=SYSTEM, kind=UnitKind.PORTFOLIO, name=f"{name} portfolio", code=f"{name}P", at=at)
    program = unit_create(
        actor=SYSTEM, kind=UnitKind.PROGRAM, name=f"{name} program", code=f"{name}G", parent=portfolio, at=at
    )
    people = [
        person_create(actor=SYSTEM, name=f"Bench {number} Person", email="", unit=program, at=at)
        for number in range(40)
    ]
    epic_flow = _workflow(portfolio, TrackedKind.EPIC)
    feature_flow = _workflow(program, TrackedKind.FEATURE)
    epics = [
        Epic(unit=portfolio, key=f"{name}-E{n}", title=f"Epic about {WORDS[n]}", state=epic_flow, rank=rank, version=1)
        for n, rank in enumerate(generate_n_keys_between(None, None, 8))
    ]
    Epic.objects.bulk_create(epics)
    features = [
        Feature(
            unit=program,
            key=f"{name}-F{n}",
            title=f"Feature {n}",
            state=feature_flow,
            rank=rank,
            epic=epics[n % 8],
            version=1,
        )
        for n, rank in enumerate(generate_n_keys_between(None, None, 24))
    ]
    Feature.objects.bulk_create(features)
    user = user_create(actor=SYSTEM, person=people[0], email=f"{name.lower()}@example.org", password=None, at=at)
    for unit in (program, portfolio):
        role_give(
            actor=SYSTEM,
            person=people[0],
            role=Role.PRODUCT_OWNER,
            unit=unit,
            valid_from=BEGINNING,
            at=at,
        )
    return House(program, people, features, user)


def board_make(house: House, code: str, *, cards: int, seed: int = 7) -> Team:
    """A Kanban team with so many cards on its board, spread over all columns."""
    at = timezone.now()
    chance = random.Random(seed)
    unit = unit_create(actor=SYSTEM, kind=UnitKind.TEAM, name=f"Team {code}", code=code, parent=house.program, at=at)
    team = team_create(actor=SYSTEM, unit=unit, method=TeamMethod.KANBAN)
    states = list(team.workflow.states.order_by("position"))
    ranks = generate_n_keys_between(None, None, cards)
    chance.shuffle(ranks)
    WorkItem.objects.bulk_create(
        [
            WorkItem(
                team=team,
                key=f"{code}-{n + 1}",
                title=_title(chance, n),
                type=chance.choice(TYPES),
                state=states[n % len(states)],
                rank=ranks[n],
                version=chance.randint(3, 12),
                estimate=Decimal(chance.choice((1, 2, 3, 5, 8))) if chance.random() < 0.8 else None,
                assignee=chance.choice(house.people) if chance.random() < 0.8 else None,
                feature=chance.choice(house.features) if chance.random() < 0.8 else None,
                labels=chance.sample(WORDS, chance.randint(0, 3)),
                blocked_at=at - timedelta(days=2) if chance.random() < 0.05 else None,
                blocked_reason="waits for the bank",
                state_entered_at=_recently(chance, at),
                created_at=at - timedelta(days=60),
                updated_at=at,
            )
            for n in range(cards)
        ]
    )
    return team


def _workflow(unit: Unit, kind: TrackedKind) -> WorkflowState:
    states = EPIC_STATES if kind == TrackedKind.EPIC else FEATURE_STATES
    flow: Workflow = workflow_create(actor=SYSTEM, unit=unit, kind=kind, name=unit.name, states=states)
    state: WorkflowState = flow.states.order_by("position")[3]
    return state


def _title(chance: random.Random, number: int) -> str:
    return f"{' '.join(chance.choice(WORDS) for _ in range(chance.randint(4, 8))).capitalize()} {number}"


def _recently(chance: random.Random, at: datetime) -> datetime:
    return at - timedelta(days=chance.randint(0, 12), minutes=5)
