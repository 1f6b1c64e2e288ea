"""A team's board as one person sees it: columns with sums and limits, cards, the filters of the address.

At most three statements whatever the number of cards, columns and members: the frame, the columns, and the cards of
those columns whose HTML is not cached. What is cached is found by what it shows: the columns by the pulse of the
frame, a column's HTML by the digest of its cards. Nothing has to be invalidated: a changed card makes another pulse
and another digest, and the old entries expire.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.core.cache import cache
from django.db import connection
from django.template import engines
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from pmo_portal.lib.access import Actor
from pmo_portal.lib.prepared import prepared_cursor
from pmo_portal.lib.windows import day_start, local_day, portal_zone
from teams.models import Team, TeamMethod
from teams.selectors import board_sql, cards
from teams.selectors.filters import ItemFilter

MOST_CARDS: Final = 500
"""Cards drawn in one column; the rest is a link to the list. A column that long is a store, not a plan."""

DONE_DAYS: Final = 14
"""How long finished work stays on a board without a sprint."""

CACHE_SECONDS: Final = 60 * 60 * 24
FORMAT: Final = 1
"""Raise it when a card's markup changes: cached columns of the old look are then not found any more."""


@dataclass(frozen=True, slots=True)
class UnitLink:
    """A unit above the team that this person may see."""

    pk: int
    kind: str
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class RunningSprint:
    """The sprint a board works on."""

    pk: int
    name: str
    goal: str
    starts_at: datetime | None
    started_at: datetime | None
    ends_at: datetime | None

    @property
    def began_at(self) -> datetime | None:
        """When it really started, else when it was to start."""
        return self.started_at or self.starts_at


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the cards. ``pulse`` differs whenever anything the board shows does."""

    pulse: str
    path: tuple[UnitLink, ...]
    calendar_id: int | None
    sprint: RunningSprint | None


@dataclass(slots=True)
class Column:
    """One state of the workflow on the board. ``count`` is all of it, ``fits`` what the filter leaves.

    ``person`` and ``epic`` are those of one fitting card: the name of a filter by person or epic. ``more`` leads to
    what is not drawn.
    """

    id: int
    name: str
    category: str
    wip_limit: int | None
    is_hard: bool
    policy: str
    count: int
    fits: int
    estimate: Decimal | None
    mine: int = 0
    blocked: int = 0
    stale: int = 0
    person: str | None = None
    epic: str | None = None
    digest: str | None = None
    html: SafeString = field(default_factory=SafeString)
    more: str = ""
    more_url: str = ""

    @property
    def is_over(self) -> bool:
        """Whether more is in it than its limit allows."""
        return self.wip_limit is not None and self.count > self.wip_limit

    @property
    def limit(self) -> str:
        """What stands beside its name: "4 / 3 over by 1", or with a filter "2 of 4"."""
        shown = (
            str(self.count) if self.fits == self.count else _("%(n)s of %(all)s") % {"n": self.fits, "all": self.count}
        )
        if self.wip_limit is None:
            return shown
        text = f"{shown} / {self.wip_limit}"
        return f"{text} {_('over by %(n)s') % {'n': self.count - self.wip_limit}}" if self.is_over else text

    @property
    def points(self) -> str:
        """The sum of its cards' estimates, as text; empty when there is none."""
        return cards.points_text(self.estimate)

    @property
    def hidden(self) -> int:
        """How many cards stand beyond what is drawn."""
        return max(self.fits - MOST_CARDS, 0)


class CardRow(NamedTuple):
    """One card as the statement gives it; ages are in metric days, none while it is not blocked."""

    id: int
    version: int
    state_id: int
    rank: str
    key: str
    title: str
    type: str
    estimate: Decimal | None
    category: str
    state_days: int
    blocked_days: int | None
    blocked_reason: str
    due_on: date | None
    person: str | None
    epic: str | None
    service_class: str

    @classmethod
    def from_json(cls, values: Sequence[Any]) -> CardRow:
        """A card that came inside another row, its day and amount as text."""
        row = cls(*values)
        return row._replace(
            estimate=None if row.estimate is None else Decimal(row.estimate),
            due_on=None if row.due_on is None else date.fromisoformat(str(row.due_on)),
        )


@dataclass(frozen=True, slots=True)
class BoardScope:
    """Whose board, for whom, when, narrowed how; the parameters of every statement come from here."""

    team: Team
    actor: Actor
    today: date
    filter: ItemFilter

    @property
    def by_sprint(self) -> bool:
        """Whether the board is the sprint's: Scrumban and Kanban boards show everything that is open."""
        return self.team.method == TeamMethod.SCRUM

    def params(self, **more: Any) -> dict[str, Any]:
        """All parameters the statements know; each uses its own."""
        return {
            "team": self.team.pk,
            "workflow": self.team.workflow_id,
            "today": self.today,
            "zone": portal_zone().key,
            "done_since": day_start(self.today - timedelta(days=DONE_DAYS)),
            "units": sorted(self.actor.units("unit.view")),
            "most": MOST_CARDS,
            **self.filter.params(actor=self.actor, today=self.today, stale_after_days=self.team.stale_after_days),
            **more,
        }


