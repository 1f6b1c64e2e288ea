"""A row of a Jira export into an issue."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from teams.importing.issues import (
    ESTIMATE_NAMES,
    Field,
    FieldNames,
    Issue,
    IssueLink,
    Status,
    Step,
    histories_of,
    priority,
    project_of,
    sprint_order,
)
from teams.importing.mapping import ImportMapping, ItemType
from teams.importing.values import (
    BadValue,
    SourcePerson,
    SourceSprint,
    day,
    estimate,
    is_sprint,
    moment,
    number_of,
    person,
    sprint,
    text,
)

MAX_TITLE: Final = 255
MAX_DESCRIPTION: Final = 100_000


def issue_read(raw: Mapping[str, Any], mapping: ImportMapping, names: FieldNames) -> Issue:
    """The issue in a row; raises :class:`BadValue` when it cannot be one."""
    return _Reader(raw, mapping, names).read()


class _Reader:
    """Reads one issue; collects people and notes on the way."""

    def __init__(self, raw: Mapping[str, Any], mapping: ImportMapping, names: FieldNames) -> None:
        self.raw = raw
        fields = raw.get("fields")
        if not isinstance(fields, dict):
            raise BadValue(_("It has no “fields”"))
        self.fields = fields
        self.mapping = mapping
        self.names = names
        self.people: dict[str, SourcePerson] = {}
        self.notes: list[str] = []
        self.parent: IssueLink | None = None

    def read(self) -> Issue:
        fields = self.fields
        key = number_of(self.raw.get("key"))[:40]
        if not key:
            raise BadValue(_("It has no key"))
        # The id stays when an issue changes its key. Exports by other tools leave it out; then the key has to do.
        ref = number_of(self.raw.get("id")) or key
        created_at = self._soft(moment, fields.get("created"), "created")
        updated_at = self._soft(moment, fields.get("updated"), "updated")
        if created_at is None:
            if updated_at is None:
                raise BadValue(_("It says neither when it was created nor when it was changed"))
            created_at = updated_at
            self.notes.append(_("no moment of creation: the last change stands for it"))
        resolved_at = self._soft(moment, fields.get("resolutiondate"), "resolutiondate")
        if resolved_at is not None and resolved_at < created_at:
            self.notes.append(_("it was finished before it was created: no cycle time is counted"))
        sprints = self._sprints()
        values = self._values(key, sprints)
        self.parent = values[Field.PARENT]
        steps = self._steps()
        return Issue(
            ref=ref,
            key=key,
            type=values[Field.TYPE],
            created_at=created_at,
            updated_at=max(updated_at or created_at, created_at, *(step.at for step in steps[-1:])),
            resolved_at=resolved_at,
            values=values,
            steps=steps,
            has_history=bool(histories_of(self.raw)) or "changelog" in self.raw,
            sprints=sprints,
            people=self.people,
            reporter=self._person(fields.get("reporter") or fields.get("creator")),
            description=self._limited(text(fields.get("description")), MAX_DESCRIPTION, "description"),
            url=self._url(key),
            notes=self.notes,
        )

    def _soft(self, parse: Any, value: Any, name: str) -> Any:
        """A value that may be wrong without losing the issue: it is left out and said."""
        try:
            return parse(value)
        except BadValue as error:
            self.notes.append(_("%(field)s: %(error)s; left out") % {"field": name, "error": error})
            return None

    def _limited(self, written: str, limit: int, name: str) -> str:
        if len(written) <= limit:
            return written
        self.notes.append(_("%(field)s: longer than %(limit)s characters; cut") % {"field": name, "limit": limit})
        return written[: limit - 1] + "…"

    def _person(self, value: Any) -> str:
        found = person(value)
        if found is None:
            return ""
        self.people.setdefault(found.ref, found)
        return found.ref

    def _named(self, name: str) -> str:
        value = self.fields.get(name)
        return text(value.get("name")).strip() if isinstance(value, dict) else text(value).strip()

    def _values(self, key: str, sprints: list[SourceSprint]) -> dict[Field, Any]:
        fields = self.fields
        project = fields.get("project")
        found_type = fields.get("issuetype")
        item_type = self._type_of(found_type if isinstance(found_type, dict) else {"name": text(found_type)})
        if item_type == ItemType.EPIC and self.mapping.epics == "items":
            item_type = ItemType.STORY
        epic, parent = self._links(is_epic=item_type == ItemType.EPIC)
        components = fields.get("components") or []
        labels = fields.get("labels") or []
        return {
            Field.KEY: key,
            Field.PROJECT: (number_of(project.get("key")) if isinstance(project, dict) else "") or project_of(key),
            Field.COMPONENTS: frozenset(
                text(entry.get("name") if isinstance(entry, dict) else entry) for entry in components
            ),
            Field.STATUS: self._status(),
            Field.RESOLUTION: self._named("resolution")[:60],
            Field.TYPE: item_type,
            Field.TITLE: self._limited(" ".join(text(fields.get("summary")).split()) or key, MAX_TITLE, "summary"),
            Field.ESTIMATE: self._estimate(),
            Field.ASSIGNEE: self._person(fields.get("assignee")),
            Field.EPIC: epic,
            Field.PARENT: parent,
            Field.SPRINTS: tuple(entry.ref for entry in sprints),
            Field.FLAG: self._is_flagged(),
            Field.PRIORITY: priority(self._named("priority")),
            Field.LABELS: tuple(text(label)[:60] for label in labels if isinstance(label, str)),
            Field.DUE: self._soft(day, fields.get("duedate"), "duedate"),
        }

    def _type_of(self, kind: Mapping[str, Any]) -> str:
        level = kind.get("hierarchyLevel")
        return self.mapping.item_type(
            text(kind.get("name")).strip(),
            is_subtask=kind.get("subtask") is True,
            level=level if isinstance(level, int) else None,
        )

    def _status(self) -> Status:
        value = self.fields.get("status")
        if not isinstance(value, dict):
            value = {"name": text(value)}
        category = value.get("statusCategory")
        name = text(value.get("name")).strip()[:80]
        if not name:
            self.notes.append(_("it has no status: taken as open"))
        return Status(
            number_of(value.get("id")),
            name or "Open",
            text(category.get("key") if isinstance(category, dict) else "")[:40],
        )

    def _estimate(self) -> Decimal | None:
        for name in (*sorted(self.names.estimates), "storyPoints", "story_points"):
            value = self.fields.get(name)
            if value is not None:
                found: Decimal | None = self._soft(estimate, value, f"estimate ({name})")
                return found
        return None

    def _is_flagged(self) -> bool:
        value = self.fields.get("flagged")
        if value is None and self.mapping.flag_field:
            value = self.fields.get(self.mapping.flag_field)
        return bool(value)

    def _links(self, *, is_epic: bool) -> tuple[IssueLink | None, IssueLink | None]:
        """The epic and the parent item: newer trackers write an epic as the parent, too."""
        fields = self.fields
        epic = _link(fields.get("epic"))
        for name in sorted(self.names.epic_links):
            epic = epic or _link(fields.get(name))
        parent = _link(fields.get("parent"))
        if parent is not None and self._is_epic_link(fields["parent"], epic, parent):
            epic, parent = epic or parent, None
        return (None, None) if is_epic else (epic, parent)

    def _is_epic_link(self, raw_parent: Any, epic: IssueLink | None, parent: IssueLink) -> bool:
        if epic is not None and parent.key and parent.key == epic.key:
            return True
        inner = raw_parent.get("fields") if isinstance(raw_parent, dict) else None
        kind = inner.get("issuetype") if isinstance(inner, dict) else None
        if not isinstance(kind, dict):
            return False
        return self._type_of(kind) == ItemType.EPIC and self.mapping.epics == "features"

    def _sprints(self) -> list[SourceSprint]:
        """All sprints it is or was in, in the order in which they ran; one that never started comes last."""
        found: dict[str, SourceSprint] = {}
        for raw in self._raw_sprints():
            if isinstance(raw, str) and not is_sprint(raw):
                continue
            read = self._soft(sprint, raw, "sprint")
            if read is not None:
                found.setdefault(read.ref, read)
        return sorted(found.values(), key=sprint_order)

    def _raw_sprints(self) -> list[Any]:
        fields = self.fields
        raw: list[Any] = [*_as_list(fields.get("closedSprints")), *_as_list(fields.get("sprint"))]
        if self.mapping.sprint_field:
            return raw + _as_list(fields.get(self.mapping.sprint_field))
        for name, value in fields.items():
            if value and isinstance(value, list) and name.startswith("customfield_") and is_sprint(value[0]):
                raw += value
        return raw

    def _url(self, key: str) -> str:
        if self.mapping.site_url:
            return f"{self.mapping.site_url.rstrip('/')}/{key}"[:200]
        parts = urlsplit(number_of(self.raw.get("self")))
        # SECURITY: the address becomes a link; anything but a web address could run in the reader's browser.
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            return ""
        return f"{parts.scheme}://{parts.netloc}/browse/{key}"[:200]

    def _steps(self) -> list[Step]:
        steps: dict[str, Step] = {}
        for history in histories_of(self.raw):
            at = self._soft(moment, history.get("created"), "history")
            if at is None:
                continue
            author = self._person(history.get("author"))
            ref = number_of(history.get("id")) or at.isoformat()
            items = history.get("items")
            for number, item in enumerate(items if isinstance(items, list) else ()):
                step = self._step(f"{ref}:{number}", at, author, item) if isinstance(item, dict) else None
                if step is not None:
                    steps.setdefault(step.ref, step)
        return sorted(steps.values(), key=_step_order)

    def _step(self, ref: str, at: datetime, author: str, item: Mapping[str, Any]) -> Step | None:
        name = str(item.get("field") or "").strip().lower()
        followed = _STEP_FIELDS.get(name)
        if followed is None and str(item.get("fieldId") or "") in self.names.estimates:
            followed = Field.ESTIMATE
        if followed is None:
            return None
        old = self._side(followed, item.get("from"), item.get("fromString"), item.get("tmpFromAccountId"))
        new = self._side(followed, item.get("to"), item.get("toString"), item.get("tmpToAccountId"))
        if name == "issueparentassociation" and self.parent is None:
            followed = Field.EPIC
        return Step(ref, at, author, followed, old, new)

    def _side(self, followed: Field, raw_ref: Any, raw_text: Any, account: Any) -> Any:
        """One side of a change, in the same terms as the field's present value."""
        ref, written = number_of(raw_ref), text(raw_text).strip()
        match followed:
            case Field.STATUS:
                return Status(ref, written[:80]) if ref or written else None
            case Field.ASSIGNEE:
                return self._person({"accountId": account or ref, "displayName": written}) if ref else ""
            case Field.EPIC | Field.PARENT:
                return IssueLink(ref, written if "-" in written else "") if ref or written else None
            case Field.SPRINTS:
                return tuple(part.strip() for part in ref.split(",") if part.strip())
            case Field.ESTIMATE:
                return self._soft(estimate, written or ref, "estimate in the history")
            case Field.TYPE:
                kind = self.mapping.item_type(written, is_subtask=False, level=None)
                return ItemType.STORY if kind == ItemType.EPIC else kind
            case Field.FLAG:
                return bool(written)
            case Field.PROJECT:
                return project_of(written)
            case Field.COMPONENTS | Field.KEY:
                return written
            case Field.LABELS:
                return tuple(label[:60] for label in written.split())
            case Field.PRIORITY:
                return priority(written)
            case Field.DUE:
                return self._soft(day, ref or written, "due date in the history")
            case Field.TITLE:
                return " ".join(written.split())[:MAX_TITLE]
            case Field.RESOLUTION:
                # A resolution that was renamed, or is told in another language, is still the same.
                current = self.fields.get("resolution")
                is_current = isinstance(current, dict) and ref != "" and ref == number_of(current.get("id"))
                return self._named("resolution")[:60] if is_current else written[:60]
            case _:
                return written


