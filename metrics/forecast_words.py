"""Forecasts in words: ranges of days, doubts, and why there is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _

from metrics.calculations.forecast import MINIMUM_DAYS, MINIMUM_FINISHED, Concern
from metrics.work_streams import Why
from pmo_portal.lib.format import day as format_day


def concern_words(concerns: Iterable[Concern]) -> list[str]:
    """What there is to doubt about the past that a forecast is drawn from."""
    words = {
        Concern.NOTHING_FINISHED: _(
            "Nothing was finished on the past days: there is nothing to forecast from. Draw from more weeks, or begin "
            "on an earlier day."
        ),
        Concern.THIN: _("Thin history: fewer than %(days)s days or %(items)s finished items.")
        % {"days": MINIMUM_DAYS, "items": MINIMUM_FINISHED},
        Concern.UNSTABLE: _(
            "Unstable history: one half of the past days saw more than twice the finished items of the other half."
        ),
    }
    return [words[concern] for concern in concerns]


def why_words(why: Why) -> str:
    """Why there is no forecast, and what would make one."""
    return {
        Why.NO_FEATURES: _("No feature belongs to it yet, so nobody knows how much there is to do."),
        Why.NOTHING_LEFT: _("Nothing is left to do."),
        Why.NO_PACE: _("A team with work left has finished nothing on the past days: it has no pace to go on with."),
        Why.NO_SIZES: _(
            "A feature has no items yet, and its program has finished fewer than 3 features to take a size from."
        ),
        Why.HIDDEN: _("Part of the work belongs to teams you may not look into."),
    }[why]


def day_by(when_days: Mapping[int, int | None], percent: int, starts_on: date) -> date | None:
    """The date at a confidence; None for later than ten years."""
    days = when_days.get(percent)
    return None if days is None else starts_on + timedelta(days=days - 1)


def answers(when_days: Mapping[int, int | None], starts_on: date, *, headline: int) -> list[dict[str, Any]]:
    """The days by confidence, ready to show."""
    rows = []
    for percent in when_days:
        on = day_by(when_days, percent, starts_on)
        rows.append(
            {
                "percent": percent,
                "on": on,
                "text": format_day(on) if on else _("later than in ten years"),
                "is_headline": percent == headline,
            }
        )
    return rows
