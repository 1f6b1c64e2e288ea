"""What somebody watches, and how a thing stands with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from collaboration.models import Favourite, Watch, WatchReason
from collaboration.tell_policies import watches_seen
from pmo_portal.lib.access import Actor
from pmo_portal.lib.subjects import Subject, subject_named, things_of

PAGE_ROWS: Final = 50


@dataclass(frozen=True, slots=True)
class Marks:
    """What a thing is to somebody."""

    is_watched: bool
    is_starred: bool
    why: str


@dataclass(frozen=True, slots=True)
class Watched:
    """A thing somebody watches."""

    watch: Watch
    subject: Subject
    title: str
    url: str
    why: str


def marks_of(actor: Actor, code: str, pk: int) -> Marks:
    """Whether somebody watches a thing and has it at hand; two statements."""
    if actor.person_id is None:
        return Marks(is_watched=False, is_starred=False, why="")
    mine = {"person_id": actor.person_id, "subject_kind": code, "subject_id": pk}
    watch = Watch.objects.filter(is_on=True, **mine).first()
    starred = Favourite.objects.filter(**mine).exists()
    return Marks(watch is not None, starred, str(WatchReason(watch.why).label) if watch else "")


def watched_by(actor: Actor, *, before: int | None, kind: str = "") -> tuple[list[Watched], int | None]:
    """One page of what somebody watches, the newest first, and where the next begins."""
    rows = watches_seen(actor)
    if kind:
        rows = rows.filter(subject_kind=kind)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: PAGE_ROWS + 1])
    shown = found[:PAGE_ROWS]
    things = things_of(actor, [(row.subject_kind, row.subject_id) for row in shown])
    lines = [_line(row, things[row.subject_kind, row.subject_id]) for row in shown if _key(row) in things]
    return lines, shown[-1].pk if len(found) > PAGE_ROWS else None


def _key(row: Watch) -> tuple[str, int]:
    return row.subject_kind, row.subject_id


def _line(row: Watch, thing: Any) -> Watched:
    subject = subject_named(row.subject_kind)
    return Watched(row, subject, subject.title(thing), subject.url(thing), str(WatchReason(row.why).label))
