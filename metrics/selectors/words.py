"""A selection in words: which days, compared with what."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metrics.selectors.selection import CUSTOM, NOTHING, YEAR, Selection
from pmo_portal.lib.format import day as format_day


def stretch_words(selection: Selection) -> str:
    """Which days count: "13 weeks", "Q3 2026", "1 May 2026 – 9 May 2026"."""
    if selection.span:
        return selection.span.name
    return ngettext("%(n)s week", "%(n)s weeks", selection.weeks) % {"n": selection.weeks}


def stretch_choice(selection: Selection) -> str:
    """The same as a choice: "Last 13 weeks", "Last closed quarter (Q3 2026)"."""
    span = selection.span
    if span is None:
        return last_weeks(selection.weeks)
    return span.name if span.code == CUSTOM else f"{span.label} ({span.name})"


def last_weeks(weeks: int) -> str:
    """A window that ends with the as-of day."""
    return ngettext("Last week", "Last %(n)s weeks", weeks) % {"n": weeks}


def against_choice(selection: Selection) -> str:
    """What it is compared with, as a choice: "the 13 weeks before", "Q2 2026", "a year before"."""
    if selection.against == NOTHING:
        return _("nothing")
    if day := selection.against_day:
        return _("as many days up to %(day)s") % {"day": format_day(day)}
    return _("a year before") if selection.against == YEAR else before_words(selection)


def against_end(selection: Selection) -> str:
    """What something is compared with that has a value at the end of a day: "the end of 30 Jun 2026"."""
    if selection.against_on is None:
        return _("nothing")
    return _("the end of %(day)s") % {"day": format_day(selection.against_on)}


def before_words(selection: Selection) -> str:
    """The stretch before: "the 13 weeks before", "Q2 2026", "the days before"."""
    span = selection.span
    if span is None:
        return ngettext("the week before", "the %(n)s weeks before", selection.weeks) % {"n": selection.weeks}
    if span.before is None:
        return ngettext("the day before", "the %(n)s days before", span.window.days) % {"n": span.window.days}
    if span.is_running:
        return _("as many days of %(name)s") % {"name": span.before.name}
    return span.before.name


def than_flow(selection: Selection) -> str:
    """What follows "12 more": "than the 13 weeks before", "than Q2 2026"."""
    return _("than %(window)s") % {"window": against_choice(selection)}


def than_stock(selection: Selection) -> str:
    """What follows "12 more" of something counted at the end of a day: "than 13 weeks ago", "than on 30 Jun 2026"."""
    if selection.compared is None:
        return ""
    if selection.span is None and selection.against_day is None and selection.against != YEAR:
        return ngettext("than a week ago", "than %(n)s weeks ago", selection.weeks) % {"n": selection.weeks}
    return _("than on %(day)s") % {"day": format_day(selection.compared.last_day)}