_STEP_FIELDS: Final = {
    "status": Field.STATUS,
    "resolution": Field.RESOLUTION,
    "assignee": Field.ASSIGNEE,
    "sprint": Field.SPRINTS,
    "epic link": Field.EPIC,
    "parent": Field.PARENT,
    "issueparentassociation": Field.PARENT,
    "issuetype": Field.TYPE,
    "summary": Field.TITLE,
    "priority": Field.PRIORITY,
    "labels": Field.LABELS,
    "duedate": Field.DUE,
    "flagged": Field.FLAG,
    "impediment": Field.FLAG,
    "component": Field.COMPONENTS,
    "key": Field.KEY,
    **dict.fromkeys(ESTIMATE_NAMES, Field.ESTIMATE),
}


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _link(value: Any) -> IssueLink | None:
    if isinstance(value, str):
        return IssueLink(key=value.strip()) if value.strip() else None
    if not isinstance(value, dict):
        return None
    ref, key = number_of(value.get("id")), number_of(value.get("key"))
    return IssueLink(ref, key) if ref or key else None


def _step_order(step: Step) -> tuple[datetime, tuple[int, str], int]:
    history, _colon, number = step.ref.rpartition(":")
    return step.at, (int(history) if history.isdecimal() else 0, history), int(number)
