"""How a tracker's words become ours: the mapping file, and the guesses where it says nothing.

docs/import.md describes the file. Whatever is guessed is reported, so that it can be written down next time.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from django.utils.translation import gettext as _

from teams.importing.columns import Column, DayOrder, TableColumns, is_zone


class BadMapping(ValueError):
    """The mapping file says something that cannot be; ``str()`` says what and where."""


class Category(StrEnum):
    """What a state means; the same words as the workflow engine's."""

    BACKLOG = "BACKLOG"
    COMMITTED = "COMMITTED"
    ACTIVE = "ACTIVE"
    WAITING = "WAITING"
    DONE = "DONE"
    CANCELLED = "CANCELLED"


class ItemType(StrEnum):
    """What an issue becomes; EPIC becomes a feature, the others the item type of the same name."""

    STORY = "STORY"
    BUG = "BUG"
    TASK = "TASK"
    SPIKE = "SPIKE"
    SUBTASK = "SUBTASK"
    EPIC = "EPIC"


CANCELLED_RESOLUTIONS: Final = (
    "won't fix",
    "won't do",
    "wontfix",
    "duplicate",
    "invalid",
    "cannot reproduce",
    "can't reproduce",
    "declined",
    "rejected",
    "cancelled",
    "canceled",
    "abandoned",
    "obsolete",
    "incomplete",
    "not a bug",
    "not our bug",
    "needs more info",
    "hold",
    "不做",
    "重复",
)
"""Resolutions of work that ended without a result, in lower case."""

# The first pattern that is found in a status name decides; the tracker's own category only where none is.
_STATUS_WORDS: Final = (
    (Category.CANCELLED, r"cancel|reject|declin|won.?t|abandon|obsolete|duplicate|invalid|取消|abgebrochen|abgelehnt"),
    (Category.BACKLOG, r"re-?open|backlog|inbox|new\b|open\b|to ?do\b|triage|draft|idea|offen|neu\b|待办|新建"),
    (Category.COMMITTED, r"ready for (?:dev|work)|selected|committed|planned|scheduled|sprint ready|已计划"),
    (
        Category.WAITING,
        r"wait|block|on hold|pending|ready for|review|\bqa\b|\bqe\b|test|verif|approv|staging|feedback|warte|测试|评审",
    ),
    (Category.ACTIVE, r"progress|develop|doing|implement|active|build|analys|in arbeit|进行|开发"),
    (Category.DONE, r"done|closed|resolved|complete|finish|released|deployed|fertig|erledigt|geschlossen|完成|关闭"),
)
_TRACKER_CATEGORIES: Final = {
    "new": Category.BACKLOG,
    "undefined": Category.BACKLOG,
    "indeterminate": Category.ACTIVE,
    "done": Category.DONE,
}
_TYPE_WORDS: Final = (
    (ItemType.EPIC, r"^epic$|^史诗$|^长篇故事$|^initiative$"),
    (ItemType.SUBTASK, r"sub-?task|子任务|unteraufgabe|technical task"),
    (ItemType.BUG, r"bug|defect|incident|fault|fehler|缺陷|错误|故障"),
    (ItemType.SPIKE, r"spike|research|investigation|study"),
    (ItemType.STORY, r"story|feature|improvement|enhancement|requirement|故事|需求|改进"),
    (ItemType.TASK, r"task|chore|support|request|execution|任务|aufgabe"),
)


@dataclass(frozen=True, slots=True)
class TeamRule:
    """Issues of a project, a component or both belong to a team; what is left out matches everything."""

    code: str
    project: str = ""
    component: str = ""

    def matches(self, project: str, components: Collection[str]) -> bool:
        """Whether an issue of ``project`` with ``components`` is this team's."""
        return self.project in {"", project} and (self.component == "" or self.component in components)


@dataclass(frozen=True, slots=True)
class Guess:
    """An answer, and whether it was guessed rather than written in the mapping file."""

    value: str
    is_guess: bool


