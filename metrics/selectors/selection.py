"""What a page of numbers shows: which stretch of days, as of when, compared with what, of which type.

All of it stands in the page's address, so that a link says to everybody what it said to the one who sent it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final, Protocol
from urllib.parse import urlencode

from metrics.selectors.spans import Span, shifted_a_year
from pmo_portal.lib.windows import Window, day_start, local_day
from teams.models import ItemType

WEEKS = (4, 13, 26, 52)
DEFAULT_WEEKS = 13
MOST_WEEKS: Final = 156
LONGEST_DAYS: Final = 3 * 366
"""The longest stretch one may choose: a page of numbers costs what its window is long."""
COUNTED_TYPES = tuple(item_type for item_type in ItemType if item_type != ItemType.SUBTASK)

BEFORE: Final = "before"
YEAR: Final = "year"
NOTHING: Final = "none"
CUSTOM: Final = "custom"

_WEEKS_SHAPE: Final = re.compile(r"[1-9][0-9]{0,2}")
_FIRST_DAY: Final = date(1970, 1, 1)


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
    """What a page of numbers is about.

    Either `weeks` ISO weeks up to and including `as_of`, or the days of `span`, a named stretch such as a quarter.
    `as_of` is the last day that counts. `seen_on` is the day from which "this quarter" is read; it differs from `as_of`
    only in a span that was over by then. `against` says what it is compared with: BEFORE, YEAR, NOTHING or a day.
    `item_type` "" means all types. `kept` are other parts of the address that links keep (filters of one page). `spans`
    are the named stretches one may choose instead. `usual_weeks` and `usual_against` are what a page shows when its
    address says nothing.
    """

    weeks: int
    as_of: date
    today: date
    item_type: str = ""
    span: Span | None = None
    against: str = BEFORE
    seen_on: date | None = None
    kept: tuple[tuple[str, str], ...] = ()
    spans: tuple[Span, ...] = field(default=(), compare=False, repr=False)
    usual_weeks: int = DEFAULT_WEEKS
    usual_against: str = BEFORE

    @property
    def window(self) -> Window:
        """The metric days that count."""
        return self.span.window if self.span else Window.last_weeks(self.weeks, today=self.as_of)

    @property
    def is_now(self) -> bool:
        """Whether it looks at today: only then can anything still change it at once."""
        return self.as_of == self.today

    @property
    def end_at(self) -> datetime:
        """The first moment after the window."""
        return day_start(self.window.end)

    @property
    def against_day(self) -> date | None:
        """The day up to which it is compared, when it is compared with a day."""
        return _day(self.against)

    @property
    def compared(self) -> Window | None:
        """The days it is compared with; None when it is not compared.

        As many weeks earlier, so that both windows have the same days of the week; of a named stretch that still runs,
        as many days of the one before it.
        """
        window = self.window
        if self.against == NOTHING:
            return None
        if day := self.against_day:
            return Window(day - timedelta(days=window.days - 1), day + timedelta(days=1))
        if self.against == YEAR:
            return shifted_a_year(window) if self.span else _earlier(window, weeks=52)
        if self.span is None:
            return _earlier(window, weeks=self.weeks)
        if self.span.before is None:
            return window.before()
        before = self.span.before.window
        return (
            Window(before.start, min(before.end, before.start + timedelta(days=window.days)))
            if (self.span.is_running)
            else before
        )

    def parts(self) -> dict[str, str]:
        """What stands in the address; what is the default is left out."""
        seen_on = self.seen_on or self.as_of
        is_custom = self.span is not None and self.span.code == CUSTOM
        chosen = {
            "weeks": str(self.weeks) if self.weeks != self.usual_weeks and not self.span else "",
            "span": self.span.code if self.span and not is_custom else "",
            "from": self.window.start.isoformat() if is_custom else "",
            "to": self.as_of.isoformat() if is_custom else "",
            "as_of": "" if seen_on == self.today or is_custom else seen_on.isoformat(),
            "against": "" if self.against == self.usual_against else self.against,
            "type": self.item_type,
            **dict(self.kept),
        }
        return {name: value for name, value in chosen.items() if value}

    def query(self, **changes: object) -> str:
        """The address of this selection with some parts changed; None takes a part out."""
        chosen = {**self.parts(), **{name: "" if value is None else str(value) for name, value in changes.items()}}
        return f"?{urlencode({name: value for name, value in chosen.items() if value})}"

    def carried(self, **changes: object) -> str:
        """The same for a link to another page: nothing when there is nothing to say."""
        query = self.query(**changes)
        return "" if query == "?" else query

    def hidden(self, *without: str) -> list[tuple[str, str]]:
        """The parts a form has to send along, but for those it asks for itself."""
        return [(name, value) for name, value in self.parts().items() if name not in without]

    @property
    def against_on(self) -> date | None:
        """The day with whose end stocks are compared; None when they are not."""
        return self.compared.last_day if self.compared else None

    def of_type(self, item_type: str) -> Selection:
        """The same for one type of item."""
        return replace(self, item_type=item_type)

    def keeping(self, kept: Mapping[str, str]) -> Selection:
        """The same, with other parts of the address that its links keep."""
        return replace(self, kept=tuple((name, value) for name, value in kept.items() if value))


def selection_of(
    query: Mapping[str, str],
    *,
    now: datetime,
    spans: Iterable[Span] = (),
    usual_weeks: int = DEFAULT_WEEKS,
    usual_against: str = BEFORE,
) -> Selection:
    """Read a selection from an address; what makes no sense there is taken for the default.

    `spans` are the named stretches that may be chosen, as they stand on the day of `seen_on_of`.
    """
    today = local_day(now)
    custom = _custom(query, today=today)
    seen_on = today if custom else seen_on_of(query, now=now)
    spans = tuple(spans)
    span = custom or _named(query.get("span", ""), spans)
    weeks = "" if span else query.get("weeks", "")
    item_type = query.get("type", "")
    return Selection(
        weeks=int(weeks) if _WEEKS_SHAPE.fullmatch(weeks) and int(weeks) <= MOST_WEEKS else usual_weeks,
        as_of=span.window.last_day if span else seen_on,
        today=today,
        item_type=item_type if item_type in COUNTED_TYPES else "",
        span=span,
        against=_against(query.get("against", ""), today=today, usual=usual_against),
        seen_on=seen_on,
        spans=spans,
        usual_weeks=usual_weeks,
        usual_against=usual_against,
    )


def seen_on_of(query: Mapping[str, str], *, now: datetime) -> date:
    """The day from which an address looks: today, or its as-of day."""
    today = local_day(now)
    day = _day(query.get("as_of", ""))
    return day if day and day <= today else today


def _custom(query: Mapping[str, str], *, today: date) -> Span | None:
    """Days chosen one by one, in either order. Days to come have no numbers yet."""
    start, end = _day(query.get("from", "")), _day(query.get("to", ""))
    if start and end and end < start:
        start, end = end, start
    if start is None or start > today:
        return None
    last = min(end or today, today)
    start = max(start, last - timedelta(days=LONGEST_DAYS - 1))
    return Span.of_days(CUSTOM, start, last)


def _named(code: str, spans: Iterable[Span]) -> Span | None:
    return next((span for span in spans if span.code == code), None) if code else None


def _against(text: str, *, today: date, usual: str) -> str:
    if text in {BEFORE, YEAR, NOTHING}:
        return text
    day = _day(text)
    return day.isoformat() if day and day <= today else usual


def _earlier(window: Window, *, weeks: int) -> Window:
    return Window(window.start - timedelta(weeks=weeks), window.end - timedelta(weeks=weeks))


def _day(text: str) -> date | None:
    """Read a day, not before computers."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day >= _FIRST_DAY else None
