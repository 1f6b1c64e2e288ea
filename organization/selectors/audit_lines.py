"""Rows of the audit log as people read them: who, what, which thing, every field from what to what."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import connection, models
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from organization.models import AuditAction, Person, Role, RoleAssignment, Unit, User
from organization.selectors.audit import CHANGES, VERBS, Found, Seen
from organization.selectors.audit_sources import DOOR, NAMING, AuditSource, audit_sources
from organization.selectors.audit_words import NOT_SHOWN, in_words, label_of
from organization.selectors.history import Names, text_of
from organization.services.audit import DEEDS
from pmo_portal.lib import format as formatting
from pmo_portal.lib.access import Actor, all_policies, visible

MOST_CHANGES: Final = 12
"""Of one row; a page of the log is no archive of documents."""
LONGEST: Final = 160

_ICONS: Final = {
    AuditAction.SIGNED_IN: "log-in",
    AuditAction.SIGNED_OUT: "log-out",
    AuditAction.SIGN_IN_FAILED: "shield-x",
    AuditAction.LOCKED_OUT: "lock",
    AuditAction.FACTOR_FAILED: "shield-x",
    AuditAction.EXPORTED: "download",
    AuditAction.ERASURE_ASKED: "user-x",
    AuditAction.ERASURE_DROPPED: "undo-2",
    AuditAction.ERASED: "user-x",
    AuditAction.INVITED: "mail",
    AuditAction.APPROVAL_ASKED: "stamp",
    AuditAction.APPROVAL_AGREED: "check",
    AuditAction.APPROVAL_REFUSED: "x",
    AuditAction.APPROVAL_WITHDRAWN: "undo-2",
    AuditAction.JOB_STARTED: "hourglass",
    AuditAction.JOB_STOPPED: "hourglass",
}

_HISTORY: Final = """
    SELECT {number}, e.pgh_id, to_jsonb(e), to_jsonb(p), c.metadata, NULL::text, NULL::text
      FROM {table} e
      LEFT JOIN LATERAL (SELECT * FROM {table} p WHERE p.pgh_obj_id = e.pgh_obj_id AND p.pgh_id < e.pgh_id
                          ORDER BY p.pgh_id DESC LIMIT 1) p ON e.pgh_label = 'update'
      LEFT JOIN pghistory_context c ON c.id = e.pgh_context_id
     WHERE e.pgh_id = ANY(%s)
"""
_EVENTS: Final = """
    SELECT {number}, e.id, to_jsonb(e), NULL::jsonb, NULL::jsonb, s.key, s.title
      FROM {table} e JOIN {subjects} s ON s.id = e.subject_id WHERE e.id = ANY(%s)
"""
_DOOR: Final = """
    SELECT {number}, e.id, to_jsonb(e), NULL::jsonb, NULL::jsonb, NULL::text, NULL::text
      FROM {table} e WHERE e.id = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Change:
    """One field, from what to what."""

    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One row of the log in words."""

    at: datetime
    who: str
    action: str
    icon: str
    kind: str
    thing: str
    url: str
    place: str
    changes: tuple[Change, ...]

    @property
    def words(self) -> str:
        """All changes in one cell of a file."""
        return "; ".join(f"{one.label}: {one.old} → {one.new}" for one in self.changes)


@dataclass(slots=True)
class _Row:
    found: Found
    source: AuditSource
    new: dict[str, Any]
    old: dict[str, Any] | None
    user_id: int | None
    key: str
    title: str


def audit_lines(actor: Actor, found: Sequence[Found]) -> list[AuditLine]:
    """These rows in words, in their order: one statement for the rows, one for who, one for each kind of thing that
    they name."""
    rows = _read(found)
    seen = Seen(actor)
    names = _names(actor, rows)
    users = dict(
        User.objects.filter(pk__in=[row.user_id for row in rows if row.user_id]).values_list("pk", "person_id")
    )
    people = _people(rows, users.values())
    said = _said(actor, rows)
    return [_line(row, seen, names, users, people, said) for row in rows]


def _read(found: Sequence[Found]) -> list[_Row]:
    """What the log's tables hold of these rows, old beside new."""
    sources = audit_sources()
    wanted: dict[int, list[int]] = {}
    for each in found:
        wanted.setdefault(each.source, []).append(each.key)
    if not wanted:
        return []
    parts, parameters = [], []
    for number, keys in wanted.items():
        source = sources[number]
        text = _HISTORY if source.is_history else _DOOR if source.code == DOOR else _EVENTS
        names = {"number": number, "table": _quoted(source.rows)}
        if text is _EVENTS:
            names["subjects"] = _quoted(source.rows._meta.get_field("subject").related_model)
        parts.append(text.format(**names))
        parameters.append(keys)
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), parameters)
        read = {(number, key): rest for number, key, *rest in cursor.fetchall()}
    rows = []
    for each in found:
        if (each.source, each.key) not in read:
            continue
        new, old, metadata, key, title = read[each.source, each.key]
        told = _json(metadata) or {}
        user_id = told.get("user")
        rows.append(
            _Row(
                each,
                sources[each.source],
                _json(new) or {},
                _json(old),
                user_id if isinstance(user_id, int) else None,
                key or "",
                title or "",
            )
        )
    return rows


