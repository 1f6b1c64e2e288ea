"""Forecasts: of a unit's open work, of a feature, of an epic. Inputs stand in the address, answers are ranges."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from metrics.charts import Chart, chart_file
from metrics.charts.forecasts import backtest_chart, how_many_chart, when_chart
from metrics.definition_links import definition_url
from metrics.definitions import FORECAST, MONTE_CARLO_HOW_MANY, MONTE_CARLO_WHEN
from metrics.forecast_words import answers, concern_words, day_by, why_words
from metrics.forms.forecasts import UnitForecastForm, WorkForecastForm
from metrics.models import Rollup
from metrics.selectors.flow import unfinished_count
from metrics.selectors.forecasts import Forecast, ForecastInputs, ForecastPeriod, forecast_of, known_since
from metrics.selectors.work_forecasts import PartForecast, WorkForecast, WorkQuestion, work_forecast
from metrics.views.rooms import unit_rooms
from organization.context import live_context
from organization.models import Unit
from organization.selectors.units import unit_crumbs, unit_tabs
from pmo_portal.lib.access import Action, access, actor_of
from pmo_portal.lib.format import day_range
from pmo_portal.lib.pages import render_page
from pmo_portal.lib.windows import local_day
from portfolio.models import Epic, Feature, TrackedKind
from portfolio.views.epics import SELECT as EPIC_SELECT
from portfolio.views.epics import epic_page
from portfolio.views.feature_boards import SELECT as FEATURE_SELECT
from portfolio.views.features import feature_page


@access(Action.VIEW, Rollup, within=Unit, by="code")
@require_GET
def unit_forecast(request: HttpRequest, unit: Unit) -> HttpResponseBase:
    """When a unit's open work is likely to be done, and how much of it by a day; ``?csv=`` gives a chart's numbers."""
    actor, today = actor_of(request), local_day(timezone.now())
    form = UnitForecastForm(request.GET, today=today)
    context: dict[str, Any] = {
        "unit": unit,
        "form": form,
        "action": request.path,
        "definitions": {
            "when": definition_url(MONTE_CARLO_WHEN, unit),
            "how_many": definition_url(MONTE_CARLO_HOW_MANY, unit),
        },
        "rooms": unit_rooms(unit, "forecast"),
        "tabs": unit_tabs(actor, unit, "metrics"),
        "crumbs": [
            *unit_crumbs(actor, unit),
            (_("Metrics"), reverse("metrics:unit_dashboard", args=[unit.code])),
            (_("Forecast"), ""),
        ],
        **live_context(request, [unit.pk]),
    }
    if not form.is_valid():
        return render_page(request, "metrics/unit_forecast.html", context, fragment="answer", status=422)
    asked = form.cleaned_data
    since = known_since(unit)
    period = ForecastPeriod(asked["start"], today, asked["history"], asked["type"], since)
    inputs = ForecastInputs(
        items=asked["items"],
        days=form.horizon_days,
        growth=float(asked["growth"]),
        share=form.share_ratio or 1.0,
        seed=asked["seed"],
    )
    found = forecast_of(unit, period, inputs, known_since=since or period.window.end)
    charts = _unit_charts(found, form)
    context |= {
        "found": found,
        "open_items": unfinished_count(unit, period) if asked["items"] is not None else None,
        "charts": charts,
        "answers": answers(found.when_days, asked["start"], headline=asked["confidence"]),
        "how_many": [
            {"percent": percent, "count": count, "is_headline": percent == asked["confidence"]}
            for percent, count in found.how_many.items()
        ],
        "headline": _headline(found.when_days, form),
        "warnings": concern_words(found.concerns),
        "chance": found.chance,
    }
    return chart_file(request, charts, name=f"{unit.code}-forecast") or render_page(
        request, "metrics/unit_forecast.html", context, fragment="answer"
    )


def _unit_charts(found: Forecast, form: UnitForecastForm) -> list[Chart]:
    if not found.when_trials.size:
        return []
    asked = form.cleaned_data
    when = [when_chart(found.when_trials, found.when_days, starts_on=asked["start"])] if found.items else []
    return [
        *when,
        how_many_chart(found.how_many_trials, found.how_many, until=asked["target"]),
        backtest_chart([(_("When"), found.when_backtest), (_("How many"), found.how_many_backtest)]),
    ]


def _headline(when_days: Any, form: WorkForecastForm) -> dict[str, Any]:
    """The answer in a sentence: the range from an even chance to the confidence asked for."""
    asked = form.cleaned_data
    percent = asked["confidence"]
    first, last = day_by(when_days, 50, asked["start"]), day_by(when_days, percent, asked["start"])
    return {"percent": percent, "first": first, "last": last, "range": day_range(first, last)}


@access(Action.VIEW, Feature, by="key", select=FEATURE_SELECT)
@require_GET
def feature_forecast(request: HttpRequest, feature: Feature) -> HttpResponseBase:
    """A tab of a feature: when it is likely to be done."""
    context, status = _work(request, TrackedKind.FEATURE, feature.pk, url=request.path)
    context["unit"] = feature.unit
    file = chart_file(request, context.get("charts", ()), name=feature.key)
    return file or _with_status(feature_page(request, feature, "forecast", context), status)


@access(Action.VIEW, Epic, by="key", select=EPIC_SELECT)
@require_GET
def epic_forecast(request: HttpRequest, epic: Epic) -> HttpResponseBase:
    """A tab of an epic: when it is likely to be done, with the last of its teams."""
    context, status = _work(request, TrackedKind.EPIC, epic.pk, url=request.path)
    context["unit"] = epic.unit
    file = chart_file(request, context.get("charts", ()), name=epic.key)
    return file or _with_status(epic_page(request, epic, "forecast", context), status)


def _with_status(response: HttpResponse, status: int) -> HttpResponse:
    response.status_code = status
    return response


def _work(request: HttpRequest, kind: TrackedKind, pk: int, *, url: str) -> tuple[dict[str, Any], int]:
    """What metrics/_work_forecast.html shows of a feature or an epic, and the status to answer with."""
    today = local_day(timezone.now())
    form = WorkForecastForm(request.GET, today=today)
    context: dict[str, Any] = {
        "tab_template": "metrics/_work_forecast.html",
        "form": form,
        "action": url,
        "is_epic": kind == TrackedKind.EPIC,
        "definition_url": definition_url(FORECAST),
    }
    if not form.is_valid():
        return context, 422
    asked = form.cleaned_data
    question = WorkQuestion(
        starts_on=asked["start"],
        today=today,
        days=7 * asked["history"],
        growth=float(asked["growth"]),
        share=form.share_ratio,
        seed=asked["seed"],
    )
    found = work_forecast(actor_of(request), kind, pk, question)
    context |= {
        "found": found,
        "none_reason": why_words(found.why) if found.why else "",
        "charts": _work_charts(found, form),
        "answers": answers(found.when_days, asked["start"], headline=asked["confidence"]),
        "headline": _headline(found.when_days, form),
        "warnings": concern_words(found.concerns),
        "chance": found.chance_by(form.horizon_days),
        "parts": [_shown_part(part, form) for part in found.parts],
    }
    return context, 200


def _work_charts(found: WorkForecast, form: WorkForecastForm) -> list[Chart]:
    if not found.trials.size:
        return []
    tests = [(part.unit.name, part.backtest) for part in found.parts if part.backtest is not None]
    charts = [when_chart(found.trials, found.when_days, starts_on=form.cleaned_data["start"], metric=FORECAST)]
    return [*charts, backtest_chart(tests)] if tests else charts


def _shown_part(part: PartForecast, form: WorkForecastForm) -> dict[str, Any]:
    """One line of the table of parts."""
    asked = form.cleaned_data
    days = part.when_days.get(asked["confidence"])
    return {
        "unit": part.unit,
        "url": reverse("metrics:unit_forecast", args=[part.unit.code]),
        "items": part.items,
        "unsplit": part.part.unsplit,
        "finished": part.finished,
        "sample_days": part.part.sample.days,
        "share": part.share,
        "focus": part.part.focus,
        "is_own_share": asked["share"] is None,
        "on": None if days is None else asked["start"] + timedelta(days=days - 1),
        "has_pace": bool(part.when_days),
    }
