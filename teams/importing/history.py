"""An issue's steps into the facts we keep: what it was at its creation, what changed when, what it is now.

Some of our fields follow from several of the tracker's: the state from status and resolution, the team from project
and components. A fact is written when what follows changes, whatever caused it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any, Final, Protocol

from teams.importing.issues import Field, Issue, Status, Step, project_of, sprint_order
from teams.importing.values import SourceSprint

AFTER_CLOSE: Final = timedelta(milliseconds=1)
"""A sprint's content is what it holds at its completion; what moves on does so right after."""


class Kind(StrEnum):
    """What a fact is about; the same words as the engine's events."""

    STATE = "STATE"
    TYPE = "TYPE"
    TITLE = "TITLE"
    ESTIMATE = "ESTIMATE"
    ASSIGNEE = "ASSIGNEE"
    SPRINT = "SPRINT"
    TEAM = "TEAM"
    FEATURE = "FEATURE"
    PARENT = "PARENT"
    BLOCKED = "BLOCKED"
    RESOLUTION = "RESOLUTION"
    PRIORITY = "PRIORITY"
    LABELS = "LABELS"
    DUE = "DUE"
    KEY = "KEY"


@dataclass(frozen=True, slots=True)
class StateMark:
    """A state in source terms: a status, and whether the resolution says that it ended without a result."""

    status: str
    is_cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """From ``at`` on, ``kind`` was ``value``. ``ref`` is unique in its issue; one that starts with ``~`` was concluded
    by us, not told by the tracker."""

    ref: str
    at: datetime
    author: str
    kind: Kind
    value: Any


@dataclass(frozen=True, slots=True)
class History:
    """``initial`` values at the creation (at ``initial_at``), the ``facts`` since then in order, the values ``now``."""

    initial: Mapping[Kind, Any]
    initial_at: datetime
    facts: list[Fact]
    now: Mapping[Kind, Any]


class Rules(Protocol):
    """What has to be known of a whole export to read one issue."""

    @property
    def sprints(self) -> Mapping[str, SourceSprint]: ...
    @property
    def first_status(self) -> str:
        """The status in which work waits to be begun: stands for a start nobody saw."""

    def status_key(self, status: Status) -> str:
        """The one name of a status under which its renamings meet."""

    def is_over(self, status: str) -> bool:
        """Whether work in this status has ended."""

    def is_backlog(self, status: str) -> bool:
        """Whether work in this status has not begun."""

    def is_cancelled(self, resolution: str) -> bool:
        """Whether this resolution means that nothing came of it."""

    def team_code(self, project: str, components: frozenset[str]) -> str:
        """Which team an issue of this project and these components belongs to."""


_PLAIN: Final = {
    Field.TYPE: Kind.TYPE,
    Field.TITLE: Kind.TITLE,
    Field.ESTIMATE: Kind.ESTIMATE,
    Field.ASSIGNEE: Kind.ASSIGNEE,
    Field.EPIC: Kind.FEATURE,
    Field.PARENT: Kind.PARENT,
    Field.FLAG: Kind.BLOCKED,
    Field.RESOLUTION: Kind.RESOLUTION,
    Field.PRIORITY: Kind.PRIORITY,
    Field.LABELS: Kind.LABELS,
    Field.DUE: Kind.DUE,
    Field.KEY: Kind.KEY,
}
_CAUSES: Final = {Field.STATUS: Kind.STATE, Field.SPRINTS: Kind.SPRINT, Field.COMPONENTS: Kind.TEAM} | _PLAIN


