"""Issues into work items, a chunk at a time: new ones whole, known ones by what differs, equal ones not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from collaboration.services.jobs import Problem
from portfolio.models import EventKind, EventSource
from portfolio.services.bulk import BulkEvent, BulkRow, creation_events, ids_reserve, ranks_at_end, rows_write
from teams.importing.history import Fact, History, Kind, StateMark, concluded, history_of
from teams.importing.issues import Field, Issue, IssueLink
from teams.models import ItemKeyAlias, ServiceClass, Team, WorkItem
from teams.services.imports.known import (
    UPDATED_COLUMNS,
    KnownItem,
    histories_forget,
    key_owners,
    known_items,
    known_parents,
)
from teams.services.imports.references import References
from teams.services.registration import ITEM

_COLUMNS: Final[Mapping[Kind, str]] = {
    Kind.TYPE: "type",
    Kind.TITLE: "title",
    Kind.ESTIMATE: "estimate",
    Kind.ASSIGNEE: "assignee_id",
    Kind.SPRINT: "sprint_id",
    Kind.FEATURE: "feature_id",
    Kind.PARENT: "parent_id",
    Kind.RESOLUTION: "resolution",
    Kind.PRIORITY: "priority",
    Kind.LABELS: "labels",
    Kind.DUE: "due_on",
}
_REFERENCES: Final = frozenset({Kind.ASSIGNEE, Kind.SPRINT, Kind.FEATURE, Kind.PARENT})
_FIELDS: Final = {tracked_field.kind.value: tracked_field for tracked_field in ITEM.fields.values()}
FLAG_REASON: Final = "Flagged in the tracker"


@dataclass(slots=True)
class ChunkResult:
    """What a chunk came to."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    events: int = 0
    outdated: int = 0
    problems: list[Problem] = field(default_factory=list)
    sprint_ids: set[int] = field(default_factory=set)
    missing: Counter[str] = field(default_factory=Counter)


def items_import(references: References, issues: Sequence[Issue], *, recorded_at: datetime) -> ChunkResult:
    """Write a chunk of issues; run it in a transaction that holds the source's lock.

    Parents and features have to be there. An issue that stands twice counts with its later state.
    """
    return _Chunk(references, issues, recorded_at).write()


