"""Charts of sprints: burndown and burnup of one, velocity and say/do of a team's last ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metrics.calculations.burn import Amount, BurnKind, BurnStep, at_day_ends
from metrics.calculations.series import Velocity
from metrics.charts.chart import Axis, Band, Cell, Chart, Kind, Mark, Point, Scale, Series, on_labels
from metrics.definitions import BURNDOWN, BURNUP, SAY_DO, VELOCITY
from metrics.selectors.sprint_charts import NamedItem, SprintRecord
from metrics.sprint_lines import SprintLines
from pmo_portal.lib.format import NOTHING as NO_VALUE
from pmo_portal.lib.format import moment, number, points, ratio
from pmo_portal.lib.windows import day_start, local_day, portal_zone


def kind_words(kind: BurnKind) -> str:
    """What moved the lines, in a word."""
    return {
        BurnKind.START: _("Start"),
        BurnKind.ADDED: _("Added"),
        BurnKind.REMOVED: _("Removed"),
        BurnKind.REESTIMATED: _("Estimated anew"),
        BurnKind.DONE: _("Done"),
        BurnKind.REOPENED: _("Re-opened"),
        BurnKind.CANCELLED: _("Cancelled"),
        BurnKind.REINSTATED: _("Taken up again"),
    }[kind]


def burndown_chart(lines: SprintLines, names: Mapping[int, NamedItem], *, in_points: bool, as_of: str = "") -> Chart:
    """What was left after every change and at the end of every day, beside the even pace."""
    start, end = _value(lines.steps[0].remaining, in_points), _value(lines.steps[-1].remaining, in_points)
    reopened = sum(step.kind is BurnKind.REOPENED for step in lines.steps)
    summary = _("From %(start)s to %(end)s left.") % {"start": _said(start, in_points), "end": _said(end, in_points)}
    if reopened:
        summary += " " + ngettext(
            "%(n)s item was re-opened and raised the line.", "%(n)s items were re-opened and raised the line.", reopened
        ) % {"n": number(reopened)}
    told = _told(lines, names)
    left = Series(
        _("Left"),
        Kind.LINE,
        [Point(each.wall, _value(each.step.remaining, in_points), name=each.name) for each in told],
        is_step=True,
    )
    return Chart(
        code="burndown",
        title=_("Burndown"),
        summary=summary,
        x=Axis(_("When"), Scale.DAYS),
        y=_axis(in_points),
        series=[*_guide(lines, start, in_points), left],
        metric=BURNDOWN,
        as_of=as_of,
        note=_note(lines),
        empty=_empty(lines),
        head=(_("When"), _("What"), _("Item"), _("Left")),
        rows=[[*each.cells, _amount_cell(each.step.remaining, in_points)] for each in told],
    )


def burnup_chart(lines: SprintLines, names: Mapping[int, NamedItem], *, in_points: bool, as_of: str = "") -> Chart:
    """What was done, and everything that was in the sprint."""
    told = _told(lines, names)
    first, last = lines.steps[0], lines.steps[-1]
    summary = _("%(done)s of %(scope)s done. The scope was %(start)s at the start.") % {
        "done": _said(_value(last.done, in_points), in_points),
        "scope": _said(_value(last.scope, in_points), in_points),
        "start": _said(_value(first.scope, in_points), in_points),
    }
    return Chart(
        code="burnup",
        title=_("Burnup"),
        summary=summary,
        x=Axis(_("When"), Scale.DAYS),
        y=_axis(in_points),
        series=[
            Series(
                _("Scope"),
                Kind.LINE,
                [Point(each.wall, _value(each.step.scope, in_points), name=each.name) for each in told],
                tone="quiet",
                is_step=True,
            ),
            Series(
                _("Done"),
                Kind.LINE,
                [Point(each.wall, _value(each.step.done, in_points), name=each.name) for each in told],
                tone="good",
                is_step=True,
            ),
        ],
        metric=BURNUP,
        as_of=as_of,
        note=_note(lines),
        empty=_empty(lines),
        head=(_("When"), _("What"), _("Item"), _("Done"), _("Scope")),
        rows=[
            [*each.cells, _amount_cell(each.step.done, in_points), _amount_cell(each.step.scope, in_points)]
            for each in told
        ],
    )


def velocity_chart(
    records: Sequence[SprintRecord], velocity: Velocity, *, in_points: bool, urls: Sequence[str] = ()
) -> Chart:
    """Planned and completed by sprint, with the range of the last ones; what else became of the work in the table."""

    def bars(name: str, amounts: Sequence[Amount], tone: str = "", stack: str = "") -> Series:
        return Series(
            name, Kind.BAR, on_labels([_value(each, in_points) for each in amounts], urls), tone=tone, stack=stack
        )

    if velocity.mean is None or velocity.low is None or velocity.high is None:
        summary = ngettext(
            "%(n)s closed sprint: not enough data for a velocity, which takes 3.",
            "%(n)s closed sprints: not enough data for a velocity, which takes 3.",
            velocity.sprint_count,
        ) % {"n": velocity.sprint_count}
        marks, bands = [], []
    else:
        summary = _("Velocity %(mean)s a sprint, from %(low)s to %(high)s, over the last %(n)s closed sprints.") % {
            "mean": _said(float(velocity.mean), in_points),
            "low": points(velocity.low),
            "high": points(velocity.high),
            "n": velocity.sprint_count,
        }
        marks = [Mark(float(velocity.mean), _("velocity %(mean)s") % {"mean": points(velocity.mean)})]
        bands = [Band(float(velocity.low), float(velocity.high), "", "accent")]
    unestimated = sum(record.unestimated_count for record in records)
    note = ""
    if in_points and unestimated:
        note = ngettext(
            "%(n)s completed item had no estimate and counts 0.",
            "%(n)s completed items had no estimate and count 0.",
            unestimated,
        ) % {"n": number(unestimated)}
    return Chart(
        code="velocity",
        title=_("Velocity"),
        summary=summary,
        x=Axis(_("Sprint"), Scale.LABELS, [record.name for record in records]),
        y=_axis(in_points),
        series=[
            bars(_("Planned"), [record.committed for record in records], "quiet"),
            bars(_("Completed"), [record.completed for record in records], "good", "done"),
            bars(_("Completed outside the sprint"), [record.outside for record in records], "info", "done"),
            bars(_("Finished again"), [record.again for record in records], "violet", "done"),
            bars(_("Not completed"), [record.not_completed for record in records], "warn"),
        ],
        marks=marks,
        bands=bands,
        metric=VELOCITY,
        sample=_sample(records),
        note=note,
        empty="" if records else _("No sprint was closed yet."),
        advice=_("The first bar comes with the first close, the velocity with the third."),
        height=280,
    )


def say_do_chart(records: Sequence[SprintRecord], *, in_points: bool, urls: Sequence[str] = ()) -> Chart:
    """How much of each sprint's commitment was kept."""
    ratios = [record.say_do_ratio(in_points=in_points) for record in records]
    known = [each for each in ratios if each is not None]
    if len(known) == 1:
        summary = _("%(kept)s of the commitment was kept.") % {"kept": ratio(known[0])}
    elif known and min(known) == max(known):
        summary = _("%(kept)s of the commitment was kept in every sprint.") % {"kept": ratio(known[0])}
    elif known:
        summary = _("Between %(low)s and %(high)s of the commitment was kept; %(last)s in the last sprint.") % {
            "low": ratio(min(known)),
            "high": ratio(max(known)),
            "last": ratio(ratios[-1]),
        }
    elif records:
        summary = _("Nothing was committed in these sprints.")
    else:
        summary = _("No sprint was closed yet.")
    return Chart(
        code="say_do",
        title=_("Say/do"),
        summary=summary,
        x=Axis(_("Sprint"), Scale.LABELS, [record.name for record in records]),
        y=Axis(_("Kept of the commitment"), is_ratio=True),
        series=[Series(_("Kept"), Kind.BAR, on_labels(ratios, urls))],
        marks=[Mark(1, _("all"))],
        metric=SAY_DO,
        sample=_sample(records),
        empty="" if known else summary,
        advice="" if records else _("It shows how much of a sprint's commitment was kept, from the first close on."),
    )


