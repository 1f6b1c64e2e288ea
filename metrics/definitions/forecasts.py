"""What is likely to be done, and by when: always as a range, with how such answers have held."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from metrics.definitions.metric import Metric

_THROUGHPUT_DAYS = _("Days as in throughput: sub-items, cancelled and deleted items, epics and features do not count.")
_INPUTS = _(
    "The past days that are drawn from, the number of items, the growth factor, the focus share, the first day, and "
    "the seed of the draw; each is shown beside the answer."
)
_BOOKS = _("T. Magennis, Forecasting and Simulating Software Development Projects; D. Vacanti, When Will It Be Done?")

MONTE_CARLO_WHEN: Final = Metric(
    code="monte_carlo_when",
    name=_("When will it be done?"),
    question=_("By which day are these items likely to be done?"),
    formula=_(
        "10,000 trials. Each draws past days with replacement, days without a finished item among them, until the "
        "items are done. The answer at P % is the smallest day by which at least P % of the trials were done."
    ),
    settings=_INPUTS,
    unit=_("days from the first day of the forecast; shown as a date"),
    window=_("The past days of the period, complete days only."),
    exclusions=_THROUGHPUT_DAYS,
    edge_rules=(
        _("Nothing finished in the past days: no forecast."),
        _("Later than ten years: no date."),
        _("The same inputs give the same answer: the draw is seeded."),
    ),
    above_teams=_("From the days of the unit itself: its teams' items of a day, added up."),
    source=_(
        "T. Magennis, Forecasting and Simulating Software Development Projects; D. Vacanti, When Will It Be Done?"
    ),
)

MONTE_CARLO_HOW_MANY: Final = Metric(
    code="monte_carlo_how_many",
    name=_("How many will be done?"),
    question=_("How many items are likely to be done by a day?"),
    formula=_(
        "10,000 trials. Each adds up as many past days, drawn with replacement, as there are days to come. The answer "
        "at P % is the number reached or exceeded in at least P % of the trials: more confidence, fewer items."
    ),
    settings=_INPUTS,
    unit=_("items"),
    window=_("The past days of the period, complete days only."),
    exclusions=_THROUGHPUT_DAYS,
    edge_rules=(_("Nothing finished in the past days: no forecast."), _("The draw is seeded.")),
    above_teams=_("From the days of the unit itself: its teams' items of a day, added up."),
    source=_(
        "T. Magennis, Forecasting and Simulating Software Development Projects; D. Vacanti, When Will It Be Done?"
    ),
)

FORECAST: Final = Metric(
    code="forecast",
    name=_("Forecast of a feature or an epic"),
    question=_("When will this feature or epic be done, given its teams' pace?"),
    formula=_(
        "In each of 10,000 trials every team works its own items off with its own drawn days; the feature or epic is "
        "done in that trial when the last team is. The range is what 50, 70, 85 and 95 % of the trials did not exceed."
    ),
    settings=_(
        "The past days, the growth factor, the first day, and the focus share: which part of a team's throughput goes "
        "into this work. Unless somebody sets it: the share of the team's finished items of the past days that "
        "belonged to any epic (feature), divided evenly over the epics (features) it has in progress."
    ),
    unit=_("a range of dates"),
    window=_("The past days of the period, complete days only."),
    exclusions=_("Finished, cancelled and deleted items and features."),
    edge_rules=(
        _(
            "A feature without items draws its size from the sizes of the program's finished features; its work is "
            "done at the program's pace. Fewer than 3 finished features: no forecast."
        ),
        _("A team that finished nothing in the past days: no forecast, and it is named."),
        _("An epic over several teams finishes, in each trial, with the last."),
        _("Too little history is said beside the answer."),
    ),
    above_teams=_("Computed anew from the teams' days; dates are never averaged or added."),
    source=_("T. Magennis, Forecasting and Simulating Software Development Projects"),
)

BACKTEST: Final = Metric(
    code="backtest",
    name=_("How such forecasts have held"),
    question=_("Would forecasts made like this one have been right?"),
    formula=_(
        "For each past day of a year: make the same forecast from as many days before it, and compare it with what "
        "came. Shown as the share of forecasts that held at each confidence; near the confidence is good."
    ),
    settings=_("As the forecast beside it, with 1,000 trials a day."),
    unit=_("share of the tested days"),
    window=_("Up to 365 days before the forecast, as far as the history reaches."),
    exclusions=_("For 'when': days whose forecasts have not come due at every confidence yet."),
    edge_rules=(
        _("No day could be tested: it says so."),
        _("Days next to each other share most of their past, so the share is less certain than its sample says."),
    ),
    above_teams=_("Of the unit's own days."),
    source=_("The portal's own rule: a forecast shows its record"),
)
