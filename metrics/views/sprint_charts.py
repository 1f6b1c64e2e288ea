"""Sprints as charts: one sprint's burndown and burnup, a team's velocity and say/do over time."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from metrics.calculations.burn import BurnKind
from metrics.charts import chart_file
from metrics.charts.sprints import burndown_chart, burnup_chart, kind_words, say_do_chart, velocity_chart
from metrics.definition_links import definition_url
from metrics.definitions import CARRY_OVER, COMMITMENT, MONTE_CARLO_WHEN, SCOPE_CHANGE, VELOCITY
from metrics.forecast_words import concern_words
from metrics.models import Rollup
from metrics.selectors.forecasts import ForecastInputs, ForecastPeriod, forecast_of, known_since
from metrics.selectors.selection import selection_of
from metrics.selectors.sprint_charts import (
    NamedItem,
    items_named,
    neighbours_of,
    running_sprint,
    sprint_lines,
    sprint_records,
    velocity_of,
)
from metrics.sprint_lines import SprintLines
from metrics.views.rooms import unit_rooms
from organization.context import live_context
from organization.selectors.units import unit_crumbs, unit_tabs
from organization.terms import named
from pmo_portal.lib.access import Action, Actor, access, actor_of, policy_for
from pmo_portal.lib.format import moment, points
from pmo_portal.lib.pages import render_page
from pmo_portal.lib.windows import local_day
from teams.models import EstimateScale, Sprint, SprintState, Team

SELECT: Final = ("team__unit",)
CARD: Final = "card-sprints"
"""Where a team's dashboard shows its sprints."""


@require_GET
@access(Action.VIEW, Sprint, by="pk", select=SELECT)
def sprint_charts(request: HttpRequest, sprint: Sprint, code: str) -> HttpResponseBase:
    """A sprint's burndown, burnup and changes of scope, by points or by items; ``?csv=`` gives a chart's numbers."""
    _check_address(sprint, code)
    actor, unit, now = actor_of(request), sprint.team.unit, timezone.now()
    shown = _shown(request, actor, sprint, now)
    beside = neighbours_of(sprint)
    context = {
        **shown,
        "unit": unit,
        "sprint": sprint,
        "charts": _charts(shown, sprint, now),
        "outlook": _outlook(shown["lines"], sprint, today=local_day(now)) if _sees_numbers(actor, sprint) else None,
        "before": beside.before,
        "after": beside.after,
        "definitions": {
            "commitment": definition_url(COMMITMENT, unit),
            "scope_change": definition_url(SCOPE_CHANGE, unit),
            "carry_over": definition_url(CARRY_OVER, unit),
            "velocity": definition_url(VELOCITY, unit),
            "when": definition_url(MONTE_CARLO_WHEN, unit),
        },
        "rooms": unit_rooms(unit, "sprints"),
        "tabs": unit_tabs(actor, unit, "metrics"),
        "crumbs": [
            *unit_crumbs(actor, unit),
            (_("Metrics"), reverse("metrics:unit_dashboard", args=[unit.code])),
            (named("Sprints"), reverse("metrics:team_sprints", args=[unit.code])),
            (sprint.name, ""),
        ],
        **live_context(request, [unit.pk]),
    }
    found = chart_file(request, context["charts"], name=f"{unit.code}-{sprint.pk}")
    return found or render_page(request, "metrics/sprint_charts.html", context, fragment="lines")


@require_GET
@access(Action.VIEW, Sprint, by="pk", select=SELECT)
def sprint_card(request: HttpRequest, sprint: Sprint, code: str) -> HttpResponseBase:
    """A sprint's burndown alone, for the sprint's own page."""
    _check_address(sprint, code)
    actor, now = actor_of(request), timezone.now()
    shown = _shown(request, actor, sprint, now)
    charts = _charts(shown, sprint, now)[:1]
    context = {**shown, "sprint": sprint, "unit": sprint.team.unit, "charts": charts}
    return chart_file(request, charts, name=f"{code}-{sprint.pk}") or render_page(
        request, "metrics/_sprint_card.html", context
    )