def board_frame(scope: BoardScope) -> Frame:
    """What stands around the cards; one statement, cheap enough to answer "nothing has changed" with."""
    with prepared_cursor() as cursor:
        cursor.execute(board_sql.FRAME[scope.by_sprint], scope.params())
        pulse, path, calendar_id, *sprint = cursor.fetchone()
    return Frame(
        pulse=pulse,
        path=tuple(UnitLink(*unit) for unit in path),
        calendar_id=calendar_id,
        sprint=RunningSprint(*sprint) if sprint[0] is not None else None,
    )


def board_columns(scope: BoardScope) -> list[Column]:
    """The columns with their counts as they are now, without their cards."""
    with connection.cursor() as cursor:
        cursor.execute(board_sql.COLUMNS[scope.by_sprint], scope.params())
        return [Column(*row) for row in cursor.fetchall()]


def board_touched(
    scope: BoardScope, ids: Sequence[int], *, states: Sequence[int] | None = None
) -> tuple[list[Column], list[CardRow]]:
    """The heads of columns (``states`` None: of all), and those of the named items that are on the board under the
    filter. The columns know their counts and sums, not what only the page's filter chips show."""
    columns, rows = [], []
    with connection.cursor() as cursor:
        cursor.execute(
            board_sql.TOUCHED[scope.by_sprint],
            scope.params(ids=list(ids), states=None if states is None else list(states)),
        )
        for *column, named in cursor.fetchall():
            columns.append(Column(*column))
            rows += [CardRow.from_json(values) for values in named or ()]
    return columns, rows


def board_columns_of(scope: BoardScope, frame: Frame) -> list[Column]:
    """The same, from the cache as long as the frame's pulse says that nothing on the board has changed."""
    epics = hashlib.sha256(repr(sorted(scope.actor.units("epic.view"))).encode()).hexdigest()[:16]
    seen = hashlib.sha256(repr((scope.filter, scope.actor.person_id, scope.today)).encode()).hexdigest()[:32]
    key = f"columns:{FORMAT}:{scope.team.pk}:{scope.team.stale_after_days}:{frame.pulse}:{epics}:{seen}"
    columns: list[Column] | None = cache.get(key)
    if columns is None:
        columns = board_columns(scope)
        cache.set(key, columns, CACHE_SECONDS)
    return columns


def board_fill(scope: BoardScope, columns: Iterable[Column]) -> None:
    """Give each column the HTML of its cards, from the cache as far as it is there."""
    filled = [column for column in columns if column.digest]
    keys = {column.id: _cache_key(scope, column) for column in filled}
    found: dict[str, str] = cache.get_many(keys.values())
    missing = [column for column in filled if keys[column.id] not in found]
    for column in filled:
        column.html = mark_safe(found.get(keys[column.id], ""))  # noqa: S308 - drawn below, by an escaping template
    if not missing:
        return
    drawn: dict[int, list[CardRow]] = {column.id: [] for column in missing}
    for row in _card_rows(scope, list(drawn)):
        drawn[row.state_id].append(row)
    face = _face(scope)
    for column in missing:
        column.html = _drawn(drawn[column.id], face)
    cache.set_many({keys[column.id]: str(column.html) for column in missing}, CACHE_SECONDS)


def board_facet(scope: BoardScope, facet: str) -> list[tuple[str, str, int]]:
    """The values one filter can take, with their label and how many cards have them."""
    with connection.cursor() as cursor:
        cursor.execute(board_sql.FACETS[scope.by_sprint], scope.params(facet=facet))
        return [(value, label, count) for _facet, value, label, count in cursor.fetchall()]


def cards_html(rows: Sequence[CardRow], *, scope: BoardScope, gone: Sequence[int] = ()) -> SafeString:
    """The cards as HTML, in one pass of the template; ``gone`` are ids to take off the board."""
    return _drawn(rows, _face(scope), gone=gone)


def _face(scope: BoardScope) -> cards.CardFace:
    return cards.CardFace(today=scope.today, stale_after_days=scope.team.stale_after_days)


def _drawn(rows: Sequence[CardRow], face: cards.CardFace, *, gone: Sequence[int] = ()) -> SafeString:
    template = engines["jinja2"].get_template("teams/board_cards.jinja")
    html = template.render({"cards": [face.of(row) for row in rows], "gone": gone})
    return mark_safe(html)  # noqa: S308 - drawn by an escaping template


def board_etag(scope: BoardScope, frame: Frame, *more: object) -> str:
    """Equal for two requests that would get the same page; ``more`` is what the page shows besides the board."""
    parts = (frame.pulse, frame.path, scope.today, scope.filter, scope.actor.person_id, get_language(), *more)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def _cache_key(scope: BoardScope, column: Column) -> str:
    # Ages are days: a column of yesterday is another one. Who looks is not part of it: what a person may not see of
    # a card (an epic of a portfolio that is not theirs) is not in the digest's text, so it is another digest.
    day, stale = f"{scope.today:%Y%m%d}", scope.team.stale_after_days
    return f"board:{FORMAT}:{get_language()}:{column.id}:{day}:{stale}:{column.digest}"


def _card_rows(scope: BoardScope, states: Sequence[int]) -> list[CardRow]:
    with connection.cursor() as cursor:
        cursor.execute(board_sql.CARDS[scope.by_sprint], scope.params(states=list(states)))
        return [CardRow(*row) for row in cursor.fetchall()]


def today_of(at: datetime) -> date:
    """The metric day a board is drawn for."""
    return local_day(at)
