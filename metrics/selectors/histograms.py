"""How long finished items took, as histograms: exact for any days, from rows that are stored by week.

Whole weeks are read as they are. Of a week that a window cuts through, the days inside are counted from facts; or the
days outside are taken away from the week, when they are fewer or have not come yet. So at most three days of facts are
read at either end, whatever the length of the window.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from django.db import connection
from django.utils import timezone

from metrics.models import ScopeKind
from pmo_portal.lib.windows import Window, local_day, week_start

_WEEK: Final = timedelta(days=7)

# Weeks and days in one statement: both as they were at one moment, though workers go on writing.
_HISTOGRAMS: Final = """
    SELECT place, cycle_days, sum(count)::int
      FROM (
        SELECT u.place, w.cycle_days, w.count
          FROM unnest(%(week_places)s::int[], %(week_units)s::bigint[], %(week_firsts)s::date[], %(week_pasts)s::date[],
                      %(week_types)s::text[])
               AS u (place, id, first, past, item_type)
          JOIN metrics_cycleweek w
            ON w.scope_kind = %(kind)s AND w.scope_id = u.id AND w.week >= u.first AND w.week < u.past
         WHERE u.item_type = '' OR w.item_type = u.item_type
        UNION ALL
        SELECT d.place, f.cycle_days, d.sign
          FROM unnest(%(day_places)s::int[], %(day_units)s::bigint[], %(day_firsts)s::date[], %(day_pasts)s::date[],
                      %(signs)s::int[], %(day_types)s::text[]) AS d (place, id, first, past, sign, item_type)
         CROSS JOIN LATERAL (
               SELECT team_id, valid_from, valid_to FROM metrics_rollupmembership WHERE ancestor_id = d.id
               UNION ALL SELECT d.id, '-infinity', 'infinity') AS m
          JOIN metrics_itemfact f
            ON f.finished_unit_id = m.team_id AND f.finished_on >= d.first AND f.finished_on < d.past
           AND f.finished_on >= m.valid_from AND f.finished_on < m.valid_to
         WHERE f.is_counted AND f.is_start_seen AND f.cycle_days IS NOT NULL
           AND (d.item_type = '' OR f.item_type = d.item_type)
      ) AS counted
     GROUP BY place, cycle_days
    HAVING sum(count) > 0
"""


class Wanted(NamedTuple):
    """A unit and the days whose finished items are asked for; `item_type` where one is wanted and the page has none."""

    unit_id: int
    window: Window
    item_type: str = ""


@dataclass(frozen=True, slots=True)
class Cut:
    """A window in whole weeks, and the days to add (sign 1) or to take away (sign -1)."""

    weeks: Window
    days: tuple[tuple[Window, int], ...]


def cut_by_weeks(window: Window, *, today: date) -> Cut:
    """Say a window in whole weeks and as few days as possible; days after today cost nothing."""
    first, past = week_start(window.start), week_start(window.end)
    if first == past:
        return Cut(Window(first, first), ((window, 1),) if window.days else ())
    days: list[tuple[Window, int]] = []
    if window.start > first:
        if (window.start - first).days < (first + _WEEK - window.start).days:
            days.append((Window(first, window.start), -1))
        else:
            first += _WEEK
            days.append((Window(window.start, first), 1))
    if window.end > past:
        outside = Window(window.end, past + _WEEK)
        if sum(day <= today for day in outside) < (window.end - past).days:
            days.append((outside, -1))
            past += _WEEK
        else:
            days.append((Window(past, window.end), 1))
    return Cut(Window(first, max(first, past)), tuple(days))


def cycle_histograms(wanted: Sequence[Wanted], *, item_type: str) -> list[dict[int, int]]:
    """For each unit and window: {cycle time in days: items}; one statement for all."""
    today = local_day(timezone.now())
    cuts = [cut_by_weeks(asked.window, today=today) for asked in wanted]
    weeks = [(place, wanted[place].unit_id, cut.weeks.start, cut.weeks.end) for place, cut in enumerate(cuts)]
    days = list(_days(wanted, cuts))
    types = [asked.item_type or item_type for asked in wanted]
    parameters: dict[str, Any] = {
        "kind": ScopeKind.UNIT.value,
        "week_types": types,
        "day_types": [types[row[0]] for row in days],
    }
    for position, name in enumerate(("week_places", "week_units", "week_firsts", "week_pasts")):
        parameters[name] = [row[position] for row in weeks]
    for position, name in enumerate(("day_places", "day_units", "day_firsts", "day_pasts", "signs")):
        parameters[name] = [row[position] for row in days]
    found: defaultdict[int, dict[int, int]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(_HISTOGRAMS, parameters)
        for place, cycle_days, count in cursor.fetchall():
            found[place][cycle_days] = count
    return [found[place] for place in range(len(wanted))]


def _days(wanted: Sequence[Wanted], cuts: Sequence[Cut]) -> Iterator[tuple[int, int, date, date, int]]:
    for place, cut in enumerate(cuts):
        for window, sign in cut.days:
            yield place, wanted[place].unit_id, window.start, window.end, sign