@dataclass(frozen=True, slots=True)
class ImportMapping:
    """A read mapping file. ``teams`` names the teams by code; ``rules`` are tried in order, then ``default_team``,
    then one team a project."""

    teams: Mapping[str, str] = field(default_factory=dict)
    rules: Sequence[TeamRule] = ()
    default_team: str = ""
    boards: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    cancelled_resolutions: frozenset[str] = frozenset(CANCELLED_RESOLUTIONS)
    estimate_fields: tuple[str, ...] = ()
    sprint_field: str = ""
    epic_link_field: str = ""
    flag_field: str = ""
    epics: str = "features"
    program: tuple[str, str] | None = None
    site_url: str = ""
    columns: TableColumns = field(default_factory=TableColumns)

    def team_code(self, project: str, components: Collection[str]) -> str:
        """The code of the team an issue belongs to: the first rule that matches, else the default, else its project."""
        for rule in self.rules:
            if rule.matches(project, components):
                return rule.code
        return self.default_team or project_code(project)

    def category(self, name: str, ref: str = "", tracker_category: str = "") -> Guess:
        """What a status means: as written for its name or id, else by its words, else as the tracker sorts it."""
        for key in (name, name.lower(), ref):
            if key and key in self.statuses:
                return Guess(self.statuses[key], is_guess=False)
        for category, words in _STATUS_WORDS:
            if re.search(words, name.lower()):
                return Guess(category, is_guess=True)
        return Guess(_TRACKER_CATEGORIES.get(tracker_category.lower(), Category.ACTIVE), is_guess=True)

    def item_type(self, name: str, *, is_subtask: bool, level: int | None) -> str:
        """What an issue type becomes: as written, else by the tracker's level, else by its words, else a task."""
        for key in (name, name.lower()):
            if key in self.types:
                return self.types[key]
        if is_subtask:
            return ItemType.SUBTASK
        if level is not None and level > 0:
            return ItemType.EPIC
        for found, words in _TYPE_WORDS:
            if re.search(words, name.lower()):
                return found
        return ItemType.TASK

    def is_cancelled(self, resolution: str) -> bool:
        """Whether this resolution means that the work ended without a result."""
        return resolution.replace("\u2019", "'").strip().lower() in self.cancelled_resolutions


_CODE = re.compile(r"^[A-Z][A-Z0-9_-]{0,15}$")
_KNOWN: Final = frozenset(
    {
        "teams", "default_team", "boards", "statuses", "types", "cancelled_resolutions", "estimate_fields",
        "sprint_field", "epic_link_field", "flag_field", "epics", "program", "site_url", "about", "columns", "steps",
        "day_order", "zone", "decimal_comma", "waiting_status", "started_status",
    }
)  # fmt: skip


UNKNOWN_CODE: Final = "UNKNOWN"


def project_code(project: str) -> str:
    """The code of a team that takes a whole project: its key, as far as a code may look like it."""
    code = re.sub(r"[^A-Z0-9_-]", "", project.upper())[:16].lstrip("0123456789_-")
    return code or UNKNOWN_CODE


