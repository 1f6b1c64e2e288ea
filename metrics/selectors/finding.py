"""The items behind every number of a unit, as facts: what lists list, charts count."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import Count, DateField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.expressions import Combinable, RawSQL
from django.db.models.functions import Coalesce
from django.utils import timezone

from metrics.calculations.spans import CalendarDays, DayCount, WorkedDays
from metrics.models import ItemFact, ItemInterval, RollupMembership
from metrics.selectors.columns import Columns, columns_of
from metrics.selectors.entries import entered_sql
from metrics.selectors.narrowing import ALL, EVERYTHING, Datum, ItemFilter, filtered
from metrics.selectors.quality import OPEN_CHECKS, Check, items_failing
from metrics.selectors.selection import Period
from organization.models import Unit, UnitKind
from organization.selectors.calendars import working_days_for
from pmo_portal.lib.windows import BEGINNING, FOREVER, day_bounds
from portfolio.models import EpicTheme

Facts = QuerySet[ItemFact]


@dataclass(frozen=True, slots=True)
class Counted:
    """How many items are behind a number, and how many of them a person may see."""

    total: int
    visible: int


@dataclass(frozen=True, slots=True)
class Scope:
    """What a number is read for: a unit with its teams, a period, a filter, and how days are counted.

    `spans` says from which day to before which day each team belonged to the unit.
    """

    unit: Unit
    period: Period
    item_filter: ItemFilter
    spans: Mapping[int, list[tuple[date, date]]]
    is_worked: Callable[[date], bool] | None = None

    @property
    def members(self) -> list[tuple[int, date, date]]:
        """The teams and their days, one by one."""
        return [(team_id, since, until) for team_id, held in self.spans.items() for since, until in held]

    def teams_on(self, day: date) -> list[int]:
        """The teams that belonged to the unit on a day."""
        return [pk for pk, held in self.spans.items() if any(since <= day < until for since, until in held)]

    def day_count(self, first: date) -> DayCount:
        """How days from `first` on are counted."""
        if self.is_worked is None:
            return CalendarDays()
        return WorkedDays(self.is_worked, min(first, self.period.as_of), self.period.as_of)

    def at(self, datum: Datum) -> Scope:
        """The same for the days of one datum."""
        return replace(self, period=datum.period(self.period))


def scope_of(unit: Unit, period: Period, item_filter: ItemFilter = EVERYTHING) -> Scope:
    """Read what every number of a unit needs: one statement above a team, two more where worked days are counted."""
    is_worked = working_days_for(unit.pk, day=period.as_of).is_working if item_filter.worked else None
    return Scope(unit, period, item_filter, team_spans(unit), is_worked)


def team_spans(unit: Unit) -> dict[int, list[tuple[date, date]]]:
    """From which day to before which day each team belonged to a unit; a team belongs to itself for ever."""
    if unit.kind == UnitKind.TEAM:
        return {unit.pk: [(BEGINNING, FOREVER)]}
    spans: dict[int, list[tuple[date, date]]] = {}
    members = RollupMembership.objects.filter(ancestor=unit).order_by("team_id", "valid_from")
    for team_id, valid_from, valid_to in members.values_list("team_id", "valid_from", "valid_to"):
        spans.setdefault(team_id, []).append((valid_from, valid_to))
    return spans


def facts_behind(scope: Scope, code: str, datum: Datum = ALL) -> Facts:
    """Find the items behind a number, or behind one datum of its chart."""
    narrowed = scope.at(datum)
    facts = filtered(_FINDERS[code](narrowed, datum), narrowed.period, scope.item_filter)
    return _of_length(facts, narrowed, code, datum)


def count_behind(scope: Scope, code: str, datum: Datum = ALL, *, visible_units: frozenset[int] | None) -> Counted:
    """Count the items behind a number, and those of them that are in some units now (None: in any)."""
    has_length = datum.least is not None or datum.most is not None
    if code == "wip" and not scope.item_filter.narrows and not has_length:
        return _counted_in_progress(scope.at(datum), datum, visible_units)
    facts = facts_behind(scope, code, datum)
    if visible_units is None:
        total = facts.count()
        return Counted(total, total)
    of_visible = Count("pk", filter=Q(unit__any_of=visible_units))
    return Counted(**facts.order_by().aggregate(total=Count("pk"), visible=of_visible))


def _counted_in_progress(scope: Scope, datum: Datum, visible_units: frozenset[int] | None) -> Counted:
    """The same for what is in progress, from intervals alone: each is of another item, and of one that counts.

    Where an interval still runs its item is there now; only of the others, of which a present day has none, facts are
    asked where their items are.
    """
    then = _stretches_in_progress(scope, datum)
    if scope.period.item_type:
        then = then.filter(item_type=scope.period.item_type)
    total = then.count()
    if visible_units is None:
        return Counted(total, total)
    elsewhere = then.exclude(Q(to_at__isnull=True) & Q(unit__any_of=visible_units)).values("item_id")
    if not elsewhere.exists():
        return Counted(total, total)
    hidden = ItemFact.objects.filter(pk__in=elsewhere).exclude(unit__any_of=visible_units).count()
    return Counted(total, total - hidden)


def _flow(flow: str) -> Callable[[Scope, Datum], Facts]:
    """Find counted items by the unit and the day of a flow, as the tree stood on that day."""

    def find(scope: Scope, _datum: Datum) -> Facts:
        window = scope.period.window
        of_day = {f"{flow}_on__gte": window.start, f"{flow}_on__lt": window.end}
        return ItemFact.objects.filter(_within(scope, flow), is_counted=True, **of_day)

    return find


def _within(scope: Scope, flow: str) -> Q:
    """The teams that lay under a unit in a window; those that came or left, only on their days."""
    if scope.unit.kind == UnitKind.TEAM:
        return Q(**{f"{flow}_unit_id": scope.unit.pk})
    start, end = scope.period.window.start, scope.period.window.end
    throughout: list[int] = []
    partly = Q(pk__in=[])
    for team_id, since, until in scope.members:
        if since <= start and until >= end:
            throughout.append(team_id)
        elif since < end and until > start:
            partly |= Q(**{f"{flow}_unit_id": team_id, f"{flow}_on__gte": since, f"{flow}_on__lt": until})
    return partly | Q(**{f"{flow}_unit__any_of": throughout})


def intervals_as_of(scope: Scope) -> QuerySet[ItemInterval]:
    """What was true at the end of the as-of day of the items of the teams of that day."""
    _start, end_at = day_bounds(scope.period.as_of)
    return ItemInterval.objects.lasting(end_at).filter(unit__any_of=scope.teams_on(scope.period.as_of))


def _in_progress(scope: Scope, datum: Datum) -> Facts:
    """Find the items in progress at the end of the as-of day, in the teams of that day."""
    return ItemFact.objects.filter(pk__in=_stretches_in_progress(scope, datum).values("item_id"))


def _stretches_in_progress(scope: Scope, datum: Datum) -> QuerySet[ItemInterval]:
    then = intervals_as_of(scope).filter(is_wip=True)
    if datum.column is not None:
        then = then.filter(columns_of(scope.unit).intervals_in(datum.column))
    if datum.blocked:
        then = then.filter(is_blocked=True)
    return then


def _with_cycle_time(scope: Scope, datum: Datum) -> Facts:
    """Find what has a cycle time; with the filter's word also what was finished without a start that was seen."""
    found = _flow("finished")(scope, datum).filter(cycle_days__isnull=False)
    return found if scope.item_filter.unseen else found.filter(is_start_seen=True)


