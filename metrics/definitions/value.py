"""What comes of the work: indicators, objectives and their key results."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from metrics.definitions.metric import Metric

KPI: Final = Metric(
    code="kpi",
    name=_("Key performance indicator"),
    question=_("Does the number that we care about go where we want it?"),
    formula=_(
        "The latest measurement, against baseline, target and the thresholds agreed for it, in the direction that is "
        "better: up, down, or inside a range."
    ),
    settings=_("Baseline, target, thresholds, direction, frequency and source of each indicator."),
    unit=_("each indicator's own"),
    window=_("Measurements up to the as-of day."),
    exclusions=_("Measurements that were withdrawn; a corrected one counts with its correction."),
    edge_rules=(
        _("No measurement: 'no data', not 0."),
        _(
            "A value that is more than a few days late is flagged: 1 day for daily values, 2 weekly, 7 monthly, "
            "14 quarterly, 30 yearly."
        ),
        _(
            "Without thresholds the target reached is on track, better than the baseline is at risk, anything else is "
            "off track. A value on a threshold is on its better side."
        ),
        _("A formula divided by zero, or without one of its inputs, gives no value, not 0."),
        _("A verdict set by hand is shown as such, with who and when."),
    ),
    above_teams=_("An indicator belongs to its unit; indicators are not added up."),
    source=_("PMI, The Standard for Portfolio Management"),
)

KEY_RESULT: Final = Metric(
    code="key_result",
    name=_("Key result"),
    question=_("How far is this result from where it started to where it should be?"),
    formula=_("(current - start) / (target - start), kept between 0 and 1, in the direction that is better."),
    settings=_("Driven by hand, by an indicator, or by linked work; the page says which."),
    unit=_("score from 0 to 1"),
    window=_("The latest check-in or measurement up to the as-of day."),
    exclusions=_("Withdrawn check-ins."),
    edge_rules=(_("No measurement: 'no data', not 0."), _("Beyond the target counts 1, behind the start 0.")),
    above_teams=_("See objective."),
    source=_("J. Doerr, Measure What Matters"),
)

OBJECTIVE: Final = Metric(
    code="objective",
    name=_("Objective"),
    question=_("How far is the objective?"),
    formula=_("Mean of the scores of its key results, by their weights."),
    settings=_("The weights of its key results."),
    unit=_("score from 0 to 1"),
    window=_("The latest check-ins and measurements up to the as-of day."),
    exclusions=_("Key results without data; their number is shown."),
    edge_rules=(
        _("No key result with data: 'no data', not 0."),
        _(
            "The verdict compares the score with the share of its period that has passed: up to 10 points behind is on "
            "track, up to 30 at risk, more is off track. Without a period only the full score is on track."
        ),
        _("A verdict set by hand is shown as such, with who, why and until when."),
    ),
    above_teams=_("Each objective has its own key results; objectives below are shown and not added up."),
    source=_("J. Doerr, Measure What Matters"),
)

BENEFIT: Final = Metric(
    code="benefit",
    name=_("Benefit realisation"),
    question=_("Did what the epic promised come?"),
    formula=_("(measured - baseline) / (promised - baseline), at the newest review."),
    settings=_("Baseline, promise and the day it went live, of each benefit."),
    unit=_("share of the promise"),
    window=_("Reviews 3, 6 and 12 months after the epic went live."),
    exclusions=_("Benefits that were put away, and those of deleted epics."),
    edge_rules=(
        _("No review yet: 'no data', not 0."),
        _("More than promised is more than 100 %; worse than the baseline is below 0."),
        _("A review that nobody has made on its day is flagged as overdue."),
    ),
    above_teams=_("A benefit belongs to its epic; benefits are not added up."),
    source=_("PMI, Benefits Realization Management"),
)