def _value(amount: Amount, in_points: bool) -> float | int:
    return float(amount.points) if in_points else amount.items


def _said(value: float, in_points: bool) -> str:
    """An amount with its unit."""
    if in_points:
        return ngettext("%(n)s point", "%(n)s points", 1 if value == 1 else 2) % {"n": points(value)}
    return ngettext("%(n)s item", "%(n)s items", 1 if value == 1 else 2) % {"n": points(value)}


def _axis(in_points: bool) -> Axis:
    return Axis(_("Points")) if in_points else Axis(_("Items"))


def _sample(records: Sequence[SprintRecord]) -> str:
    return ngettext("%(n)s closed sprint", "%(n)s closed sprints", len(records)) % {"n": len(records)}


def _note(lines: SprintLines) -> str:
    return _("As it was read at its completion; later changes leave it alone.") if lines.is_frozen else ""


def _empty(lines: SprintLines) -> str:
    return "" if any(step.scope.items for step in lines.steps) else _("Nothing was in this sprint.")


def _wall(at: datetime) -> datetime:
    """A moment as the clock of the portal showed it: every browser draws it there, whatever its own zone."""
    return at.astimezone(portal_zone()).replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class _Told:
    """A point of the lines: when it was by the portal's clock, how the sprint stood, what happened to which item."""

    wall: datetime
    at: datetime
    step: BurnStep
    what: str
    item: NamedItem | None

    @property
    def name(self) -> str:
        return f"{moment(self.at)}: {self.what} {self.item.key if self.item else ''}".rstrip()

    @property
    def cells(self) -> list[Cell]:
        key = self.item.key if self.item else ""
        url = reverse("teams:item_detail", args=[key]) if key else ""
        return [
            Cell(self.at.isoformat(timespec="seconds"), moment(self.at), is_number=False),
            Cell(self.what, self.what, is_number=False),
            Cell(key, key or NO_VALUE, url, is_number=False),
        ]


