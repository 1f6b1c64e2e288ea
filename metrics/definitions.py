"""What each number means, said once: tiles, lists, exports, docs/metrics.md and tests read it here.

A changed formula raises the metric's version and needs an ADR.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: the question it answers, how, over what, and what it leaves out."""

    code: str
    name: _StrPromise
    question: _StrPromise
    formula: _StrPromise
    unit: _StrPromise
    window: _StrPromise
    exclusions: _StrPromise
    above_teams: _StrPromise
    source: _StrPromise
    version: int = 1


THROUGHPUT: Final = Metric(
    code="throughput",
    name=_("Throughput"),
    question=_("How much gets finished?"),
    formula=_(
        "Number of items whose finish falls into the window. Finish is the last move from unfinished to done; a move "
        "inside done changes nothing. A re-opened item leaves its old day at once and counts on its last finish."
    ),
    unit=_("items"),
    window=_("The chosen weeks up to the as-of day; by ISO week, Monday first. Empty weeks are zeros."),
    exclusions=_("Sub-items, cancelled and deleted items, epics and features."),
    above_teams=_("Items add up: each counts once, in the team that had it at its finish, as the tree stood that day."),
    source=_("Kanban Guide; D. Vacanti, Actionable Agile Metrics"),
)

WIP: Final = Metric(
    code="wip",
    name=_("Work in progress"),
    question=_("How much is open at once?"),
    formula=_(
        "Number of items started and not finished at the end of the as-of day. Started means in a column from "
        "committed to waiting, or from active on where the team says so. Blocked items count."
    ),
    unit=_("items"),
    window=_("The as-of day; the line shows the end of every day of the window."),
    exclusions=_("Sub-items, deleted items, items moved back to the backlog, epics and features."),
    above_teams=_("Items add up over the teams that belonged to the unit on that day."),
    source=_("Kanban Guide"),
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
    unit=_("days"),
    window=_("Items finished in the chosen weeks up to the as-of day."),
    exclusions=_(
        "Items that never entered a started column (their share is shown as 'start not seen'), cancelled and "
        "deleted items, sub-items, and data errors (finished before created). Fewer than 10 items: not enough data."
    ),
    above_teams=_("Percentiles are computed anew from all items of the teams; they are never averaged."),
    source=_("Kanban Guide; D. Vacanti, Actionable Agile Metrics"),
)

VELOCITY: Final = Metric(
    code="velocity",
    name=_("Velocity"),
    question=_("How much does the team finish in a sprint, in its own points?"),
    formula=_(
        "Mean of the last 3 to 6 closed sprints, with the lowest and the highest. A sprint's velocity is the sum of "
        "the estimates of the items finished when it was completed: all or nothing, estimates as at the finish."
    ),
    unit=_("points a sprint"),
    window=_("The last six sprints closed up to the as-of day; a closed sprint is frozen."),
    exclusions=_(
        "Items finished before the sprint started, items finished again after re-opening, sub-items. Items without "
        "an estimate count 0 and are listed. Fewer than 3 closed sprints: not enough data."
    ),
    above_teams=_("Not shown: the points of two teams are not one unit."),
    source=_("Scrum practice; the sprint's own record at its close"),
)

START_NOT_SEEN: Final = Metric(
    code="start_not_seen",
    name=_("Start not seen"),
    question=_("For how many finished items is the start unknown?"),
    formula=_(
        "Finished items that never entered a started column, divided by all finished items of the window. Their "
        "finish stands for their start."
    ),
    unit=_("share of finished items"),
    window=_("Items finished in the chosen weeks up to the as-of day."),
    exclusions=_("As throughput."),
    above_teams=_("Both counts add up; the share is computed from the sums."),
    source=_("The portal's own rule: a percentile over half the items must say so"),
)

STARTED: Final = Metric(
    code="started",
    name=_("Started"),
    question=_("Is more begun than finished?"),
    formula=_(
        "Number of items whose first entry into a started column falls into the window, beside those finished in it. "
        "More started than finished means that work piles up."
    ),
    unit=_("items"),
    window=_("The chosen weeks up to the as-of day."),
    exclusions=_("As throughput. An item finished without ever entering a started column was never started."),
    above_teams=_("Items add up: each counts in the team that had it at its start."),
    source=_("Kanban Guide"),
)

METRICS: Final = {metric.code: metric for metric in (THROUGHPUT, WIP, CYCLE_TIME, VELOCITY, STARTED, START_NOT_SEEN)}
