"""A number as a tile: with its comparison, its source and the rows behind it, in words ready to show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metrics.calculations.series import compare
from metrics.charts import bucketed
from metrics.definition_links import definition_url
from metrics.definitions import CYCLE_TIME, STARTED, THROUGHPUT, VELOCITY, WIP, Metric
from metrics.selectors.numbers import UnitNumbers
from metrics.selectors.selection import Selection
from metrics.selectors.words import stretch_words, than_flow, than_stock
from organization.models import Unit, UnitKind
from pmo_portal.lib.format import day as format_day
from pmo_portal.lib.format import days as format_days
from pmo_portal.lib.format import moment, number, points, ratio

STALE_SECONDS: Final = 60
"""A change that waits longer than this makes a number old."""


@dataclass(frozen=True, slots=True)
class Tile:
    """What components/stat_tile.html shows."""

    code: str
    metric: Metric
    value: str = ""
    unit: str = ""
    none_reason: str = ""
    trend_word: str = ""
    trend_rest: str = ""
    trend_way: str = ""
    trend_tone: str = ""
    series: Sequence[float] = ()
    series_kind: str = "line"
    series_label: str = ""
    sample: str = ""
    rows_url: str = ""
    rows_label: str = ""
    definition_url: str = ""


@dataclass(frozen=True, slots=True)
class TileRow:
    """The tiles of one unit. `is_stale` when a change has not reached them yet."""

    unit: Unit
    tiles: list[Tile]
    as_of: str
    is_stale: bool
    numbers: UnitNumbers = field(repr=False)


def tile_row(unit: Unit, numbers: UnitNumbers, selection: Selection, *, now: datetime) -> TileRow:
    """Build the tiles of a unit: items everywhere, velocity only for a team that has closed sprints."""
    has_velocity = unit.kind == UnitKind.TEAM and bool(numbers.sprints)
    codes = ("throughput", "wip", "cycle_time", "velocity" if has_velocity else "started")
    return row_of(unit, numbers, selection, codes, now=now)


def row_of(unit: Unit, numbers: UnitNumbers, selection: Selection, codes: Sequence[str], *, now: datetime) -> TileRow:
    """Build these tiles of a unit, in this order."""
    tiles = [_TILES[code](unit, numbers, selection) for code in codes]
    if not selection.is_now:
        as_of, is_stale = format_day(selection.as_of), False
    elif numbers.waiting_since is None:
        as_of, is_stale = moment(now), False
    else:
        # A change of the last seconds is on its way; only an older one makes the number old.
        behind = int((now - numbers.waiting_since).total_seconds())
        is_stale = behind > STALE_SECONDS
        as_of = moment(numbers.waiting_since)
        if is_stale:
            late = ngettext("%(n)s minute behind", "%(n)s minutes behind", behind // 60) % {"n": number(behind // 60)}
            as_of = f"{as_of}, {late}"
    query = selection.query()
    told = [replace(tile, definition_url=definition_url(tile.metric, unit, query=query)) for tile in tiles]
    return TileRow(unit, told, as_of, is_stale, numbers)


def rows_url(unit: Unit, code: str, selection: Selection) -> str:
    """The list behind a number."""
    return reverse("metrics:unit_items", args=[unit.code, code]) + selection.query()


def datum_url(unit: Unit, selection: Selection, code: str, **bounds: object) -> str:
    """The list behind one datum of a chart: the same, for some of its days or lengths."""
    return reverse("metrics:unit_items", args=[unit.code, code]) + selection.query(**bounds)


def side_by_side(unit: Unit, numbers: UnitNumbers, selection: Selection) -> dict[str, Any]:
    """One line of a table of units."""
    return {
        "unit": unit,
        "numbers": numbers,
        "url": reverse("metrics:unit_dashboard", args=[unit.code]) + selection.query(),
        "finished_url": rows_url(unit, "throughput", selection),
        "wip_url": rows_url(unit, "wip", selection),
        "cycle_url": rows_url(unit, "cycle_time", selection),
    }


def _throughput(unit: Unit, numbers: UnitNumbers, selection: Selection) -> Tile:
    finished = numbers.flow.finished
    return Tile(
        code="throughput",
        metric=THROUGHPUT,
        value=number(finished),
        unit=ngettext("item finished", "items finished", finished),
        series=[count for _week, count in numbers.finished_by_week],
        series_kind="bars",
        series_label=_("Finished items by week"),
        sample=stretch_words(selection),
        rows_url=rows_url(unit, "throughput", selection),
        rows_label=_see_items(finished),
        **_trend(
            finished,
            numbers.flow_before.finished if numbers.is_comparable else None,
            more=_("more"),
            fewer=_("fewer"),
            than=than_flow(selection),
            good=1,
        ),
    )


def _started(unit: Unit, numbers: UnitNumbers, selection: Selection) -> Tile:
    """Started beside finished: more started than finished means work piles up."""
    started, finished = numbers.flow.started, numbers.flow.finished
    piling = started - finished
    trend: dict[str, Any]
    if piling:
        word = _("%(n)s more") if piling > 0 else _("%(n)s fewer")
        trend = {
            "trend_word": word % {"n": number(abs(piling))},
            "trend_rest": _("started than finished"),
            "trend_way": "up" if piling > 0 else "down",
        }
    else:
        trend = {"trend_word": _("As many"), "trend_rest": _("started as finished"), "trend_way": "flat"}
    return Tile(
        code="started",
        metric=STARTED,
        value=number(started),
        unit=ngettext("item started", "items started", started),
        series=[count for _week, count in numbers.started_by_week],
        series_kind="bars",
        series_label=_("Started items by week"),
        sample=stretch_words(selection),
        rows_url=rows_url(unit, "started", selection),
        rows_label=_see_items(started),
        **trend,
    )


def _wip(unit: Unit, numbers: UnitNumbers, selection: Selection) -> Tile:
    now = numbers.wip_now
    return Tile(
        code="wip",
        metric=WIP,
        value=number(now),
        unit=ngettext("item in progress", "items in progress", now),
        series=numbers.wip,
        series_kind="area",
        series_label=_("Work in progress by day"),
        sample=_("end of the day"),
        rows_url=rows_url(unit, "wip", selection),
        rows_label=_see_items(now),
        **_trend(
            now,
            numbers.wip_before if numbers.is_stock_comparable else None,
            more=_("more"),
            fewer=_("fewer"),
            than=than_stock(selection),
            good=0,
        ),
    )


def _cycle_time(unit: Unit, numbers: UnitNumbers, selection: Selection) -> Tile:
    cycles = numbers.cycles
    sample = ngettext("%(n)s item", "%(n)s items", cycles.sample_size) % {"n": number(cycles.sample_size)}
    if cycles.start_not_seen_count:
        sample += ", " + _("start not seen: %(share)s") % {"share": ratio(cycles.start_not_seen_ratio)}
    common: dict[str, Any] = {
        "code": "cycle_time",
        "metric": CYCLE_TIME,
        "sample": sample,
        "rows_url": rows_url(unit, "cycle_time", selection),
        "rows_label": _see_items(cycles.sample_size),
    }
    if cycles.p50_days is None or cycles.p85_days is None:
        return Tile(none_reason=_("Not enough data"), trend_rest=_("It takes 10 finished items."), **common)
    p85 = _("85 %% in %(days)s or less") % {"days": format_days(cycles.p85_days)}
    trend: dict[str, Any] = {}
    if numbers.is_comparable and numbers.cycles_before.p50_days is not None:
        trend = _trend(
            cycles.p50_days,
            numbers.cycles_before.p50_days,
            more=_("longer"),
            fewer=_("shorter"),
            than=than_flow(selection),
            good=-1,
            is_days=True,
        )
    trend["trend_rest"] = f"{trend['trend_rest']} · {p85}" if trend else p85
    return Tile(
        value=format_days(cycles.p50_days),
        unit=_("or less for half"),
        series=[bucket.count for bucket in bucketed(numbers.cycle_counts, most=24)],
        series_kind="bars",
        series_label=_("Items by cycle time, from one day on"),
        **trend,
        **common,
    )


def _velocity(unit: Unit, numbers: UnitNumbers, _selection: Selection) -> Tile:
    velocity = numbers.velocity
    sample = ngettext("%(n)s closed sprint", "%(n)s closed sprints", velocity.sprint_count) % {
        "n": velocity.sprint_count
    }
    unestimated = sum(sprint.unestimated_count or 0 for sprint in numbers.sprints)
    if unestimated:
        sample += ", " + ngettext("%(n)s item without an estimate", "%(n)s items without an estimate", unestimated) % {
            "n": number(unestimated)
        }
    common: dict[str, Any] = {
        "code": "velocity",
        "metric": VELOCITY,
        "sample": sample,
        "rows_url": reverse("metrics:team_sprints", args=[unit.code]),
        "rows_label": _("See the sprints"),
    }
    if velocity.mean is None:
        return Tile(none_reason=_("Not enough data"), trend_rest=_("It takes 3 closed sprints."), **common)
    return Tile(
        value=points(velocity.mean),
        unit=_("points a sprint"),
        trend_rest=_("from %(low)s to %(high)s") % {"low": points(velocity.low), "high": points(velocity.high)},
        series=[float(sprint.completed_points) for sprint in numbers.sprints],
        series_kind="bars",
        series_label=_("Points by sprint"),
        **common,
    )


def _trend(
    now: float,
    before: float | None,
    *,
    more: str,
    fewer: str,
    than: str,
    good: int,
    is_days: bool = False,
) -> dict[str, Any]:
    """Say how a number compares with another window: in words, with a direction and what it was; `good` is the better
    sign.

    Nothing when there is no window to compare with.
    """
    if before is None:
        return {}
    difference = compare(now, before).difference
    was = format_days(before) if is_days else number(before)
    if not difference:
        return {"trend_word": _("As before"), "trend_way": "flat", "trend_rest": ""}
    amount = format_days(abs(difference)) if is_days else number(abs(difference))
    tone = "" if not good else ("good" if difference * good > 0 else "bad")
    return {
        "trend_word": f"{amount} {more if difference > 0 else fewer}",
        "trend_way": "up" if difference > 0 else "down",
        "trend_tone": tone,
        "trend_rest": f"{than} ({was})",
    }


def _see_items(count: int) -> str:
    return ngettext("See the item", "See the %(n)s items", count) % {"n": number(count)}


_TILES: Final[Mapping[str, Callable[[Unit, UnitNumbers, Selection], Tile]]] = {
    "throughput": _throughput,
    "wip": _wip,
    "cycle_time": _cycle_time,
    "started": _started,
    "velocity": _velocity,
}
"""The tiles by the codes of their metrics."""
