"""The plain reference: one item's facts and intervals, read step by step from its events.

The portal computes the same with one set-based SQL statement; a property test holds the two
together. This version is written to be read: it is the definition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

_BEGINNING = datetime.min.replace(tzinfo=UTC)


class Category(StrEnum):
    """What a workflow state means for flow, whatever a team calls its columns."""

    BACKLOG = "BACKLOG"
    COMMITTED = "COMMITTED"
    ACTIVE = "ACTIVE"
    WAITING = "WAITING"
    DONE = "DONE"
    CANCELLED = "CANCELLED"


_STARTED_FROM = {
    Category.COMMITTED: frozenset({Category.COMMITTED, Category.ACTIVE, Category.WAITING}),
    Category.ACTIVE: frozenset({Category.ACTIVE, Category.WAITING}),
}


class Kind(StrEnum):
    """The changes of a work item that numbers depend on."""

    CREATED = "CREATED"
    STATE = "STATE"
    TEAM = "TEAM"
    SPRINT = "SPRINT"
    ESTIMATE = "ESTIMATE"
    BLOCKED = "BLOCKED"
    TYPE = "TYPE"
    PARENT = "PARENT"
    DELETED = "DELETED"


@dataclass(frozen=True, slots=True)
class Change:
    """One event of an item, reduced to what changed to what.

    `value` is the new state, team, sprint or parent id, the estimate, the type, or a truth value
    for BLOCKED and DELETED. A CREATED event carries the first team and type in `team_id` and
    `item_type`, the first state in `value`. `voids` names the sequence number of an event of the
    same item that this one undoes.
    """

    seq: int
    kind: Kind
    at: datetime
    value: int | Decimal | str | bool | None = None
    team_id: int | None = None
    item_type: str | None = None
    voids: int | None = None


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a state meant in a half-open period of time."""

    category: Category
    valid_from: datetime
    valid_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """What has to be known beside the events to read them.

    `meanings` by state id; `started_from` by team id (COMMITTED where a team says nothing);
    `uncounted_types` never count in any number, nor do items with a parent item; `zone` is the
    portal's zone, in which a metric day begins and ends.
    """

    meanings: Mapping[int, Sequence[Meaning]]
    zone: tzinfo
    started_from: Mapping[int, Category] = field(default_factory=dict)
    uncounted_types: frozenset[str] = frozenset({"SUBTASK"})

    def category(self, state_id: int | None, at: datetime) -> Category:
        """Return what the state meant when the item entered it; BACKLOG when nothing says so."""
        for meaning in self.meanings.get(state_id, ()) if state_id is not None else ():
            if meaning.valid_from <= at and (meaning.valid_to is None or at < meaning.valid_to):
                return meaning.category
        return Category.BACKLOG

    def is_started(self, category: Category, team_id: int | None) -> bool:
        """Say whether an item of this team in a state of this category is in progress."""
        first = self.started_from.get(team_id, Category.COMMITTED) if team_id is not None else Category.COMMITTED
        return category in _STARTED_FROM[first]

    def day(self, at: datetime) -> date:
        """Return the metric day of a moment: the local day of the portal's zone."""
        return at.astimezone(self.zone).date()


@dataclass(frozen=True, slots=True)
class Step:
    """Everything that was true of an item from `at` until the next step."""

    at: datetime
    until: datetime | None
    team_id: int
    state_id: int | None
    category: Category
    is_started: bool
    is_blocked: bool
    sprint_id: int | None
    estimate: Decimal | None

    @property
    def length(self) -> timedelta:
        """Return how long it lasted; nothing while it is open."""
        if self.until is None or self.until <= self.at:
            return timedelta()
        return self.until - self.at


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of time in which nothing that numbers depend on changed; half-open, `until` may be open."""

    item_id: int
    item_type: str
    team_id: int
    state_id: int | None
    category: Category
    is_wip: bool
    is_blocked: bool
    sprint_id: int | None
    estimate: Decimal | None
    from_at: datetime
    until_at: datetime | None


@dataclass(frozen=True, slots=True)
class Fact:
    """What an item's history says about it now. Days are metric days; spans are whole seconds."""

    item_id: int
    team_id: int
    item_type: str
    is_counted: bool
    category: Category
    created_at: datetime
    created_team_id: int
    started_at: datetime | None
    started_team_id: int | None
    finished_at: datetime | None
    finished_team_id: int | None
    cancelled_at: datetime | None
    cancelled_team_id: int | None
    created_on: date
    started_on: date | None
    finished_on: date | None
    cancelled_on: date | None
    finished_estimate: Decimal | None
    is_start_seen: bool
    is_data_error: bool
    cycle_days: int | None
    lead_days: int | None
    active_seconds: int | None
    waiting_seconds: int | None
    blocked_seconds: int | None
    reopened_count: int


