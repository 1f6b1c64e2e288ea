"""How work flows: how much gets finished, how long it takes, where it waits."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from metrics.definitions.metric import Metric

_START_AND_FINISH = _(
    "Where work starts in the team's workflow: at the first committed column, or at the first active one."
)
_START_FINISH_DAYS = _(
    "Where work starts in the team's workflow; calendar days, or working days of the team's calendar where the page "
    "offers them; items whose start was not seen are left out unless the page is asked to include them."
)
_NO_SETTING = _("None.")

THROUGHPUT: Final = Metric(
    code="throughput",
    name=_("Throughput"),
    question=_("How much gets finished?"),
    formula=_(
        "Number of items whose finish falls into the window. Finish is the last move from unfinished to done; a move "
        "inside done changes nothing."
    ),
    settings=_NO_SETTING,
    unit=_("items"),
    window=_("The chosen period up to the as-of day, by day or by ISO week, Monday first."),
    exclusions=_("Sub-items, cancelled and deleted items, epics and features."),
    edge_rules=(
        _("Empty days and weeks are zeros."),
        _("A re-opened item leaves its old day at once and counts on its last finish."),
    ),
    above_teams=_("Items add up: each counts once, in the team that had it at its finish, as the tree stood that day."),
    source=_("Kanban Guide; D. Vacanti, Actionable Agile Metrics"),
)

STARTED: Final = Metric(
    code="started",
    name=_("Started"),
    question=_("Is more begun than finished?"),
    formula=_(
        "Number of items whose first entry into a started column falls into the window, beside those finished in it. "
        "More started than finished means that work piles up."
    ),
    settings=_START_AND_FINISH,
    unit=_("items"),
    window=_("The chosen period up to the as-of day."),
    exclusions=_("As throughput."),
    edge_rules=(_("An item finished without ever entering a started column was never started."),),
    above_teams=_("Items add up: each counts in the team that had it at its start."),
    source=_("Kanban Guide"),
)

WIP: Final = Metric(
    code="wip",
    name=_("Work in progress"),
    question=_("How much is open at once?"),
    formula=_("Number of items started and not finished at the end of the as-of day."),
    settings=_START_AND_FINISH,
    unit=_("items"),
    window=_("The as-of day; the line shows the end of every day of the period."),
    exclusions=_("Sub-items, deleted items, items moved back to the backlog, epics and features."),
    edge_rules=(
        _("Blocked items count."),
        _("An item that moves back to the backlog is not in progress while it is there."),
    ),
    above_teams=_("Items add up over the teams that belonged to the unit on that day."),
    source=_("Kanban Guide"),
)

AGING_WIP: Final = Metric(
    code="aging_wip",
    name=_("Ageing work"),
    question=_("Which open item is already older than most finished ones became?"),
    formula=_(
        "Age = as-of day - start day + 1, per open item, by the column it is in, against the 50, 70, 85 and 95 % "
        "percentiles of the cycle times of the period."
    ),
    settings=_START_AND_FINISH,
    unit=_("days"),
    window=_("Open items at the end of the as-of day; percentiles of the items finished in the period."),
    exclusions=_("As work in progress; for the percentiles as cycle time."),
    edge_rules=(
        _("The first start counts, also after a stay in the backlog."),
        _("Below 10 finished items there are ages and no bands."),
    ),
    above_teams=_("The same for the items of all teams, by state category instead of column: boards differ."),
    source=_("D. Vacanti, Actionable Agile Metrics"),
)

CYCLE_TIME: Final = Metric(
    code="cycle_time",
    name=_("Cycle time"),
    question=_("How long does an item take once it is started?"),
    formula=_(
        "Finish day - start day + 1, in calendar days, so the same day is one day. The first entry into a started "
        "column and the last finish count. Shown as the days that 50 % and 85 % of the items did not exceed, by "
        "linear interpolation between closest ranks; never as a mean."
    ),
    settings=_START_FINISH_DAYS,
    unit=_("days"),
    window=_("Items finished in the chosen period up to the as-of day."),
    exclusions=_(
        "Items that never entered a started column (their share is shown as 'start not seen'), cancelled and "
        "deleted items, sub-items, and data errors (finished before created). Fewer than 10 items: not enough data."
    ),
    edge_rules=(
        _("Re-opened: the first start and the last finish count."),
        _("Moved back to the backlog and started again: the first start counts."),
    ),
    above_teams=_("Percentiles are computed anew from all items of the teams; they are never averaged."),
    source=_("Kanban Guide; D. Vacanti, Actionable Agile Metrics"),
)

LEAD_TIME: Final = Metric(
    code="lead_time",
    name=_("Lead time"),
    question=_("How long does somebody wait from the wish to its fulfilment?"),
    formula=_("Finish day - day of creation + 1, in calendar days. Shown as percentiles, like cycle time."),
    settings=_("Calendar days, or working days of the team's calendar where the page offers them."),
    unit=_("days"),
    window=_("Items finished in the chosen period up to the as-of day."),
    exclusions=_("As throughput, and data errors (finished before created). Fewer than 10 items: not enough data."),
    edge_rules=(_("Imported items were created when their tracker says so."),),
    above_teams=_("Percentiles are computed anew from all items of the teams; they are never averaged."),
    source=_("Kanban practice"),
)

PERCENTILES: Final = Metric(
    code="percentiles",
    name=_("Percentiles"),
    question=_("Within how many days are most items done?"),
    formula=_(
        "The value that 50, 70, 85 or 95 % of the items do not exceed: linear interpolation between closest ranks, "
        "rank = share x (n - 1), counted from zero."
    ),
    settings=_START_FINISH_DAYS,
    unit=_("days"),
    window=_("Items finished in the chosen period up to the as-of day."),
    exclusions=_("As cycle time."),
    edge_rules=(
        _("Fewer than 10 items: not enough data."),
        _("The mean is never the headline: one old item would move it."),
    ),
    above_teams=_("Computed anew from all items; never averaged."),
    source=_("percentile_cont of the SQL standard; PERCENTILE.INC of spreadsheets"),
)

START_NOT_SEEN: Final = Metric(
    code="start_not_seen",
    name=_("Start not seen"),
    question=_("For how many finished items is the start unknown?"),
    formula=_(
        "Finished items that never entered a started column, divided by all finished items of the window. Their "
        "finish stands for their start."
    ),
    settings=_START_AND_FINISH,
    unit=_("share of finished items"),
    window=_("Items finished in the chosen period up to the as-of day."),
    exclusions=_("As throughput."),
    above_teams=_("Both counts add up; the share is computed from the sums."),
    source=_("The portal's own rule: a percentile over half the items must say so"),
)

CUMULATIVE_FLOW: Final = Metric(
    code="cumulative_flow",
    name=_("Cumulative flow"),
    question=_("Does work flow through the columns, or does it pile up before one?"),
    formula=_(
        "Per day and column: items that had entered that column, or a later one, by its end. The vertical gap between "
        "two lines is what is in between; the gap below the first started column is work in progress."
    ),
    settings=_("The columns of the team's board as they are now."),
    unit=_("items"),
    window=_("Every day of the period; items of before are in the first day."),
    exclusions=_("Sub-items and deleted items, epics and features."),
    edge_rules=(
        _("Lines never fall: an item that moves back or is re-opened keeps its first entries; their share is named."),
        _("A skipped column counts as entered together with the next one."),
        _("Cancelled items stay where they were."),
        _("A state that is no longer on the board counts as the first column of its category."),
    ),
    above_teams=_("By state category instead of column: boards differ."),
    source=_("D. Vacanti, Actionable Agile Metrics"),
)

FLOW_EFFICIENCY: Final = Metric(
    code="flow_efficiency",
    name=_("Flow efficiency"),
    question=_("How much of the time is work worked on, and how much does it wait?"),
    formula=_(
        "Active time / (active + waiting time) of the finished items, from the sums over all items; never the mean of "
        "the items' ratios."
    ),
    settings=_("Which columns are active and which wait is their category; blocked time waits."),
    unit=_("share of the time between start and finish"),
    window=_("Items finished in the chosen period up to the as-of day."),
    exclusions=_("As cycle time: an item whose start was not seen has no time between start and finish."),
    edge_rules=(_("Nights and weekends run in both parts."), _("A stay in the backlog counts in neither.")),
    above_teams=_("Active and waiting time add up; the ratio is computed from the sums."),
    source=_("N. Modig, P. Åhlström, This is Lean; SAFe flow metrics"),
)

BLOCKED_TIME: Final = Metric(
    code="blocked_time",
    name=_("Blocked time"),
    question=_("How long was work stopped by something?"),
    formula=_("Total time an item was flagged as blocked while it was in a started column."),
    settings=_START_AND_FINISH,
    unit=_("days of 24 hours"),
    window=_("Items finished in the chosen period up to the as-of day; for open items up to now."),
    exclusions=_("As throughput. A flag in the backlog, or after the finish, blocks nothing."),
    edge_rules=(_("A flag that is never cleared runs until the finish, or until now."),),
    above_teams=_("Times add up; shares are computed from the sums."),
    source=_("Kanban practice"),
)

TIME_IN_COLUMN: Final = Metric(
    code="time_in_column",
    name=_("Time in column"),
    question=_("In which column does work spend its time?"),
    formula=_(
        "Per column: the time that the finished items of the period spent in it, all their stays together, as the time "
        "that 50 % and 85 % of them did not exceed."
    ),
    settings=_("The columns of the team's board as they are now."),
    unit=_("days of 24 hours"),
    window=_("Items finished in the chosen period up to the as-of day; all of their stays, also before it."),
    exclusions=_("As throughput; the backlog and done columns. Items that skipped a column are not in its figures."),
    edge_rules=(_("A column that a re-opened item enters again adds its second stay."),),
    above_teams=_("By state category instead of column: boards differ."),
    source=_("Kanban practice"),
)

LITTLES_LAW: Final = Metric(
    code="littles_law",
    name=_("Little's law"),
    question=_("Do work in progress, throughput and cycle time fit together?"),
    formula=_(
        "Average work in progress of the period, beside throughput a day x average cycle time. In a steady system "
        "both are equal."
    ),
    settings=_START_FINISH_DAYS,
    unit=_("items"),
    window=_("The chosen period up to the as-of day."),
    exclusions=_("As cycle time."),
    edge_rules=(
        _("A check, never a forecast: it holds over long periods in which as much leaves as arrives."),
        _("Items that are never finished, or go back to the backlog, break it; then the two numbers differ."),
        _("Fewer than 10 finished items with a cycle time: not checked."),
    ),
    above_teams=_("From the sums of the teams."),
    source=_("J. D. C. Little, A Proof for the Queuing Formula L = λW"),
)
