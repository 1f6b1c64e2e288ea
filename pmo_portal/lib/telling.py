"""What people can be told of, and whose changes can be followed: two lists that apps fill while they get ready.

The inbox itself belongs to ``collaboration``; what happens, happens everywhere. A *kind* says why somebody is told and
how it reaches them unless they chose otherwise; a *source* reads the changes of things that people watch.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from django.db import models
from django.db.models.expressions import Combinable
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from pmo_portal.lib.access import Actor


class Way(models.TextChoices):
    """How a notification reaches somebody."""

    NOW = "NOW", _("Inbox, and a mail at once")
    DIGEST = "DIGEST", _("Inbox, and the daily mail")
    INBOX = "INBOX", _("Inbox only")
    NONE = "NONE", _("Not at all")


class Reason(models.TextChoices):
    """Why somebody is told: what the inbox is filtered by."""

    MENTIONED = "MENTIONED", _("Mentioned")
    ASSIGNED = "ASSIGNED", _("Assigned")
    APPROVAL = "APPROVAL", _("Approval")
    ESCALATION = "ESCALATION", _("Escalation")
    WATCHING = "WATCHING", _("Watching")
    JOB = "JOB", _("Work ended")
    SIGN_IN = "SIGN_IN", _("Security")


@dataclass(frozen=True, slots=True)
class NotificationKind:
    """A kind of thing people are told.

    ``sentence`` says why they are told, with ``%(who)s`` for whoever did it; ``words`` puts kept facts into words, in
    the reader's language. An urgent kind is told of muted units, too. ``code`` is kept in rows: never change one.
    """

    code: str
    label: str | _StrPromise
    reason: Reason
    sentence: str | _StrPromise
    icon: str
    way: Way = Way.DIGEST
    is_urgent: bool = False
    words: Callable[[Mapping[str, Any]], str] | None = None


@dataclass(frozen=True, slots=True)
class SubjectChange:
    """What happened to one watched thing after its version ``since``. ``facts`` is kept and put into words when it is
    read, in the reader's language, and empty when nothing of it is worth telling; ``actors`` are those who did it."""

    subject_id: int
    since: int
    version: int
    at: datetime
    actors: tuple[int | None, ...]
    title: str
    url: str
    unit_id: int | None
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ChangeSource:
    """The changes of one kind of subject, read after the fact: a change itself never waits for who watches.

    ``version`` is what every change of a thing raises: a column of ``model``, unless it says how to read it.
    ``changes`` gets ids of things, each with the version up to which it was told, and says what came after; ``words``
    puts kept facts into a sentence.
    """

    code: str
    model: type[models.Model]
    changes: Callable[[Collection[tuple[int, int]]], Iterable[SubjectChange]]
    words: Callable[[Mapping[str, Any]], str]
    version: Combinable = models.F("version")  # noqa: RUF009 - an expression never changes

    def version_of(self, pk: object) -> models.QuerySet[Any, Any]:
        """The version of one thing, as a query of one value."""
        things = self.model._default_manager.filter(pk=pk).order_by()
        found: models.QuerySet[Any, Any] = things.annotate(followed_version=self.version).values("followed_version")
        return found[:1]


class Teller(Protocol):
    """How somebody is told by a room below the inbox, which cannot reach it: see ``services.notifications.notify``."""

    def __call__(
        self, *, actor: Actor, kind: str, people: Iterable[int], at: datetime, title: str, url: str, text: str = ""
    ) -> None:
        """Tell these people of one event, in the caller's transaction."""


_tellers: Final[list[Teller]] = []
_kinds: Final[dict[str, NotificationKind]] = {}
_sources: Final[dict[str, ChangeSource]] = {}


def register_kind(kind: NotificationKind) -> NotificationKind:
    """Let people be told of something; called while an app gets ready."""
    if kind.code in _kinds:
        raise ValueError(f"{kind.code} is a kind of notification already")
    _kinds[kind.code] = kind
    return kind


def register_change_source(source: ChangeSource) -> ChangeSource:
    """Let people follow the changes of a kind of subject; called while an app gets ready."""
    if source.code in _sources:
        raise ValueError(f"changes of {source.code} have a source already")
    _sources[source.code] = source
    return source


def register_teller(teller: Teller) -> None:
    """Be how people are told; called once, by the room with the inbox."""
    _tellers.append(teller)


def tell(*, actor: Actor, kind: str, people: Iterable[int], at: datetime, title: str, url: str, text: str = "") -> None:
    """Tell people of one event that concerns only themselves, such as their sign-in."""
    for teller in _tellers:
        teller(actor=actor, kind=kind, people=people, at=at, title=title, url=url, text=text)


def notification_kinds() -> tuple[NotificationKind, ...]:
    """Every kind, in the order of registration."""
    return tuple(_kinds.values())


def kind_named(code: str) -> NotificationKind:
    """The kind with this code; KeyError for an unknown one."""
    return _kinds[code]


def change_sources() -> tuple[ChangeSource, ...]:
    """Every source of changes."""
    return tuple(_sources.values())


def change_source(code: str) -> ChangeSource | None:
    """The source of a kind of subject; None where changes are not followed."""
    return _sources.get(code)
