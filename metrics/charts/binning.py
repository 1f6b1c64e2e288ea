"""Dots of a scatter: each item where they can be told apart, counts in bins where they cannot."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _

from metrics.charts.chart import Point
from metrics.charts.frame import Frame, Step, Steps
from metrics.selectors.flow_numbers import Dot, Spans
from pmo_portal.lib.format import number

MOST_DOTS: Final = 1_000
"""Above this many items a chart shows counts: nobody sees one dot among more, and no page should carry them."""

ROWS: Final = 40
"""Bins over the height of a chart."""

NAMED: Final = 3


def dots_of(items: Iterable[Dot], frame: Frame) -> list[Point]:
    """One dot an item; items of the same day and length share one, which leads to their list."""
    places: dict[tuple[date, int], list[Dot]] = defaultdict(list)
    for item in items:
        places[item.day, item.days].append(item)
    points = []
    for (day, days), here in sorted(places.items()):
        if len(here) == 1:
            key = here[0].key
            url = reverse("teams:item_detail", args=[key]) if key else ""
            points.append(Point(day, days, url, key or _("An item of another team")))
        else:
            url = frame.items("cycle_time", since=day, until=day, least=days, most=days)
            points.append(Point(day, days, url, named([item.key for item in here], len(here)), len(here)))
    return points


def named(all_keys: Iterable[str], count: int) -> str:
    """Some items by their keys: "HAR-1, HAR-2 and 3 more"."""
    shown = [key for key in all_keys if key][:NAMED]
    if not shown:
        return _("%(n)s items") % {"n": number(count)}
    rest = count - len(shown)
    return (
        ", ".join(shown) if not rest else _("%(keys)s and %(n)s more") % {"keys": ", ".join(shown), "n": number(rest)}
    )


@dataclass(frozen=True, slots=True)
class _Bin:
    step: Step
    least: int
    most: int


def bins_of(spans: Spans, frame: Frame) -> list[Point]:
    """Counts of items by week and stretch of days, each at the middle of its bin."""
    steps = Steps(frame.window)
    height = max(math.ceil(max(spans.counts, default=1) / ROWS), 1)
    counts: dict[tuple[int, int], int] = defaultdict(int)
    for day, of_day in spans.by_day.items():
        for days, items in of_day.items():
            counts[steps.place(day), (max(days, 1) - 1) // height] += items
    weeks = steps.all()
    return [
        _binned(_Bin(weeks[week], row * height + 1, (row + 1) * height), items, frame)
        for (week, row), items in sorted(counts.items())
    ]


def _binned(place: _Bin, items: int, frame: Frame) -> Point:
    middle = date.fromordinal((place.step.first.toordinal() + place.step.last.toordinal()) // 2)
    days = number(place.least) if place.least == place.most else f"{number(place.least)}–{number(place.most)}"
    return Point(
        middle,
        (place.least + place.most) / 2,
        frame.items("cycle_time", since=place.step.first, until=place.step.last, least=place.least, most=place.most),
        _("%(stretch)s, %(days)s days") % {"stretch": place.step.name, "days": days},
        items,
    )