def _quoted(model: Any) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _values(row: _Row) -> Iterable[tuple[models.Field[Any, Any], Any, Any]]:
    """The fields of a version with what they were before and are now, as Python values."""
    for one in row.source.model._meta.concrete_fields:
        if one.name in NOT_SHOWN or one.column not in row.new:
            continue
        yield one, _python(one, (row.old or {}).get(one.column)), _python(one, row.new[one.column])


def _python(one: models.Field[Any, Any], value: Any) -> Any:
    if value is None or isinstance(one, models.ForeignKey):
        return value
    try:
        return one.to_python(value)
    except (ValidationError, TypeError, ValueError):
        return value


def _names(actor: Actor, rows: Sequence[_Row]) -> Names:
    names = Names(actor)
    for row in rows:
        if row.source.is_history:
            for one, old, new in _values(row):
                if isinstance(one, models.ForeignKey):
                    for value in (old, new):
                        names.want(one.related_model, value)
    # One statement for all kinds together, so that a page costs the same whatever is on it.
    parts = [part for model, ids in names.wanted.items() if (part := _named(actor, model, ids)) is not None]
    if parts:
        kinds = {model._meta.label: model for model in names.wanted}
        union = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
        for label, pk, name in union:
            names.found[kinds[label], pk] = name
    return names


def _named(actor: Actor, model: type[models.Model], ids: set[int]) -> models.QuerySet[Any] | None:
    """The names of things, of those only that the actor may see; None for a kind that has none."""
    columns = {one.name: one for one in model._meta.concrete_fields}
    best = next((name for name in ("name", "title", *NAMING) if name in columns), None)
    path = best or ("unit__name" if "unit" in columns else None)
    if path is None:
        return None
    rows = visible(actor, model) if model in all_policies() else model._default_manager.all()
    kind = models.Value(model._meta.label, output_field=models.CharField())
    name = models.functions.Cast(path, models.TextField())
    wanted = rows.filter(pk__in=ids).order_by().annotate(kind_=kind, name_=name)
    found: models.QuerySet[Any, Any] = wanted.values_list("kind_", "pk", "name_")
    return found


def _people(rows: Sequence[_Row], others: Iterable[int | None]) -> dict[int, str]:
    """Who acted: everybody who sees a line sees by whom."""
    ids = {row.new.get("actor_id") or row.new.get("person_id") for row in rows if not row.source.is_history}
    return dict(Person.objects.filter(pk__in={pk for pk in (ids | set(others)) if pk}).values_list("pk", "name"))


def _said(actor: Actor, rows: Sequence[_Row]) -> dict[tuple[int, int], tuple[str, str, str]]:
    """The events of tracked things in the words of their own app; those with the same words together."""
    groups: dict[Callable[..., Any], list[_Row]] = {}
    for row in rows:
        if row.source.describe is not None:
            groups.setdefault(row.source.describe, []).append(row)
    said: dict[tuple[int, int], tuple[str, str, str]] = {}
    for describe, members in groups.items():
        events = [SimpleNamespace(**{"is_undone": False, **row.new}) for row in members]
        for row, words in zip(members, describe(actor, events), strict=True):
            said[row.found.source, row.found.key] = words
    return said