def _without_start(scope: Scope, datum: Datum) -> Facts:
    return _flow("finished")(scope, datum).filter(is_start_seen=False)


def _with_lead_time(scope: Scope, datum: Datum) -> Facts:
    return _flow("finished")(scope, datum).filter(lead_days__isnull=False)


def _with_time_between(scope: Scope, datum: Datum) -> Facts:
    """Find what spent time between its start and its finish."""
    spent = _flow("finished")(scope, datum).filter(is_start_seen=True)
    return spent.filter(active_seconds__gt=-F("waiting_seconds"))


def _once_blocked(scope: Scope, datum: Datum) -> Facts:
    return _flow("finished")(scope, datum).filter(blocked_seconds__gt=0)


def _once_in_column(scope: Scope, datum: Datum) -> Facts:
    """Find the finished items that were in a column before their finish; without a column, all finished items."""
    found = _flow("finished")(scope, datum)
    if datum.column is None:
        return found
    return found.filter(Exists(stays_in(columns_of(scope.unit), datum.column).filter(item_id=OuterRef("pk"))))


def stays_in(columns: Columns, place: int) -> QuerySet[ItemInterval]:
    """The stays in a column that ended, and lasted."""
    return ItemInterval.objects.filter(columns.intervals_in(place), to_at__gt=F("from_at"))


