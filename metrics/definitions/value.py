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
        _("A measurement later than its frequency allows is flagged as late."),
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
    edge_rules=(_("No key result with data: 'no data', not 0."),),
    above_teams=_("Each objective has its own key results; objectives below are shown and not added up."),
    source=_("J. Doerr, Measure What Matters"),
)