def _line(
    row: _Row,
    seen: Seen,
    names: Names,
    users: Mapping[int, int | None],
    people: Mapping[int, str],
    said: Mapping[tuple[int, int], tuple[str, str, str]],
) -> AuditLine:
    if row.source.code == DOOR:
        return _door_line(row, seen, people)
    if not row.source.is_history:
        label, old, new = said[row.found.source, row.found.key]
        kind = row.new["kind"]
        verb, icon = VERBS[next((code for code, kinds in CHANGES.items() if kind in kinds), "update")]
        return AuditLine(
            row.found.at,
            people.get(row.new["actor_id"], _("Somebody")),
            str(verb),
            icon,
            str(row.source.label),
            f"{row.key} {_short(row.title)}",
            row.source.url(row.key) if row.source.url else "",
            "",
            (Change(label, _short(old), _short(new)),) if old or new else (),
        )
    verb, icon = VERBS[row.new["pgh_label"]]
    person = users.get(row.user_id) if row.user_id is not None else None
    return AuditLine(
        row.found.at,
        people.get(person or 0, _("The portal")),
        str(verb),
        icon,
        str(row.source.label),
        _thing(row, names),
        _url(row),
        "",
        _changes(row, seen, names),
    )


def _door_line(row: _Row, seen: Seen, people: Mapping[int, str]) -> AuditLine:
    action = AuditAction(row.new["action"])
    sees_personal = seen.holds_group("personal")
    return AuditLine(
        row.found.at,
        people.get(row.new["person_id"] or 0, _("Nobody known")),
        str(action.label),
        _ICONS.get(action, "shield"),
        "",
        row.new["about"] if sees_personal or action in DEEDS else "",
        "",
        row.new["place"] if sees_personal else "",
        (),
    )


def _thing(row: _Row, names: Names) -> str:
    """What a row is about: its own name, else the names of the two things it brings together."""
    for name in ("name", "title", "label", "headline", "code"):
        if row.new.get(name):
            return _short(str(row.new[name]))
    if row.source.model is RoleAssignment:
        role = dict(Role.choices).get(row.new["role"], "")
        return f"{names.name(Person, row.new['person_id'])}: {role}"
    if row.source.model is User:
        return names.name(Person, row.new["person_id"]) if row.new.get("person_id") else ""
    linked = [
        names.found.get((one.related_model, row.new[one.column]), "")
        for one in row.source.model._meta.concrete_fields
        if isinstance(one, models.ForeignKey) and row.new.get(one.column)
    ]
    return _short(" · ".join(name for name in linked if name))


def _url(row: _Row) -> str:
    """The page of a thing that has one and is still there, as far as its address is known here."""
    if row.new["pgh_label"] == "delete":
        return ""
    addresses: dict[type[models.Model], tuple[str, Any]] = {
        Unit: ("organization:unit_detail", row.new.get("code")),
        Person: ("organization:person_detail", row.new["pgh_obj_id"]),
        RoleAssignment: ("organization:person_detail", row.new.get("person_id")),
        User: ("organization:person_detail", row.new.get("person_id")),
    }
    name, argument = addresses.get(row.source.model, ("", None))
    try:
        return reverse(name, args=[argument]) if name and argument else ""
    except NoReverseMatch:
        return ""


def _changes(row: _Row, seen: Seen, names: Names) -> tuple[Change, ...]:
    is_update = row.new["pgh_label"] == "update"
    if is_update and row.old is None:
        return ()
    hidden = _hidden(row, seen)
    if hidden is None:
        return (Change(_("Values"), "", _("(not visible to you)")),)
    found = []
    for one, old, new in _values(row):
        if one.name in hidden:
            continue
        before = text_of(one, old, names) if is_update else ""
        after = text_of(one, new, names)
        if before != after and (is_update or after != formatting.NOTHING):
            found.append(Change(label_of(one), _short(in_words(one, before)), _short(in_words(one, after))))
    return tuple(found[:MOST_CHANGES])


def _hidden(row: _Row, seen: Seen) -> frozenset[str] | None:
    """The fields that are not shown; None where nothing may be, because a rule of its own decides row by row."""
    if row.source.model is User:
        return frozenset() if seen.holds_group("personal") else frozenset({"email"})
    policy = all_policies().get(row.source.model)
    lacking = [group for group in (policy.field_groups if policy else {}) if not seen.holds_group(group)]
    if policy is None or not lacking:
        # Parts of things that hold amounts have no policy of their own: who lacks a group sees nothing of them.
        return frozenset() if policy is not None or seen.holds_group("money") else None
    return (
        None
        if "hidden_fields" in vars(type(policy))
        else frozenset(name for group in lacking for name in policy.field_groups[group])
    )


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