def history_of(issue: Issue, rules: Rules) -> History:
    """Everything an issue says about its past, in our terms."""
    raw = _initial_values(issue, rules)
    values = _derived(raw, rules, sprint=raw[Field.SPRINTS][-1] if raw[Field.SPRINTS] else None)
    initial = dict(values)
    facts: list[Fact] = []
    for steps in _groups(issue.steps):
        sprint = values[Kind.SPRINT]
        for step in steps:
            if step.field is Field.SPRINTS:
                sprint = _sprint_after(step, rules)
            _apply(raw, step)
        changed = _derived(raw, rules, sprint=sprint)
        for kind, value in changed.items():
            if value != values[kind]:
                facts.append(Fact(_ref(kind, steps), steps[0].at, steps[0].author, kind, value))
        values = changed
    if not issue.has_history:
        facts += _memberships(issue, rules)
    now = _derived(issue.values, rules, sprint=_sprint_now(issue, rules))
    facts += _conclusions(issue, rules, initial, facts, now)
    facts.sort(key=lambda fact: fact.at)
    initial_at = min(issue.created_at, facts[0].at) if facts else issue.created_at
    return History(initial, initial_at, facts, now)


def teams_of(issue: Issue, rules: Rules) -> set[str]:
    """All teams an issue belongs to, or once did."""
    now = rules.team_code(issue.values[Field.PROJECT], issue.values[Field.COMPONENTS])
    if not any(step.field in {Field.KEY, Field.COMPONENTS} for step in issue.steps):
        return {now}
    raw = _initial_values(issue, rules)
    found = {now, rules.team_code(raw[Field.PROJECT], raw[Field.COMPONENTS])}
    for steps in _groups(issue.steps):
        for step in steps:
            _apply(raw, step)
        found.add(rules.team_code(raw[Field.PROJECT], raw[Field.COMPONENTS]))
    return found


def concluded(issue: Issue, kind: Kind, value: Any, *, not_before: datetime | None) -> Fact:
    """A change that no step tells but the present value does: work ended when it was resolved, all else was changed at
    the last change at the latest."""
    at = issue.updated_at
    if kind in {Kind.STATE, Kind.RESOLUTION} and issue.resolved_at is not None:
        at = issue.resolved_at
    if not_before is not None:
        at = max(at, not_before)
    return Fact(f"~{kind}:{int(issue.updated_at.timestamp() * 1000)}", at, "", kind, value)


def _groups(steps: list[Step]) -> Iterator[list[Step]]:
    """Steps that were one edit: they have one moment and one history entry."""
    for _history, group in groupby(steps, key=lambda step: step.ref.rpartition(":")[0]):
        yield list(group)


def _ref(kind: Kind, steps: list[Step]) -> str:
    for step in steps:
        if _CAUSES.get(step.field) == kind:
            return step.ref
    return f"{steps[0].ref}:{kind}"


def _initial_values(issue: Issue, rules: Rules) -> dict[Field, Any]:
    """What the fields were at the creation: what the first change of each changed from, else what they are now."""
    raw = dict(issue.values)
    for step in reversed(issue.steps):
        if step.field is Field.COMPONENTS:
            raw[step.field] = (raw[step.field] - {step.new}) | ({step.old} - {""})
        elif step.old is not None or step.field not in {Field.STATUS}:
            raw[step.field] = step.old
    raw[Field.PROJECT] = project_of(raw[Field.KEY]) if raw[Field.KEY] != issue.key else issue.values[Field.PROJECT]
    if not issue.has_history:
        raw[Field.SPRINTS] = ()
        raw[Field.RESOLUTION] = ""
        if not rules.is_backlog(rules.status_key(raw[Field.STATUS])):
            raw[Field.STATUS] = Status(rules.first_status, "")
    return raw


def _apply(raw: dict[Field, Any], step: Step) -> None:
    if step.field is Field.COMPONENTS:
        raw[step.field] = (raw[step.field] - {step.old}) | ({step.new} - {""})
    elif step.new is not None or step.field is not Field.STATUS:
        raw[step.field] = step.new
    if step.field is Field.KEY:
        raw[Field.PROJECT] = project_of(step.new)


def _derived(raw: Mapping[Field, Any], rules: Rules, *, sprint: str | None) -> dict[Kind, Any]:
    status = rules.status_key(raw[Field.STATUS])
    is_cancelled = rules.is_over(status) and rules.is_cancelled(raw[Field.RESOLUTION])
    # The team comes first: a state is a column of the team that has the item by then.
    values: dict[Kind, Any] = {
        Kind.TEAM: rules.team_code(raw[Field.PROJECT], raw[Field.COMPONENTS]),
        Kind.STATE: StateMark(status, is_cancelled),
        Kind.SPRINT: sprint,
    }
    values.update({kind: raw[name] for name, kind in _PLAIN.items()})
    return values


