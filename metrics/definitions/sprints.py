"""What sprints promise and keep. A closed sprint keeps what it knew at its close, whatever happens later."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from metrics.definitions.metric import Metric

_NOT_ABOVE = _("Not shown in points: the points of two teams are not one unit. Shares are of items.")
_POINTS_OR_ITEMS = _("By points, or by number of items; teams that do not estimate have items only.")
_ONE_SPRINT = _("From the start of the sprint to its completion, or to now while it runs.")
_CLOSED = _("A closed sprint is frozen as it was at its completion.")
_SUB_ITEMS = _("Sub-items and deleted items.")

VELOCITY: Final = Metric(
    code="velocity",
    name=_("Velocity"),
    question=_("How much does the team finish in a sprint, in its own points?"),
    formula=_(
        "Mean of the last 3 to 6 closed sprints, with the lowest and the highest. A sprint's velocity is the sum of "
        "the estimates of the items finished when it was completed: all or nothing, estimates as at the finish."
    ),
    settings=_POINTS_OR_ITEMS,
    unit=_("points a sprint"),
    window=_("The last six sprints closed up to the as-of day; a closed sprint is frozen."),
    exclusions=_(
        "Items finished before the sprint started, items finished again after re-opening, sub-items. Items without "
        "an estimate count 0 and are listed. Fewer than 3 closed sprints: not enough data."
    ),
    edge_rules=(
        _("An item counts in the sprint in which it first finished."),
        _("Re-opened and finished in a later sprint it is shown there as 'finished again', outside velocity."),
        _("Unfinished work gives no partial credit."),
    ),
    above_teams=_("Not shown: the points of two teams are not one unit."),
    source=_("Scrum practice; the sprint's own record at its close"),
)

COMMITMENT: Final = Metric(
    code="commitment",
    name=_("Commitment"),
    question=_("What did the team set out to do in this sprint?"),
    formula=_("Sum of the estimates, as at the start of the sprint, of the items that were in it then."),
    settings=_POINTS_OR_ITEMS,
    unit=_("points, or items"),
    window=_("The moment at which the sprint started."),
    exclusions=_SUB_ITEMS,
    edge_rules=(
        _("A later estimate does not change the commitment."),
        _("Items without an estimate count 0 points and are listed."),
        _CLOSED,
    ),
    above_teams=_NOT_ABOVE,
    source=_("Scrum practice"),
)

SCOPE_CHANGE: Final = Metric(
    code="scope_change",
    name=_("Scope change"),
    question=_("What came into the sprint, left it, or changed its size after the start?"),
    formula=_("Each item added, removed or estimated anew after the start, with the change of the sprint's sum."),
    settings=_POINTS_OR_ITEMS,
    unit=_("points, or items"),
    window=_ONE_SPRINT,
    exclusions=_SUB_ITEMS,
    edge_rules=(
        _("Removed and put back: both changes are shown."),
        _("Where something happened at the very start, it is the commitment and no change."),
        _CLOSED,
    ),
    above_teams=_NOT_ABOVE,
    source=_("Scrum practice"),
)

CARRY_OVER: Final = Metric(
    code="carry_over",
    name=_("Carried over"),
    question=_("What was in the sprint at its completion and not finished?"),
    formula=_("Items in the sprint at its completion that were neither done nor cancelled then."),
    settings=_POINTS_OR_ITEMS,
    unit=_("items, and their points"),
    window=_("The moment of completion."),
    exclusions=_("Sub-items, deleted and cancelled items; items taken out of the sprint before."),
    edge_rules=(_("An item carried over twice counts once in each of the two sprints."), _CLOSED),
    above_teams=_("Items add up."),
    source=_("Scrum practice"),
)

BURNDOWN: Final = Metric(
    code="burndown",
    name=_("Sprint burndown"),
    question=_("How much is left, and would an even pace get it done in time?"),
    formula=_(
        "What is in the sprint and not done, after every change and at the end of every local day, from the start to "
        "the real completion. The guideline falls from what was left at the start to zero at the planned end, over the "
        "working days of the team's calendar."
    ),
    settings=_POINTS_OR_ITEMS,
    unit=_("points, or items"),
    window=_ONE_SPRINT,
    exclusions=_("Sub-items, cancelled and deleted items. Items without an estimate count 0 points and are listed."),
    edge_rules=(
        _("A re-opened item raises the line, and so do items that are added or estimated higher."),
        _("The line shows work still open with the estimate it has then."),
        _("An item done before the sprint began was never left in it."),
        _CLOSED,
    ),
    above_teams=_("Not shown: a burndown belongs to one team's sprint."),
    source=_("Scrum practice"),
)

BURNUP: Final = Metric(
    code="burnup",
    name=_("Sprint burnup"),
    question=_("How much is done of how much, and did the goal posts move?"),
    formula=_(
        "Two lines after every change and at the end of every local day: what is done, and everything that is in the "
        "sprint (its scope). The distance between them is what is left."
    ),
    settings=_POINTS_OR_ITEMS,
    unit=_("points, or items"),
    window=_ONE_SPRINT,
    exclusions=_("Sub-items, cancelled and deleted items, and items done before the sprint began."),
    edge_rules=(_("A re-opened item lowers what is done; the scope stays."), _CLOSED),
    above_teams=_("Not shown: a burnup belongs to one team's sprint."),
    source=_("Scrum practice"),
)

SAY_DO: Final = Metric(
    code="say_do",
    name=_("Say/do"),
    question=_("How much of what was promised was kept?"),
    formula=_("Committed and completed / committed, with the estimates of the start."),
    settings=_POINTS_OR_ITEMS,
    unit=_("share of the commitment"),
    window=_("One closed sprint; over time, the closed sprints of the period."),
    exclusions=_("Items that were added after the start, whether they were completed or not."),
    edge_rules=(_("Nothing committed: no ratio."), _CLOSED),
    above_teams=_("Of items, from the sums over the teams' sprints; never the mean of their ratios."),
    source=_("Scrum practice"),
)
