"""Which items of a unit a number is about: the filters of a page, and the place of one datum in a chart.

Both stand in the address. Lists and charts read them here, so that the list behind a datum has its total.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Final

from django.db.models import Q, QuerySet

from metrics.models import ItemFact
from metrics.selectors.selection import Period
from pmo_portal.lib.access import Actor, visible
from pmo_portal.lib.windows import Window, day_start
from portfolio.models import Epic
from teams.models import Priority, ServiceClass

_NUMBER: Final = re.compile(r"[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """What an item must be to count. It is read from the item as it is now, whatever it was when it was finished.

    `epic` is the key of one. `unseen` lets items whose start was not seen count with their finish as start;
    `worked` counts days by the unit's calendar instead of all days.
    """

    label: str = ""
    service_class: str = ""
    epic: str = ""
    priority: str = ""
    unseen: bool = False
    worked: bool = False

    @property
    def narrows(self) -> bool:
        """Whether it leaves any item out: roll-ups know nothing of labels and epics."""
        return bool(self.label or self.service_class or self.epic or self.priority)

    def parts(self) -> dict[str, str]:
        """What of it stands in an address."""
        return {
            "label": self.label,
            "class": self.service_class,
            "epic": self.epic,
            "priority": self.priority,
            "unseen": "1" if self.unseen else "",
            "days": "worked" if self.worked else "",
        }

    @property
    def condition(self) -> Q:
        """The filter over facts."""
        found = Q()
        if self.label:
            found &= Q(item__labels__contains=[self.label])
        if self.service_class:
            found &= Q(item__service_class=self.service_class)
        if self.priority:
            found &= Q(item__priority=self.priority)
        if self.epic:
            found &= Q(item__feature__epic__key=self.epic)
        return found

    def sql(self, item: str) -> str:
        """The same over a column of item ids in SQL; takes the parameters of `parameters`. Empty without a filter."""
        if not self.narrows:
            return ""
        return f"""AND EXISTS (
            SELECT FROM teams_workitem w LEFT JOIN portfolio_feature pf ON pf.id = w.feature_id
              LEFT JOIN portfolio_epic pe ON pe.id = pf.epic_id
             WHERE w.id = {item} AND (%(label)s = '' OR w.labels @> ARRAY[%(label)s]::varchar[])
               AND (%(service_class)s = '' OR w.service_class = %(service_class)s)
               AND (%(priority)s = '' OR w.priority = %(priority)s)
               AND (%(epic)s = '' OR pe.key = %(epic)s))"""

    @property
    def parameters(self) -> dict[str, Any]:
        """What `sql` asks for."""
        return {
            "label": self.label,
            "service_class": self.service_class,
            "priority": self.priority,
            "epic": self.epic,
        }


EVERYTHING: Final = ItemFilter()


@dataclass(frozen=True, slots=True)
class Days:
    """A stretch of days as a `Period`: what a datum's list is read for."""

    window: Window
    as_of: date
    item_type: str = ""

    @property
    def end_at(self) -> datetime:
        """The first moment after the as-of day."""
        return day_start(self.window.end)


@dataclass(frozen=True, slots=True)
class Datum:
    """One dot, bar or area of a chart: the days it stands for, its column, its length in days.

    `since` and `until` are both included; for what is counted at the end of a day, `until` is that day. `column` is
    the place of a column in the flow, from 0 on. `least` and `most` are days. `blocked`: only what is flagged.
    """

    since: date | None = None
    until: date | None = None
    column: int | None = None
    least: int | None = None
    most: int | None = None
    blocked: bool = False

    def parts(self) -> dict[str, str]:
        """What of it stands in an address."""
        found = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and value is not False:
                found[field.name] = "1" if value is True else str(value)
        return found

    def period(self, selection: Period) -> Period:
        """The days of the selection that it stands for; none when it lies outside of them."""
        if self.since is None and self.until is None:
            return selection
        window = selection.window
        last = min(self.until or selection.as_of, selection.as_of)
        start = max(self.since or window.start, window.start)
        end = min(day_after(last), window.end)
        return Days(Window(min(start, end), end), last, selection.item_type)


ALL: Final = Datum()


def day_after(day: date) -> date:
    """The next day."""
    return date.fromordinal(day.toordinal() + 1)


def item_filter_of(query: Mapping[str, str], actor: Actor) -> ItemFilter:
    """Read a filter from an address; what makes no sense there is taken for the default.

    SECURITY: an epic this person may not see is as if it did not exist, so that no sum tells of it.
    """
    epic = query.get("epic", "").replace("\0", "")[:40]
    if epic and not (actor.is_system or visible(actor, Epic).filter(key=epic).exists()):
        epic = ""
    service_class, priority = query.get("class", ""), query.get("priority", "")
    return ItemFilter(
        label=query.get("label", "").replace("\0", "")[:60],
        service_class=service_class if service_class in ServiceClass.values else "",
        epic=epic,
        priority=priority if priority in Priority.values else "",
        unseen=query.get("unseen", "") == "1",
        worked=query.get("days", "") == "worked",
    )


def datum_of(query: Mapping[str, str]) -> Datum:
    """Read the place of a datum from an address."""
    return Datum(
        since=_day(query.get("since", "")),
        until=_day(query.get("until", "")),
        column=_number(query.get("column", "")),
        least=_number(query.get("least", "")),
        most=_number(query.get("most", "")),
        blocked=query.get("blocked", "") == "1",
    )


def filtered(facts: QuerySet[ItemFact], period: Period, item_filter: ItemFilter) -> QuerySet[ItemFact]:
    """Keep the facts of one type and of what the filter asks for."""
    if period.item_type:
        facts = facts.filter(item_type=period.item_type)
    return facts.filter(item_filter.condition) if item_filter.narrows else facts


def _number(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text) else None


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 <= day.year < 9999 else None
