"""What a card says of an item: short texts, made once for a thousand cards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from organization.models.people import initials_of
from pmo_portal.lib.format import points
from portfolio.models.workflow import STARTED_CATEGORIES, StateCategory
from teams.models import ItemType

if TYPE_CHECKING:
    from teams.selectors.board import CardRow

EPIC_LETTERS: Final = 28
"""An epic's chip is a reminder, not a title: the style sheet cuts it shorter still where there is no room."""

_STARTED: Final = frozenset(category.value for category in STARTED_CATEGORIES)
_OVER: Final = frozenset({StateCategory.DONE.value, StateCategory.CANCELLED.value})


def points_text(estimate: Decimal | None) -> str:
    """A sum of estimates; empty when there is nothing to sum."""
    return _("%(n)s pts") % {"n": points(estimate)} if estimate is not None else ""


@dataclass(slots=True)
class Card:
    """The variables of one card (templates/jinja2/components/board.jinja). An object, not a dictionary: the template
    asks it twenty-four times, a thousand times a page."""

    id: int
    version: int
    column: int
    rank: str
    url: str
    title: str
    type: str
    type_label: str
    key: str
    epic: str = ""
    age: str = ""
    age_title: str = ""
    is_old: bool = False
    points: str = ""
    person: str = ""
    initials: str = ""
    blocked: str = ""
    due: str = ""
    is_late: bool = False


class CardFace:
    """Turns rows into what the card template shows. Texts that repeat are made once."""

    def __init__(self, *, today: date, stale_after_days: int) -> None:
        self._today, self._stale_after_days = today, stale_after_days
        self._url = reverse("teams:item_detail", args=["KEY"])
        self._types = {value: str(label) for value, label in ItemType.choices}
        self._people: dict[str, str] = {}
        self._points: dict[Decimal, str] = {}
        self._days = _("%(days)s d")
        self._stale = _("Stale")

    def of(self, row: CardRow) -> Card:
        """One card."""
        card = Card(
            id=row.id,
            version=row.version,
            column=row.state_id,
            rank=row.rank,
            url=self._url.replace("KEY", row.key),
            title=row.title,
            type=row.type,
            type_label=self._types.get(row.type, row.type),
            key=row.key,
        )
        if row.epic:
            card.epic = row.epic if len(row.epic) <= EPIC_LETTERS else f"{row.epic[:EPIC_LETTERS].rstrip()}…"
        if row.estimate is not None:
            card.points = self._points_of(row.estimate)
        if row.person:
            card.person, card.initials = row.person, self._initials_of(row.person)
        if row.category in _STARTED:
            self._add_age(card, row)
        if row.due_on is not None and row.category not in _OVER:
            card.due = date_format(row.due_on, "j M")
            card.is_late = row.due_on < self._today
        if row.blocked_days is not None:
            days = row.blocked_days
            text = _("Blocked %(days)s d · %(reason)s") if days else _("Blocked · %(reason)s")
            card.blocked = text % {"days": days, "reason": row.blocked_reason}
        return card

    def _add_age(self, card: Card, row: CardRow) -> None:
        days = row.state_days
        if days < 1:
            return
        card.age = self._days % {"days": days}
        if days > self._stale_after_days:
            card.is_old, card.age_title = True, self._stale

    def _points_of(self, estimate: Decimal) -> str:
        text = self._points.get(estimate)
        if text is None:
            text = self._points[estimate] = points(estimate)
        return text

    def _initials_of(self, name: str) -> str:
        text = self._people.get(name)
        if text is None:
            text = self._people[name] = initials_of(name)
        return text
