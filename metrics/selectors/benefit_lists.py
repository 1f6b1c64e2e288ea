"""The list of benefits: what every epic promised, and what came of it. docs/lists.md says how to read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics.selectors.value_benefits import benefit_lines, benefits_seen
from metrics.selectors.value_columns import AsOfFilter, BelowFilter, MeasuredColumn, Standings
from metrics.selectors.value_lists import MOST_LINES
from metrics.selectors.value_scope import unit_filter
from organization.models import Unit
from organization.terms import named_lazy
from pmo_portal.lib import format as formatting
from pmo_portal.lib.access import Actor
from pmo_portal.lib.lists.columns import Badge, Cell, Column, DayColumn, PersonColumn, ReferenceColumn, TitleColumn
from pmo_portal.lib.lists.filters import ME, FlagFilter, Quick
from pmo_portal.lib.lists.scope import Scope
from pmo_portal.lib.lists.spec import ListSpec


@dataclass(frozen=True, kw_only=True)
class EpicBelowFilter(BelowFilter):
    """Of epics of a unit, or anything below it."""

    def one(self, value: str, scope: Scope) -> Q:
        unit: Unit | None = scope.more["units"].get(value)
        return Q(epic__unit__in=Unit.objects.under([unit.pk], day=scope.today)) if unit else Q(pk__in=[])


@dataclass(frozen=True, kw_only=True)
class RealisedColumn(Column):
    """The share of the promise that had come at the newest review. A share is no amount: everybody sees it."""

    can_sort: bool = False
    can_filter: bool = False
    kind: ClassVar[str] = "picture"

    def value(self, row: Any, scope: Scope) -> Any:
        return row.line.realised

    def text(self, value: Any) -> str:
        return _("no data") if value is None else formatting.ratio(value)

    def cell(self, row: Any, scope: Scope) -> Cell:
        text = self.text(row.line.realised)
        if row.line.realised is None:
            return Cell(self.code, "text", text)
        bar = {"done": row.line.bar, "whole": 1, "label": row.name, "text": text}
        return self._cell("", picture=render_to_string("components/progress_bar.html", bar))

    def export(self, row: Any, scope: Scope) -> Any:
        return None if row.line.realised is None else round(row.line.realised, 4)


@dataclass(frozen=True, kw_only=True)
class NextReviewColumn(DayColumn):
    """When it is looked at next, and that it should have been."""

    can_sort: bool = False
    can_filter: bool = False

    def value(self, row: Any, scope: Scope) -> date | None:
        cell = row.line.next_cell
        return cell.due_on if cell else None

    def cell(self, row: Any, scope: Scope) -> Cell:
        cell = super().cell(row, scope)
        if row.line.is_overdue:
            cell.kind, cell.badges, cell.note = "badge", (Badge(_("overdue"), "warn", "calendar-clock"),), cell.text
        return cell


def _fill(rows: Sequence[Any], scope: Scope) -> None:
    for row, line in zip(rows, benefit_lines(scope.actor, rows, day=scope.today), strict=True):
        row.line = line


def _overdue(scope: Scope) -> Q:
    return Q(pk__in=[pk for pk, (_verdict, late) in scope.more["standings"].found.items() if late])


BENEFITS = ListSpec(
    code="benefits",
    label=gettext_lazy("Benefits"),
    url=lambda row: reverse("metrics:epic_benefits", args=[row.epic.key]),
    order=("name", "pk"),
    search=("name", "epic__title", "^epic__key", "owner__name"),
    row_version="version",
    prepare=_fill,
    columns=(
        TitleColumn(code="name", label=gettext_lazy("Benefit"), can_filter=False, edit="name"),
        ReferenceColumn(
            code="epic",
            label=named_lazy("Epic"),
            name="title",
            permission="epic.view",
            unit_path="epic__unit",
            has_none=False,
        ),
        MeasuredColumn(code="baseline", label=gettext_lazy("Baseline")),
        MeasuredColumn(code="promised", label=gettext_lazy("Promised")),
        RealisedColumn(code="realised", label=gettext_lazy("Realised")),
        DayColumn(code="live", path="released_on", label=gettext_lazy("Live since"), edit="released_on"),
        NextReviewColumn(code="next", label=gettext_lazy("Next review")),
        PersonColumn(code="owner", label=gettext_lazy("Owner"), filter_code="who", edit="owner"),
    ),
    filters=(
        FlagFilter(code="overdue", label=gettext_lazy("Review overdue"), can_deny=False, test=_overdue),
        EpicBelowFilter(code="unit", label=gettext_lazy("Unit")),
        AsOfFilter(code="as_of", label=gettext_lazy("As of")),
    ),
    quick=(
        Quick("who", ME, gettext_lazy("Mine"), "user"),
        Quick("overdue", "1", gettext_lazy("Review overdue"), "calendar-clock"),
    ),
)


def benefits_listed(scope: Scope) -> QuerySet[Any]:
    """All benefits the actor may see, of epics that are there."""
    return benefits_seen(scope.actor, day=scope.today).order_by()


def benefits_scope(actor: Actor, *, day: date) -> Scope:
    """Who looks at the list of benefits; one statement."""

    def lines() -> dict[int, tuple[str, bool]]:
        found = benefit_lines(actor, benefits_seen(actor, day=day)[:MOST_LINES], day=day)
        return {line.benefit.pk: ("", line.is_overdue) for line in found}

    units = {unit.code: unit for unit in unit_filter(actor, "", "benefit.view", day=day).units}
    return Scope(actor, day, None, {"standings": Standings(lines), "units": units})
