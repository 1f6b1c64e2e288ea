"""The lists of KPIs and of objectives: what they show, sort and filter by. docs/lists.md says how to read it."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from datetime import date
from functools import cached_property
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, F, Func, OuterRef, Q, QuerySet, Subquery, Value
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics.models import Frequency, KpiSource, Measurement, Objective, Verdict
from metrics.selectors.known import end_of, stood_on
from metrics.selectors.value import known_readings, kpi_lines, kpis_seen
from metrics.selectors.value_columns import (
    AsOfFilter,
    BelowFilter,
    MeasuredColumn,
    MeasuredDayColumn,
    ResultsColumn,
    ScoreColumn,
    StandingColumn,
    Standings,
    TrendColumn,
    VerdictFilter,
)
from metrics.selectors.value_objectives import ObjectiveLine, as_tree, objective_lines, objectives_seen
from metrics.selectors.value_scope import unit_filter
from organization.models import Unit
from pmo_portal.lib import format as formatting
from pmo_portal.lib.access import Actor
from pmo_portal.lib.lists.columns import (
    Badge,
    ChoiceColumn,
    Column,
    PersonColumn,
    ReferenceColumn,
    TextColumn,
    TitleColumn,
)
from pmo_portal.lib.lists.filters import FlagFilter, NamedFilter, Quick
from pmo_portal.lib.lists.parts import Compared
from pmo_portal.lib.lists.scope import Scope
from pmo_portal.lib.lists.spec import ListSpec, leads_to

MOST_LINES = 2_000
"""So many have their verdict computed to filter by it; more than any organisation keeps."""

VERDICTS = (*Verdict.choices, ("NO_DATA", gettext_lazy("No data")))


def _live() -> NamedFilter:
    return NamedFilter(
        code="show",
        label=gettext_lazy("Show"),
        default="live",
        named_parts=(
            ("live", gettext_lazy("In use"), lambda scope: stood_on(scope.today, gone="archived_at")),
            ("archived", gettext_lazy("Archived"), lambda scope: ~stood_on(scope.today, gone="archived_at")),
            ("all", gettext_lazy("All"), lambda scope: Q(pk__isnull=False)),
        ),
    )


def _put_away(row: Any, scope: Scope) -> Sequence[Badge]:
    return [Badge(_("Archived"), "", "archive")] if row.archived_at and row.archived_at < end_of(scope.today) else []


def _units(actor: Actor, permission: str, *, day: date) -> dict[str, Unit]:
    return {unit.code: unit for unit in unit_filter(actor, "", permission, day=day).units}


# -- KPIs ------------------------------------------------------------------------------------------------------------


def _fill_kpis(rows: Sequence[Any], scope: Scope) -> None:
    for row, line in zip(rows, kpi_lines(scope.actor, rows, day=scope.today), strict=True):
        row.line = line


KPIS = ListSpec(
    code="kpis",
    label=gettext_lazy("KPIs"),
    url=leads_to("metrics:kpi_detail", "pk"),
    has_panel=True,
    order=("name", "pk"),
    search=("name", "code", "owner__name"),
    row_version="version",
    prepare=_fill_kpis,
    columns=(
        TitleColumn(code="name", label=gettext_lazy("KPI"), can_filter=False, badges=_put_away, edit="name"),
        ReferenceColumn(code="of", path="unit", label=gettext_lazy("Unit"), can_filter=False),
        MeasuredColumn(code="value", label=gettext_lazy("Value")),
        TrendColumn(code="trend", label=gettext_lazy("Trend")),
        MeasuredColumn(code="target", label=gettext_lazy("Target")),
        StandingColumn(code="stands", label=gettext_lazy("Verdict")),
        MeasuredDayColumn(code="measured", path="measured_on", label=gettext_lazy("Latest value"), is_down_first=True),
        PersonColumn(code="owner", label=gettext_lazy("Owner"), filter_code="who", edit="owner"),
        MeasuredColumn(code="baseline", label=gettext_lazy("Baseline"), is_default=False),
        ChoiceColumn(
            code="frequency",
            label=gettext_lazy("Measured"),
            choices=Frequency.choices,
            edit="frequency",
            is_default=False,
        ),
        ChoiceColumn(code="source", label=gettext_lazy("Source"), choices=KpiSource.choices, is_default=False),
        TextColumn(code="code", label=gettext_lazy("Code"), is_default=False),
    ),
    filters=(
        _live(),
        VerdictFilter(code="verdict", label=gettext_lazy("Verdict"), path="", choices=VERDICTS),
        FlagFilter(
            code="late",
            label=gettext_lazy("Late"),
            can_deny=False,
            test=lambda scope: Q(pk__in=[pk for pk, (_v, late) in scope.more["standings"].found.items() if late]),
        ),
        BelowFilter(code="unit", label=gettext_lazy("Unit")),
        AsOfFilter(code="as_of", label=gettext_lazy("As of")),
    ),
    quick=(
        *(Quick("verdict", code, label) for code, label in Verdict.choices),
        Quick("late", "1", gettext_lazy("Late"), "clock"),
        Quick("show", "archived", gettext_lazy("Archived")),
    ),
)


def kpis_listed(actor: Actor, *, day: date) -> QuerySet[Any]:
    """All KPIs the actor may see, each with the day of its newest value (``measured_on``)."""
    values = known_readings(Measurement.objects.filter(kpi=OuterRef("pk")), day=day)
    newest = Subquery(values.order_by("-then_day").values("then_day")[:1])
    return kpis_seen(actor, with_archived=True).order_by().annotate(measured_on=newest)


def kpis_scope(actor: Actor, *, day: date) -> Scope:
    """Who looks at the list of KPIs; one statement."""

    def lines() -> dict[int, tuple[str, bool]]:
        kpis = kpis_seen(actor, with_archived=True).filter(created_at__lt=end_of(day))[:MOST_LINES]
        found = kpi_lines(actor, kpis, day=day, most_values=1)
        return {line.kpi.pk: (str(line.standing.verdict), bool(line.late_days)) for line in found}

    return Scope(actor, day, None, {"standings": Standings(lines), "units": _units(actor, "kpi.view", day=day)})


def kpis_compared(rows: Sequence[Any], columns: Sequence[Column], day: date, scope: Scope) -> Compared:
    """What the list said of these KPIs on a day: their newest value then, and how they stood by it. Two statements."""
    added = frozenset(row.pk for row in rows if row.created_at >= end_of(day))
    shown = {row.pk: row.line for row in rows}
    old: dict[int, dict[str, str]] = {}
    for line in kpi_lines(scope.actor, [copy(row) for row in rows if row.pk not in added], day=day):
        now = shown[line.kpi.pk]
        said = {
            "value": (line.value, now.value),
            "stands": (line.standing.label, now.standing.label),
            "measured": (formatting.day(line.measured_on), formatting.day(now.measured_on)),
        }
        changed = {code: then for code, (then, today) in said.items() if then != today}
        if changed:
            old[line.kpi.pk] = changed
    return Compared(day, old, added)


# -- objectives ------------------------------------------------------------------------------------------------------


def _fill_objectives(rows: Sequence[Any], scope: Scope) -> None:
    for row, line in zip(rows, objective_lines(scope.actor, rows, day=scope.today), strict=True):
        row.line = line


def _running(scope: Scope) -> Q:
    return Q(period__starts_on__lte=scope.today, period__ends_on__gt=scope.today) | Q(period__isnull=True)


OBJECTIVES = ListSpec(
    code="objectives",
    label=gettext_lazy("Objectives"),
    url=leads_to("metrics:objective_detail", "pk"),
    has_panel=True,
    order=("place", "pk"),
    search=("title", "owner__name"),
    row_version="version",
    prepare=_fill_objectives,
    depth=lambda row, scope: scope.more["tree"].depths.get(row.pk, 0),
    columns=(
        TitleColumn(code="title", label=gettext_lazy("Objective"), can_filter=False, badges=_put_away, edit="title"),
        ReferenceColumn(code="of", path="unit", label=gettext_lazy("Unit"), can_filter=False),
        ScoreColumn(code="score", label=gettext_lazy("Score")),
        StandingColumn(code="stands", label=gettext_lazy("Verdict")),
        ResultsColumn(code="results", label=gettext_lazy("Key results")),
        ReferenceColumn(code="period", label=gettext_lazy("Period"), order_name="starts_on", edit="period"),
        PersonColumn(code="owner", label=gettext_lazy("Owner"), filter_code="who", edit="owner"),
        ReferenceColumn(
            code="theme",
            label=gettext_lazy("Theme"),
            permission="theme.view",
            unit_path="theme__unit",
            is_default=False,
            edit="theme",
        ),
    ),
    filters=(
        _live(),
        VerdictFilter(code="verdict", label=gettext_lazy("Verdict"), path="", choices=VERDICTS),
        FlagFilter(code="current", label=gettext_lazy("This period"), test=_running, can_deny=False),
        BelowFilter(code="unit", label=gettext_lazy("Unit")),
        AsOfFilter(code="as_of", label=gettext_lazy("As of")),
    ),
    quick=(
        Quick("current", "1", gettext_lazy("This period"), "calendar"),
        Quick("show", "archived", gettext_lazy("Archived")),
    ),
)


class ObjectiveTree:
    """The order in which one reads a tree of objectives, and how deep each stands; one statement, when asked."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    @cached_property
    def depths(self) -> dict[int, int]:
        """How deep each objective stands, in the order of the tree."""
        objectives = objectives_seen(self._actor, with_archived=True).only(
            "pk", "title", "parent_id", "unit__kind", "unit__name", "unit__code"
        )
        rows = objectives.select_related(None).select_related("unit")[:MOST_LINES]
        lines = as_tree(_bare(row) for row in rows)
        return {line.objective.pk: line.depth for line in lines}

    def ordered(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Objectives with their ``place`` in the tree."""
        ids = Value(list(self.depths), output_field=ArrayField(BigIntegerField()))
        output = BigIntegerField()
        found: QuerySet[Any] = rows.annotate(place=Func(ids, F("pk"), function="array_position", output_field=output))
        return found


def _bare(objective: Objective) -> Any:

    return ObjectiveLine(objective, date.min)


def objectives_scope(actor: Actor, *, day: date) -> Scope:
    """Who looks at the list of objectives; one statement."""

    def lines() -> dict[int, tuple[str, bool]]:
        objectives = objectives_seen(actor, with_archived=True).filter(created_at__lt=end_of(day))[:MOST_LINES]
        found = objective_lines(actor, objectives, day=day)
        return {line.objective.pk: (str(line.standing.verdict), False) for line in found}

    units = _units(actor, "objective.view", day=day)
    return Scope(actor, day, None, {"standings": Standings(lines), "units": units, "tree": ObjectiveTree(actor)})


def objectives_listed(scope: Scope) -> QuerySet[Any]:
    """All objectives the actor may see, in the order of their tree."""
    tree: ObjectiveTree = scope.more["tree"]
    return tree.ordered(objectives_seen(scope.actor, with_archived=True).order_by())
