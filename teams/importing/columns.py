"""Which column of a table means what: said in the mapping, guessed by the words of the heading where it is not.

Also how dates are written: people write 03/04/2026 and mean different days, so all dates of a file are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from django.utils.translation import gettext as _

from teams.importing.values import NOTHING, BadValue, moment


class Column(StrEnum):
    """What a column of a table can be for an item."""

    KEY = "key"
    TITLE = "title"
    DESCRIPTION = "description"
    TEAM = "team"
    COMPONENT = "component"
    TYPE = "type"
    STATUS = "status"
    RESOLUTION = "resolution"
    ESTIMATE = "estimate"
    ASSIGNEE = "assignee"
    REPORTER = "reporter"
    EPIC = "epic"
    PARENT = "parent"
    SPRINT = "sprint"
    PRIORITY = "priority"
    LABELS = "labels"
    DUE = "due"
    CREATED = "created"
    STARTED = "started"
    DONE = "done"
    UPDATED = "updated"
    URL = "url"


# Whole headings, in lower case; the first pattern that fits a heading nobody has taken yet.
_WORDS: Final[Mapping[Column, str]] = {
    Column.KEY: r"(issue |item |task )?(key|id)|schlüssel|nummer|number|no\.?|nr\.?|ticket",
    Column.TITLE: r"summary|title|titel|name|subject|zusammenfassung|betreff|task|item|story|vorgang|headline",
    Column.DESCRIPTION: r"description|beschreibung|details|notes",
    Column.TEAM: r"team|project key|project|projekt|board|squad|area path|projektschlüssel",
    Column.COMPONENT: r"component/?s?|components|komponente[n]?|module?",
    Column.TYPE: r"(issue|item|work item|task)? ?type|vorgangstyp|typ|art|kind|tracker",
    Column.STATUS: r"status|state|column|list|spalte|zustand|stage",
    Column.RESOLUTION: r"resolution|lösung|outcome|reason",
    Column.ESTIMATE: r"(custom field \()?story ?points?( estimate)?\)?|estimate|points?|size|effort|aufwand|sp",
    Column.ASSIGNEE: r"assignee|assigned to|owner|responsible|bearbeiter|zugewiesen.*|verantwortlich.*",
    Column.REPORTER: r"reporter|created by|creator|author|autor|ersteller?.*",
    Column.EPIC: r"(custom field \()?(epic|feature)( link| key| id| name)?\)?|feature",
    Column.PARENT: r"parent( key| id| issue)?|übergeordnet.*",
    Column.SPRINT: r"sprint|iteration( path)?",
    Column.PRIORITY: r"priority|priorität|prio",
    Column.LABELS: r"labels?|tags?|stichwort.*|stichwörter",
    Column.DUE: r"due( date| on)?|deadline|fällig.*",
    Column.CREATED: r"created([ _]?(date|at|on))?|creation date|erstellt( am)?|date created|opened|angelegt",
    Column.STARTED: r"(work )?started([ _]?(date|at|on))?|start([ _]?date)?|in progress( since)?|begonnen|activated.*",
    Column.DONE: r"(done|finished|closed|completed|resolved)([ _]?(date|at|on))?|(resolution|end) ?date|erledigt.*",
    Column.UPDATED: r"(last )?(updated|changed|modified)([ _]?(date|at|on))?|aktualisiert|geändert.*",
    Column.URL: r"url|link|address",
}

REQUIRED: Final = (Column.TITLE,)
DATES: Final = (Column.CREATED, Column.STARTED, Column.DONE, Column.UPDATED, Column.DUE)


def columns_guess(header: Sequence[str]) -> dict[str, str]:
    """Which heading probably is which column; each heading at most once."""
    found: dict[str, str] = {}
    for column, words in _WORDS.items():
        for heading in header:
            if heading not in found.values() and re.fullmatch(words, heading.strip().lower()):
                found[column.value] = heading
                break
    return found


class DayOrder(StrEnum):
    """How a date with slashes, dots or dashes is to be read."""

    DMY = "DMY"
    MDY = "MDY"
    YMD = "YMD"


_NUMERIC: Final = re.compile(r"(\d{1,4})[./-](\d{1,2})[./-](\d{2,4})(.*)", re.DOTALL)
_NAMED: Final = re.compile(r"(\d{1,2})[ ./-]([A-Za-zäÄ]{3,9})\.?[ ./-](\d{2,4})(.*)", re.DOTALL)
_CLOCK: Final = re.compile(r"[ ,T]*(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?\s*([AaPp][Mm])?\s*")
_MONTHS: Final = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11,
    "dec": 12, "mär": 3, "mrz": 3, "mai": 5, "okt": 10, "dez": 12,
}  # fmt: skip


def day_order_guess(written: Iterable[str]) -> DayOrder:
    """How the dates of a file are written: as only one way makes all of them days of a calendar, else day first."""
    can = dict.fromkeys(DayOrder, True)
    for text in written:
        match = _NUMERIC.match(text.strip())
        if match is None:
            continue
        first, second = int(match[1]), int(match[2])
        can[DayOrder.YMD] &= len(match[1]) == 4
        can[DayOrder.DMY] &= len(match[1]) <= 2 and first <= 31 and second <= 12
        can[DayOrder.MDY] &= len(match[1]) <= 2 and first <= 12 and second <= 31
    if can[DayOrder.YMD]:
        return DayOrder.YMD
    return DayOrder.MDY if can[DayOrder.MDY] and not can[DayOrder.DMY] else DayOrder.DMY


def decimal_comma_guess(written: Iterable[str]) -> bool:
    """Whether numbers are written 2,5: some are, and none 2.5."""
    found = [text for text in written if re.fullmatch(r"\d+[.,]\d+", text.strip())]
    return bool(found) and all("," in text for text in found)


@dataclass(frozen=True, slots=True)
class TableColumns:
    """How a table is to be read. ``steps`` are columns that hold the day an item came into a status."""

    by_use: Mapping[str, str] = field(default_factory=dict)
    steps: Mapping[str, str] = field(default_factory=dict)
    day_order: str = DayOrder.DMY
    zone: str = "UTC"
    has_decimal_comma: bool = False
    waiting_status: str = ""
    started_status: str = ""
    """What work stood in before it was begun, and from its start on, where a table knows only the day."""

    def cell(self, cells: Mapping[str, Any], column: Column) -> Any:
        """A row's cell for one use; empty when the table has no such column."""
        heading = self.by_use.get(column.value)
        return cells.get(heading, "") if heading else ""

    def moment(self, value: Any) -> datetime | None:
        """A cell as a moment; a day without a time is its noon, so that no zone moves it to another day."""
        return written_moment(value, self.day_order, self.zone)


