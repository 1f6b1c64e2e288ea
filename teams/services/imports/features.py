"""Epics of another tracker into features of a program.

Unlike items, features are worked on here: what the portal changed stays, until the source changes the same thing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.utils.translation import gettext as _

from collaboration.services.jobs import Problem
from portfolio.models import EventKind, EventSource, Feature, FeatureEvent
from portfolio.services.bulk import BulkEvent, BulkRow, creation_events, ids_reserve, ranks_at_end, rows_write
from portfolio.services.registration import FEATURE
from teams.importing.history import Fact, History, Kind, StateMark, concluded, history_of
from teams.importing.issues import Issue
from teams.importing.mapping import Category
from teams.services.imports.items import ChunkResult
from teams.services.imports.references import References

_KINDS: Final = {
    Kind.STATE: EventKind.STATE,
    Kind.TITLE: EventKind.TITLE,
    Kind.ASSIGNEE: EventKind.OWNER,
    Kind.LABELS: EventKind.LABELS,
    Kind.KEY: EventKind.KEY,
}
_COLUMNS: Final = {
    EventKind.STATE: "state_id",
    EventKind.TITLE: "title",
    EventKind.OWNER: "owner_id",
    EventKind.LABELS: "labels",
    EventKind.KEY: "key",
}
_REFERENCES: Final = frozenset({EventKind.STATE, EventKind.OWNER})
_NEAREST: Final[Mapping[str, tuple[str, ...]]] = {
    Category.BACKLOG: ("BACKLOG", "COMMITTED", "ACTIVE"),
    Category.COMMITTED: ("COMMITTED", "BACKLOG", "ACTIVE"),
    Category.ACTIVE: ("ACTIVE", "WAITING", "COMMITTED"),
    Category.WAITING: ("WAITING", "ACTIVE", "COMMITTED"),
    Category.DONE: ("DONE",),
    Category.CANCELLED: ("CANCELLED", "DONE"),
}
"""Which category of the program's kanban stands for which of the source's, where the kanban lacks it."""


@dataclass(slots=True)
class _Known:
    """A feature that was imported before, locked; with the source's last word on each field."""

    row: dict[str, Any]
    refs: set[str] = field(default_factory=set)
    told: dict[str, Any] = field(default_factory=dict)
    last_at: datetime | None = None
    is_undone: bool = False


def features_import(references: References, issues: Sequence[Issue], *, recorded_at: datetime) -> ChunkResult:
    """Write a chunk of epics; run it in a transaction that holds the source's lock."""
    result = ChunkResult()
    found = {references.ref("issue", issue.ref): issue for issue in issues}
    result.unchanged = len(issues) - len(found)
    known = _known(found)
    taken = dict(Feature.objects.filter(key__in=[issue.key for issue in issues]).values_list("key", "source_ref"))
    ids = iter(ids_reserve(Feature, len(found) - len(known)))
    rows: list[BulkRow] = []
    for ref, issue in found.items():
        epic = _Epic(references, ref, issue, history_of(issue, references.export), taken)
        row = epic.changed(known[ref]) if ref in known else epic.new(next(ids))
        result.problems += epic.problems if row is not None else []
        if row is None:
            result.unchanged += 1
        else:
            rows.append(row)
    fresh = [row for row in rows if row.is_new]
    unit_id = references.program.pk
    for row, rank in zip(fresh, ranks_at_end(FEATURE, {unit_id: len(fresh)})[unit_id], strict=True):
        row.columns["rank"] = rank
    rows_write(FEATURE, rows, recorded_at=recorded_at, source=EventSource.IMPORT)
    result.created, result.updated = len(fresh), len(rows) - len(fresh)
    result.events = sum(len(row.events) for row in rows)
    return result


