"""Finding: what a person sees that answers their question, the likeliest first.

Whatever there is, a search reads at most MOST answers of each sort: the costs and what a count gives away end there.
Who may see the thing a text is about finds the text; the statement that looks for words asks for that, too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import attrgetter
from typing import Final, NamedTuple

from django.db.models import IntegerField, OuterRef, Prefetch, Q, QuerySet, Subquery, Value
from django.db.models.functions import Upper
from django.utils import timezone

from collaboration.models import SearchRow
from collaboration.selectors.search_rows import (
    MOST,
    Common,
    commonness,
    counted,
    fetched,
    named,
    said,
    seen_by,
    similar,
    that,
)
from organization.models import Person, RoleAssignment, Unit
from organization.querysets import valid_on
from pmo_portal.lib.access import Actor, policy_for, visible
from pmo_portal.lib.search import Piece, Question, SearchKind, excerpt, marked, question, search_kinds
from pmo_portal.lib.windows import local_day

PAGE: Final = 20
FEW: Final = 5
"""With fewer answers than this, none of them by name, names that are only like what was typed are shown, too."""

EXACT, NAMED, SAID = 0, 1, 2
"""How good an answer is: its key or whole name; words of its name; words of its text."""
PERSON: Final = "person"
_HIT: Final = "tier, pk, kind, row_id, -(extract(epoch FROM changed_at) * 1000000)::bigint"

_MENTION: Final = re.compile(r"@\[\d+\]")
"""How a comment names somebody: by their id, which is nothing to read."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to look: in some units only, in what was written since a moment, in one kind."""

    unit_ids: frozenset[int] | None = None
    since: datetime | None = None
    kind: str = ""


class Place(NamedTuple):
    """Where an answer stands in the order of answers; the address of the next page names the last one's."""

    tier: int
    is_closed: bool
    age: int
    pk: int

    @property
    def sort(self) -> tuple[int, bool, int, int]:
        """Better answers first, then what is open, then what was written last."""
        return self.tier, self.is_closed, self.age, -self.pk

    def __str__(self) -> str:
        return f"{self.tier}.{int(self.is_closed)}.{-self.age}.{self.pk}"

    @classmethod
    def read(cls, text: str) -> Place | None:
        """The place an address names; None for nonsense."""
        parts = text.split(".")
        if len(parts) != 4 or not all(part.isascii() and part.isdigit() and len(part) < 20 for part in parts):
            return None
        tier, closed, moment, pk = map(int, parts)
        return cls(tier, bool(closed), -moment, pk)


_SORT: Final = attrgetter("sort")


@dataclass(frozen=True, slots=True)
class Answer:
    """One thing, comment or file that was found."""

    kind: SearchKind
    url: str
    key: str
    title: str
    pieces: Sequence[Piece]
    excerpt: Sequence[Piece]
    unit: str
    about: str
    is_closed: bool
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """A page of answers. ``counts`` are by kind; one above MOST is not counted on."""

    answers: Sequence[Answer] = ()
    similar: Sequence[Answer] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    total: int = 0
    next_place: Place | None = None

    @property
    def is_capped(self) -> bool:
        """Whether there are more answers than are put in order."""
        return self.total > MOST


class _Hit(NamedTuple):
    """A row that answers, before it is read; as it comes from the database, for there may be thousands."""

    tier: int
    pk: int
    kind: str
    row_id: int
    age: int

    def place(self, over: set[tuple[str, int]]) -> Place:
        """Where it stands, when these are over."""
        return Place(self.tier, (self.kind, self.row_id) in over, self.age, self.pk)