def written_moment(value: Any, day_order: str, zone: str) -> datetime | None:
    """A moment as people and spreadsheets write it; None when there is none. Raises BadValue."""
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, datetime):
        return _local(value, zone, has_clock=bool(value.hour or value.minute or value.second))
    text = str(value).strip()
    if text.lower() in NOTHING:
        return None
    match = _NUMERIC.match(text)
    if match is not None:
        parts = (int(match[1]), int(match[2]), int(match[3]))
        if len(match[1]) == 4:
            year, month, day = parts
        elif day_order == DayOrder.MDY:
            month, day, year = parts
        else:
            day, month, year = parts
        rest = match[4]
        if len(match[1]) == 4 and re.search(r"[Tt ]\d{2}:\d{2}.*([+-]\d{2}:?\d{2}|Z)$", text):
            return moment(re.sub(r"([+-]\d{2})(\d{2})$", r"\1:\2", text.replace(" ", "T", 1)))
    else:
        named = _NAMED.match(text)
        number = _MONTHS.get(named[2][:3].lower()) if named else None
        if named is None or number is None:
            raise BadValue(_("“%(value)s” is not a date") % {"value": text[:40]})
        day, month, year, rest = int(named[1]), number, int(named[3]), named[4]
    clock = _CLOCK.fullmatch(rest) if rest.strip() else None
    if rest.strip() and clock is None:
        raise BadValue(_("“%(value)s” is not a date") % {"value": text[:40]})
    try:
        local = datetime(year if year > 99 else 2000 + year, month, day, *_hour(clock), tzinfo=UTC)
    except ValueError as error:
        raise BadValue(_("“%(value)s” is not a date") % {"value": text[:40]}) from error
    return _local(local.replace(tzinfo=None), zone, has_clock=clock is not None)


def _hour(clock: re.Match[str] | None) -> tuple[int, int, int]:
    if clock is None:
        return 0, 0, 0
    hour = int(clock[1])
    if clock[4]:
        hour = hour % 12 + (12 if clock[4].lower() == "pm" else 0)
    return hour, int(clock[2]), int(clock[3] or 0)


def _local(value: datetime, zone: str, *, has_clock: bool) -> datetime | None:
    if not has_clock:
        value = value.replace(hour=12)
    return moment(value.replace(tzinfo=value.tzinfo or ZoneInfo(zone)).isoformat())


def is_zone(name: str) -> bool:
    """Whether there is a time zone of this name."""
    return name in available_timezones()
