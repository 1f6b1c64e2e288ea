"""Writing pure histories into the database, and reading the derived tables back as the reference's own types."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from metrics.calculations.rollup import Key, Membership, RolledUp, Row, roll_up
from metrics.calculations.timeline import (
    Category,
    Change,
    Fact,
    Interval,
    Kind,
    Meaning,
    Rules,
    effective,
    item_fact,
    item_intervals,
)
from metrics.models import CycleWeek, ItemFact, ItemInterval, Rollup
from organization.models import Unit, UnitClosure, UnitKind
from pmo_portal.lib.windows import portal_zone
from portfolio.models import EventKind, Outbox, StateMeaning, TrackedKind, Workflow, WorkflowState
from teams.models import ItemEvent, ItemType, Sprint, Team, WorkItem
from tests.factories.organization import unit_make
from tests.metrics.calculations.histories import ALWAYS, COLUMNS, RULES

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Organisation:
    """Two programs under a portfolio, and two teams, the first in each program.

    `columns`, `teams` and `sprints` translate the small numbers of pure histories into row ids.
    """

    portfolio: Unit
    programs: tuple[Unit, Unit]
    teams: Mapping[int, Team]
    columns: Mapping[int, WorkflowState]
    sprints: Mapping[int, Sprint]
    parent_item: WorkItem

    def team(self, number: int = 1) -> Team:
        """The first or second team."""
        return self.teams[number]


def organisation_make() -> Organisation:
    """An organisation of its own, with a workflow of the columns that pure histories use."""
    portfolio = unit_make(UnitKind.PORTFOLIO)
    programs = (unit_make(UnitKind.PROGRAM, parent=portfolio), unit_make(UnitKind.PROGRAM, parent=portfolio))
    workflow = Workflow.objects.create(kind=TrackedKind.ITEM, unit=portfolio, name="Flow")
    columns = {}
    for position, (number, category) in enumerate(COLUMNS.items()):
        state = WorkflowState.objects.create(
            workflow=workflow, name=f"Column {number}", category=category.value, position=position
        )
        StateMeaning.objects.create(state=state, category=category.value, valid_from=ALWAYS)
        columns[number] = state
    teams = {}
    for number, program in enumerate(programs, start=1):
        unit = unit_make(parent=program)
        teams[number] = Team.objects.create(unit=unit, key_prefix=f"T{unit.pk}", workflow=workflow)
    sprints = {number: Sprint.objects.create(team=teams[1], name=f"Sprint {number}") for number in (51, 52)}
    made = Organisation(portfolio, programs, teams, columns, sprints, parent_item=WorkItem())
    parent = item_store(made, [Change(1, Kind.CREATED, ALWAYS, 1, team_id=1, item_type="STORY")], announce=False)
    # An item of its own that is there only to be somebody's parent, and in no number.
    WorkItem.objects.filter(pk=parent.pk).update(deleted_at=ALWAYS)
    return Organisation(portfolio, programs, teams, columns, sprints, parent_item=parent)


def item_store(organisation: Organisation, changes: Sequence[Change], *, announce: bool = True) -> WorkItem:
    """An item with the first event of its history, which creates it."""
    created = changes[0]
    number = next(_numbers)
    item = WorkItem.objects.create(
        key=f"X-{number}",
        title=f"Item {number}",
        team=organisation.team(created.team_id or 1),
        type=created.item_type or ItemType.STORY,
        state=organisation.columns[int(str(created.value))],
        rank=f"r{number}",
        created_at=created.at,
    )
    event_store(organisation, item, created, announce=announce)
    return item


def event_store(organisation: Organisation, item: WorkItem, change: Change, *, announce: bool = True) -> ItemEvent:
    """One more event of an item, with its line in the outbox, as a service would write it."""
    voids = ItemEvent.objects.get(subject=item, seq=change.voids) if change.voids else None
    kind, new_ref, new_value = _encoded(organisation, change)
    event = ItemEvent.objects.create(
        subject=item,
        seq=change.seq,
        kind=kind,
        new_ref=new_ref,
        new_value=new_value,
        unit_id=item.team_id,
        at=change.at,
        voids=voids,
    )
    if announce:
        Outbox.objects.create(kind=TrackedKind.ITEM, subject_id=item.pk, unit_id=item.team_id)
    return event


def _encoded(organisation: Organisation, change: Change) -> tuple[EventKind, int | None, Any]:
    value: Any = change.value
    match change.kind:
        case Kind.CREATED | Kind.STATE:
            return EventKind(change.kind), organisation.columns[value].pk, None
        case Kind.TEAM:
            return EventKind.TEAM, organisation.team(value).pk, None
        case Kind.SPRINT:
            return EventKind.SPRINT, organisation.sprints[value].pk if value else None, None
        case Kind.PARENT:
            return EventKind.PARENT, organisation.parent_item.pk if value else None, None
        case Kind.ESTIMATE:
            return EventKind.ESTIMATE, None, None if value is None else format(value, "f")
        case Kind.BLOCKED:
            return EventKind.BLOCKED, None, {"reason": "waits", "at": change.at.isoformat()} if value else None
        case Kind.DELETED:
            return EventKind.DELETED if value else EventKind.RESTORED, None, None
        case _:
            return EventKind.TYPE, None, value


def item_settle(organisation: Organisation, item: WorkItem, changes: Sequence[Change]) -> None:
    """Let an item's own row say what its events say, as services keep it."""
    fact = item_fact(item.pk, changes, RULES)
    assert fact is not None
    standing = _standing(changes)
    WorkItem.objects.filter(pk=item.pk).update(
        team_id=organisation.team(fact.team_id).pk,
        type=fact.item_type,
        parent=organisation.parent_item if standing["parent"] else None,
        deleted_at=ALWAYS if standing["deleted"] else None,
    )
    item.team_id = organisation.team(fact.team_id).pk


