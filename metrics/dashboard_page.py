"""A dashboard of one's own, drawn for one reader: all its units in the same few statements, all its KPIs in as many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from typing import Any, Final

from metrics.charts import Chart, cycle_chart, throughput_chart, wip_chart
from metrics.charts.portfolio import units_chart
from metrics.dashboard_tiles import UNITS, VELOCITY_CODE, name_of
from metrics.models import Dashboard, DashboardTile, TileKind
from metrics.selectors.numbers import UnitNumbers, numbers_of
from metrics.selectors.selection import Selection
from metrics.selectors.units import units_directly_below, units_with_numbers
from metrics.selectors.value import KpiLine, kpi_lines, kpis_seen
from metrics.selectors.value_compared import compare_kpis
from metrics.tiles import TileRow, datum_url, row_of, side_by_side
from organization.models import Unit
from pmo_portal.lib.access import Actor

_CHARTS: Final = {"throughput": throughput_chart, "wip": wip_chart, "cycle_time": cycle_chart}


@dataclass(frozen=True, slots=True)
class Shown:
    """A tile as its reader sees it: one of ``row`` (with one number), ``chart`` and ``line``; none of them where the
    reader may not see what it is about, or where that is gone: then nothing of it is said, not even its name."""

    tile: DashboardTile
    row: TileRow | None = None
    chart: Chart | None = None
    line: KpiLine | None = None

    @property
    def is_hidden(self) -> bool:
        """Whether there is nothing this reader may see."""
        return self.row is None and self.chart is None and self.line is None

    @property
    def title(self) -> str:
        """What a number is, and whose."""
        return f"{self.row.tiles[0].metric.name} · {self.row.unit.name}" if self.row else ""

    @property
    def span(self) -> int:
        """The columns of twelve that it takes: a chart needs twice the room of a number."""
        usual = 6 if self.tile.kind == TileKind.CHART else 3
        return usual * 2 if self.tile.is_wide else usual


@dataclass(frozen=True, slots=True)
class Named:
    """A tile in words, for those who put the dashboard together; ``name`` is "" where they may not see it any more."""

    tile: DashboardTile
    name: str = ""
    unit: Unit | None = None

    @property
    def kind(self) -> str:
        """Whether it is a number, a chart or a KPI, in words."""
        return str(TileKind(self.tile.kind).label)


@dataclass(slots=True)
class DashboardPage:
    """The tiles in their order, and the units whose changes they follow."""

    tiles: list[Shown] = field(default_factory=list)
    unit_ids: list[int] = field(default_factory=list)

    @property
    def charts(self) -> list[Chart]:
        """The charts of the page, each with a code of its own."""
        return [one.chart for one in self.tiles if one.chart is not None]

    @property
    def hidden_count(self) -> int:
        """How many tiles say nothing to this reader."""
        return sum(one.is_hidden for one in self.tiles)

    @property
    def rows(self) -> list[TileRow]:
        """The numbers gathered by unit, as a document shows them."""
        found: dict[int, TileRow] = {}
        for one in self.tiles:
            if one.row is not None:
                known = found.get(one.row.unit.pk)
                tiles = [*(known.tiles if known else []), *one.row.tiles]
                found[one.row.unit.pk] = replace(one.row, tiles=tiles)
        return list(found.values())


def tiles_of(dashboard: Dashboard) -> list[DashboardTile]:
    """The tiles of a dashboard in their order, with their units. One statement."""
    return list(DashboardTile.objects.filter(dashboard=dashboard).select_related("unit").order_by("position", "pk"))


def named_tiles(actor: Actor, tiles: Sequence[DashboardTile], *, day: date) -> list[Named]:
    """Tiles by their names, without their numbers. At most one statement."""
    mine = units_with_numbers(actor)
    wanted = [one.kpi_id for one in tiles if one.kpi_id is not None]
    kpis = {kpi.pk: kpi for kpi in kpis_seen(actor, day=day).filter(pk__in=wanted)} if wanted else {}
    named = []
    for tile in tiles:
        if tile.kpi_id is not None:
            kpi = kpis.get(tile.kpi_id)
            named.append(Named(tile, kpi.name, kpi.unit) if kpi else Named(tile))
        elif actor.is_system or tile.unit_id in mine:
            named.append(Named(tile, name_of(tile.kind, tile.code), tile.unit))
        else:
            named.append(Named(tile))
    return named


def dashboard_page(
    actor: Actor, tiles: Sequence[DashboardTile], selection: Selection, *, now: datetime
) -> DashboardPage:
    """Draw tiles for a reader: as many statements for two units and KPIs as for two dozen."""
    mine = units_with_numbers(actor)
    units = {one.unit_id: one.unit for one in tiles if one.unit is not None and one.unit_id in mine}
    below = _below(actor, tiles, units, selection)
    numbers = _numbers(tiles, units, below, selection)
    lines = _lines(actor, tiles, selection)
    page = DashboardPage(unit_ids=sorted({*units, *(line.kpi.unit_id for line in lines.values())}))
    for tile in tiles:
        page.tiles.append(_shown(tile, units, below, numbers, lines, selection, now))
    return page


def _shown(
    tile: DashboardTile,
    units: dict[Any, Unit],
    below: dict[int, list[Unit]],
    numbers: dict[int, UnitNumbers],
    lines: dict[int, KpiLine],
    selection: Selection,
    now: datetime,
) -> Shown:
    if tile.kpi_id is not None:
        return Shown(tile, line=lines.get(tile.kpi_id))
    unit = units.get(tile.unit_id)
    if unit is None:
        return Shown(tile)
    if tile.kind == TileKind.NUMBER:
        return Shown(tile, row=row_of(unit, numbers[unit.pk], selection, [tile.code], now=now))
    if tile.code == UNITS:
        chart = units_chart([side_by_side(one, numbers[one.pk], selection) for one in below[unit.pk]])
    else:
        chart = _CHARTS[tile.code](numbers[unit.pk], partial(datum_url, unit, selection))
    # A page may show the same chart of two units: each has a code, and a file, of its own.
    return Shown(tile, chart=replace(chart, code=f"{tile.code}-{unit.code}", title=f"{chart.title} · {unit.name}"))


def _below(
    actor: Actor, tiles: Iterable[DashboardTile], units: dict[Any, Unit], selection: Selection
) -> dict[int, list[Unit]]:
    """The units below of those that show them side by side."""
    wanted = [
        unit.pk
        for one in tiles
        if one.kind == TileKind.CHART and one.code == UNITS and (unit := units.get(one.unit_id))
    ]
    return units_directly_below(actor, wanted, day=selection.as_of) if wanted else {}


def _numbers(
    tiles: Iterable[DashboardTile], units: dict[Any, Unit], below: dict[int, list[Unit]], selection: Selection
) -> dict[int, UnitNumbers]:
    """The numbers of all units at once. Of those below only what is side by side is asked."""
    beside = {one.pk for found in below.values() for one in found} - set(units)
    if not units:
        return {}
    return numbers_of(
        [*units, *beside],
        selection,
        against=selection.compared,
        with_sprints=any(one.code == VELOCITY_CODE for one in tiles),
        not_compared=beside,
    )


def _lines(actor: Actor, tiles: Iterable[DashboardTile], selection: Selection) -> dict[int, KpiLine]:
    """The KPIs of the page that the reader may see, as they stood."""
    wanted = [one.kpi_id for one in tiles if one.kpi_id is not None]
    if not wanted:
        return {}
    kpis = kpis_seen(actor, day=selection.as_of).filter(pk__in=wanted)
    found = kpi_lines(actor, kpis, day=selection.as_of)
    if selection.against_on is not None:
        compare_kpis(actor, found, selection.against_on)
    return {line.kpi.pk: line for line in found}