def _entered(scope: Scope, datum: Datum) -> Facts:
    """Find what had entered a column, or a later one, by the end of the as-of day."""
    columns = columns_of(scope.unit)
    sql, parameters = entered_sql(
        columns, scope.members, scope.period, scope.item_filter, place=datum.column or 0, last=scope.period.as_of
    )
    return ItemFact.objects.filter(pk__in=RawSQL(sql, parameters))  # noqa: S611 - a statement of this code


def _failing(check: Check) -> Callable[[Scope, Datum], Facts]:
    """Find the open items that fail a check of the data, as they are now, in the teams of the as-of day."""

    def find(scope: Scope, _datum: Datum) -> Facts:
        return items_failing(scope.teams_on(scope.period.as_of), check, now=timezone.now())

    return find


def _serving_nothing(lacking: Q | Combinable) -> Callable[[Scope, Datum], Facts]:
    """Find the finished items that serve no theme, for one reason or another."""

    def find(scope: Scope, datum: Datum) -> Facts:
        return _flow("finished")(scope, datum).filter(lacking)

    return find


_NO_THEME: Final = Q(feature__epic__isnull=False) & ~Exists(EpicTheme.objects.filter(epic=OuterRef("feature__epic")))
_NO_EPIC: Final = Q(feature__isnull=False, feature__epic__isnull=True)

_FINDERS: Final[Mapping[str, Callable[[Scope, Datum], Facts]]] = {
    "throughput": _flow("finished"),
    "wip": _in_progress,
    "cycle_time": _with_cycle_time,
    "start_not_seen": _without_start,
    "started": _flow("started"),
    "created": _flow("created"),
    "cancelled": _flow("cancelled"),
    "lead_time": _with_lead_time,
    "flow_efficiency": _with_time_between,
    "blocked_time": _once_blocked,
    "time_in_column": _once_in_column,
    "cumulative_flow": _entered,
    "no_feature": _serving_nothing(Q(feature__isnull=True)),
    "no_epic": _serving_nothing(_NO_EPIC),
    "no_theme": _serving_nothing(_NO_THEME),
    "unaligned": _serving_nothing(Q(feature__isnull=True) | _NO_EPIC | _NO_THEME),
    **{check.value: _failing(check) for check in OPEN_CHECKS},
}


def _of_length(facts: Facts, scope: Scope, code: str, datum: Datum) -> Facts:
    """Keep what is between `least` and `most` days long, or old."""
    if datum.least is None and datum.most is None:
        return facts
    least, most = datum.least or 0, 99_999 if datum.most is None else datum.most
    if scope.is_worked is not None:
        return facts.filter(pk__in=_worked_between(facts, scope, code, least, most))
    if code == "wip":
        as_of = scope.period.as_of
        # An age of n days began n - 1 days ago. Further back than the calendar nothing began.
        first = as_of - timedelta(days=min(most - 1, as_of.toordinal() - 1)) if most else as_of + timedelta(days=1)
        return facts.filter(started_on__gte=first, started_on__lte=as_of - timedelta(days=max(least - 1, 0)))
    column = "lead_days" if code == "lead_time" else "cycle_days"
    return facts.filter(**{f"{column}__gte": least, f"{column}__lte": most})


def _worked_between(facts: Facts, scope: Scope, code: str, least: int, most: int) -> list[int]:
    """The ids of items of so many worked days: no column holds them, they follow the calendar."""
    rows: Any = spans_of(facts, code, scope.period.as_of).values_list("pk", "first_on", "last_on")
    found = list(rows)
    days = scope.day_count(min((row[1] for row in found), default=scope.period.as_of))
    return [pk for pk, first, last in found if least <= days.between(first, last) <= most]


def spans_of(facts: Facts, code: str, as_of: date) -> QuerySet[Any]:
    """From which day to which day each item counts: `first_on` and `last_on`."""
    if code == "wip":
        return facts.annotate(first_on=F("started_on"), last_on=Value(as_of, output_field=DateField()))
    if code == "lead_time":
        return facts.annotate(first_on=F("created_on"), last_on=F("finished_on"))
    return facts.annotate(first_on=Coalesce("started_on", "finished_on"), last_on=F("finished_on"))
