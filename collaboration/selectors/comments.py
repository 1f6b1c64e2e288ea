"""A talk as it is read: fifty comments at a time, each with its answers, reactions and files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.functional import cached_property
from django.utils.safestring import SafeString

from collaboration.models import Attachment, Comment, Reaction, ReactionKind
from collaboration.services.comments_mentions import names_marked, names_of
from pmo_portal.lib.access import Actor
from pmo_portal.lib.markdown import markdown

PAGE: Final = 50
MOST_NAMES: Final = 12
ICONS: Final[Mapping[str, str]] = {
    ReactionKind.AGREE: "thumbs-up",
    ReactionKind.THANKS: "heart",
    ReactionKind.SMILE: "smile",
    ReactionKind.SEEN: "eye",
    ReactionKind.DONE: "check-check",
    ReactionKind.UNCLEAR: "circle-help",
}


@dataclass(frozen=True, slots=True)
class ReactionCount:
    """How many reacted in one way, who they are, and whether the reader is one of them."""

    kind: str
    label: str
    icon: str
    count: int
    is_mine: bool
    names: str


@dataclass(frozen=True)
class Said:
    """One comment as a page shows it. ``is_mine`` and ``may_remove`` say what its reader may do with it."""

    comment: Comment
    names: Mapping[int, str]
    reactions: Sequence[ReactionCount]
    files: Sequence[Attachment]
    replies: Sequence[Said]
    is_mine: bool
    may_remove: bool

    @cached_property
    def html(self) -> SafeString:
        """What was said, formatted; people by the names they have now."""
        marks = {str(pk): f"@{name}" for pk, name in self.names.items()}
        return markdown(names_marked(self.comment.text), marks=marks)

    @property
    def is_place(self) -> bool:
        """Whether only its place is left: it was deleted, and answers stand below it."""
        return self.comment.deleted_at is not None

    @property
    def shown(self) -> Sequence[ReactionCount]:
        """The reactions somebody gave."""
        return [each for each in self.reactions if each.count]


@dataclass(frozen=True, slots=True)
class Talk:
    """A page of a talk, oldest first. ``before`` and ``after`` are where the pages beside it begin, 0 at the ends."""

    comments: Sequence[Said]
    before: int
    after: int
    is_newest: bool


@dataclass(frozen=True, slots=True)
class Version:
    """What a comment once said."""

    at: datetime
    html: SafeString


def talk_of(
    kind: str,
    pk: int,
    *,
    reader: int | None,
    keeps_order: bool,
    after: int = 0,
    before: int = 0,
    around: int = 0,
    newest: bool = False,
) -> Talk:
    """The talk about a thing, for somebody who may see it: from its beginning, behind or before a comment, around one,
    or its end. The statements are the same for three comments and for thirty."""
    tops = _tops(kind, pk)
    if around:
        earlier = tops.filter(pk__lt=around).order_by("-pk").values_list("pk", flat=True)[: PAGE // 2]
        after = min(earlier, default=0) - 1 if earlier else 0
    if before or newest:
        found = list((tops.filter(pk__lt=before) if before else tops).order_by("-pk")[: PAGE + 1])
        has_earlier, rows = len(found) > PAGE, found[:PAGE][::-1]
        has_later = bool(before)
    else:
        found = list((tops.filter(pk__gt=after) if after else tops).order_by("pk")[: PAGE + 1])
        has_later, rows = len(found) > PAGE, found[:PAGE]
        has_earlier = bool(after and rows and tops.filter(pk__lt=rows[0].pk).exists())
    comments = _said(rows, reader=reader, keeps_order=keeps_order)
    return Talk(
        comments,
        before=rows[0].pk if rows and has_earlier else 0,
        after=rows[-1].pk if rows and has_later else 0,
        is_newest=not has_later,
    )


def said_of(comment: Comment, *, reader: int | None, keeps_order: bool) -> Said:
    """One comment with its answers, or an answer by itself."""
    return _said([comment], reader=reader, keeps_order=keeps_order)[0]


def comment_count(actor: Actor, kind: str, pk: int) -> int:
    """How many comments a thing has, for somebody who may see it."""
    return Comment.objects.filter(subject_kind=kind, subject_id=pk, deleted_at=None).count()


def comment_versions(comment: Comment) -> list[Version]:
    """What a comment said before, the latest first."""
    model: Any = Comment.pgh_event_model  # type: ignore[attr-defined]
    events = model.objects.filter(pgh_obj_id=comment.pk, pgh_label__in=["insert", "update"]).order_by(
        "-version", "pgh_id"
    )
    by_version: dict[int, Any] = {}
    for event in events:
        by_version.setdefault(event.version, event)
    earlier = [event for number, event in by_version.items() if number < comment.version]
    names = {str(pk): f"@{name}" for pk, name in names_of([event.text for event in earlier]).items()}
    return [
        Version(event.edited_at or event.created_at, markdown(names_marked(event.text), marks=names))
        for event in earlier
    ]


def _tops(kind: str, pk: int) -> QuerySet[Comment]:
    """The first level of a talk: what is deleted stays there as long as somebody answered it."""
    answered = Exists(Comment.objects.filter(parent=OuterRef("pk"), deleted_at=None))
    mine = Comment.objects.filter(subject_kind=kind, subject_id=pk, parent=None).select_related("author")
    return mine.filter(Q(deleted_at=None) | Q(answered))


def _said(rows: Sequence[Comment], *, reader: int | None, keeps_order: bool) -> list[Said]:
    tops = [row for row in rows if row.parent_id is None]
    answers: dict[int, list[Comment]] = defaultdict(list)
    for reply in (
        Comment.objects.filter(parent__in=tops, deleted_at=None).select_related("author").order_by("pk") if tops else ()
    ):
        answers[reply.parent_id or 0].append(reply)
    everything = [*rows, *(reply for replies in answers.values() for reply in replies)]
    names = names_of(comment.text for comment in everything)
    reactions = _reactions([comment.pk for comment in everything], reader)
    files = _files([comment.pk for comment in everything])

    def one(comment: Comment) -> Said:
        is_mine = reader is not None and comment.author_id == reader
        return Said(
            comment=comment,
            names=names,
            reactions=reactions.get(comment.pk) or _counted({}, reader),
            files=files.get(comment.pk, ()),
            replies=[one(reply) for reply in answers.get(comment.pk, ())],
            is_mine=is_mine,
            may_remove=is_mine or keeps_order,
        )

    return [one(row) for row in rows]


def _reactions(pks: Collection[int], reader: int | None) -> dict[int, list[ReactionCount]]:
    given: dict[int, dict[str, list[tuple[int, str]]]] = defaultdict(lambda: defaultdict(list))
    rows = (
        Reaction.objects.filter(comment__in=pks)
        .order_by("pk")
        .values_list("comment_id", "kind", "person_id", "person__name")
    )
    for comment_id, kind, person_id, name in rows if pks else ():
        given[comment_id][kind].append((person_id, name))
    return {comment_id: _counted(kinds, reader) for comment_id, kinds in given.items()}


def _counted(kinds: Mapping[str, Sequence[tuple[int, str]]], reader: int | None) -> list[ReactionCount]:
    return [
        ReactionCount(
            kind=kind.value,
            label=str(kind.label),
            icon=ICONS[kind],
            count=len(kinds.get(kind, ())),
            is_mine=any(person == reader for person, _name in kinds.get(kind, ())),
            names=", ".join(name for _person, name in kinds.get(kind, ())[:MOST_NAMES])
            + ("…" if len(kinds.get(kind, ())) > MOST_NAMES else ""),
        )
        for kind in ReactionKind
    ]


def _files(pks: Collection[int]) -> dict[int, list[Attachment]]:
    found: dict[int, list[Attachment]] = defaultdict(list)
    for file in Attachment.objects.filter(comment__in=pks, deleted_at=None).order_by("pk") if pks else ():
        found[file.comment_id or 0].append(file)
    return found