def _told(lines: SprintLines, names: Mapping[int, NamedItem]) -> list[_Told]:
    """Every change and every day's end, in the order of time."""
    told = [
        (step.at, step, kind_words(step.kind), names.get(step.item_id) if step.item_id else None)
        for step in lines.steps
    ]
    ends = []
    day = local_day(lines.began_at)
    while (end := day_start(day + timedelta(days=1))) < lines.until:
        ends.append(end)
        day += timedelta(days=1)
    told += [
        (end, step, _("End of the day"), None) for end, step in zip(ends, at_day_ends(lines.steps, ends), strict=True)
    ]
    told.append((lines.until, lines.steps[-1], _("As it stands"), None))
    result: list[_Told] = []
    for at, step, what, item in sorted(told, key=lambda each: each[0]):
        wall = _wall(at)
        if result and wall <= result[-1].wall:
            # Two changes of one moment are two points; the later one is what the line shows.
            wall = result[-1].wall + timedelta(milliseconds=1)
        result.append(_Told(wall, at, step, what, item))
    return result


def _amount_cell(amount: Amount, in_points: bool) -> Cell:
    value = _value(amount, in_points)
    return Cell(value, points(value))


def _guide(lines: SprintLines, start: float, in_points: bool) -> list[Series]:
    """The even pace from what was left at the start, over working days; nothing without a planned end."""
    if not lines.guide or not start:
        return []
    points_of = [
        Point(
            _wall(lines.began_at if at == 0 else day_start(each.at + timedelta(days=1))),
            round(start * each.left_ratio, 2),
        )
        for at, each in enumerate(lines.guide)
    ]
    return [Series(_("Even pace"), Kind.LINE, points_of, tone="quiet", is_dashed=True, in_table=False)]