def _sprint_after(step: Step, rules: Rules) -> str | None:
    """Where a change of the list of sprints leaves an item: in the one that was added; else in the last one, unless
    that one was over, for then the item went back to the backlog."""
    added = [ref for ref in step.new if ref not in step.old]
    if added:
        return str(added[-1])
    if not step.new:
        return None
    last = str(step.new[-1])
    known = rules.sprints.get(last)
    is_past = known is not None and known.completed_at is not None and known.completed_at <= step.at
    return None if is_past else last


def _sprints_of(issue: Issue, rules: Rules) -> list[SourceSprint]:
    refs = issue.values[Field.SPRINTS]
    return sorted((rules.sprints[ref] for ref in refs if ref in rules.sprints), key=sprint_order)


def _sprint_now(issue: Issue, rules: Rules) -> str | None:
    """The sprint it is in: the open one; of finished work the last one. Unfinished work of closed ones is in none."""
    sprints = _sprints_of(issue, rules)
    if not sprints:
        return None
    open_ones = [sprint for sprint in sprints if not sprint.is_closed]
    if open_ones:
        running = [sprint for sprint in open_ones if sprint.state == "ACTIVE"]
        return (running or open_ones)[-1].ref
    return sprints[-1].ref if rules.is_over(rules.status_key(issue.values[Field.STATUS])) else None


def _memberships(issue: Issue, rules: Rules) -> list[Fact]:
    """Without a history: an item was in its sprints one after the other. It joined the first one when that started
    (or when it was created, if later), and each next one when the one before was completed."""
    facts: list[Fact] = []
    before: SourceSprint | None = None
    at = issue.created_at
    for sprint in _sprints_of(issue, rules):
        at = max(at, _joined_at(sprint, before))
        facts.append(Fact(f"~SPRINT:{sprint.ref}", at, "", Kind.SPRINT, sprint.ref))
        before = sprint
    is_over = rules.is_over(rules.status_key(issue.values[Field.STATUS]))
    if before is not None and before.is_closed and before.completed_at and not is_over:
        at = max(at, before.completed_at + AFTER_CLOSE)
        facts.append(Fact(f"~SPRINT:{before.ref}:left", at, "", Kind.SPRINT, None))
    return facts


def _joined_at(sprint: SourceSprint, before: SourceSprint | None) -> datetime:
    starts_at = sprint.starts_at or _long_ago(sprint)
    if before is None or before.completed_at is None:
        return starts_at
    moved_at = before.completed_at + AFTER_CLOSE
    if sprint.completed_at is not None and moved_at >= sprint.completed_at:
        # The one before was left open for long and completed after this one: the item cannot have waited for that.
        return starts_at
    return moved_at


def _long_ago(sprint: SourceSprint) -> datetime:
    known = sprint.ends_at or sprint.completed_at
    return known if known is not None else _EPOCH


_EPOCH: Final = datetime.fromisoformat("1970-01-02T00:00:00+00:00")


def _conclusions(
    issue: Issue, rules: Rules, initial: Mapping[Kind, Any], facts: list[Fact], now: Mapping[Kind, Any]
) -> list[Fact]:
    """What is so now although neither the creation nor any step made it so."""
    last: dict[Kind, Fact] = {}
    for fact in facts:
        last[fact.kind] = fact
    found = []
    for kind, value in now.items():
        before = last[kind].value if kind in last else initial[kind]
        if value == before:
            continue
        not_before = last[kind].at if kind in last else None
        if kind is Kind.SPRINT and value is None:
            left = rules.sprints.get(str(before))
            if left is not None and left.completed_at is not None:
                at = max(left.completed_at + AFTER_CLOSE, not_before or issue.created_at)
                found.append(Fact(f"~SPRINT:{left.ref}:left", at, "", kind, None))
                continue
        found.append(concluded(issue, kind, value, not_before=not_before))
    return found
