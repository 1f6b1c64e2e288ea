"""How lower apps reach higher things without importing them.

Each app fills these in its ``AppConfig.ready``; nothing else does. There is one mechanism and it is
explicit: a list of entries in the order of their ``position``. No model signals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from django.db.models import Model
    from django.utils.functional import _StrPromise

    from pmo_portal.lib.access import Actor

T = TypeVar("T")


class Registry(Generic[T]):
    """An ordered list of things apps offer each other."""

    def __init__(self) -> None:
        self._entries: list[tuple[int, T]] = []

    def register(self, entry: T, *, position: int = 100) -> T:
        """Add ``entry``; lower positions come first, equal ones in the order of registration."""
        self._entries.append((position, entry))
        self._entries.sort(key=lambda pair: pair[0])
        return entry

    def __iter__(self) -> Iterator[T]:
        return (entry for _, entry in self._entries)

    def __len__(self) -> int:
        return len(self._entries)


@dataclass(frozen=True, slots=True)
class NavigationEntry:
    """One line of the main navigation. ``url_name`` must work for everyone whom ``is_shown`` lets see it."""

    code: str
    label: str | _StrPromise
    icon: str
    url_name: str
    is_shown: Callable[[Actor], bool]
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CreateAction:
    """One entry of the Create menu: a page that creates something, for whoever may create it somewhere."""

    label: str | _StrPromise
    icon: str
    url_name: str
    permission: str


@dataclass(frozen=True, slots=True)
class ToDo:
    """One line of a person's home page: something that waits for them."""

    label: str
    url: str
    detail: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class FirstStep:
    """What a new organisation needs, in the order it is done: on the home page of administrators until then."""

    label: str | _StrPromise
    detail: str | _StrPromise
    url_name: str
    is_done: Callable[[Actor], bool]


@dataclass(frozen=True, slots=True)
class HomeCard:
    """A block of the home page. ``to_dos`` reads what waits for this person; an empty one is not shown.

    One that ``is_later`` is fetched by the page once it stands: what takes several statements, or can wait.
    """

    title: str | _StrPromise
    to_dos: Callable[[Actor, datetime], Sequence[ToDo]]
    is_later: bool = False


@dataclass(frozen=True, slots=True)
class PaletteEntry:
    """One place or action the palette offers."""

    label: str
    url: str
    kind: str | _StrPromise
    detail: str = ""
    icon: str = "arrow-right"


@dataclass(frozen=True, slots=True)
class PaletteSource:
    """Finds places by what a person typed, only among what that person may see."""

    kind: str | _StrPromise
    find: Callable[[Actor, str, int], Iterable[PaletteEntry]]


@dataclass(frozen=True, slots=True)
class CustomFieldOwner:
    """A kind of thing that can carry custom fields in its ``custom`` column. ``level`` is the kind of unit such things
    live in: fields of a unit below it would never be seen. Empty: anywhere."""

    code: str
    label: str | _StrPromise
    model: type[Model]
    level: str = ""


@dataclass(frozen=True, slots=True)
class OutboxListener:
    """Called after the commit of changes to tracked things with the unit that changed. Must be quick and must not
    fail: correctness never depends on it, a sweep finds what it missed."""

    notify: Callable[[int], None]


@dataclass(frozen=True, slots=True)
class TreeListener:
    """Told, inside the transaction that changes the unit tree, the moved unit and everything that stands or stood
    above it on any day. Records what is to be derived anew and returns; the work itself comes after the commit."""

    notify: Callable[[frozenset[int]], None]


@dataclass(frozen=True, slots=True)
class UnitPage:
    """A page every unit of some kinds has: the tabs of a unit's head, and the scope switcher's targets.

    With ``keeps_query`` the switcher takes what stands behind the address along: the same days of another unit.
    """

    code: str
    label: str | _StrPromise
    icon: str
    kinds: frozenset[str]
    url: Callable[[Any], str]
    permission: str
    keeps_query: bool = False


@dataclass(frozen=True, slots=True)
class FeaturePage:
    """A tab of a feature (or an epic) whose page belongs to a higher app, with how much of it this person may see; None
    where counting is not worth a statement on every page."""

    code: str
    label: str | _StrPromise
    url: Callable[[Any], str]
    count: Callable[[Actor, Any], int] | None


