"""The audit log: who did what, when, and where it matters from where, over everything the portal keeps.

One statement finds a page in all tables at once, each read backwards along its own index by time; a second one reads
what is on the page, old beside new. Nobody copies anything into the log, so nothing can be missing from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy
from pghistory.models import Context

from organization.models import AuditAction, Person, RoleAssignment, Unit
from organization.querysets import valid_on
from organization.selectors.audit_sources import DOOR, AuditSource, audit_sources
from pmo_portal.lib.access import Actor, visible
from pmo_portal.lib.windows import day_start, local_day

VIEW: Final = "audit.view"
PAGE: Final = 50
MOST_PEOPLE: Final = 100
"""Of one name; whoever finds more types more of it."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

CHANGES: Final = {"insert": ("CREATED",), "delete": ("DELETED",), "update": ()}
"""What happened to a thing, with the kinds of events that say so; ``update`` is all others."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of the log begins: after this row of this table."""

    at: datetime
    source: int
    key: int

    def __str__(self) -> str:
        return f"{(self.at - EPOCH) // timedelta(microseconds=1)}-{self.source}-{self.key}"

    @classmethod
    def read(cls, text: str) -> Place | None:
        """The place an address names; None for nonsense."""
        parts = text.split("-")
        if len(parts) != 3 or not all(part.isdecimal() and len(part) < 19 for part in parts):
            return None
        micros, source, key = (int(part) for part in parts)
        try:
            return cls(EPOCH + timedelta(microseconds=micros), source, key)
        except OverflowError:
            return None


