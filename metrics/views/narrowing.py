"""A filter and a datum in words, each with the address that takes it away."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from metrics.selectors.items import ItemList
from metrics.selectors.narrowing import Datum, ItemFilter
from metrics.selectors.selection import Selection
from pmo_portal.lib.format import day as format_day
from pmo_portal.lib.format import number
from teams.models import Priority, ServiceClass


def filter_words(item_filter: ItemFilter, selection: Selection) -> list[dict[str, Any]]:
    """What the filter of a page asks for, as chips."""
    words = {
        "label": item_filter.label and _("Label %(name)s") % {"name": item_filter.label},
        "class": item_filter.service_class and str(ServiceClass(item_filter.service_class).label),
        "epic": item_filter.epic,
        "priority": item_filter.priority
        and _("Priority %(name)s") % {"name": str(Priority(item_filter.priority).label).lower()},
        "days": _("Working days") if item_filter.worked else "",
        "unseen": _("Also without a start that was seen") if item_filter.unseen else "",
    }
    return [{"label": word, "url": selection.query(**{name: None})} for name, word in words.items() if word]


def narrowing_words(
    items: ItemList, datum: Datum, item_filter: ItemFilter, selection: Selection
) -> list[dict[str, Any]]:
    """What makes a list shorter than its number of the whole page, as chips."""
    chips = filter_words(item_filter, selection)
    if days := _days(datum):
        chips.append({"label": days, "url": selection.query(since=None, until=None)})
    if items.column_name:
        chips.append({"label": items.column_name, "url": selection.query(column=None)})
    if length := _length(datum):
        chips.append({"label": length, "url": selection.query(least=None, most=None)})
    if datum.blocked:
        chips.append({"label": _("Blocked"), "url": selection.query(blocked=None)})
    return chips


def _days(datum: Datum) -> str:
    since, until = datum.since, datum.until
    if since and until and since != until:
        return f"{format_day(since)} – {format_day(until)}"
    if until:
        return format_day(until)
    return _("from %(day)s") % {"day": format_day(since)} if since else ""


def _length(datum: Datum) -> str:
    least, most = datum.least, datum.most
    if least is not None and most is not None:
        if least == most:
            return _("%(days)s days") % {"days": number(most)}
        return _("%(days)s days") % {"days": f"{number(least)}–{number(most)}"}
    if most is not None:
        return _("up to %(days)s days") % {"days": number(most)}
    return _("%(days)s days and more") % {"days": number(least)} if least is not None else ""
