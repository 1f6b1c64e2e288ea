"""Columns and filters of KPIs and objectives: how they stand, their numbers, their pictures, their units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metrics.selectors.known import end_of, is_over
from metrics.selectors.selection import seen_on_of
from metrics.selectors.value import Standing
from organization.models import Unit
from pmo_portal.lib import format as formatting
from pmo_portal.lib import sparklines
from pmo_portal.lib.lists.columns import Badge, Cell, Column, DayColumn
from pmo_portal.lib.lists.filters import ChoiceFilter, Filter, Option, Options, Part
from pmo_portal.lib.lists.scope import Scope


@dataclass(slots=True)
class Standings:
    """How everything in a list stands, computed when a filter asks, and once."""

    lines: Any
    _found: dict[int, tuple[str, bool]] | None = field(default=None)

    @property
    def found(self) -> dict[int, tuple[str, bool]]:
        """The verdict by id, and whether a value is late."""
        if self._found is None:
            self._found = self.lines()
        return self._found


@dataclass(frozen=True, kw_only=True)
class VerdictFilter(ChoiceFilter):
    """How it stands, whoever says so."""

    def one(self, value: str, scope: Scope) -> Q:
        standings: Standings = scope.more["standings"]
        return Q(pk__in=[pk for pk, (verdict, _late) in standings.found.items() if verdict == value])

    def options(self, rows: QuerySet[Any], scope: Scope, *, text: str = "") -> list[Option]:
        shown = set(rows.order_by().values_list("pk", flat=True))
        said = [verdict for pk, (verdict, _late) in scope.more["standings"].found.items() if pk in shown]
        return [Option(code, str(label), said.count(code)) for code, label in self.choices]


@dataclass(frozen=True, kw_only=True)
class BelowFilter(Options):
    """Of a unit, or anything below it. SECURITY: only units the actor may see are known, by their codes."""

    def knows(self, value: str) -> bool:
        return value.replace("-", "").replace("_", "").isalnum()

    def one(self, value: str, scope: Scope) -> Q:
        unit: Unit | None = scope.more["units"].get(value)
        return Q(unit__in=Unit.objects.under([unit.pk], day=scope.today)) if unit else Q(pk__in=[])

    def named(self, values: Sequence[str], rows: QuerySet[Any], scope: Scope) -> Mapping[str, str]:
        return {code: unit.name for code, unit in scope.more["units"].items()}

    def options(self, rows: QuerySet[Any], scope: Scope, *, text: str = "") -> list[Option]:
        units = scope.more["units"].values()
        return [Option(unit.code, unit.name) for unit in units if text.lower() in unit.name.lower()][:100]


@dataclass(frozen=True, kw_only=True)
class AsOfFilter(Filter):
    """A day that is over: the list is shown as it stood at its end (the scope's day is that day)."""

    kind: ClassVar[str] = "text"

    def clean(self, text: str) -> str:
        day = past_day(text)
        return day.isoformat() if day else ""

    def condition(self, value: str, scope: Scope) -> Q:
        return Q(created_at__lt=end_of(date.fromisoformat(value)))

    def parts(self, value: str, rows: QuerySet[Any], scope: Scope) -> list[Part]:
        return [Part(formatting.day(date.fromisoformat(value)), "")]


def past_day(text: str) -> date | None:
    """The day an address looks from, when it is one that is over."""
    day = seen_on_of({"as_of": text}, now=timezone.now())
    return day if is_over(day) else None


@dataclass(frozen=True, kw_only=True)
class StandingColumn(Column):
    """On track, at risk or off, and who says so."""

    can_sort: bool = False
    can_filter: bool = False
    kind: ClassVar[str] = "badge"

    def value(self, row: Any, scope: Scope) -> Any:
        return row.line.standing

    def text(self, value: Any) -> str:
        return str(value.label)

    def cell(self, row: Any, scope: Scope) -> Cell:
        standing: Standing = row.line.standing
        cell = self._cell(standing.label, badges=[Badge(standing.label, standing.tone, standing.icon)])
        if standing.override:
            person = standing.override.person
            cell.note = _("by hand, %(who)s") % {"who": person.name if person else _("the portal")}
        return cell


# -- KPIs


@dataclass(frozen=True, kw_only=True)
class MeasuredColumn(Column):
    """A number of a KPI as the KPI writes it; nothing where it is an amount that the actor may not see.

    SECURITY: shown row by row; therefore neither sorted nor filtered by.
    """

    can_sort: bool = False
    can_filter: bool = False
    is_number: ClassVar[bool] = True
    kind: ClassVar[str] = "number"

    def value(self, row: Any, scope: Scope) -> Any:
        return getattr(row.line, self.code)

    def export(self, row: Any, scope: Scope) -> Any:
        line = row.line
        if line.is_hidden:
            return None
        if self.code == "value":
            return line.latest.value if line.latest else None
        return getattr(row, f"{self.code}_value")


@dataclass(frozen=True, kw_only=True)
class TrendColumn(Column):
    """The last values as a picture, and which way the newest went, in words."""

    can_sort: bool = False
    can_filter: bool = False
    kind: ClassVar[str] = "picture"

    def value(self, row: Any, scope: Scope) -> Any:
        return row.line.trend

    def text(self, value: Any) -> str:
        return str(value.get("word", ""))

    def cell(self, row: Any, scope: Scope) -> Cell:
        trend = row.line.trend
        return self._cell(self.text(trend), tone=trend.get("tone", ""), picture=sparklines.svg(row.line.series))


@dataclass(frozen=True, kw_only=True)
class MeasuredDayColumn(DayColumn):
    """The day of the newest value, and how late the next one is."""

    def cell(self, row: Any, scope: Scope) -> Cell:
        cell, late = DayColumn.cell(self, row, scope), row.line.late_days
        if late:
            cell.note = ngettext("%(n)s day late", "%(n)s days late", late) % {"n": formatting.number(late)}
        return cell


# -- objectives


@dataclass(frozen=True, kw_only=True)
class ScoreColumn(Column):
    """How far an objective is, with the share of its time that has passed."""

    can_sort: bool = False
    can_filter: bool = False
    kind: ClassVar[str] = "number"
    is_number: ClassVar[bool] = True

    def value(self, row: Any, scope: Scope) -> Any:
        return row.line.score

    def text(self, value: Any) -> str:
        return _("no data") if value is None else formatting.ratio(value)

    def cell(self, row: Any, scope: Scope) -> Cell:
        cell = super().cell(row, scope)
        if row.line.elapsed is not None:
            cell.note = _("%(share)s of its time") % {"share": formatting.ratio(row.line.elapsed)}
        return cell

    def export(self, row: Any, scope: Scope) -> Any:
        return None if row.line.score is None else round(row.line.score, 4)


@dataclass(frozen=True, kw_only=True)
class ResultsColumn(Column):
    """How many key results, and how many of them have no data."""

    can_sort: bool = False
    can_filter: bool = False
    kind: ClassVar[str] = "number"
    is_number: ClassVar[bool] = True

    def value(self, row: Any, scope: Scope) -> Any:
        return len(row.line.key_results)

    def text(self, value: Any) -> str:
        return formatting.number(value)

    def cell(self, row: Any, scope: Scope) -> Cell:
        cell, silent = super().cell(row, scope), row.line.silent_count
        if silent:
            cell.note = _("%(n)s without data") % {"n": formatting.number(silent)}
        return cell

    def export(self, row: Any, scope: Scope) -> Any:
        return self.value(row, scope)