@dataclass(frozen=True, slots=True)
class AdministrationPage:
    """A page from which the portal is administered; the page "Administration" leads to it. ``group`` is the code of one
    of its blocks (``organization.views.administration``)."""

    label: str | _StrPromise
    text: str | _StrPromise
    icon: str
    url_name: str
    group: str
    is_shown: Callable[[Actor], bool]


@dataclass(frozen=True, slots=True)
class AuditedEvents:
    """A table of events (``portfolio.models.TrackedEvent``) that the audit log reads beside the histories.

    ``url`` is the page of a subject by its key; ``describe`` puts events into words, (field, old, new) for each, as far
    as the actor may see what they point to.
    """

    model: type[Model]
    label: str | _StrPromise
    url: Callable[[str], str]
    describe: Callable[[Actor, Sequence[Any]], Sequence[tuple[str, str, str]]]


@dataclass(frozen=True, slots=True)
class Retained:
    """Something that is kept only for so many months: the field of the organisation's rule that says how many, and what
    deletes what is older than a moment and says how many rows that were."""

    rule: str
    forget: Callable[[datetime], int]


@dataclass(frozen=True, slots=True)
class DemoStep:
    """One app's part of the demo organisation; steps run in order and share ``world``."""

    name: str
    run: Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class ApprovalContent:
    """What approvers are asked about: ``digest`` changes with everything they should have seen.

    ``amount`` chooses the rule; None when there is none. ``label`` names this content, such as "version 3". ``authors``
    are the people who wrote what was not approved yet: whoever asks, they do not decide about it.
    """

    title: str
    url: str
    unit_id: int
    digest: str
    label: str
    amount: Decimal | None = None
    currency: str = ""
    authors: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class ApprovalSubject:
    """A kind of thing that can be put to approval.

    ``locked`` reads and locks the thing by its id, or returns None when it is gone; ``content`` says what is asked
    about it now. ``approved`` and ``rejected`` do what follows, in the transaction of the decision, with the ``order``
    of the request; what they refuse (DomainError) is written beside the decision, which stands.
    """

    code: str
    label: str | _StrPromise
    model: type[Model]
    locked: Callable[[int], Any]
    content: Callable[[Any], ApprovalContent]
    approved: Callable[[Any, Mapping[str, Any], datetime], None]
    rejected: Callable[[Any, Mapping[str, Any], datetime], None]


navigation: Registry[NavigationEntry] = Registry()
create_actions: Registry[CreateAction] = Registry()
first_steps: Registry[FirstStep] = Registry()
home_cards: Registry[HomeCard] = Registry()
palette_sources: Registry[PaletteSource] = Registry()
palette_starters: Registry[PaletteSource] = Registry()
"""What the palette shows before anything is typed: what is at hand."""
custom_field_owners: Registry[CustomFieldOwner] = Registry()
outbox_listeners: Registry[OutboxListener] = Registry()
meaning_listeners: Registry[OutboxListener] = Registry()
"""Called after the commit with the id of a workflow whose states changed their meaning."""
tree_listeners: Registry[TreeListener] = Registry()
unit_pages: Registry[UnitPage] = Registry()
feature_pages: Registry[FeaturePage] = Registry()
epic_pages: Registry[FeaturePage] = Registry()
administration_pages: Registry[AdministrationPage] = Registry()
audited_events: Registry[AuditedEvents] = Registry()
private_histories: Registry[type[Model]] = Registry()
"""Tracked models that are everybody's own affair, such as what somebody wants to be told of: no audit reads them."""
kept_references: Registry[str] = Registry()
"""References to people ("app.Model.field") whose rows stay when a person is erased although they would go with the row
of the person: others build on them, and they show the pseudonym."""
retained: Registry[Retained] = Registry()
export_listeners: Registry[Callable[[Any, str], None]] = Registry()
"""Told of every file that is sent: the request that asked for it, and the file's title."""
demo_steps: Registry[DemoStep] = Registry()
approval_subjects: Registry[ApprovalSubject] = Registry()
