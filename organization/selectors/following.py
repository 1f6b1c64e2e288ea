"""What became of things whose history pghistory keeps, for those who watch them: units here, more kinds above.

Such a thing is told with what belongs to it: a unit with its place, a KPI with its values. How far somebody was told
is the sum of the last event numbers of each of its tables: numbers that only grow make a sum that only grows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from django.db.models import F, Model, OuterRef, Q, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from organization.models import User
from pmo_portal.lib.subjects import Subject, subject_named
from pmo_portal.lib.telling import ChangeSource, SubjectChange, register_change_source

MOST_NAMED: Final = 6
MOST_READ: Final = 200
"""Events of one thing read in one turn; who slept longer hears of the latest."""

NO_NEWS: Final = frozenset({"id", "pk", "version", "created_at", "position", "is_money"})
"""Columns that follow from others, or that nobody wants to be told of."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows that belong to a thing: the tracked model, which of its columns names the thing, and the rows that count.

    ``word`` is what a change of them is called ("Value"); without one they are the thing itself, and the words are
    those of the columns that changed.
    """

    model: type[Model]
    of: str = "pgh_obj_id"
    word: str = ""
    only: Q = field(default_factory=Q)

    def events(self) -> Any:
        """What was noted of them."""
        return self.model.pgh_event_model._default_manager.filter(self.only)  # type: ignore[attr-defined]


def follow_rows(code: str, *parts: Rows, words: Mapping[str, Any]) -> None:
    """Let people follow a kind of subject through the tracked rows it consists of; called while an app gets ready.

    ``words`` calls by name what a part of it is: kept in notifications, said in the reader's language.
    """
    model = parts[0].model
    register_change_source(
        ChangeSource(
            code,
            model,
            partial(_changes, code, parts),
            partial(_words, model, words),
            version=_last(parts),
        )
    )


def _last(parts: tuple[Rows, ...]) -> Combinable:
    first, *others = (Coalesce(Subquery(_newest(part).values("pgh_id")[:1]), 0) for part in parts)
    return sum(others, start=first)


def _newest(part: Rows) -> Any:
    """The events of what belongs to a thing, the last one first."""
    events = part.events().filter(**{part.of: OuterRef("pk")})
    # The thing's own events lie in this order in an index. For others it must not be looked for backwards through the
    # events of all things, which is what PostgreSQL makes of the bare column.
    return events.order_by("-pgh_id") if part.of == "pgh_obj_id" else events.order_by((F("pgh_id") + 0).desc())


def _changes(code: str, parts: tuple[Rows, ...], wanted: Collection[tuple[int, int]]) -> Iterator[SubjectChange]:
    named = subject_named(code)
    pks = {pk for pk, _since in wanted}
    things = named.model._default_manager.select_related(*named.select).in_bulk(pks)
    noted = {pk: sorted(_noted(pk, parts), key=lambda each: (each.event.pgh_created_at, each.place)) for pk in things}
    people = _people(each.event for events in noted.values() for each in events)
    for pk, since in wanted:
        if pk not in things:
            continue
        version, new = _after(noted[pk], since)
        yield _change(named, things[pk], since, version, new, people)


@dataclass(frozen=True, slots=True)
class _Noted:
    place: int
    part: Rows
    event: Any
    before: Any
    is_cut: bool


def _noted(pk: int, parts: tuple[Rows, ...]) -> Iterator[_Noted]:
    """The last events of a thing and of what belongs to it, each with the one before it of the same row."""
    for place, part in enumerate(parts):
        found = list(
            part.events().filter(**{part.of: pk}).select_related("pgh_context").order_by("-pgh_id")[:MOST_READ]
        )
        before: dict[int, Any] = {}
        for event in reversed(found):
            yield _Noted(place, part, event, before.get(event.pgh_obj_id), is_cut=len(found) == MOST_READ)
            before[event.pgh_obj_id] = event


def _after(noted: list[_Noted], since: int) -> tuple[int, list[_Noted]]:
    """How far these events reach, and those of them beyond what was told."""
    last: dict[int, int] = {}
    for each in noted:
        if each.is_cut:  # what came before is no longer read, but was counted
            last.setdefault(each.place, each.event.pgh_id - 1)
    new = []
    for each in noted:
        last[each.place] = each.event.pgh_id
        if sum(last.values()) > since:
            new.append(each)
    return sum(last.values()), new


def _change(
    named: Subject, thing: Any, since: int, version: int, new: list[_Noted], people: Mapping[int, int | None]
) -> SubjectChange:
    told = [(each, fields) for each in new if (fields := _fields(each))]
    last = told[-1][0] if told else new[-1] if new else None
    facts = list(dict.fromkeys(field for _each, fields in told for field in fields))
    return SubjectChange(
        subject_id=thing.pk,
        since=since,
        version=version,
        at=last.event.pgh_created_at if last is not None else thing.created_at,
        actors=tuple(dict.fromkeys(people.get(_user(each.event) or 0) for each, _fields in told)),
        title=named.title(thing),
        url=named.url(thing),
        unit_id=named.unit_id(thing),
        # Since 0: somebody watched before changes of such things were told. What is long past is no news.
        facts={"fields": facts} if facts and since else {},
    )


def _fields(each: _Noted) -> list[str]:
    """Which columns changed, never their values: some are not for everybody who may see the thing."""
    if each.part.word:
        return [each.part.word]
    if each.before is None:
        return []
    return [
        column.name
        for column in each.part.model._meta.concrete_fields
        if column.name not in NO_NEWS
        and hasattr(each.event, column.attname)
        and getattr(each.event, column.attname) != getattr(each.before, column.attname)
    ]


def _words(model: type[Model], words: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    """What changed, such as "Target, Owner, Value"."""
    labels = {column.name: column.verbose_name for column in model._meta.concrete_fields} | dict(words)
    said = [str(labels[code]) for code in facts.get("fields", ()) if code in labels]
    said = [word[:1].upper() + word[1:] for word in said]
    return ", ".join([*said[:MOST_NAMED], "…"] if len(said) > MOST_NAMED else said)


def _user(event: Any) -> int | None:
    metadata = event.pgh_context.metadata if event.pgh_context else {}
    user = metadata.get("user")
    return user if isinstance(user, int) else None


def _people(events: Iterable[Any]) -> dict[int, int | None]:
    """Whose doing it was: the people behind the sign-ins that the database noted."""
    users = {user for event in events if (user := _user(event)) is not None}
    return dict(User.objects.filter(pk__in=users).values_list("pk", "person_id")) if users else {}
