"""The picker of a page of numbers: which days, as of when, compared with what, of which type.

A page of numbers takes its selection from `selection_for`, adds `selection_context` to its context and includes
metrics/_picker.html.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from metrics.selectors.selection import (
    BEFORE,
    COUNTED_TYPES,
    DEFAULT_WEEKS,
    NOTHING,
    WEEKS,
    YEAR,
    Selection,
    seen_on_of,
    selection_of,
)
from metrics.selectors.spans import planned_periods, shifted_a_year, spans_on
from metrics.selectors.words import against_choice, against_end, before_words, last_weeks, stretch_choice
from pmo_portal.lib.windows import Window, week_start


def selection_for(
    request: HttpRequest,
    *,
    unit_id: int | None,
    now: datetime,
    usual_weeks: int = DEFAULT_WEEKS,
    usual_against: str = BEFORE,
) -> Selection:
    """Read the selection of a page about a unit, whose periods it offers (None: about several units). One statement."""
    day = seen_on_of(request.GET, now=now)
    return selection_of(
        request.GET,
        now=now,
        spans=spans_on(day, planned_periods(unit_id, day=day)),
        usual_weeks=usual_weeks,
        usual_against=usual_against,
    )


def selection_context(
    selection: Selection, *, compares: bool = True, has_types: bool = True, has_stretch: bool = True
) -> dict[str, Any]:
    """What metrics/_picker.html shows; a page that compares nothing, that counts no items, or that shows a day and no
    stretch of days, says so."""
    is_custom = bool(selection.parts().get("from"))
    return {
        "selection": selection,
        "definitions_url": reverse("metrics:definition_list"),
        "picker": {
            "stretch": stretch_choice(selection) if has_stretch else "",
            "is_custom": is_custom,
            "weeks": _week_choices(selection),
            "spans": _span_choices(selection),
            "day_hidden": selection.hidden("from", "to", "span", "weeks", "as_of"),
            "seen_on": selection.seen_on or selection.as_of,
            "as_of": _as_of_choices(selection),
            "as_of_hidden": selection.hidden("as_of"),
            "compares": compares,
            "against": against_choice(selection) if has_types else against_end(selection),
            "is_of_days": has_types,
            "againsts": _against_choices(selection),
            "against_hidden": selection.hidden("against"),
            "against_day": selection.against_day,
        },
        "type_chips": [
            {
                "label": item_type.label,
                "url": selection.query(type=None if item_type == selection.item_type else item_type),
                "is_on": item_type == selection.item_type,
            }
            for item_type in COUNTED_TYPES
            if has_types
        ],
    }


def _week_choices(selection: Selection) -> list[dict[str, Any]]:
    standing = {"from": None, "to": None, "span": None}
    return [
        {
            "label": last_weeks(weeks),
            "url": selection.query(**standing, weeks=weeks if weeks != selection.usual_weeks else None),
            "is_on": selection.span is None and weeks == selection.weeks,
        }
        for weeks in WEEKS
    ]


def _span_choices(selection: Selection) -> list[dict[str, Any]]:
    standing = {"from": None, "to": None, "weeks": None}
    return [
        {
            "label": span.label,
            "name": span.name,
            "url": selection.query(**standing, span=span.code),
            "is_on": selection.span == span,
        }
        for span in selection.spans
    ]


def _as_of_choices(selection: Selection) -> list[dict[str, Any]]:
    """Days people go back to."""
    today = selection.today
    days: tuple[tuple[str, date], ...] = (
        (_("Today"), today),
        (_("End of last week"), week_start(today) - timedelta(days=1)),
        (_("End of last month"), today.replace(day=1) - timedelta(days=1)),
        (_("A year ago"), shifted_a_year(Window(today, today)).start),
    )
    chosen = selection.seen_on or selection.as_of
    return [
        {
            "label": label,
            "day": day,
            "url": selection.query(as_of=None if day == today else day.isoformat()),
            "is_on": day == chosen,
        }
        for label, day in days
    ]


def _against_choices(selection: Selection) -> list[dict[str, Any]]:
    choices = ((BEFORE, before_words(selection)), (YEAR, _("a year before")), (NOTHING, _("nothing")))
    return [
        {
            "label": label,
            "url": selection.query(against=None if code == selection.usual_against else code),
            "is_on": code == selection.against,
        }
        for code, label in choices
    ]