def _standing(changes: Sequence[Change]) -> dict[str, Any]:
    standing: dict[str, Any] = {"parent": None, "deleted": False}
    for change in effective(changes):
        if change.kind is Kind.PARENT:
            standing["parent"] = change.value
        elif change.kind is Kind.DELETED:
            standing["deleted"] = change.value
    return standing


def translated(organisation: Organisation, changes: Iterable[Change]) -> list[Change]:
    """The same history in row ids, for the reference."""
    result = []
    for change in changes:
        value: Any = change.value
        if change.kind in {Kind.CREATED, Kind.STATE}:
            value = organisation.columns[value].pk
        elif change.kind is Kind.TEAM:
            value = organisation.team(value).pk
        elif change.kind is Kind.SPRINT and value:
            value = organisation.sprints[value].pk
        team_id = organisation.team(change.team_id).pk if change.team_id else None
        result.append(Change(change.seq, change.kind, change.at, value, team_id, change.item_type, change.voids))
    return result


def rules_now() -> Rules:
    """The rules as the database has them."""
    meanings: dict[int, list[Meaning]] = {}
    for meaning in StateMeaning.objects.order_by("valid_from"):
        meanings.setdefault(meaning.state_id, []).append(
            Meaning(Category(meaning.category), meaning.valid_from, meaning.valid_to)
        )
    started_from = {team.pk: Category(team.started_from) for team in Team.objects.all()}
    return Rules(meanings=meanings, zone=portal_zone(), started_from=started_from)


def memberships_now() -> list[Membership]:
    """Which teams lay under which units, and when, as the tree has it."""
    rows = UnitClosure.objects.filter(depth__gt=0, descendant__team__isnull=False)
    return [Membership(row.ancestor_id, row.descendant_id, row.valid_from, row.valid_to) for row in rows]


@dataclass(frozen=True, slots=True)
class Derived:
    """Everything derived from histories."""

    facts: dict[int, Fact]
    intervals: set[Interval]
    rolled: RolledUp


def derived_by_reference(organisation: Organisation, histories: Mapping[int, Sequence[Change]]) -> Derived:
    """What the plain reference makes of histories by item id."""
    rules = rules_now()
    facts: dict[int, Fact] = {}
    intervals: set[Interval] = set()
    for item_id, changes in histories.items():
        own = translated(organisation, changes)
        fact = item_fact(item_id, own, rules)
        assert fact is not None
        facts[item_id] = fact
        intervals |= set(item_intervals(item_id, own, rules))
    return Derived(facts, intervals, roll_up(facts.values(), intervals, memberships_now(), rules))


def derived_by_database(item_ids: Iterable[int]) -> Derived:
    """What the derived tables hold."""
    wanted = list(item_ids)
    facts = {fact.item_id: _fact(fact) for fact in ItemFact.objects.filter(item_id__in=wanted)}
    intervals = {_interval(row) for row in ItemInterval.objects.filter(item_id__in=wanted)}
    return Derived(facts, intervals, rolled_in_database())


def rolled_in_database() -> RolledUp:
    """All roll-up rows and the histogram."""
    rows = {
        Key(row.scope_id, row.day, row.item_type): Row(
            created=row.created,
            started=row.started,
            finished=row.finished,
            finished_start_not_seen=row.finished_start_not_seen,
            cancelled=row.cancelled,
            finished_estimate=row.finished_estimate,
            finished_without_estimate=row.finished_without_estimate,
            wip_delta=row.wip_delta,
        )
        for row in Rollup.objects.all()
    }
    cycles = {(row.scope_id, row.week, row.item_type, row.cycle_days): row.count for row in CycleWeek.objects.all()}
    return RolledUp(rows=rows, cycles=cycles)


def _fact(row: ItemFact) -> Fact:
    return Fact(
        item_id=row.item_id,
        team_id=row.unit_id,
        item_type=row.item_type,
        is_counted=row.is_counted,
        category=Category(row.category),
        created_at=row.created_at,
        created_team_id=row.created_unit_id,
        started_at=row.started_at,
        started_team_id=row.started_unit_id,
        finished_at=row.finished_at,
        finished_team_id=row.finished_unit_id,
        cancelled_at=row.cancelled_at,
        cancelled_team_id=row.cancelled_unit_id,
        created_on=row.created_on,
        started_on=row.started_on,
        finished_on=row.finished_on,
        cancelled_on=row.cancelled_on,
        finished_estimate=row.finished_estimate,
        is_start_seen=row.is_start_seen,
        is_data_error=row.is_data_error,
        cycle_days=row.cycle_days,
        lead_days=row.lead_days,
        active_seconds=row.active_seconds,
        waiting_seconds=row.waiting_seconds,
        blocked_seconds=row.blocked_seconds,
        reopened_count=row.reopened_count,
    )


def _interval(row: ItemInterval) -> Interval:
    return Interval(
        item_id=row.item_id,
        item_type=row.item_type,
        team_id=row.unit_id,
        state_id=row.state_id,
        category=Category(row.category),
        is_wip=row.is_wip,
        is_blocked=row.is_blocked,
        sprint_id=row.sprint_id,
        estimate=row.estimate,
        from_at=row.from_at,
        until_at=row.to_at,
    )


def stock(rolled: RolledUp, unit_id: int, day: date) -> int:
    """Work in progress of a unit at the end of a day."""
    return sum(row.wip_delta for key, row in rolled.rows.items() if key.unit_id == unit_id and key.day <= day)


NOW = datetime(2026, 2, 1, 9, tzinfo=UTC)