@require_GET
@access(Action.VIEW, Sprint, within=Team, by="code", field="unit__code", select=("unit",))
def team_sprints(request: HttpRequest, team: Team) -> HttpResponseBase:
    """A team's running sprint, its velocity with its range and what it kept of its last sprints' commitments."""
    actor, unit, now = actor_of(request), team.unit, timezone.now()
    selection = selection_of(request.GET, now=now)
    records = sprint_records(team.pk, before=selection.end_at)
    has_points = any(record.committed.points or record.completed.points for record in records)
    choice = _choice(request, team, has_points=has_points)
    in_points = choice["in_points"]
    urls = [reverse("metrics:sprint_charts", args=[unit.code, record.pk]) for record in records]
    velocity = velocity_of(records, in_points=in_points)
    running = running_sprint(team)
    charts = [
        *(_charts(_shown(request, actor, running, now), running, now)[:1] if running is not None else []),
        velocity_chart(records, velocity, in_points=in_points, urls=urls),
        say_do_chart(records, in_points=in_points, urls=urls),
    ]
    context = {
        "unit": unit,
        "charts": charts,
        "running": running,
        "has_sprints": bool(records) or running is not None or team.has_sprints,
        "is_card": request.htmx.target == CARD,  # type: ignore[attr-defined]
        **choice,
        "rooms": unit_rooms(unit, "sprints"),
        "tabs": unit_tabs(actor, unit, "metrics"),
        "crumbs": [
            *unit_crumbs(actor, unit),
            (_("Metrics"), reverse("metrics:unit_dashboard", args=[unit.code])),
            (named("Sprints"), ""),
        ],
        **live_context(request, [unit.pk]),
    }
    found = chart_file(request, charts, name=f"{unit.code}-sprints")
    return found or render_page(request, "metrics/team_sprints.html", context, fragment="charts")


def _shown(request: HttpRequest, actor: Actor, sprint: Sprint, now: datetime) -> dict[str, Any]:
    """A sprint's lines with the names of what moved them, by points where there are any."""
    lines = sprint_lines(sprint, now=now)
    names: dict[int, NamedItem] = {}
    if lines is not None:
        steps = (step.item_id for step in lines.steps if step.item_id)
        names = items_named(actor, [*steps, *(change.item_id for change in lines.changes)])
    return {
        "lines": lines,
        "names": names,
        "changes": _changes(lines, names) if lines is not None else [],
        **_choice(request, sprint.team, has_points=lines is not None and lines.has_points),
    }


def _charts(shown: dict[str, Any], sprint: Sprint, now: datetime) -> list[Any]:
    lines: SprintLines | None = shown["lines"]
    if lines is None:
        return []
    as_of = moment(sprint.completed_at or now)
    return [
        draw(lines, shown["names"], in_points=shown["in_points"], as_of=as_of)
        for draw in (burndown_chart, burnup_chart)
    ]


def _sees_numbers(actor: Actor, sprint: Sprint) -> bool:
    """Whether a forecast from the team's throughput is for this person."""
    return policy_for(Rollup).allows_within(actor, Action.VIEW, sprint.team_id)


def _outlook(lines: SprintLines | None, sprint: Sprint, *, today: date) -> dict[str, Any] | None:
    """Whether the team's pace will do for what is left of a running sprint; None when that is not the question."""
    if lines is None or sprint.state != SprintState.ACTIVE or sprint.ends_at is None:
        return None
    left = lines.steps[-1].remaining.items
    target = local_day(sprint.ends_at - timedelta(microseconds=1))
    if not left or target < today:
        return None
    unit = sprint.team.unit
    since = known_since(unit)
    period = ForecastPeriod(today, today, known_since=since)
    inputs = ForecastInputs(items=left, days=(target - today).days + 1)
    found = forecast_of(unit, period, inputs, known_since=since or period.window.end)
    query = urlencode({"items": left, "target": target.isoformat()})
    return {
        "left": left,
        "target": target,
        "chance": found.chance,
        "likely": found.how_many.get(85),
        "warnings": concern_words(found.concerns),
        "url": f"{reverse('metrics:unit_forecast', args=[unit.code])}?{query}",
    }


def _changes(lines: SprintLines, names: dict[int, NamedItem]) -> list[dict[str, Any]]:
    """What came, went or changed its size; an item that this person may not see has no name."""
    return [
        {
            "at": change.at,
            "kind": kind_words(BurnKind(change.kind)),
            "item": names.get(change.item_id),
            "points": _signed(change.points),
        }
        for change in lines.changes
    ]


def _signed(value: Decimal) -> str:
    """A change with its sign, such as +3; no change is 0."""
    return f"+{points(value)}" if value > 0 else points(value).replace("-", "−")


def _choice(request: HttpRequest, team: Team, *, has_points: bool) -> dict[str, Any]:
    """By points or by items; by items without a choice where there are no points."""
    has_points = has_points and team.estimate_scale != EstimateScale.NONE
    in_points = has_points and request.GET.get("by") != "items"
    choices = (
        {"label": _("By points"), "url": request.path, "is_on": in_points},
        {"label": _("By items"), "url": f"{request.path}?by=items", "is_on": not in_points},
    )
    return {"in_points": in_points, "bys": choices if has_points else ()}


def _check_address(sprint: Sprint, code: str) -> None:
    """SECURITY: a sprint under the address of another team does not exist there."""
    if sprint.team.unit.code != code:
        raise Http404