def mapping_read(data: Mapping[str, Any]) -> ImportMapping:
    """The mapping that a decoded file says. Unknown names are refused, for a typing error must not pass in silence."""
    unknown = sorted(set(data) - _KNOWN)
    if unknown:
        raise BadMapping(
            _("The mapping file says %(unknown)s; known are %(known)s.")
            % {"unknown": ", ".join(unknown), "known": ", ".join(sorted(_KNOWN))}
        )
    teams: dict[str, str] = {}
    rules: list[TeamRule] = []
    for entry in _listed(data, "teams"):
        code = _code(entry.get("code"))
        teams[code] = str(entry.get("name") or code)
        rules.extend(
            TeamRule(code, str(condition.get("project", "")), str(condition.get("component", "")))
            for condition in _listed(entry, "when")
        )
    default = data.get("default_team") or ""
    if isinstance(default, Mapping):
        teams[_code(default.get("code"))] = str(default.get("name") or default["code"])
        default = default["code"]
    boards = {str(board): _code(code) for board, code in _named(data, "boards").items()}
    unlisted = sorted({*boards.values(), *([_code(default)] if default else [])} - set(teams))
    if unlisted:
        raise BadMapping(_("These teams are not described under “teams”: %(codes)s.") % {"codes": ", ".join(unlisted)})
    epics = str(data.get("epics", "features"))
    if epics not in {"features", "items"}:
        raise BadMapping(_("“epics” is “features” or “items”."))
    site_url = str(data.get("site_url", ""))
    if site_url and not site_url.startswith(("https://", "http://")):
        raise BadMapping(_("“site_url” is an address that starts with https:// or http://."))
    resolutions = data.get("cancelled_resolutions")
    return ImportMapping(
        teams=teams,
        rules=tuple(rules),
        default_team=str(default),
        boards=boards,
        statuses=_choices(data, "statuses", Category),
        types=_choices(data, "types", ItemType),
        cancelled_resolutions=frozenset(
            CANCELLED_RESOLUTIONS if resolutions is None else (str(name).strip().lower() for name in resolutions)
        ),
        estimate_fields=tuple(str(name) for name in data.get("estimate_fields", ())),
        sprint_field=str(data.get("sprint_field", "")),
        epic_link_field=str(data.get("epic_link_field", "")),
        flag_field=str(data.get("flag_field", "")),
        epics=epics,
        program=_program(data.get("program")),
        site_url=site_url,
        columns=_table_columns(data),
    )


def _table_columns(data: Mapping[str, Any]) -> TableColumns:
    by_use = {str(use): str(heading) for use, heading in _named(data, "columns").items() if heading}
    unknown = sorted(set(by_use) - set(Column))
    if unknown:
        raise BadMapping(
            _("“columns” says %(unknown)s; known are %(known)s.")
            % {"unknown": ", ".join(unknown), "known": ", ".join(Column)}
        )
    day_order, zone = str(data.get("day_order", DayOrder.DMY)), str(data.get("zone", "UTC"))
    if day_order not in list(DayOrder):
        raise BadMapping(_("“day_order” is one of %(known)s.") % {"known": ", ".join(DayOrder)})
    if not is_zone(zone):
        raise BadMapping(_("There is no time zone “%(zone)s”.") % {"zone": zone[:60]})
    return TableColumns(
        by_use=by_use,
        steps={str(heading): str(status) for heading, status in _named(data, "steps").items() if status},
        day_order=day_order,
        zone=zone,
        has_decimal_comma=data.get("decimal_comma") is True,
        waiting_status=str(data.get("waiting_status", "")),
        started_status=str(data.get("started_status", "")),
    )


def _listed(data: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = data.get(name, [])
    if not isinstance(found, list) or not all(isinstance(entry, Mapping) for entry in found):
        raise BadMapping(_("“%(name)s” is a list of objects.") % {"name": name})
    return found


def _named(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = data.get(name, {})
    if not isinstance(found, Mapping):
        raise BadMapping(_("“%(name)s” is an object.") % {"name": name})
    return found


def _program(value: Any) -> tuple[str, str] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise BadMapping(_("“program” is an object with code and name."))
    code = _code(value.get("code"))
    return code, str(value.get("name") or code)


def _code(value: Any) -> str:
    if not isinstance(value, str) or not _CODE.match(value):
        raise BadMapping(
            _("“%(code)s” is not the code of a team: up to 16 capital letters, digits, - and _.") % {"code": value}
        )
    return value


def _choices(data: Mapping[str, Any], name: str, allowed: type[StrEnum]) -> dict[str, str]:
    found = {}
    for key, value in _named(data, name).items():
        if value not in list(allowed):
            raise BadMapping(
                _("“%(name)s”: “%(value)s” is none of %(allowed)s.")
                % {"name": name, "value": value, "allowed": ", ".join(allowed)}
            )
        found[str(key)] = str(value)
    return found
