"""What a page of numbers shows: which weeks, up to which day, of which type; read from its address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Protocol
from urllib.parse import urlencode

from pmo_portal.lib.windows import Window, day_start, local_day
from teams.models import ItemType

WEEKS = (4, 13, 26, 52)
DEFAULT_WEEKS = 13
COUNTED_TYPES = tuple(item_type for item_type in ItemType if item_type != ItemType.SUBTASK)


class Period(Protocol):
    """What numbers are read for: flows in a window, stocks at the end of its as-of day, one type of item or all."""

    @property
    def window(self) -> Window:
        """The metric days that count."""

    @property
    def as_of(self) -> date:
        """The day at whose end stocks are counted."""

    @property
    def item_type(self) -> str:
        """The one type that counts, or "" for all."""

    @property
    def end_at(self) -> datetime:
        """The first moment after the as-of day."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The window of a page of numbers: `weeks` ISO weeks up to and including `as_of`. `item_type` "" means all."""

    weeks: int
    as_of: date
    today: date
    item_type: str = ""

    @property
    def window(self) -> Window:
        """The metric days that count."""
        return Window.last_weeks(self.weeks, today=self.as_of)

    @property
    def is_now(self) -> bool:
        """Whether it looks at today: only then can anything still change it at once."""
        return self.as_of == self.today

    @property
    def end_at(self) -> datetime:
        """The first moment after the window."""
        return day_start(self.window.end)

    def query(self, **changes: object) -> str:
        """The address of this selection with some parts changed; what is the default is left out."""
        chosen = {
            "weeks": str(self.weeks) if self.weeks != DEFAULT_WEEKS else "",
            "as_of": "" if self.is_now else self.as_of.isoformat(),
            "type": self.item_type,
            **{name: "" if value is None else str(value) for name, value in changes.items()},
        }
        return f"?{urlencode({name: value for name, value in chosen.items() if value})}"

    def of_type(self, item_type: str) -> Selection:
        """The same for one type of item."""
        return replace(self, item_type=item_type)


def selection_of(query: Mapping[str, str], *, now: datetime) -> Selection:
    """Read a selection from an address; what makes no sense there is taken for the default."""
    today = local_day(now)
    weeks = query.get("weeks", "")
    item_type = query.get("type", "")
    return Selection(
        weeks=int(weeks) if weeks in {str(number) for number in WEEKS} else DEFAULT_WEEKS,
        as_of=_day(query.get("as_of", ""), today=today),
        today=today,
        item_type=item_type if item_type in COUNTED_TYPES else "",
    )


def _day(text: str, *, today: date) -> date:
    """Read a day that is not in the future, and not before computers."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return today
    return day if date(1970, 1, 1) <= day <= today else today
