"""How programs and portfolios are going: SAFe's flow metrics, progress of epics and features, alignment to themes."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from metrics.definitions.metric import Metric

_BY_TYPE = _("By type of item: story, bug, task, spike.")
_SAFE = _("SAFe flow metrics")
_PERIOD = _("Items finished in the chosen period up to the as-of day.")
_ADD_UP = _("Items add up over the teams, as the tree stood on each day.")

FLOW_DISTRIBUTION: Final = Metric(
    code="flow_distribution",
    name=_("Flow distribution"),
    question=_("What kind of work does the time go into?"),
    formula=_("Finished items of each type, divided by all finished items of the period."),
    settings=_BY_TYPE,
    unit=_("share of finished items"),
    window=_PERIOD,
    exclusions=_("As throughput."),
    edge_rules=(_("An item that changes its type counts, with all its history, as its present type."),),
    above_teams=_("Shares are computed from the sums."),
    source=_SAFE,
)

FLOW_VELOCITY: Final = Metric(
    code="flow_velocity",
    name=_("Flow velocity"),
    question=_("How much gets finished, by type?"),
    formula=_("Throughput of the period: finished items, by type and ISO week. Items, never points."),
    settings=_BY_TYPE,
    unit=_("items"),
    window=_PERIOD,
    exclusions=_("As throughput."),
    edge_rules=(_("Empty weeks are zeros."),),
    above_teams=_ADD_UP,
    source=_SAFE,
)

FLOW_TIME: Final = Metric(
    code="flow_time",
    name=_("Flow time"),
    question=_("How long does work take from its start to its finish, by type?"),
    formula=_("Cycle time of the finished items of each type, as the days that 50 % and 85 % did not exceed."),
    settings=_("As cycle time, by type of item."),
    unit=_("days"),
    window=_PERIOD,
    exclusions=_("As cycle time. Fewer than 10 items of a type: not enough data."),
    above_teams=_("Percentiles are computed anew from all items; never averaged."),
    source=_SAFE,
)

FLOW_LOAD: Final = Metric(
    code="flow_load",
    name=_("Flow load"),
    question=_("How much is in progress at once, by type?"),
    formula=_("Work in progress at the end of the as-of day, by type."),
    settings=_("As work in progress, by type of item."),
    unit=_("items"),
    window=_("The as-of day; the line shows the end of every day of the period."),
    exclusions=_("As work in progress."),
    above_teams=_ADD_UP,
    source=_SAFE,
)

FLOW_PREDICTABILITY: Final = Metric(
    code="flow_predictability",
    name=_("Flow predictability"),
    question=_("Do the teams deliver what they commit to?"),
    formula=_(
        "Of all items committed in the sprints that closed in the period, the share that was completed in its sprint."
    ),
    settings=_("Of items: points of different teams are not one unit."),
    unit=_("share of committed items"),
    window=_("Sprints closed in the chosen period up to the as-of day."),
    exclusions=_("Items added after the start of their sprint; teams that do not work in sprints."),
    edge_rules=(_("Nothing committed: no ratio."), _("A closed sprint is frozen.")),
    above_teams=_("From the sums over all sprints; never the mean of the teams' ratios."),
    source=_("SAFe flow metrics; by sprint's commitment"),
)

PI_PREDICTABILITY: Final = Metric(
    code="pi_predictability",
    name=_("PI predictability"),
    question=_("Does a program deliver the value it promises for an increment?"),
    formula=_("The actual business value of all objectives / the planned business value of the committed ones."),
    settings=_("Values from 1 to 10 planned and 0 to 10 actual, said by the business owners."),
    unit=_("share of the promised value"),
    window=_("One program increment."),
    exclusions=_("The planned value of uncommitted objectives: it was never promised. What they brought counts."),
    edge_rules=(
        _("80 to 100 % is healthy; more says that less was promised than could be done."),
        _("No committed objective, or none scored yet: no ratio."),
        _("An objective without a score counts 0 and is counted beside the number."),
        _("The number without what uncommitted objectives brought stands beside it."),
    ),
    above_teams=_(
        "From the sums over the teams that stood below the unit when the increment ended; never the mean of ratios."
    ),
    source=_("SAFe program predictability measure"),
)

EPIC_PROGRESS: Final = Metric(
    code="epic_progress",
    name=_("Progress of an epic or a feature"),
    question=_("How far is it?"),
    formula=_(
        "Finished items / all items of the feature, or of all features of the epic. By points as well where every "
        "contributing team declares the same scale."
    ),
    settings=_("By number of items, or by points."),
    unit=_("share of its items"),
    window=_("The as-of day."),
    exclusions=_("Sub-items, cancelled and deleted items."),
    edge_rules=(
        _("No item yet: no share; the features without items are counted beside it."),
        _("Items without an estimate count 0 points and are counted beside it."),
        _("Items added later lower the share; the burn-up shows both lines."),
    ),
    above_teams=_("From the sums over the teams' items; never the mean of the features' shares."),
    source=_("The portal's own rule"),
)

EPIC_LEAD_TIME: Final = Metric(
    code="epic_lead_time",
    name=_("Lead time of epics"),
    question=_("How long do epics take through the portfolio kanban, and where do they wait?"),
    formula=_(
        "Days from the creation of an epic to its finish, and per state the days that finished epics spent in it; as "
        "percentiles."
    ),
    settings=_("The states of the portfolio kanban as they are now."),
    unit=_("days"),
    window=_("Epics finished in the chosen period up to the as-of day."),
    exclusions=_("Cancelled and deleted epics. Fewer than 10 epics: not enough data for percentiles; they are listed."),
    edge_rules=(_("Re-opened: the last finish counts."),),
    above_teams=_("Epics belong to portfolios; nothing is added up."),
    source=_("Kanban practice"),
)

ALIGNMENT: Final = Metric(
    code="alignment",
    name=_("Alignment to themes"),
    question=_("Which themes does the finished work serve?"),
    formula=_(
        "Each finished item counts for the themes of its epic, by the share with which the epic is aligned to each; "
        "summed by theme and divided by all finished items."
    ),
    settings=_("The shares of alignment as they are now."),
    unit=_("share of finished items"),
    window=_PERIOD,
    exclusions=_("As throughput."),
    edge_rules=(_("What an epic leaves of its 100 % is unaligned."),),
    above_teams=_("Computed from the sums."),
    source=_("The portal's own rule"),
)

UNALIGNED: Final = Metric(
    code="unaligned",
    name=_("Unaligned work"),
    question=_("How much of the work serves no theme?"),
    formula=_(
        "Finished items without a feature, whose feature has no epic, or whose epic has no theme, and the unaligned "
        "part of all others; divided by all finished items."
    ),
    settings=_("The shares of alignment as they are now."),
    unit=_("share of finished items"),
    window=_PERIOD,
    exclusions=_("As throughput."),
    above_teams=_("Computed from the sums; it is shown beside the themes, never left out."),
    source=_("The portal's own rule"),
)

DATA_QUALITY: Final = Metric(
    code="data_quality",
    name=_("Data quality"),
    question=_("How far can the numbers of this team be trusted?"),
    formula=_("Share of the items looked at that pass each check; the score is the mean over the checks that apply."),
    settings=_(
        "Checks: an estimate, moved lately, belongs to a feature, in a state whose meaning is known, start seen, "
        "has somebody who works on it."
    ),
    unit=_("share of items"),
    window=_("Open items of the as-of day; for 'start seen' the items finished in the period."),
    exclusions=_("Sub-items, cancelled and deleted items."),
    edge_rules=(_("A check without any item to look at does not count."),),
    above_teams=_("Items add up; the score is computed from the sums."),
    source=_("The portal's own rule"),
)
