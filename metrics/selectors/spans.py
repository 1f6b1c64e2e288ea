"""Named stretches of days: this quarter, the last closed one, a fiscal year, a program increment.

Where the organisation has entered its own quarters and fiscal years those count, else the calendar's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from organization.models import PeriodKind, UnitClosure
from organization.querysets import valid_on
from pmo_portal.lib.format import day as format_day
from pmo_portal.lib.windows import Window

MOST_INCREMENTS: Final = 6


@dataclass(frozen=True, slots=True)
class Stretch:
    """A name and its days."""

    name: str
    window: Window


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch one may choose. `label` says what it is to the reader ("Last closed quarter"), `name` which one ("Q3
    2026").

    `window` ends with the day one looks from when `is_running`. `before` is the stretch before it, when it is known.
    """

    code: str
    label: str
    name: str
    window: Window
    before: Stretch | None = None
    is_running: bool = False

    @classmethod
    def of_days(cls, code: str, first: date, last: date) -> Span:
        """Any days, both included."""
        name = f"{format_day(first)} – {format_day(last)}"
        return cls(code, _("From day to day"), name, Window(first, last + timedelta(days=1)))


@dataclass(frozen=True, slots=True)
class Planned:
    """A period of the organisation; `pk` names it in an address."""

    pk: int
    kind: str
    name: str
    window: Window


def planned_periods(unit_id: int | None, *, day: date) -> list[Planned]:
    """The periods a unit plans by, its own before those of the units above it. One statement."""
    if unit_id is None:
        return []
    rows = (
        UnitClosure.objects.filter(valid_on(day), descendant_id=unit_id, ancestor__periods__isnull=False)
        .order_by("depth", "ancestor__periods__starts_on")
        .values_list(
            "ancestor__periods__pk",
            "ancestor__periods__kind",
            "ancestor__periods__name",
            "ancestor__periods__starts_on",
            "ancestor__periods__ends_on",
        )
    )
    return [Planned(pk, kind, name, Window(start, end)) for pk, kind, name, start, end in rows]


def spans_on(day: date, periods: Sequence[Planned] = ()) -> list[Span]:
    """The stretches one may choose on a day, in the order in which people think of them."""
    quarter, before_quarter = _own(periods, PeriodKind.QUARTER, day) or _quarters(day)
    year, before_year = _own(periods, PeriodKind.FISCAL_YEAR, day) or _years(day)
    this_month, last_month, month_before = (_month(day, back) for back in range(3))
    spans = [
        _running("month", _("This month"), this_month, last_month, day),
        Span("last-month", _("Last month"), last_month.name, last_month.window, month_before),
        _running("quarter", _("This quarter"), quarter, before_quarter, day),
        *_closed("last-quarter", _("Last closed quarter"), before_quarter, _quarters, periods, PeriodKind.QUARTER),
        _running("year", _("This year"), year, before_year, day),
        *_closed("last-year", _("Last closed year"), before_year, _years, periods, PeriodKind.FISCAL_YEAR),
    ]
    return spans + _increments(periods, day)


def shifted_a_year(window: Window) -> Window:
    """The same days of the year before."""
    return Window(_year_before(window.start), _year_before(window.end))


def _year_before(day: date) -> date:
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def _running(code: str, label: str, stretch: Stretch, before: Stretch | None, day: date) -> Span:
    """A stretch up to the day, which lies in it."""
    return Span(code, label, stretch.name, Window(stretch.window.start, day + timedelta(days=1)), before, True)


def _closed(
    code: str, label: str, stretch: Stretch | None, calendar: object, periods: Sequence[Planned], kind: str
) -> Iterable[Span]:
    """The stretch before the present one, with the one before that."""
    if stretch is None:
        return ()
    own = _own(periods, kind, stretch.window.start)
    before = own[1] if own else calendar(stretch.window.start)[1]  # type: ignore[operator]
    return (Span(code, label, stretch.name, stretch.window, before),)


def _own(periods: Sequence[Planned], kind: str, day: date) -> tuple[Stretch, Stretch | None] | None:
    """The organisation's period of a kind around a day, and the one before it; the nearest unit's."""
    found = next((period for period in periods if period.kind == kind and day in period.window), None)
    if found is None:
        return None
    return Stretch(found.name, found.window), _before(found, periods)


def _before(period: Planned, periods: Sequence[Planned]) -> Stretch | None:
    earlier = [one for one in periods if one.kind == period.kind and one.window.end <= period.window.start]
    last = max(earlier, key=lambda one: one.window.end, default=None)
    return Stretch(last.name, last.window) if last else None


def _increments(periods: Sequence[Planned], day: date) -> list[Span]:
    """Program increments that have begun, the latest first."""
    begun = [one for one in periods if one.kind == PeriodKind.PI and one.window.start <= day]
    begun.sort(key=lambda one: one.window.start, reverse=True)
    spans = []
    for one in begun[:MOST_INCREMENTS]:
        is_running = day in one.window
        window = Window(one.window.start, day + timedelta(days=1)) if is_running else one.window
        label = _("This increment") if is_running else _("Increment")
        spans.append(Span(f"pi-{one.pk}", label, one.name, window, _before(one, periods), is_running))
    return spans


def _month(day: date, back: int) -> Stretch:
    months = day.year * 12 + day.month - 1 - back
    window = Window(_first(months), _first(months + 1))
    return Stretch(str(date_format(window.start, "F Y")), window)


def _quarters(day: date) -> tuple[Stretch, Stretch]:
    months = day.year * 12 + (day.month - 1) // 3 * 3
    return _quarter(months), _quarter(months - 3)


def _quarter(months: int) -> Stretch:
    name = _("Q%(quarter)s %(year)s") % {"quarter": months % 12 // 3 + 1, "year": months // 12}
    return Stretch(name, Window(_first(months), _first(months + 3)))


def _years(day: date) -> tuple[Stretch, Stretch]:
    this, before = (
        Stretch(str(year), Window(date(year, 1, 1), date(year + 1, 1, 1))) for year in (day.year, day.year - 1)
    )
    return this, before


def _first(months: int) -> date:
    """The first day of a month counted from the year 0."""
    return date(months // 12, months % 12 + 1, 1)