def effective(changes: Iterable[Change]) -> list[Change]:
    """Return the changes that count, in the order in which they were true.

    An undone change and its undoing are both skipped; an undoing cannot itself be undone. The order is
    the time at which a change was true, then its sequence number; an item's creation comes first even
    when a back-dated change was true before it.
    """
    changes = list(changes)
    undone = {change.voids for change in changes if change.voids is not None}
    kept = [change for change in changes if change.voids is None and change.seq not in undone]
    return sorted(kept, key=lambda change: (_BEGINNING if change.kind is Kind.CREATED else change.at, change.seq))


def steps(changes: Iterable[Change], rules: Rules) -> list[Step]:
    """Walk an item's history and return what was true after each change that numbers depend on."""
    moving = {Kind.CREATED, Kind.STATE, Kind.TEAM, Kind.SPRINT, Kind.ESTIMATE, Kind.BLOCKED}
    ordered = [change for change in effective(changes) if change.kind in moving]
    team_id, state_id, category = 0, None, Category.BACKLOG
    sprint_id: int | None = None
    estimate: Decimal | None = None
    is_blocked = False
    walked: list[Step] = []
    for position, change in enumerate(ordered):
        match change.kind:
            case Kind.CREATED:
                team_id = change.team_id or 0
                state_id = _as_id(change.value)
                category = rules.category(state_id, change.at)
            case Kind.STATE:
                state_id = _as_id(change.value)
                category = rules.category(state_id, change.at)
            case Kind.TEAM:
                team_id = _as_id(change.value) or 0
            case Kind.SPRINT:
                sprint_id = _as_id(change.value)
            case Kind.ESTIMATE:
                estimate = None if change.value is None else Decimal(change.value)
            case _:
                is_blocked = bool(change.value)
        walked.append(
            Step(
                at=change.at,
                until=ordered[position + 1].at if position + 1 < len(ordered) else None,
                team_id=team_id,
                state_id=state_id,
                category=category,
                is_started=rules.is_started(category, team_id),
                is_blocked=is_blocked,
                sprint_id=sprint_id,
                estimate=estimate,
            )
        )
    return walked


def _as_id(value: int | Decimal | str | bool | None) -> int | None:
    """Read a row id out of a change."""
    return None if value is None else int(value)


@dataclass(frozen=True, slots=True)
class _Standing:
    """What an item is, as opposed to where it is: the latest word counts for all of its history."""

    item_type: str
    is_counted: bool


def _standing(changes: Iterable[Change], rules: Rules) -> _Standing:
    """Return the item's present type and whether it counts at all."""
    item_type, parent_id, is_deleted = "", None, False
    for change in effective(changes):
        if change.kind is Kind.CREATED:
            item_type = change.item_type or ""
        elif change.kind is Kind.TYPE:
            item_type = str(change.value)
        elif change.kind is Kind.PARENT:
            parent_id = _as_id(change.value)
        elif change.kind is Kind.DELETED:
            is_deleted = bool(change.value)
    is_counted = not is_deleted and parent_id is None and item_type not in rules.uncounted_types
    return _Standing(item_type=item_type, is_counted=is_counted)