def search(
    actor: Actor, asked: Question, *, scope: Scope | None = None, after: Place | None = None, limit: int = PAGE
) -> Found:
    """The answers for ``actor`` behind ``after``; nothing for a question without a word."""
    if not asked:
        return Found()
    scope = scope or Scope()
    rows = _rows(actor, scope)
    whole = [*_named_so(asked.text), *_addressed(actor, asked.text)]
    common = commonness(rows, asked)
    hits = _hits(rows, asked, whole, common)
    counts = Counter(hit.kind for hit in hits)
    if len(hits) > MOST:
        # Of a kind with more than anybody reads nothing is left to count.
        counts = counted(rows, asked, common, known=Counter({kind: n for kind, n in counts.items() if n > MOST}))
        # Were they all of this kind, they are the newest of it, too.
        if scope.kind and any(hit.kind != scope.kind for hit in hits):
            hits = _hits(rows.filter(kind=scope.kind), asked, whole, common)
    if scope.kind:
        hits = [hit for hit in hits if hit.kind == scope.kind]
    total = len(hits)
    is_named = any(hit.tier < SAID for hit in hits)
    over = _over(hits)
    ranked = sorted((hit.place(over) for hit in hits), key=_SORT)[:MOST]
    if after is not None:
        ranked = [place for place in ranked if place.sort > after.sort]
    page = ranked[:limit]
    like: list[int] = []
    if total < FEW and not is_named and after is None and asked.has_letters_for_typos:
        in_kind = rows.filter(kind=scope.kind) if scope.kind else rows
        like = similar(in_kind.exclude(pk__in=[hit.pk for hit in hits]), asked)
    answers = _read(page, like, asked)
    return Found(
        answers=[answers[place.pk] for place in page if place.pk in answers],
        similar=[answers[pk] for pk in like if pk in answers],
        counts=counts,
        total=total,
        next_place=page[-1] if page and len(ranked) > len(page) else None,
    )


def exact(actor: Actor, text: str) -> Answer | None:
    """The one thing whose key is exactly ``text``, now or once."""
    clean = question(text).text
    if not clean:
        return None
    named = _rows(actor, Scope())
    hits = [
        Place(EXACT, is_closed=False, age=0, pk=pk)
        for part in _named_so(clean)
        for pk in named.filter(part).order_by().values_list("pk", flat=True)[:2]
    ]
    if len(hits) != 1:
        return None
    return _read(hits, [], Question("", (), is_open=False)).get(hits[0].pk)


def units_under(unit: Unit, *, day: date) -> frozenset[int]:
    """A unit and all below it on a day: where to look when a question is about a part of the organisation."""
    return frozenset(Unit.objects.under([unit.pk], day=day).values_list("pk", flat=True))


# -- whose rows --------------------------------------------------------------------------------------------------------


def _rows(actor: Actor, scope: Scope) -> QuerySet[SearchRow]:
    rows = SearchRow.objects.filter(seen_by(actor), is_gone=False)
    if scope.unit_ids is not None:
        rows = rows.filter(unit_id__any_of=scope.unit_ids)
    if scope.since is not None:
        rows = rows.filter(changed_at__gte=scope.since)
    return rows


# -- which rows --------------------------------------------------------------------------------------------------------


def _named_so(text: str) -> list[Q]:
    """Things with this key, now or once: each from an index of its own, which one condition for all would not be."""
    named = [Q(key__in=list(dict.fromkeys((text, text.upper(), text.lower()))))]
    if not any(letter.isdigit() for letter in text):
        return named
    former = {
        kind.code: list(kind.former(text.upper()).values_list(flat=True)) for kind in search_kinds() if kind.former
    }
    return [*named, *(Q(kind=code, row_id__in=ids) for code, ids in former.items() if ids)]


def _addressed(actor: Actor, text: str) -> list[Q]:
    """People whose address begins so, where one may see it. It is not among the words: few may see all of them."""
    if "@" not in text:
        return []
    held = RoleAssignment.objects.filter(valid_on(local_day(timezone.now())))
    people = (
        visible(actor, Person)
        .filter(email__istartswith=text)
        .prefetch_related(Prefetch("roles", queryset=held, to_attr="current_roles"))
    )
    policy = policy_for(Person)
    seen = [person.pk for person in people.order_by("pk")[:PAGE] if "email" not in policy.hidden_fields(actor, person)]
    return [Q(kind=PERSON, row_id__in=seen)] if seen else []


