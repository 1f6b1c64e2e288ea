"""A year of work of the demo's teams, day by day, written by the bulk service that imports use.

Nothing here is hard-coded history: a seeded chance moves cards, and every move is an event. The numbers of the demo
are computed from these events like anybody's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django.db import connection

from organization.access import SYSTEM
from organization.demo import MOVED_FROM, MOVED_TEAM
from portfolio.models import EventKind, EventSource, Feature, StateCategory, WorkflowState
from portfolio.services.bulk import BulkEvent, BulkRow, creation_events, ids_reserve, ranks_at_end, rows_write
from teams.demo.stories import REASONS, titles
from teams.models import ItemType, Priority, ServiceClass, Sprint, SprintState, Team, TeamMethod, WorkItem
from teams.services.registration import ITEM
from teams.services.sprint_outcomes import sprint_outcomes_freeze
from teams.services.teams import team_create

if TYPE_CHECKING:
    from organization.demo import DemoWorld

WAYS: Final = {
    "HAR": (TeamMethod.SCRUM, 0.50),
    "LIG": (TeamMethod.SCRUM, 0.42),
    "JET": (TeamMethod.KANBAN, 0.46),
    "BUO": (TeamMethod.SCRUM, 0.38),
    "MEA": (TeamMethod.SCRUM, 0.40),
    "ORC": (TeamMethod.KANBAN, 0.52),
    "MIL": (TeamMethod.SCRUMBAN, 0.36),
    "BRN": (TeamMethod.KANBAN, 0.33),
    "DEP": (TeamMethod.SCRUM, 0.45),
    "CAR": (TeamMethod.KANBAN, 0.48),
    "RAI": (TeamMethod.SCRUM, 0.35),
    "PAR": (TeamMethod.SCRUMBAN, 0.44),
    "QUA": (TeamMethod.KANBAN, 0.30),
    "FOR": (TeamMethod.SCRUM, 0.47),
    "KIL": (TeamMethod.KANBAN, 0.41),
    "TOW": (TeamMethod.SCRUM, 0.39),
}
"""How every team works, and the chance that one of its cards moves on in a day."""

SPRINT_DAYS: Final = 14
ESTIMATES: Final = (1, 2, 2, 3, 3, 3, 5, 5, 8, 13)


def work(world: DemoWorld) -> None:
    """Let every team of the demo work from the beginning to now."""
    features: dict[str, list[Feature]] = {}
    for program, feature in world.extra["features"]:
        features.setdefault(program, []).append(feature)
    closed = []
    for code, program in world.teams.items():
        known = features[program]
        if code == MOVED_TEAM:
            # What it began under its first program it goes on with.
            known = features[MOVED_FROM][:2] + known
        team = team_create(actor=SYSTEM, unit=world.units[code], method=WAYS[code][0])
        closed.append(TeamLife(world, team, known).live())
    # All of this is one transaction: without a look at what it has written, the planner takes the tables for empty.
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE teams_sprint, teams_workitem, teams_itemevent, portfolio_statemeaning")
    for sprint_ids in closed:
        sprint_outcomes_freeze(sprint_ids)


@dataclass(slots=True)
class Card:
    """An item of the demo while it lives in memory, with its history so far."""

    row: BulkRow
    state: WorkflowState

    @property
    def sprint_id(self) -> int | None:
        """The sprint it is in."""
        sprint_id: int | None = self.row.columns["sprint_id"]
        return sprint_id

    @property
    def is_blocked(self) -> bool:
        """Whether it is flagged."""
        return self.row.columns["blocked_at"] is not None


class TeamLife:
    """One team's days."""

    def __init__(self, world: DemoWorld, team: Team, features: list[Feature]) -> None:
        self.world = world
        self.team = team
        self.chance = world.chance
        self.states = list(WorkflowState.objects.filter(workflow_id=team.workflow_id).order_by("position"))
        self.backlog_state = self.states[0]
        self.ready, self.done = self.states[1], self.states[-1]
        self.flow = self.states[1:]
        self.cards: list[Card] = []
        self.ids: list[int] = []
        self.sprint: Sprint | None = None
        self.sprints: list[Sprint] = []
        self.features = features
        self.drafts: dict[int, Iterator[tuple[str, str]]] = {
            feature.pk: titles(feature.title, self.chance) for feature in features
        }
        self.pace = WAYS[team.key_prefix][1]
        self.at = world.began_at - timedelta(days=3)

    def live(self) -> list[int]:
        """Every working day from the beginning to now; then all of it is written at once. Returns the closed sprints,
        which are not frozen yet."""
        for _number in range(24 if self.team.has_sprints else 12):
            self.invent()
        day = self.world.began_at
        while day < self.world.now:
            self.at = day
            if day.weekday() < 5:
                self.working_day(day)
            day += timedelta(days=1)
        if self.team.has_sprints:
            following = self.new_sprint()
            for card in self.waiting()[:4]:
                self.plan(card, following.pk)
        self.write()
        return [sprint.pk for sprint in self.sprints if sprint.state == SprintState.CLOSED]

    def write(self) -> None:
        """Sprints, and items with their events."""
        Sprint.objects.bulk_create(self.sprints)
        for card, rank in zip(
            self.cards, ranks_at_end(ITEM, {self.team.pk: len(self.cards)})[self.team.pk], strict=True
        ):
            card.row.columns["rank"] = rank
        rows = [card.row for card in self.cards]
        rows_write(ITEM, rows, recorded_at=self.world.now, source=EventSource.PORTAL)
        Team.objects.filter(pk=self.team.pk).update(next_number=len(rows) + 1)

    # -- a day ---------------------------------------------------------------------------------------------------------

    def working_day(self, day: datetime) -> None:
        """Plan or close a sprint when it is time, then move cards, pull new ones, and let life happen."""
        if self.team.has_sprints:
            self.sprint_rhythm(day)
        elif len(self.waiting()) < 8:
            for _number in range(self.chance.randint(1, 3)):
                self.invent()
        self.interruptions()
        for card in self.started():
            if not card.is_blocked and self.chance.random() < self.pace:
                self.advance(card)
        if not self.team.has_sprints:
            while len(self.in_state(self.ready)) < (self.ready.wip_limit or 4) and self.waiting():
                self.move(self.waiting()[0], self.ready)

    def sprint_rhythm(self, day: datetime) -> None:
        """Two-week sprints; one in seven is closed a day late."""
        due = self.sprint is None or (self.sprint.ends_at is not None and day >= self.sprint.ends_at)
        if not due or (self.sprint is not None and self.chance.random() < 0.15):
            return
        following = self.new_sprint()
        if self.sprint is not None:
            self.close(self.sprint, following)
        while len(self.waiting()) < 16:
            self.invent()
        chosen = self.waiting()[: self.chance.randint(7, 11)]
        for card in chosen:
            self.plan(card, following.pk)
        following.state, following.started_at = SprintState.ACTIVE, self.now_ish()
        self.sprint = following
        for card in chosen:
            self.move(card, self.ready)

    def new_sprint(self) -> Sprint:
        """The next sprint, its goal taken from the feature the team works on."""
        number = len(self.sprints)
        starts_at = self.world.began_at + timedelta(days=SPRINT_DAYS * number)
        (pk,) = ids_reserve(Sprint, 1)
        sprint = Sprint(
            pk=pk,
            team=self.team,
            name=f"{self.team.unit.name} {number + 1}",
            goal=f"{self.features[number % len(self.features)].title} works for ten shops",
            starts_at=starts_at,
            ends_at=starts_at + timedelta(days=SPRINT_DAYS),
        )
        self.sprints.append(sprint)
        return sprint

    def close(self, sprint: Sprint, following: Sprint) -> None:
        """Complete a sprint; what is not finished goes on in the next one, at the moment of the close."""
        sprint.state, sprint.completed_at = SprintState.CLOSED, self.now_ish()
        for card in self.cards:
            if card.sprint_id == sprint.pk and card.state != self.done:
                self.plan(card, following.pk)

    def interruptions(self) -> None:
        """Blocks come and go; bugs arrive; finished work is opened again; something is dropped for good."""
        for card in self.started():
            if not card.is_blocked and self.chance.random() < 0.025:
                self.flag(card, self.chance.choice(REASONS))
            elif card.is_blocked and self.chance.random() < 0.35:
                self.flag(card, "")
        if self.chance.random() < 0.12:
            card = self.invent(kind=ItemType.BUG, service_class=ServiceClass.EXPEDITE, priority=Priority.HIGHEST)
            if self.sprint is not None:
                self.plan(card, self.sprint.pk)
            self.move(card, self.ready)
        if self.chance.random() < 0.03 and (finished := self.in_state(self.done)):
            self.move(self.chance.choice(finished[-6:]), self.flow[1])
        if self.chance.random() < 0.02 and len(self.waiting()) > 6:
            self.drop(self.waiting()[-1])

    def advance(self, card: Card) -> None:
        """One column to the right, now and then two; now and then none, for lack of room."""
        position = self.flow.index(card.state)
        target = self.flow[min(position + (2 if self.chance.random() < 0.12 else 1), len(self.flow) - 1)]
        crowded = target.wip_limit is not None and len(self.in_state(target)) >= target.wip_limit
        if not (crowded and self.chance.random() < 0.85):
            self.move(card, target)

    # -- what can happen to a card: each is an event -------------------------------------------------------------------

    def invent(self, *, kind: str = "", **values: Any) -> Card:
        """A new item in the backlog; one in nine is not estimated, one in twelve belongs to no feature."""
        feature = self.chance.choice(self.open_features())
        drawn, title = next(self.drafts[feature.pk])
        estimate = Decimal(self.chance.choice(ESTIMATES)) if self.chance.random() > 0.11 else None
        known = self.chance.random() > 0.08
        member = self.chance.choice(self.world.members[self.team.key_prefix])
        at = self.now_ish()
        told = {
            "title": title,
            "type": kind or drawn,
            "estimate": estimate,
            "feature": feature.pk if known else None,
            "assignee": member.pk,
            "priority": Priority.MEDIUM.value,
            "service_class": ServiceClass.STANDARD.value,
            **values,
        }
        key = f"{self.team.key_prefix}-{len(self.cards) + 1}"
        events = creation_events(
            ITEM, state_id=self.backlog_state.pk, key=key, unit_id=self.team.pk, values=told, at=at
        )
        columns = {
            "key": key,
            "title": title,
            "description": "",
            "state_id": self.backlog_state.pk,
            "rank": "",
            "labels": [],
            "custom": {},
            "created_at": at,
            "updated_at": at,
            "state_entered_at": at,
            "deleted_at": None,
            "team_id": self.team.pk,
            "type": told["type"],
            "estimate": estimate,
            "assignee_id": told["assignee"],
            "feature_id": told["feature"],
            "parent_id": None,
            "sprint_id": None,
            "priority": told["priority"],
            "service_class": told["service_class"],
            "blocked_at": None,
            "blocked_reason": "",
            "resolution": "",
            "due_on": None,
            "reporter_id": member.pk,
            "source_ref": None,
            "source_url": "",
        }
        if not self.ids:
            self.ids = ids_reserve(WorkItem, 100)[::-1]
        row = BulkRow(self.ids.pop(), is_new=True, unit_id=self.team.pk, columns=columns, events=events)
        for event in events:
            event.actor_id = member.pk
        card = Card(row, self.backlog_state)
        self.cards.append(card)
        return card

    def move(self, card: Card, state: WorkflowState) -> None:
        """To another column, a little later the same day, by whoever works on it."""
        at = self.record(card, EventKind.STATE, old_ref=card.state.pk, new_ref=state.pk)
        card.state = state
        card.row.columns.update(state_id=state.pk, state_entered_at=at)

    def plan(self, card: Card, sprint_id: int | None) -> None:
        """Into a sprint."""
        self.record(card, EventKind.SPRINT, old_ref=card.sprint_id, new_ref=sprint_id)
        card.row.columns["sprint_id"] = sprint_id

    def flag(self, card: Card, reason: str) -> None:
        """Blocked with a reason, or no longer."""
        columns = card.row.columns
        old = (
            {"at": columns["blocked_at"].isoformat(), "reason": columns["blocked_reason"]} if card.is_blocked else None
        )
        new = {"at": self.now_ish().isoformat(), "reason": reason} if reason else None
        at = self.record(card, EventKind.BLOCKED, old_value=old, new_value=new)
        columns.update(blocked_at=at if reason else None, blocked_reason=reason)

    def drop(self, card: Card) -> None:
        """Into the recycle bin."""
        card.row.columns["deleted_at"] = self.record(card, EventKind.DELETED)

    def record(self, card: Card, kind: EventKind, **change: Any) -> datetime:
        """Append an event to a card's history; returns its moment."""
        columns = card.row.columns
        columns["updated_at"] = at = self.at if kind == EventKind.BLOCKED else self.now_ish()
        card.row.events.append(BulkEvent(kind, at, self.team.pk, actor_id=columns["assignee_id"], **change))
        return at

    def open_features(self) -> list[Feature]:
        """What there is to work on: begun and not done; when there is nothing else, all of it."""
        done = StateCategory.DONE
        begun = [feature for feature in self.features if feature.created_at <= self.at]
        going = [feature for feature in begun if feature.state.category != done or feature.updated_at > self.at]
        return going or begun or self.features

    # -- what the team sees --------------------------------------------------------------------------------------------

    def now_ish(self) -> datetime:
        """The next moment of the day: minutes pass with everything that happens, and never run past now."""
        self.at = min(self.at + timedelta(minutes=self.chance.randint(1, 7)), self.world.now)
        return self.at

    def present(self) -> list[Card]:
        """All cards that were not dropped, oldest first."""
        return [card for card in self.cards if card.row.columns["deleted_at"] is None]

    def in_state(self, state: WorkflowState) -> list[Card]:
        """Cards of one column, oldest first."""
        return [card for card in self.present() if card.state == state]

    def waiting(self) -> list[Card]:
        """Cards in the backlog that no sprint has yet."""
        return [card for card in self.in_state(self.backlog_state) if card.sprint_id is None]

    def started(self) -> list[Card]:
        """Cards between ready and done."""
        ended = {StateCategory.BACKLOG, StateCategory.DONE, StateCategory.CANCELLED}
        return [card for card in self.present() if card.state.category not in ended]