def item_intervals(item_id: int, changes: Sequence[Change], rules: Rules) -> list[Interval]:
    """Cut an item's life into intervals; steps that lasted no time leave none."""
    standing = _standing(changes, rules)
    return [
        Interval(
            item_id=item_id,
            item_type=standing.item_type,
            team_id=step.team_id,
            state_id=step.state_id,
            category=step.category,
            is_wip=step.is_started and standing.is_counted,
            is_blocked=step.is_blocked,
            sprint_id=step.sprint_id,
            estimate=step.estimate,
            from_at=step.at,
            until_at=step.until,
        )
        for step in steps(changes, rules)
        if step.until is None or step.at < step.until
    ]


def item_fact(item_id: int, changes: Sequence[Change], rules: Rules) -> Fact | None:
    """Read an item's facts from its history; None for an item without a creation.

    Started is the first entry into a started column, whatever came later. Finished is the last
    move from unfinished to DONE of an item that is DONE now; a move inside DONE changes nothing.
    Cycle time = finish day - start day + 1. Never started: the finish stands for the start, and
    the item is marked. Cancelled items have no finish. Finished before it was created: a data
    error, which has no spans. In-progress time is active while the state is ACTIVE and the item is
    not blocked, else waiting; time back in the backlog or in DONE is neither.
    """
    walked = steps(changes, rules)
    if not walked or not any(change.kind is Kind.CREATED for change in effective(changes)):
        return None
    standing = _standing(changes, rules)
    created, last = walked[0], walked[-1]
    started = next((step for step in walked if step.is_started), None)
    finished = _last_entry(walked, Category.DONE)
    cancelled = _last_entry(walked, Category.CANCELLED)
    is_start_seen = started is not None
    finished_on = rules.day(finished.at) if finished else None
    started_on = rules.day(started.at) if started else None
    created_on = rules.day(created.at)
    cycle_days = lead_days = None
    active_seconds = waiting_seconds = blocked_seconds = None
    is_data_error = finished is not None and finished.at < created.at
    if finished and finished_on and not is_data_error:
        cycle_days = (finished_on - (started_on or finished_on)).days + 1
        lead_days = (finished_on - created_on).days + 1
        in_progress = [step for step in walked if step.is_started]
        active = [step for step in in_progress if step.category is Category.ACTIVE and not step.is_blocked]
        active_seconds = _seconds(active)
        waiting_seconds = _seconds([step for step in in_progress if step not in active])
        blocked_seconds = _seconds([step for step in in_progress if step.is_blocked])
    return Fact(
        item_id=item_id,
        team_id=last.team_id,
        item_type=standing.item_type,
        is_counted=standing.is_counted,
        category=last.category,
        created_at=created.at,
        created_team_id=created.team_id,
        started_at=started.at if started else None,
        started_team_id=started.team_id if started else None,
        finished_at=finished.at if finished else None,
        finished_team_id=finished.team_id if finished else None,
        cancelled_at=cancelled.at if cancelled else None,
        cancelled_team_id=cancelled.team_id if cancelled else None,
        created_on=created_on,
        started_on=started_on,
        finished_on=finished_on,
        cancelled_on=rules.day(cancelled.at) if cancelled else None,
        finished_estimate=finished.estimate if finished else None,
        is_start_seen=is_start_seen,
        is_data_error=is_data_error,
        cycle_days=cycle_days,
        lead_days=lead_days,
        active_seconds=active_seconds,
        waiting_seconds=waiting_seconds,
        blocked_seconds=blocked_seconds,
        reopened_count=sum(
            1
            for before, after in pairwise(walked)
            if before.category is Category.DONE and after.category is not Category.DONE
        ),
    )


def _last_entry(walked: Sequence[Step], category: Category) -> Step | None:
    """Return the step with which an item entered the category it is in now, if that is where it is."""
    if walked[-1].category is not category:
        return None
    entry = walked[-1]
    for step in reversed(walked):
        if step.category is not category:
            break
        entry = step
    return entry


def _seconds(walked: Sequence[Step]) -> int:
    """Return the whole seconds these steps lasted together."""
    return sum((step.length for step in walked), timedelta()) // timedelta(seconds=1)
