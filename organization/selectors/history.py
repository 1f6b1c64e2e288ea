"""The history of what is not a work item, feature or epic: who changed what, from what to what.

Read from pghistory's rows, which the database itself writes. A viewer sees neither fields their policy hides nor
names of things they may not see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from typing import Any, Final

from django.db import models
from django.utils.translation import gettext as _

from organization.models import Person, RoleAssignment, Unit, UnitParent, User
from pmo_portal.lib import format as formatting
from pmo_portal.lib.access import Actor, all_policies, policy_for, visible
from pmo_portal.lib.windows import BEGINNING, FOREVER

_NOT_SHOWN: Final = frozenset({"id", "created_at", "date_joined", "source_ref", "is_superuser"})
_MOST: Final = 200
"""Rows read of one kind: a page of history, not an archive."""


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of row that belongs to a history: its model, which rows, and the words for it."""

    model: type[models.Model]
    rows: Mapping[str, object]
    label: str
    hidden: frozenset[str] = frozenset()
    is_seen: Callable[[models.Model], bool] = lambda event: True
    left_out: frozenset[str] = frozenset()
    """Fields that say nothing here, such as the unit on the unit's own page."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field, from what to what."""

    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One change as people read it."""

    at: datetime
    who: str
    what: str
    icon: str
    changes: tuple[Change, ...] = ()


@dataclass(slots=True)
class Names:
    """Names of the things events point to, read once per kind, only as far as the viewer may see them."""

    actor: Actor
    wanted: dict[type[models.Model], set[int]] = field(default_factory=dict)
    found: dict[tuple[type[models.Model], int], str] = field(default_factory=dict)

    def want(self, model: type[models.Model], pk: int | None) -> None:
        if pk is not None:
            self.wanted.setdefault(model, set()).add(pk)

    def read(self) -> None:
        for model, ids in self.wanted.items():
            rows = visible(self.actor, model) if model in all_policies() else model._default_manager.all()
            for row in rows.filter(pk__in=ids):
                self.found[model, row.pk] = str(row)

    def name(self, model: type[models.Model], pk: int) -> str:
        return self.found.get((model, pk), _("(not visible to you)"))


def history(actor: Actor, sources: Iterable[Source]) -> list[Entry]:
    """The changes of all sources, the latest first: one statement a source, one for who, one a kind of name."""
    pairs: list[tuple[Source, Any, Any]] = []
    for source in sources:
        events = source.model.pgh_event_model.objects.filter(**source.rows)  # type: ignore[attr-defined]
        newest = list(events.select_related("pgh_context").order_by("-pgh_id")[:_MOST])
        newest.sort(key=lambda event: (event.pgh_obj_id, event.pgh_id))
        for _obj, versions in groupby(newest, key=lambda event: event.pgh_obj_id):
            before = None
            for event in versions:
                if source.is_seen(event):
                    pairs.append((source, before, event))
                before = event
    names = Names(actor)
    for source, before, event in pairs:
        for one in _foreign_keys(source):
            for version in (before, event):
                if version is not None:
                    names.want(one.related_model, getattr(version, one.attname))
    names.read()
    people = _people(event for _source, _before, event in pairs)
    entries = [_entry(source, before, event, names, people) for source, before, event in pairs]
    return sorted((one for one in entries if one is not None), key=lambda one: one.at, reverse=True)


def unit_history_entries(actor: Actor, unit: Unit) -> list[Entry]:
    """A unit, where it stood, and who held roles on it."""
    may_see_roles = actor.is_system or actor.can("role.view", unit.pk)
    return history(
        actor,
        [
            Source(Unit, {"pgh_obj": unit.pk}, _("Unit"), policy_for(Unit).hidden_fields(actor, unit)),
            Source(UnitParent, {"unit": unit.pk}, _("Place"), left_out=frozenset({"unit"})),
            Source(
                RoleAssignment,
                {"unit": unit.pk},
                _("Role"),
                is_seen=lambda event: may_see_roles,
                left_out=frozenset({"unit"}),
            ),
        ],
    )


def person_history_entries(actor: Actor, person: Person) -> list[Entry]:
    """A person, and the roles they held where the viewer may see roles."""

    def role_is_seen(event: Any) -> bool:
        return actor.is_system or person.pk == actor.person_id or actor.can("role.view", event.unit_id)

    return history(
        actor,
        [
            Source(Person, {"pgh_obj": person.pk}, _("Person"), policy_for(Person).hidden_fields(actor, person)),
            Source(
                RoleAssignment,
                {"person": person.pk},
                _("Role"),
                is_seen=role_is_seen,
                left_out=frozenset({"person"}),
            ),
        ],
    )


def object_history_entries(actor: Actor, obj: models.Model, label: str) -> list[Entry]:
    """The history of one thing, hidden fields left out: for every model that pghistory tracks."""
    hidden = policy_for(type(obj)).hidden_fields(actor, obj)
    return history(actor, [Source(type(obj), {"pgh_obj": obj.pk}, label, hidden)])


def _entry(source: Source, before: Any, event: Any, names: Names, people: dict[int, str]) -> Entry | None:
    verb, icon = {
        "insert": (_("added"), "plus"),
        "update": (_("changed"), "pencil"),
        "delete": (_("removed"), "trash-2"),
    }[event.pgh_label]
    changes = () if event.pgh_label == "update" and before is None else _changes(source, before, event, names)
    if event.pgh_label == "update" and not changes:
        return None
    metadata = event.pgh_context.metadata if event.pgh_context else {}
    who = people.get(metadata.get("user"), _("The portal"))  # type: ignore[arg-type]
    return Entry(event.pgh_created_at, who, f"{verb} · {source.label}", icon, changes)


def _changes(source: Source, before: Any, event: Any, names: Names) -> tuple[Change, ...]:
    is_update = event.pgh_label == "update"
    found = []
    for one in source.model._meta.concrete_fields:
        if one.name in _NOT_SHOWN | source.hidden | source.left_out or not hasattr(event, one.attname):
            continue
        new = text_of(one, getattr(event, one.attname), names)
        old = text_of(one, getattr(before, one.attname), names) if is_update else ""
        if (is_update and old != new) or (not is_update and new != formatting.NOTHING):
            found.append(Change(str(one.verbose_name), old, new))
    return tuple(found)


def text_of(one: models.Field[Any, Any], value: Any, names: Names) -> str:
    """A stored value as people read it."""
    if value is None or value == "" or value == []:
        return formatting.NOTHING
    if isinstance(one, models.ForeignKey):
        return names.name(one.related_model, value)
    if one.choices:
        return str(dict(one.flatchoices).get(value, value))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return formatting.moment(value)
    if isinstance(value, date):
        return {BEGINNING: _("always"), FOREVER: _("open")}.get(value) or formatting.day(value)
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    return str(value)


def _foreign_keys(source: Source) -> list[models.ForeignKey[Any, Any]]:
    return [
        one
        for one in source.model._meta.concrete_fields
        if isinstance(one, models.ForeignKey) and one.name not in source.left_out | source.hidden
    ]


def last_writer(row: models.Model) -> str:
    """Who changed ``row`` last, by name; "" where nobody is known to have."""
    events = row.pgh_event_model._default_manager.filter(pgh_obj_id=row.pk)  # type: ignore[attr-defined]
    newest = list(events.select_related("pgh_context").order_by("-pgh_id")[:1])
    return next(iter(_people(newest).values()), "")


def _people(events: Iterable[Any]) -> dict[int, str]:
    ids = {event.pgh_context.metadata.get("user") for event in events if event.pgh_context} - {None}
    if not ids:
        return {}
    users = User.objects.filter(pk__in=ids).select_related("person")
    return {user.pk: user.person.name if user.person else user.email for user in users}
