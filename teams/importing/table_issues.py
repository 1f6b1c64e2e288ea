"""A row of a table into an issue: what it is now, and, where columns hold days, the steps that led there.

Steps made from date columns are not what a tracker recorded: their refs begin with ``date``, so that whoever reads a
history can tell. A table without any date says only how things are; then its upload is the first moment we know of.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _

from teams.importing.columns import Column
from teams.importing.issues import Field, Issue, IssueLink, Status, Step, priority
from teams.importing.mapping import Category, ImportMapping, ItemType
from teams.importing.values import NOTHING, BadValue, SourcePerson, estimate, number_of

MAX_TITLE: Final = 255
MAX_DESCRIPTION: Final = 100_000
_SPLIT = re.compile(r"[;,|]\s*")
WAITING_STATUS: Final = "To do"
STARTED_STATUS: Final = "In progress"
"""What stands for them where a table has no status of that meaning."""


def table_issue_read(
    cells: Mapping[str, Any], mapping: ImportMapping, *, as_of: datetime, sprints: Mapping[str, str]
) -> Issue:
    """The issue in a row; raises :class:`BadValue` when it cannot be one.

    ``as_of`` is when the table was true; ``sprints`` are the refs of known sprints by name.
    """
    return _Reader(cells, mapping, as_of, sprints).read()


class _Reader:
    def __init__(
        self, cells: Mapping[str, Any], mapping: ImportMapping, as_of: datetime, sprints: Mapping[str, str]
    ) -> None:
        self.cells = cells
        self.mapping = mapping
        self.columns = mapping.columns
        self.as_of = as_of
        self.sprints = sprints
        self.waiting = (self.columns.waiting_status or WAITING_STATUS)[:80]
        self.started = (self.columns.started_status or STARTED_STATUS)[:80]
        self.people: dict[str, SourcePerson] = {}
        self.notes: list[str] = []

    def read(self) -> Issue:
        title = " ".join(self._text(Column.TITLE).split())
        key = re.sub(r"\s+", "-", number_of(self._first(Column.KEY)))[:40]
        if not title and not key:
            raise BadValue(_("It has neither a key nor a title"))
        key = key or self._key_of(title)
        created_at = self._moment(Column.CREATED)
        done_at = self._moment(Column.DONE)
        updated_at = max(filter(None, (self._moment(Column.UPDATED), done_at, created_at)), default=self.as_of)
        if self.columns.by_use.get(Column.UPDATED.value) is None:
            updated_at = self.as_of
        started_at = self._moment(Column.STARTED)
        known = [moment for moment in (started_at, done_at) if moment is not None]
        if created_at is None:
            created_at = min(known, default=min(updated_at, self.as_of))
        if done_at is not None and done_at < created_at:
            self.notes.append(_("it was finished before it was created: no cycle time is counted"))
        status = self._status(done_at, started_at)
        steps = self._steps(status, created_at, started_at, done_at)
        values = self._values(key, title or key, status)
        is_over = self.mapping.category(status.name, status.ref).value in {Category.DONE, Category.CANCELLED}
        return Issue(
            ref=key,
            key=key,
            type=values[Field.TYPE],
            created_at=created_at,
            updated_at=max(updated_at, created_at, *(step.at for step in steps[-1:])),
            resolved_at=done_at if is_over else None,
            values=values,
            steps=steps,
            has_history=bool(steps),
            sprints=[],
            people=self.people,
            reporter=self._person(Column.REPORTER),
            description=self._limited(self._text(Column.DESCRIPTION), MAX_DESCRIPTION),
            url=self._url(),
            notes=self.notes,
        )

    # -- cells -------------------------------------------------------------------------------------------------------

    def _first(self, column: Column) -> Any:
        value = self.columns.cell(self.cells, column)
        return value[0] if isinstance(value, list) else value

    def _text(self, column: Column) -> str:
        value = self._first(column)
        written = value.isoformat(sep=" ", timespec="minutes") if isinstance(value, datetime) else str(value)
        return "" if written.strip().lower() in NOTHING else written.strip()

    def _list(self, column: Column) -> list[str]:
        value = self.columns.cell(self.cells, column)
        parts = value if isinstance(value, list) else [value]
        return [
            word.strip() for part in parts for word in _SPLIT.split(str(part)) if word.strip().lower() not in NOTHING
        ]

    def _moment(self, column: Column) -> datetime | None:
        return self._moment_in(self.columns.by_use.get(column.value, ""))

    def _moment_in(self, heading: str) -> datetime | None:
        try:
            return self.columns.moment(self.cells.get(heading, "")) if heading else None
        except BadValue as error:
            self.notes.append(_("%(field)s: %(error)s; left out") % {"field": heading, "error": error})
            return None

    def _limited(self, written: str, limit: int) -> str:
        return written if len(written) <= limit else f"{written[: limit - 1]}…"

    def _person(self, column: Column) -> str:
        """A person by what the table calls them: an address, a name, or both as ``Name <address>``."""
        written = self._text(column)
        if not written:
            return ""
        both = re.fullmatch(r"(.*?)\s*<([^<>\s]+@[^<>\s]+)>", written)
        email = both[2] if both else written if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", written) else ""
        name = (both[1] if both and both[1] else written)[:200]
        ref = (email or name).lower()[:80]
        self.people.setdefault(ref, SourcePerson(ref, name, email[:254]))
        return ref

    def _url(self) -> str:
        address = self._text(Column.URL)
        # SECURITY: the address becomes a link; anything but a web address could run in the reader's browser.
        return address[:200] if re.match(r"https?://[^\s/]+", address) else ""

    def _key_of(self, title: str) -> str:
        """A key for a row without one: its words, so that the same row is found again."""
        return f"ROW-{hashlib.sha256(title.lower().encode()).hexdigest()[:10].upper()}"

    # -- values ------------------------------------------------------------------------------------------------------

    def _status(self, done_at: datetime | None, started_at: datetime | None) -> Status:
        """The status as written; where there is none, the furthest the days tell."""
        name = self._text(Column.STATUS)[:80]
        if name:
            return Status("", name)
        reached = [status for heading, status in self.columns.steps.items() if self._moment_in(heading) is not None]
        if done_at is not None:
            return Status("", "Done")
        if reached:
            return Status("", reached[-1][:80])
        return Status("", self.started if started_at is not None else self.waiting)

    def _steps(
        self, status: Status, created_at: datetime, started_at: datetime | None, done_at: datetime | None
    ) -> list[Step]:
        """Changes of status as the date columns tell them, in the order of their days."""
        reached: list[tuple[datetime, str, str]] = []
        for heading, name in self.columns.steps.items():
            at = self._moment_in(heading)
            if at is not None:
                reached.append((at, name[:80], heading))
        category = self.mapping.category(status.name).value
        is_over = category in {Category.DONE, Category.CANCELLED}
        if started_at is not None:
            is_started = category not in {Category.BACKLOG, *((Category.DONE, Category.CANCELLED) if is_over else ())}
            reached.append((started_at, status.name if is_started else self.started, Column.STARTED.value))
        if done_at is not None and is_over:
            reached.append((done_at, status.name, Column.DONE.value))
        if not reached or (len(reached) == 1 and reached[0][2] == Column.DONE.value):
            # Only an end: the rules for exports without a history say what that means.
            return []
        # Two on one day keep the order in which the table has them: a flow goes from left to right.
        ordered = sorted(enumerate(reached), key=lambda pair: (pair[1][0], pair[0]))
        before = Status("", self.waiting)
        steps: list[Step] = []
        at_least = created_at
        for _place, (at, name, heading) in ordered:
            now = Status("", name)
            if now == before:
                continue
            # Several on one noon follow each other; what stands still has no width.
            at = max(at, at_least) if at.date() == at_least.date() else at
            ref = f"date-{heading[:40]}-{at:%Y%m%d}"
            steps.append(Step(f"{ref}:{len(steps)}", at, "", Field.STATUS, before, now))
            before, at_least = now, at + timedelta(milliseconds=1)
        return steps

    def _values(self, key: str, title: str, status: Status) -> dict[Field, Any]:
        item_type = self.mapping.item_type(self._text(Column.TYPE), is_subtask=False, level=None)
        if item_type == ItemType.EPIC and self.mapping.epics == "items":
            item_type = ItemType.STORY
        is_epic = item_type == ItemType.EPIC
        if item_type == ItemType.TASK and not self._text(Column.TYPE):
            item_type = ItemType.STORY
        return {
            Field.KEY: key,
            Field.PROJECT: self._text(Column.TEAM)[:80]
            or (key.rpartition("-")[0] if not key.startswith("ROW-") else ""),
            Field.COMPONENTS: frozenset(self._list(Column.COMPONENT)),
            Field.STATUS: status,
            Field.RESOLUTION: self._text(Column.RESOLUTION)[:60],
            Field.TYPE: item_type,
            Field.TITLE: self._limited(title, MAX_TITLE),
            Field.ESTIMATE: self._estimate(),
            Field.ASSIGNEE: self._person(Column.ASSIGNEE),
            Field.EPIC: None if is_epic else self._link(Column.EPIC),
            Field.PARENT: None if is_epic else self._link(Column.PARENT),
            Field.SPRINTS: tuple(self.sprints[name] for name in self._list(Column.SPRINT) if name in self.sprints),
            Field.FLAG: False,
            Field.PRIORITY: priority(self._text(Column.PRIORITY)),
            Field.LABELS: tuple(dict.fromkeys(word[:60] for word in self._list(Column.LABELS))),
            Field.DUE: self._due(),
        }

    def _estimate(self) -> Decimal | None:
        written = self._text(Column.ESTIMATE)
        if self.columns.has_decimal_comma:
            written = written.replace(".", "").replace(",", ".")
        try:
            return estimate(written)
        except BadValue as error:
            self.notes.append(_("%(field)s: %(error)s; left out") % {"field": "estimate", "error": error})
            return None

    def _due(self) -> Any:
        due_at = self._moment(Column.DUE)
        return due_at.date() if due_at else None

    def _link(self, column: Column) -> IssueLink | None:
        key = re.sub(r"\s+", "-", self._text(column))[:40]
        return IssueLink(key, key) if key else None
