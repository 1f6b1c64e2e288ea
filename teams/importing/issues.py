"""What an issue of another tracker is: its fields now, and the steps by which it came to be so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from teams.importing.mapping import ImportMapping, ItemType
from teams.importing.values import (
    SourcePerson,
    SourceSprint,
)


class Field(StrEnum):
    """The fields of an issue whose history we follow."""

    KEY = "KEY"
    PROJECT = "PROJECT"
    COMPONENTS = "COMPONENTS"
    STATUS = "STATUS"
    RESOLUTION = "RESOLUTION"
    TYPE = "TYPE"
    TITLE = "TITLE"
    ESTIMATE = "ESTIMATE"
    ASSIGNEE = "ASSIGNEE"
    EPIC = "EPIC"
    PARENT = "PARENT"
    SPRINTS = "SPRINTS"
    FLAG = "FLAG"
    PRIORITY = "PRIORITY"
    LABELS = "LABELS"
    DUE = "DUE"


@dataclass(frozen=True, slots=True)
class Status:
    """A status; two names of one id are one status that was renamed."""

    ref: str
    name: str
    category: str = ""


@dataclass(frozen=True, slots=True)
class IssueLink:
    """Another issue, by id, by key, or both."""

    ref: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One change of one field. ``ref`` is unique in its issue; ``author`` the ref of a person."""

    ref: str
    at: datetime
    author: str
    field: Field
    old: Any
    new: Any


@dataclass(slots=True)
class Issue:
    """An issue as its tracker tells it. ``values`` are those of the export's moment."""

    ref: str
    key: str
    type: str
    created_at: datetime
    updated_at: datetime
    resolved_at: datetime | None
    values: dict[Field, Any]
    steps: list[Step]
    has_history: bool
    sprints: list[SourceSprint]
    people: dict[str, SourcePerson]
    reporter: str
    description: str
    url: str
    notes: list[str] = field(default_factory=list)
    place: str = ""
    """Where it stands in the files, to be said when something is wrong with it."""

    @property
    def where(self) -> str:
        """Its place and its key."""
        return f"{self.place} ({self.key})" if self.place else self.key

    @property
    def is_epic(self) -> bool:
        """Whether it becomes a feature."""
        return self.type == ItemType.EPIC

    @property
    def is_child(self) -> bool:
        """Whether it is part of another item, which has to be there first."""
        return self.values[Field.PARENT] is not None


@dataclass(slots=True)
class FieldNames:
    """Which custom fields mean what: from the mapping, and learnt from the histories while reading."""

    estimates: set[str] = field(default_factory=set)
    epic_links: set[str] = field(default_factory=set)

    def learn(self, raw: Mapping[str, Any]) -> None:
        """Take the ids of the well-known fields from an issue's changelog, which names both."""
        for history in histories_of(raw):
            for item in history.get("items") or ():
                name, ref = str(item.get("field") or "").lower(), str(item.get("fieldId") or "")
                if ref.startswith("customfield_"):
                    if name in ESTIMATE_NAMES:
                        self.estimates.add(ref)
                    elif name == "epic link":
                        self.epic_links.add(ref)


ESTIMATE_NAMES: Final = frozenset({"story points", "story point estimate", "故事点", "故事点数"})


def field_names(mapping: ImportMapping) -> FieldNames:
    """What the mapping file says of custom fields."""
    return FieldNames(set(mapping.estimate_fields), {mapping.epic_link_field} - {""})


def histories_of(raw: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The entries of an issue's changelog, in whichever of three shapes it comes."""
    changelog = raw.get("changelog")
    found = changelog.get("histories") or changelog.get("values") if isinstance(changelog, dict) else changelog
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def sprint_order(sprint: SourceSprint) -> tuple[bool, datetime, int]:
    """Sorts sprints as they ran; those without a start come last, in the order of their ids."""
    starts_at = sprint.starts_at or sprint.ends_at
    number = int(sprint.ref) if sprint.ref.isdecimal() else 0
    return starts_at is None, starts_at or _NEVER, number


_NEVER: Final = datetime.max.replace(tzinfo=UTC)


def project_of(key: str) -> str:
    """The project of an issue by its key."""
    return key.rpartition("-")[0]


_PRIORITIES: Final = {
    "highest": "HIGHEST", "blocker": "HIGHEST", "critical": "HIGHEST", "urgent": "HIGHEST", "high": "HIGH",
    "major": "HIGH", "medium": "MEDIUM", "normal": "MEDIUM", "low": "LOW", "minor": "LOW", "lowest": "LOWEST",
    "trivial": "LOWEST",
}  # fmt: skip


def priority(name: str) -> str:
    """One of our five priorities; what has none is of medium priority."""
    return _PRIORITIES.get(name.strip().lower(), "MEDIUM")