@dataclass(frozen=True, slots=True)
class AuditQuestion:
    """What somebody asks the log. Empty fields ask nothing; ``last`` is the last day that counts."""

    who: str = ""
    unit: Unit | None = None
    kind: str = ""
    action: str = ""
    first: date | None = None
    last: date | None = None
    text: str = ""
    after: Place | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One row of the log, before it is read: when, which table, which row of it."""

    at: datetime
    source: int
    key: int

    @property
    def place(self) -> Place:
        """Where a page begins that follows this row."""
        return Place(self.at, self.source, self.key)


@dataclass(slots=True)
class Seen:
    """How far somebody may look: everywhere, or into these units."""

    actor: Actor
    everywhere: bool = field(init=False)
    units: frozenset[int] = field(init=False)

    def __post_init__(self) -> None:
        self.everywhere = self.actor.is_system or self.actor.can(VIEW, None)
        self.units = frozenset() if self.everywhere else self.actor.units(VIEW)

    def holds_group(self, group: str) -> bool:
        """Whether fields of a group, such as MONEY, are theirs to see on all they look at. One unit short is too
        short: the log does not reason field by field."""
        permission = f"{group.lower()}.view"
        if self.everywhere:
            return self.actor.is_system or self.actor.can(permission, None)
        return self.units <= self.actor.units(permission)


@dataclass(slots=True)
class _Asked:
    """A question with what of it is looked up only once."""

    question: AuditQuestion
    seen: Seen
    units: frozenset[int] = field(init=False)
    people: list[int] = field(init=False)
    users: list[int] = field(init=False)

    def __post_init__(self) -> None:
        unit, who = self.question.unit, self.question.who
        self.units = _units_below(unit) if unit is not None else frozenset()
        # SECURITY: a name is looked for only among the people this person may see.
        found = visible(self.seen.actor, Person).filter(name__icontains=who).order_by("pk") if who else None
        pairs = list(found.values_list("pk", "user__pk")[:MOST_PEOPLE]) if found is not None else []
        self.people = [pk for pk, _user in pairs]
        self.users = [user for _pk, user in pairs if user is not None]


def audit_page(actor: Actor, question: AuditQuestion, *, size: int = PAGE) -> list[Found]:
    """The rows that fit, the latest first, at most ``size``. One statement, whatever the log holds."""
    asked = _Asked(question, Seen(actor))
    numbered = enumerate(audit_sources())
    parts = [_rows(source, number, asked) for number, source in numbered if _may_hold(source, asked)]
    if not parts:
        return []
    slices = [part.order_by("-at_", "-key_")[:size] for part in parts]
    rows = slices[0] if len(slices) == 1 else slices[0].union(*slices[1:], all=True).order_by("-at_", "-src_", "-key_")
    return [Found(at, source, key) for source, at, key in rows[:size]]


def audit_all(actor: Actor, question: AuditQuestion, *, most: int) -> Iterator[list[Found]]:
    """All rows that fit, page by page, at most ``most``: what a file holds."""
    after, count = question.after, 0
    while count < most:
        page = audit_page(actor, _moved(question, after), size=min(1_000, most - count))
        if not page:
            return
        yield page
        count += len(page)
        after = page[-1].place


def _moved(question: AuditQuestion, after: Place | None) -> AuditQuestion:
    values = {name: getattr(question, name) for name in AuditQuestion.__slots__}
    return AuditQuestion(**{**values, "after": after})


def _may_hold(source: AuditSource, asked: _Asked) -> bool:
    """Whether a table can hold anything that is asked for; the others are not even looked at."""
    question, seen = asked.question, asked.seen
    if question.kind and source.code != question.kind:
        return False
    # What belongs to the whole organisation is shown to who watches over the whole organisation.
    if not source.unit_path and (question.unit is not None or not seen.everywhere):
        return False
    if question.action in AuditAction.values:
        return source.code == DOOR
    if question.action and source.code == DOOR:
        return False
    return not question.text or bool(source.names) or source.code == DOOR or not source.is_history


def _rows(source: AuditSource, number: int, asked: _Asked) -> QuerySet[Any]:
    question, seen = asked.question, asked.seen
    rows = source.rows._default_manager.annotate(src_=Value(number), at_=F(source.at), key_=F(source.key))
    if not source.is_history and source.code != DOOR:
        # What an import or a worker brought is not what somebody did. The index by time holds only this (audit_guard).
        rows = rows.filter(actor__isnull=False, source__in=("PORTAL", "API"))
    if not seen.everywhere:
        rows = rows.filter(_within(source, seen.units))
    if question.unit is not None:
        rows = rows.filter(_within(source, asked.units))
    if question.who:
        rows = rows.filter(_by(source, asked))
    if question.action:
        rows = rows.filter(_acted(source, question.action))
    if question.text:
        rows = rows.filter(_named(source, question.text))
    if question.first is not None:
        rows = rows.filter(**{f"{source.at}__gte": day_start(question.first)})
    if question.last is not None:
        rows = rows.filter(**{f"{source.at}__lt": day_start(question.last + timedelta(days=1))})
    if question.after is not None:
        rows = rows.filter(_after(source, number, question.after))
    return rows.values_list("src_", "at_", "key_")


def _units_below(unit: Unit) -> frozenset[int]:
    below = Unit.objects.under([unit.pk], day=local_day(timezone.now()))
    return frozenset(below.values_list("pk", flat=True))


def _within(source: AuditSource, units: frozenset[int]) -> Q:
    """Rows that belong to one of these units; what happened at the door, to people of theirs."""
    here = Q(**{f"{source.unit_path}__any_of": units})
    if source.code == DOOR:
        today = local_day(timezone.now())
        here |= Q(Exists(RoleAssignment.objects.filter(valid_on(today), person=OuterRef("person"), unit__any_of=units)))
    return here


def _by(source: AuditSource, asked: _Asked) -> Q:
    """Rows that these people wrote."""
    if source.code == DOOR:
        return Q(person__in=asked.people)
    if not source.is_history:
        return Q(actor__in=asked.people)
    return Q(pgh_context__in=Context.objects.filter(metadata__user__in=asked.users).values("pk"))


def _acted(source: AuditSource, action: str) -> Q:
    if source.code == DOOR:
        return Q(action=action)
    if source.is_history:
        return Q(pgh_label=action)
    if kinds := CHANGES.get(action):
        return Q(kind__in=kinds)
    return ~Q(kind__in=[kind for others in CHANGES.values() for kind in others])


def _named(source: AuditSource, text: str) -> Q:
    """Rows about what is called like this: a part of a name, the beginning of a key."""
    if source.code == DOOR:
        return Q(about__icontains=text) | Q(place__startswith=text) | Q(person__name__icontains=text)
    if not source.is_history:
        return Q(subject__key__startswith=text.upper())
    found = Q()
    for name in source.names:
        found |= Q(**{f"{name}__icontains": text})
    return found


def _after(source: AuditSource, number: int, after: Place) -> Q:
    """Rows that stand after a place in the order of the whole log."""
    older = Q(**{f"{source.at}__lt": after.at})
    if number > after.source:
        return older
    if number < after.source:
        return Q(**{f"{source.at}__lte": after.at})
    same = Q(**{source.at: after.at, f"{source.key}__lt": after.key})
    return Q(**{f"{source.at}__lte": after.at}) & (older | same)


def audit_kinds(actor: Actor) -> list[tuple[str, str]]:
    """The tables one can choose among, by what they are called."""
    seen = Seen(actor)
    kinds = [(source.code, str(source.label)) for source in audit_sources() if source.unit_path or seen.everywhere]
    return sorted(kinds, key=lambda pair: pair[1])


VERBS: Final = {
    "insert": (gettext_lazy("added"), "plus"),
    "update": (gettext_lazy("changed"), "pencil"),
    "delete": (gettext_lazy("removed"), "trash-2"),
}


def audit_actions() -> list[tuple[str, str]]:
    """What can have happened, by its code."""
    return [
        *((code, str(verb)) for code, (verb, _icon) in VERBS.items()),
        *((a.value, str(a.label)) for a in AuditAction),
    ]
