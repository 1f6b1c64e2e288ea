"""Half a year of work of the demo's teams, day by day, through the same services that people use."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from organization.access import SYSTEM
from portfolio.models import Feature, StateCategory, WorkflowState
from teams.demo.stories import REASONS, titles
from teams.models import ItemType, ServiceClass, Sprint, Team, TeamMethod, WorkItem
from teams.services.items import item_block, item_create, item_delete, item_move, item_unblock, items_plan
from teams.services.sprints import sprint_close, sprint_create, sprint_start
from teams.services.teams import team_create

if TYPE_CHECKING:
    from organization.demo import DemoWorld

METHODS: Final = {
    "HAR": TeamMethod.SCRUM,
    "LIG": TeamMethod.SCRUM,
    "JET": TeamMethod.KANBAN,
    "MEA": TeamMethod.SCRUM,
    "ORC": TeamMethod.KANBAN,
    "MIL": TeamMethod.SCRUMBAN,
}
PACE: Final = {"HAR": 0.50, "LIG": 0.42, "JET": 0.46, "MEA": 0.40, "ORC": 0.52, "MIL": 0.36}
"""Chance that a card moves on in a day; every team has its own."""

SPRINT_DAYS: Final = 14
ESTIMATES: Final = (1, 2, 2, 3, 3, 3, 5, 5, 8, 13)


def work(world: DemoWorld) -> None:
    """Let every team of the demo work from the beginning to now."""
    features: dict[str, list[Feature]] = {}
    for program, feature in world.extra["features"]:
        features.setdefault(program, []).append(feature)
    programs = {"HAR": "PAY", "LIG": "PAY", "JET": "PAY", "MEA": "SHOP", "ORC": "SHOP", "MIL": "SHOP"}
    for code, method in METHODS.items():
        team = team_create(actor=SYSTEM, unit=world.units[code], method=method)
        TeamLife(world, team, features[programs[code]]).live()


class TeamLife:
    """One team's days. Nothing here is hard-coded history: chance moves cards, the services record it."""

    def __init__(self, world: DemoWorld, team: Team, features: list[Feature]) -> None:
        self.world = world
        self.team = team
        self.chance = world.chance
        self.states = list(WorkflowState.objects.filter(workflow_id=team.workflow_id).order_by("position"))
        self.backlog_state = self.states[0]
        self.ready, self.done = self.states[1], self.states[-1]
        self.flow = self.states[1:]
        self.cards: dict[int, WorkItem] = {}
        self.sprint: Sprint | None = None
        self.sprints = 0
        self.features = features
        self.drafts: dict[int, Iterator[tuple[str, str]]] = {
            feature.pk: titles(feature.title, self.chance) for feature in features
        }
        self.pace = PACE[team.key_prefix]
        self.at = world.began_at

    def live(self) -> None:
        """Every working day from the beginning to now."""
        for _number in range(24 if self.team.has_sprints else 12):
            self.invent()
        day = self.world.began_at
        while day < self.world.now:
            self.at = day
            if day.weekday() < 5:
                self.working_day(day)
            day += timedelta(days=1)
        if self.team.has_sprints:
            self.plan_ahead()

    def working_day(self, day: datetime) -> None:
        """Plan or close a sprint when it is time, then move cards, pull new ones, and let life happen."""
        if self.team.has_sprints:
            self.sprint_rhythm(day)
        elif len(self.waiting()) < 8:
            for _number in range(self.chance.randint(1, 3)):
                self.invent()
        self.interruptions()
        for card in self.started():
            if card.blocked_at is None and self.chance.random() < self.pace:
                self.advance(card)
        self.pull()

    def sprint_rhythm(self, day: datetime) -> None:
        """Two-week sprints on Mondays; one in six is closed a day late."""
        due = self.sprint is None or (self.sprint.ends_at is not None and day >= self.sprint.ends_at)
        if not due or (self.sprint is not None and self.chance.random() < 0.15):
            return
        following = self.new_sprint(day)
        if self.sprint is not None:
            sprint_close(actor=SYSTEM, sprint=self.sprint, carry_to=following, at=self.now_ish())
        self.refresh()
        while len(self.waiting()) < 16:
            self.invent()
        chosen = self.waiting()[: self.chance.randint(7, 11)]
        items_plan(actor=SYSTEM, items=chosen, sprint=following, at=self.now_ish())
        self.sprint = sprint_start(actor=SYSTEM, sprint=following, at=self.now_ish())
        self.refresh()
        for card in chosen:
            self.move(self.cards[card.pk], self.ready)

    def new_sprint(self, day: datetime) -> Sprint:
        """The next sprint, its goal taken from the feature the team works on."""
        self.sprints += 1
        starts_at = self.world.began_at + timedelta(days=SPRINT_DAYS * (self.sprints - 1))
        feature = self.features[self.sprints % len(self.features)]
        return sprint_create(
            actor=SYSTEM,
            team=self.team,
            name=f"{self.team.unit.name} {self.sprints}",
            goal=f"{feature.title} works for ten shops",
            starts_at=starts_at,
            ends_at=starts_at + timedelta(days=SPRINT_DAYS),
        )

    def plan_ahead(self) -> None:
        """The next sprint is planned already, with a few items in it."""
        following = self.new_sprint(self.at)
        items_plan(actor=SYSTEM, items=self.waiting()[:4], sprint=following, at=self.now_ish())

    def interruptions(self) -> None:
        """Blocks come and go; bugs arrive; finished work is opened again; something is dropped for good."""
        for card in self.started():
            if card.blocked_at is None and self.chance.random() < 0.025:
                reason = self.chance.choice(REASONS)
                self.keep(item_block(actor=SYSTEM, item=card, reason=reason, at=self.now_ish()))
            elif card.blocked_at is not None and self.chance.random() < 0.35:
                self.keep(item_unblock(actor=SYSTEM, item=card, at=self.now_ish()))
        if self.chance.random() < 0.12:
            card = self.invent(kind="BUG", service_class=ServiceClass.EXPEDITE)
            if self.sprint is not None:
                (card,) = items_plan(actor=SYSTEM, items=[card], sprint=self.sprint, at=self.now_ish())
            self.move(self.keep(card), self.ready)
        if self.chance.random() < 0.03 and (finished := self.in_state(self.done)):
            self.move(self.chance.choice(finished[-6:]), self.flow[1])
        if self.chance.random() < 0.02 and len(self.waiting()) > 6:
            dropped = self.waiting()[-1]
            item_delete(actor=SYSTEM, item=dropped, at=self.now_ish())
            del self.cards[dropped.pk]

    def pull(self) -> None:
        """Keep each column within its limit, and the first one filled."""
        if not self.team.has_sprints:
            while len(self.in_state(self.ready)) < (self.ready.wip_limit or 4) and self.waiting():
                self.move(self.waiting()[0], self.ready)

    def advance(self, card: WorkItem) -> None:
        """One column to the right, if there is room; now and then two, now and then none for lack of room."""
        position = self.flow.index(card.state)
        target = self.flow[min(position + (2 if self.chance.random() < 0.12 else 1), len(self.flow) - 1)]
        crowded = target.wip_limit is not None and len(self.in_state(target)) >= target.wip_limit
        if crowded and self.chance.random() < 0.85:
            return
        self.move(card, target)

    def invent(self, *, kind: str = "", **values: Any) -> WorkItem:
        """A new item in the backlog; one in nine is not estimated, one in twelve belongs to no feature."""
        feature = self.chance.choice(self.features)
        drawn, title = next(self.drafts[feature.pk])
        if self.chance.random() > 0.11:
            values["estimate"] = Decimal(self.chance.choice(ESTIMATES))
        if self.chance.random() > 0.08:
            values["feature"] = feature
        values["type"] = ItemType(kind or drawn)
        values["assignee"] = self.chance.choice(self.world.members[self.team.key_prefix])
        return self.keep(item_create(actor=SYSTEM, team=self.team, title=title, values=values, at=self.now_ish()))

    def move(self, card: WorkItem, state: WorkflowState) -> None:
        """Move a card, a little later the same day."""
        moved = item_move(actor=SYSTEM, item=card, to_state=state, after_id=None, seen_version=None, at=self.now_ish())
        self.keep(moved)

    def keep(self, card: WorkItem) -> WorkItem:
        """Remember a card as it is now."""
        card.team = self.team
        self.cards[card.pk] = card
        return card

    def refresh(self) -> None:
        """Read all cards again after something changed many of them."""
        present = WorkItem.objects.present().filter(team=self.team).select_related("state")
        self.cards = {card.pk: card for card in present.order_by("pk")}
        for card in self.cards.values():
            card.team = self.team

    def now_ish(self) -> datetime:
        """The next moment of the day: minutes pass with everything that happens, and never run past now."""
        self.at = min(self.at + timedelta(minutes=self.chance.randint(1, 12)), self.world.now)
        return self.at

    def in_state(self, state: WorkflowState) -> list[WorkItem]:
        """Cards of one column, oldest first."""
        return [card for card in self.cards.values() if card.state_id == state.pk]

    def waiting(self) -> list[WorkItem]:
        """Cards in the backlog that no sprint has yet."""
        return [card for card in self.in_state(self.backlog_state) if card.sprint_id is None]

    def started(self) -> list[WorkItem]:
        """Cards between ready and done."""
        ended = {StateCategory.BACKLOG, StateCategory.DONE, StateCategory.CANCELLED}
        return [card for card in self.cards.values() if card.state.category not in ended]