class _Chunk:
    def __init__(self, references: References, issues: Sequence[Issue], recorded_at: datetime) -> None:
        self.references = references
        self.recorded_at = recorded_at
        self.result = ChunkResult()
        self.issues = self._deduplicated(issues)
        self.refs = {issue.ref: references.ref("issue", issue.ref) for issue in self.issues}
        self.used_refs: set[str] = set()
        self.teams_by_id: dict[int, Team] = {team.pk: team for team in references.teams.values()}

    def write(self) -> ChunkResult:
        known = known_items(self.refs.values())
        self.parents = known_parents(self.references, self.issues)
        self.taken = key_owners([issue.key for issue in self.issues])
        ids = iter(ids_reserve(WorkItem, sum(self.refs[issue.ref] not in known for issue in self.issues)))
        rows: list[BulkRow] = []
        anew: list[BulkRow] = []
        aliases: list[ItemKeyAlias] = []
        left: set[int] = set()
        for issue in self.issues:
            history = history_of(issue, self.references.export)
            self._note_missing(issue)
            before = known.get(self.refs[issue.ref])
            is_anew = before is not None and self._is_read_anew(before, issue)
            if before is None:
                row: BulkRow | None = self._new_row(next(ids), issue, history)
            elif is_anew:
                row = self._row_anew(before, issue, history)
            else:
                row = self._changed_row(before, issue, history)
            if row is None:
                self.result.unchanged += 1
                continue
            if before is not None and before.row["team_id"] != row.unit_id:
                left.add(before.row["team_id"])
            (anew if is_anew else rows).append(row)
            aliases += self._aliases(row)
            self._note_sprints(row)
        self._rank(rows + anew, known)
        rows_write(ITEM, rows, recorded_at=self.recorded_at, source=EventSource.IMPORT, also_told=left)
        histories_forget([row.pk for row in anew])
        rows_write(ITEM, anew, recorded_at=self.recorded_at, source=EventSource.IMPORT, also_told=left)
        ItemKeyAlias.objects.bulk_create(aliases, ignore_conflicts=True)
        self.result.created = sum(row.is_new for row in rows)
        self.result.updated = len(rows) - self.result.created + len(anew)
        self.result.events = sum(len(row.events) for row in rows + anew)
        return self.result

    # -- what is there ---------------------------------------------------------------------------------------------

    def _deduplicated(self, issues: Iterable[Issue]) -> list[Issue]:
        found: dict[str, Issue] = {}
        for issue in issues:
            other = found.get(issue.ref)
            if other is not None:
                self.result.unchanged += 1
            if other is None or issue.updated_at >= other.updated_at:
                found[issue.ref] = issue
        return list(found.values())

    def _key(self, issue: Issue) -> str:
        """The item's key: the source's, unless somebody else has it here. Then its id is added, which is stable."""
        owner = self.taken.setdefault(issue.key, self.refs[issue.ref])
        if owner == self.refs[issue.ref]:
            return issue.key
        key = f"{issue.key[: 39 - len(issue.ref)]}.{issue.ref}"
        self._problem(issue, _("Its key is taken by something else here; it is called %(key)s.") % {"key": key})
        return key

    def _is_read_anew(self, known: KnownItem, issue: Issue) -> bool:
        """Whether an item's history is written again from the beginning: after an undo, and after a correction of the
        mapping; never where somebody here has added to it."""
        if known.is_undone:
            return True
        if not self.references.is_correction:
            return False
        if not known.is_untouched:
            self._problem(issue, _("It was changed here since: its past is left as it was read at first."))
        return known.is_untouched

    def _row_anew(self, known: KnownItem, issue: Issue, history: History) -> BulkRow:
        row = self._new_row(known.row["id"], issue, history)
        row.is_new, row.version = False, known.version
        if known.row["team_id"] == row.unit_id:
            row.columns["rank"] = known.row["rank"]
        return row

    # -- what is to be -----------------------------------------------------------------------------------------------

    def _new_row(self, pk: int, issue: Issue, history: History) -> BulkRow:
        self._report(issue)
        self.used_refs = set()
        team = self.references.teams[history.initial[Kind.TEAM]]
        stored = {kind: self._stored(kind, value) for kind, value in history.initial.items()}
        state_id = self.references.state_id(team, history.initial[Kind.STATE])
        events = creation_events(
            ITEM,
            state_id=state_id,
            key=history.initial[Kind.KEY],
            unit_id=team.pk,
            values={
                "service_class": ServiceClass.STANDARD.value,
                **{column.removesuffix("_id"): stored[kind] for kind, column in _COLUMNS.items()},
            },
            at=history.initial_at,
        )
        events[0].at = issue.created_at
        for event in events:
            event.actor_id = self.references.person_id(issue.reporter)
            event.source_ref = f"{self.refs[issue.ref]}:created"
        for event in events[1:]:
            event.source_ref = f"{event.source_ref}:{event.kind.value}"
        row = BulkRow(pk, is_new=True, unit_id=team.pk, columns={}, events=events)
        columns = {
            "key": history.initial[Kind.KEY],
            "state_id": state_id,
            "state_entered_at": issue.created_at,
            "team_id": team.pk,
            "blocked_at": None,
            "blocked_reason": "",
            **{column: stored[kind] for kind, column in _COLUMNS.items()},
        }
        if history.initial[Kind.BLOCKED]:
            flag = Fact("created:BLOCKED", history.initial_at, "", Kind.BLOCKED, True)
            self._record(row, columns, issue, flag, history.initial[Kind.STATE])
        self._replay(row, columns, issue, history.facts, history.initial[Kind.STATE])
        row.columns = {
            **columns,
            "description": issue.description,
            "rank": "",
            "custom": {},
            "created_at": issue.created_at,
            "updated_at": issue.updated_at,
            "deleted_at": None,
            "service_class": ServiceClass.STANDARD.value,
            "reporter_id": self.references.person_id(issue.reporter),
            "source_ref": self.refs[issue.ref],
            "source_url": issue.url,
        }
        row.columns["key"] = self._key(issue)
        return row

    def _changed_row(self, known: KnownItem, issue: Issue, history: History) -> BulkRow | None:
        """What a later export changes; None when it changes nothing, or is older than what we know."""
        if known.last_at is not None and issue.updated_at < known.last_at:
            self.result.outdated += 1
            return None
        columns = {name: known.row[name] for name in UPDATED_COLUMNS}
        row = BulkRow(known.row["id"], is_new=False, unit_id=columns["team_id"], columns=columns, version=known.version)
        prefix = self.refs[issue.ref]
        self.used_refs = known.refs
        # What was concluded from an older state of affairs is not repeated; sprints tell their own times.
        old = {
            fact.ref
            for fact in history.facts
            if f"{prefix}:{fact.ref}" in known.refs or (fact.ref.startswith("~") and fact.kind is not Kind.SPRINT)
        }
        self._replay(row, columns, issue, history.facts, history.initial[Kind.STATE], known=old)
        self._conclude(row, columns, issue, history, known)
        if columns["description"] != issue.description:
            columns["description"] = issue.description
            ref = f"{prefix}:~DESCRIPTION:{int(issue.updated_at.timestamp() * 1000)}"
            row.events.append(BulkEvent(EventKind.DESCRIPTION, issue.updated_at, row.unit_id, source_ref=ref))
        if not row.events:
            return None
        self._report(issue)
        columns["updated_at"] = issue.updated_at
        columns["source_url"] = issue.url
        return row

    def _conclude(
        self, row: BulkRow, columns: dict[str, Any], issue: Issue, history: History, known: KnownItem
    ) -> None:
        """Whatever is still different from what the source says now was changed at its last change."""
        wanted_key = self._key(issue)
        for kind, value in history.now.items():
            told = wanted_key if kind is Kind.KEY else value
            if kind is Kind.FEATURE and self._stored(kind, value) == known.feature_id:
                # The source says the same as ever; where the portal put it is the portal's business.
                continue
            fact = concluded(issue, kind, told, not_before=known.last_at)
            self._record(row, columns, issue, fact, history.now[Kind.STATE])

    # -- facts into events -------------------------------------------------------------------------------------------

    def _replay(
        self,
        row: BulkRow,
        columns: dict[str, Any],
        issue: Issue,
        facts: Iterable[Fact],
        mark: StateMark,
        *,
        known: Collection[str] = (),
    ) -> None:
        for fact in facts:
            if fact.ref not in known:
                self._record(row, columns, issue, fact, mark)
            if fact.kind is Kind.STATE:
                mark = fact.value

    def _record(self, row: BulkRow, columns: dict[str, Any], issue: Issue, fact: Fact, mark: StateMark) -> None:
        """One fact on top of ``columns``: an event if it changes them, and what it changes."""
        source_ref = f"{self.refs[issue.ref]}:{fact.ref}"
        if source_ref in self.used_refs:
            # It was concluded before and taken back by an undo; history keeps both.
            source_ref = f"{source_ref}:{row.version}"
        event = BulkEvent(
            EventKind(fact.kind.value),
            fact.at,
            row.unit_id,
            actor_id=self.references.person_id(fact.author),
            source_ref=source_ref[:200],
        )
        if fact.kind is Kind.TEAM:
            self._record_team(row, columns, issue, fact, mark, event)
            return
        if fact.kind is Kind.STATE:
            new = self.references.state_id(self.teams_by_id[row.unit_id], fact.value)
            event.old_ref, event.new_ref, is_change = columns["state_id"], new, columns["state_id"] != new
            columns["state_id"], columns["state_entered_at"] = (
                new,
                fact.at if is_change else columns["state_entered_at"],
            )
        elif fact.kind is Kind.BLOCKED:
            event.old_value = _flag(columns)
            is_change = bool(fact.value) != (columns["blocked_at"] is not None)
            if is_change:
                columns["blocked_at"] = fact.at if fact.value else None
                columns["blocked_reason"] = FLAG_REASON if fact.value else ""
            event.new_value = _flag(columns)
        elif fact.kind is Kind.KEY:
            event.old_value, event.new_value = columns["key"], fact.value
            is_change = columns["key"] != fact.value
            columns["key"] = fact.value
        else:
            is_change = self._record_plain(columns, fact, event)
        if is_change:
            row.events.append(event)

    def _record_plain(self, columns: dict[str, Any], fact: Fact, event: BulkEvent) -> bool:
        column = _COLUMNS[fact.kind]
        old, new = columns[column], self._stored(fact.kind, fact.value)
        if fact.kind in _REFERENCES:
            event.old_ref, event.new_ref = old, new
        else:
            encode = _FIELDS[fact.kind.value].encode
            event.old_value, event.new_value = encode(old), encode(new)
        columns[column] = new
        return bool(old != new)

    def _record_team(
        self, row: BulkRow, columns: dict[str, Any], issue: Issue, fact: Fact, mark: StateMark, event: BulkEvent
    ) -> None:
        """A move to another team is a move to another board, too: to the column of the same status."""
        team = self.references.teams[fact.value]
        if team.pk == row.unit_id:
            return
        event.old_ref, event.new_ref, event.unit_id = row.unit_id, team.pk, team.pk
        row.unit_id = columns["team_id"] = team.pk
        row.events.append(event)
        moved = Fact(f"{fact.ref}:STATE", fact.at, fact.author, Kind.STATE, mark)
        self._record(row, columns, issue, moved, mark)

    def _stored(self, kind: Kind, value: Any) -> Any:
        """A value in the terms of our column."""
        match kind:
            case Kind.ASSIGNEE:
                return self.references.person_id(value)
            case Kind.SPRINT:
                return self.references.sprint_id(value)
            case Kind.FEATURE:
                return self.references.feature_id(value)
            case Kind.PARENT:
                return self._parent_id(value)
            case Kind.LABELS:
                return list(value)
            case Kind.TYPE:
                return str(value)
            case _:
                return value

    def _parent_id(self, link: IssueLink | None) -> int | None:
        return None if link is None else self.parents.get(link.ref) or self.parents.get(link.key)

    def _note_missing(self, issue: Issue) -> None:
        """What it refers to and nobody exported."""
        for link, found in (
            (issue.values[Field.EPIC], self.references.feature_id(issue.values[Field.EPIC])),
            (issue.values[Field.PARENT], self._parent_id(issue.values[Field.PARENT])),
        ):
            if link is not None and found is None:
                self.result.missing[link.key or link.ref] += 1

    # -- the rest ----------------------------------------------------------------------------------------------------

    def _rank(self, rows: Sequence[BulkRow], known: Mapping[str, KnownItem]) -> None:
        """New items, and those that changed team, go to the end of their team's backlog in the order of the file."""
        teams = {entry.row["id"]: entry.row["team_id"] for entry in known.values()}
        coming = [row for row in rows if teams.get(row.pk) != row.unit_id]
        ranks = ranks_at_end(ITEM, Counter(row.unit_id for row in coming))
        keys = {unit_id: iter(found) for unit_id, found in ranks.items()}
        for row in coming:
            row.columns["rank"] = next(keys[row.unit_id])

    def _aliases(self, row: BulkRow) -> list[ItemKeyAlias]:
        """Old keys go on working, unless somebody else has them now."""
        old = {str(event.old_value) for event in row.events if event.kind == EventKind.KEY}
        return [
            ItemKeyAlias(key=key[:40], item_id=row.pk)
            for key in sorted(old)
            if key != row.columns["key"] and key not in self.taken
        ]

    def _note_sprints(self, row: BulkRow) -> None:
        for event in row.events:
            if event.kind == EventKind.SPRINT:
                self.result.sprint_ids.update(ref for ref in (event.old_ref, event.new_ref) if ref is not None)

    def _report(self, issue: Issue) -> None:
        for note in issue.notes:
            self._problem(issue, note)

    def _problem(self, issue: Issue, message: str) -> None:
        self.result.problems.append(Problem(place=issue.where, message=message))


def _flag(columns: Mapping[str, Any]) -> dict[str, str] | None:
    at = columns["blocked_at"]
    return {"at": at.isoformat(), "reason": columns["blocked_reason"]} if at else None
