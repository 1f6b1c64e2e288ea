"""Links as they are read from one end, what can be linked, and what became of links."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collaboration.models import Link, LinkKind
from collaboration.services.links import MOST_LINKS, links_of
from organization.models import User
from pmo_portal.lib.access import Actor, visible
from pmo_portal.lib.lists.lookups import clean_text, like_pattern
from pmo_portal.lib.subjects import Subject, all_subjects, subject_named, things_of

RELATIONS: Final = (
    ("BLOCKS", gettext_lazy("blocks")),
    ("-BLOCKS", gettext_lazy("is blocked by")),
    ("RELATES", gettext_lazy("relates to")),
    ("DUPLICATES", gettext_lazy("duplicates")),
    ("-DUPLICATES", gettext_lazy("is duplicated by")),
)
"""What one can say of a thing, in the order it is shown: a kind of link, "-" when it is read from its other end."""

MOST_EVENTS: Final = 100
FOUND_EACH: Final = 6
_TEXTS: Final = ("key", "code", "name", "title")
_GONE: Final = ("deleted_at", "archived_at", "closed_on")


@dataclass(frozen=True, slots=True)
class SeenLink:
    """A link read from one end: the other end and how it is called."""

    pk: int
    relation: str
    subject: Subject
    thing: Any

    @property
    def title(self) -> str:
        """What the other end is called."""
        return self.subject.title(self.thing)

    @property
    def url(self) -> str:
        """The page of the other end."""
        return self.subject.url(self.thing)

    @property
    def state(self) -> Any:
        """The column it is in, for what stands on a board."""
        state = getattr(self.thing, "state", None)
        return state if hasattr(state, "category") else None


@dataclass(frozen=True, slots=True)
class LinkGroup:
    """All links of a thing that say the same."""

    relation: str
    label: str
    links: Sequence[SeenLink]


@dataclass(frozen=True, slots=True)
class LinkChange:
    """A link that was added or removed."""

    at: datetime
    who: str
    is_removed: bool
    text: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something one may link: ``value`` is what the form sends."""

    value: str
    title: str
    label: str
    icon: str


def links_seen(actor: Actor, kind: str, pk: int) -> list[LinkGroup]:
    """The links of a thing whose other end exists for this person and lies in no recycle bin; one statement, and one
    for each kind of thing at the other ends."""
    read = [
        (link.pk, *_read_from(link, kind, pk)) for link in links_of(kind, pk).order_by("created_at", "pk")[:MOST_LINKS]
    ]
    things = _present(things_of(actor, [end for _pk, _relation, end in read]))
    found: dict[str, list[SeenLink]] = {}
    for link_pk, relation, end in read:
        if end in things:
            found.setdefault(relation, []).append(SeenLink(link_pk, relation, subject_named(end[0]), things[end]))
    return [LinkGroup(code, str(label), found[code]) for code, label in RELATIONS if code in found]


def link_count(actor: Actor, kind: str, pk: int) -> int:
    """How many of them there are."""
    return sum(len(group.links) for group in links_seen(actor, kind, pk))


def link_found(actor: Actor, kind: str, pk: int, link_pk: int) -> tuple[Link, Any] | None:
    """One link of a thing and its other end, if this person may see it."""
    link = links_of(kind, pk).filter(pk=link_pk).first()
    if link is None:
        return None
    _relation, end = _read_from(link, kind, pk)
    thing = things_of(actor, [end]).get(end)
    return (link, thing) if thing is not None else None


def link_changes(actor: Actor, kind: str, pk: int) -> list[LinkChange]:
    """Which links of a thing were added and removed, the latest first, as far as the other ends may be seen."""
    mine = Q(from_kind=kind, from_id=pk) | Q(to_kind=kind, to_id=pk)
    model: Any = Link.pgh_event_model  # type: ignore[attr-defined]
    events = list(
        model.objects.filter(mine, pgh_label__in=["insert", "delete"])
        .select_related("pgh_context")
        .order_by("-pgh_id")[:MOST_EVENTS]
    )
    read = [(event, *_read_from(event, kind, pk)) for event in events]
    things = things_of(actor, [end for _event, _relation, end in read])
    people = _people(events)
    labels = dict(RELATIONS)
    return [
        LinkChange(
            event.pgh_created_at,
            people.get(_user_of(event), _("The portal")),
            event.pgh_label == "delete",
            f"{labels[relation]} {subject_named(end[0]).title(things[end])}",
        )
        for event, relation, end in read
        if end in things
    ]


def link_candidates(actor: Actor, text: str, *, without: tuple[str, int]) -> list[Candidate]:
    """What could be meant by a text, a few of each kind: a key or a code first, then names that contain it."""
    wanted = clean_text(text)
    if len(wanted) < 2:
        return []
    found: list[tuple[bool, Candidate]] = []
    for subject in all_subjects():
        rows = _like(visible(actor, subject.model), subject.model, wanted)
        for row in rows.select_related(*subject.select).order_by("-pk")[:FOUND_EACH]:
            if (subject.code, row.pk) == without:
                continue
            called = {str(getattr(row, name)).upper() for name in _TEXTS if hasattr(row, name)}
            candidate = Candidate(f"{subject.code}:{row.pk}", subject.title(row), str(subject.label), subject.icon)
            found.append((wanted.upper() not in called, candidate))
    return [candidate for _far, candidate in sorted(found, key=lambda pair: pair[0])]


def _like(rows: Any, model: type[Model], text: str) -> Any:
    pattern, asked = like_pattern(text), Q(pk__in=[])
    for name in _TEXTS:
        if _has(model, name):
            starts = name in {"key", "code"}
            asked |= Q(**{f"{name}__istartswith": text} if starts else {f"{name}__ilike": pattern})
    gone = {f"{name}__isnull": True for name in _GONE if _has(model, name)}
    return rows.filter(asked, **gone)


def _has(model: type[Model], name: str) -> bool:
    try:
        return not model._meta.get_field(name).is_relation
    except FieldDoesNotExist:
        return False


def _read_from(link: Any, kind: str, pk: int) -> tuple[str, tuple[str, int]]:
    """How a link reads from one of its ends, and the other end."""
    if (link.from_kind, link.from_id) == (kind, pk):
        return link.kind, (link.to_kind, link.to_id)
    relation = link.kind if link.kind == LinkKind.RELATES else f"-{link.kind}"
    return relation, (link.from_kind, link.from_id)


def _present(things: dict[tuple[str, int], Any]) -> dict[tuple[str, int], Any]:
    return {end: thing for end, thing in things.items() if getattr(thing, "deleted_at", None) is None}


def _user_of(event: Any) -> int | None:
    user: int | None = event.pgh_context.metadata.get("user") if event.pgh_context else None
    return user


def _people(events: Iterable[Any]) -> dict[int | None, str]:
    ids = {user for event in events if (user := _user_of(event)) is not None}
    users = User.objects.filter(pk__in=ids).select_related("person") if ids else ()
    return {user.pk: user.person.name if user.person else user.email for user in users}