def _known(found: Mapping[str, Issue]) -> dict[str, _Known]:
    names = (
        "source_ref",
        "id",
        "version",
        "unit_id",
        "updated_at",
        "state_entered_at",
        "deleted_at",
        *_COLUMNS.values(),
    )
    rows = Feature.objects.filter(source_ref__in=list(found)).order_by("pk").select_for_update(of=("self",))
    known = {row["source_ref"]: _Known(row) for row in rows.values(*names)}
    by_id = {entry.row["id"]: entry for entry in known.values()}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT subject_id, kind, source_ref, new_ref, new_value, at FROM {FeatureEvent._meta.db_table}
                 WHERE subject_id = ANY(%s) AND source = 'IMPORT' AND kind NOT IN ('DELETED', 'RESTORED')
                 ORDER BY at, seq""",  # noqa: S608 - a constant
            [list(by_id)],
        )
        for subject_id, kind, ref, new_ref, new_value, at in cursor.fetchall():
            entry = by_id[subject_id]
            entry.refs.add(ref)
            entry.told[kind] = new_ref if kind in _REFERENCES else _decoded(new_value)
            entry.last_at = at
        cursor.execute(
            f"""SELECT DISTINCT ON (subject_id) subject_id, kind = 'DELETED' AND source = 'IMPORT'
                  FROM {FeatureEvent._meta.db_table} WHERE subject_id = ANY(%s) ORDER BY subject_id, seq DESC""",  # noqa: S608 - a constant
            [list(by_id)],
        )
        for subject_id, is_undone in cursor.fetchall():
            by_id[subject_id].is_undone = is_undone and by_id[subject_id].row["deleted_at"] is not None
    return known


class _Epic:
    """One epic on its way to its feature."""

    def __init__(
        self, references: References, ref: str, issue: Issue, history: History, taken: dict[str, str | None]
    ) -> None:
        self.references = references
        self.ref = ref
        self.issue = issue
        self.history = history
        self.unit_id = references.program.pk
        self.problems = [Problem(place=issue.where, message=note) for note in issue.notes]
        self.key = issue.key
        if taken.setdefault(issue.key, ref) != ref:
            self.key = f"{issue.key[: 39 - len(issue.ref)]}.{issue.ref}"
            message = _("Its key is taken by something else here; it is called %(key)s.") % {"key": self.key}
            self.problems.append(Problem(place=issue.where, message=message))

    def new(self, pk: int) -> BulkRow:
        initial = {
            kind: self._stored(source, value)
            for source, value in self.history.initial.items()
            if (kind := _KINDS.get(source)) is not None
        }
        columns: dict[str, Any] = {column: initial[kind] for kind, column in _COLUMNS.items()}
        events = creation_events(
            FEATURE,
            state_id=columns["state_id"],
            key=columns["key"],
            unit_id=self.unit_id,
            values={"title": columns["title"], "owner": columns["owner_id"], "labels": columns["labels"]},
            at=self.history.initial_at,
        )
        events[0].at = self.issue.created_at
        for event in events:
            event.actor_id = self.references.person_id(self.issue.reporter)
            event.source_ref = f"{self.ref}:created"
        for event in events[1:]:
            event.source_ref = f"{event.source_ref}:{event.kind.value}"
        row = BulkRow(pk, is_new=True, unit_id=self.unit_id, columns=columns, events=events)
        columns["state_entered_at"] = self.issue.created_at
        for fact in self.history.facts:
            self._record(row, fact)
        row.columns |= {
            "key": self.key,
            "description": self.issue.description,
            "rank": "",
            "custom": {},
            "created_at": self.issue.created_at,
            "updated_at": self.issue.updated_at,
            "deleted_at": None,
            "unit_id": self.unit_id,
            "epic_id": None,
            "period_id": None,
            "is_mvp": False,
            "cost_of_delay": None,
            "duration_months": None,
            "benefit_hypothesis": "",
            "acceptance_criteria": "",
            "source_ref": self.ref,
        }
        return row

    def changed(self, known: _Known) -> BulkRow | None:
        if known.last_at is not None and self.issue.updated_at < known.last_at and not known.is_undone:
            return None
        kept = (*_COLUMNS.values(), "updated_at", "state_entered_at", "deleted_at")
        columns = {name: known.row[name] for name in kept}
        row = BulkRow(
            known.row["id"], is_new=False, unit_id=known.row["unit_id"], columns=columns, version=known.row["version"]
        )
        if known.is_undone:
            # Undoing an import put it into the recycle bin; here it comes again.
            columns["deleted_at"] = None
            restored = BulkEvent(EventKind.RESTORED, self.references.at, known.row["unit_id"])
            restored.source_ref = f"{self.ref}:restored:{known.row['version']}"
            row.events.append(restored)
        for fact in self.history.facts:
            if not fact.ref.startswith("~") and f"{self.ref}:{fact.ref}" not in known.refs:
                self._record(row, fact)
        told = known.told | {event.kind.value: event.new_ref or event.new_value for event in row.events}
        for source, value in self.history.now.items():
            kind = _KINDS.get(source)
            if kind is None:
                continue
            told_value = self.key if kind is EventKind.KEY else value
            # What the source never mentioned, it said was empty. Keys are only its own to change.
            last = columns["key"] if kind is EventKind.KEY else told.get(kind.value)
            if (self._stored(source, told_value) or None) != (last or None):
                self._record(row, concluded(self.issue, source, told_value, not_before=known.last_at))
        if not row.events:
            return None
        columns["updated_at"] = self.issue.updated_at
        return row

    def _stored(self, kind: Kind, value: Any) -> Any:
        match kind:
            case Kind.STATE:
                return self._state_id(value)
            case Kind.ASSIGNEE:
                return self.references.person_id(value)
            case Kind.LABELS:
                return list(value)
            case _:
                return value

    def _state_id(self, mark: StateMark) -> int:
        """The first column of the program's kanban with the category of the source's status, or the nearest one."""
        states = self.references.feature_states
        category = self.references.export.category(mark)
        return next((states[near] for near in _NEAREST[category] if near in states), next(iter(states.values())))

    def _record(self, row: BulkRow, fact: Fact) -> None:
        kind = _KINDS.get(fact.kind)
        if kind is None:
            return
        column = _COLUMNS[kind]
        old, new = row.columns[column], self._stored(fact.kind, fact.value)
        if old == new:
            return
        event = BulkEvent(
            kind,
            fact.at,
            row.unit_id,
            actor_id=self.references.person_id(fact.author),
            source_ref=f"{self.ref}:{fact.ref}",
        )
        if kind in _REFERENCES:
            event.old_ref, event.new_ref = old, new
        else:
            event.old_value, event.new_value = old, new
        row.columns[column] = new
        if kind is EventKind.STATE:
            row.columns["state_entered_at"] = fact.at
        row.events.append(event)


def _decoded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