def _hits(rows: QuerySet[SearchRow], asked: Question, whole: Sequence[Q], common: Common) -> list[_Hit]:
    """At most MOST + 1 of each tier, the newest; a row stands in its best tier. Two statements: behind so many
    names no text will be shown."""
    by_name = _best(
        *((EXACT, rows.filter(part)) for part in whole),
        (EXACT, rows.annotate(name=Upper("title")).filter(name=Upper(Value(asked.text)))),
        (NAMED, that(rows, named(asked), is_common=common.in_names)),
    )
    by_text = {}
    if len(by_name) <= MOST:
        by_text = _best((SAID, that(rows, said(asked), is_common=common.in_texts)))
    return list((by_text | by_name).values())


def _best(*parts: tuple[int, QuerySet[SearchRow]]) -> dict[int, _Hit]:
    """What each row is found as, the best of the tiers it stands in."""
    newest = [
        part.annotate(tier=Value(tier, output_field=IntegerField()))
        .order_by("-changed_at", "-pk")
        .values_list("tier", "pk", "kind", "row_id", "changed_at")[: MOST + 1]
        for tier, part in parts
    ]
    best: dict[int, _Hit] = {}
    for hit in map(_Hit._make, fetched(newest, _HIT)):
        if hit.pk not in best or hit.tier < best[hit.pk].tier:
            best[hit.pk] = hit
    return best


def _over(hits: Sequence[_Hit]) -> set[tuple[str, int]]:
    """Which of the things are over. One statement."""
    ids: dict[str, list[int]] = {}
    for hit in hits:
        ids.setdefault(hit.kind, []).append(hit.row_id)
    over = [
        # One array: a thousand parameters cost more than their answer.
        kind.closed()
        .filter(pk__any_of=ids[kind.code])
        .order_by()
        .annotate(over_kind=Value(kind.code))
        .values_list("over_kind", "pk")
        for kind in search_kinds()
        if kind.closed is not None and kind.code in ids
    ]
    return {(kind, pk) for kind, pk in fetched(over, "over_kind, pk")}


# -- what they say -----------------------------------------------------------------------------------------------------


def _read(page: Sequence[Place], others: Sequence[int], asked: Question) -> dict[int, Answer]:
    """The rows with what a line of results says of them. One statement."""
    places = {place.pk: place for place in page}
    wanted = [*places, *others]
    if not wanted:
        return {}
    kinds = {kind.code: kind for kind in search_kinds()}
    about = SearchRow.objects.filter(kind=OuterRef("about_kind"), row_id=OuterRef("about_id"))
    rows = SearchRow.objects.filter(pk__in=wanted).annotate(
        unit_name=Subquery(Unit.objects.filter(pk=OuterRef("unit_id")).values("name")),
        about_key=Subquery(about.values("key")),
        about_title=Subquery(about.values("title")),
    )
    answers = {}
    for row in rows.defer("vector", "labels"):
        kind, of = kinds[row.kind], kinds[row.about_kind]
        is_about = kind is not of
        if kind.place is not None:
            url = kind.place(row.about_kind, row.about_id, row.row_id)
        else:
            leads_to = kind.url or of.url
            url = leads_to(row.about_key, row.about_id) if leads_to else ""
        answers[row.pk] = Answer(
            kind=kind,
            url=url,
            key=row.key,
            title=row.title,
            pieces=marked(row.title, asked),
            excerpt=excerpt(_MENTION.sub("@…", row.body), asked),
            unit=row.unit_name or "" if row.kind != "unit" else "",
            about=f"{row.about_key} {row.about_title}".strip() if is_about else "",
            is_closed=row.pk in places and places[row.pk].is_closed,
            changed_at=row.changed_at,
        )
    return answers
