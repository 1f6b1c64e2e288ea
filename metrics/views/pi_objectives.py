"""Pages of the objectives of a program increment: who promised what, what it was worth, how predictable that is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from metrics.calculations.predictability import Health, Predictability
from metrics.charts.chart import chart_file
from metrics.charts.predictability import predictability_chart
from metrics.definition_links import definition_url
from metrics.definitions import PI_PREDICTABILITY
from metrics.forms.pi_objectives import PiObjectiveForm, PiScoreForm
from metrics.models import PiObjective
from metrics.selectors.pi_objectives import (
    UnitObjectives,
    increment_now,
    increments_of,
    objectives_by_unit,
    predictability_of,
)
from metrics.selectors.selection import NOTHING, Selection
from metrics.selectors.value_history import pi_objective_history
from metrics.services import pi_objectives as services
from metrics.views.picking import selection_context, selection_for
from metrics.views.value_frames import away_answer
from organization.context import live_context
from organization.models import Period, Unit
from organization.selectors.units import unit_crumbs, unit_tabs
from pmo_portal.lib.access import Action, Actor, access, actor_of, policy_for
from pmo_portal.lib.csv_export import csv_response
from pmo_portal.lib.format import day as format_day
from pmo_portal.lib.format import number, ratio
from pmo_portal.lib.forms import conflicts_into, errors_into
from pmo_portal.lib.pages import go_to, render_page
from pmo_portal.lib.windows import local_day
from portfolio.selectors.lookups import version_now

SELECT = ("unit", "period")
HEALTH = {
    Health.BELOW: (gettext_lazy("below 80 %"), "warn", "trending-down"),
    Health.HEALTHY: (gettext_lazy("healthy"), "good", "circle-check"),
    Health.ABOVE: (gettext_lazy("above 100 %"), "info", "trending-up"),
}


@access(Action.VIEW, PiObjective, by="code", within=Unit)
@require_GET
def pi_objectives(request: HttpRequest, unit: Unit) -> HttpResponseBase:
    """The objectives of a unit and all below it for an increment (``?pi=``), with the predictability they come to; as
    of today or the end of an earlier day, beside another one."""
    actor = actor_of(request)
    selection = selection_for(request, unit_id=unit.pk, now=timezone.now(), usual_against=NOTHING)
    day = selection.as_of
    increments = increments_of(unit, day=day)
    asked = request.GET.get("pi", "")
    chosen = next((one for one in increments if str(one.pk) == asked), None) or increment_now(increments, day=day)
    selection = selection.keeping({"pi": asked if chosen and str(chosen.pk) == asked else ""})
    groups = objectives_by_unit(actor, unit, chosen, day=day) if chosen else []
    then = _total_then(actor, unit, chosen, selection)
    chart = None
    if increments:
        in_order = increments[::-1]
        urls = [selection.query(pi=period.pk) for period in in_order]
        chart = predictability_chart(in_order, predictability_of(actor, unit, increments, day=day), urls)
        if file := chart_file(request, [chart], name=f"{unit.code}-predictability"):
            return file
    if request.GET.get("format") == "csv":
        return _as_file(unit, groups)
    context = {
        "unit": unit,
        "increments": [
            {
                "period": one,
                "url": selection.query(pi=one.pk),
                "is_on": one == chosen,
                "is_now": one.starts_on <= day < one.ends_on,
            }
            for one in increments
        ],
        "chosen": chosen,
        "is_begun": chosen is not None and chosen.starts_on <= day,
        "groups": [_shown(actor, group, is_now=selection.is_now) for group in groups],
        "total": _total(sum((group.total for group in groups), Predictability()), then=then),
        "chart": chart,
        "csv_url": selection.query(format="csv"),
        "query": selection.query(pi=chosen.pk if chosen else None),
        "may_create": policy_for(PiObjective).allows_within(actor, Action.CREATE, unit.pk),
        "create_url": _create_url(unit, chosen),
        "definition_url": definition_url(PI_PREDICTABILITY),
        "tabs": unit_tabs(actor, unit, "pi_objectives"),
        "crumbs": unit_crumbs(actor, unit, _("PI objectives")),
        **selection_context(selection, has_types=False, has_stretch=False),
        **live_context(request, [unit.pk]),
    }
    return render_page(request, "metrics/pi_objectives.html", context, fragment="results")


def _total_then(
    actor: Actor, unit: Unit, chosen: Period | None, selection: Selection
) -> tuple[date, Predictability] | None:
    """What the objectives of the increment came to on the day it is compared with; None when it is not compared."""
    day = selection.against_on
    if chosen is None or day is None:
        return None
    return day, predictability_of(actor, unit, [chosen], day=day).get(chosen.pk, Predictability())


def _shown(actor: Actor, group: UnitObjectives, *, is_now: bool) -> dict[str, Any]:
    policy = policy_for(PiObjective)
    first = group.objectives[0]
    return {
        "of": group,
        "total": _total(group.total),
        "may_edit": is_now and policy.allows(actor, Action.EDIT, first),
        "may_score": is_now and policy.allows(actor, Action.MANAGE, first),
    }


def _total(total: Predictability, *, then: tuple[date, Predictability] | None = None) -> dict[str, Any]:
    """Sums with the words for where the ratio lies, for what they rest on, and for what they were on another day."""
    label, tone, icon = HEALTH[total.health] if total.health else ("", "", "")
    none_reason = ""
    if not total.scored:
        none_reason = _("not scored yet")
    elif not total.committed:
        none_reason = _("nothing was promised")
    return {
        "of": total,
        "label": label,
        "tone": tone,
        "icon": icon,
        "trend_tone": {"good": "good", "warn": "bad"}.get(tone, ""),
        "way": {"trending-up": "up", "trending-down": "down"}.get(icon, "flat"),
        "none_reason": none_reason,
        "then": _then_words(*then) if then else {},
        "committed_words": ngettext("%(n)s committed objective", "%(n)s committed objectives", total.committed)
        % {"n": number(total.committed)},
        "scored_words": _("%(scored)s of %(all)s objectives scored")
        % {"scored": number(total.scored), "all": number(total.scored + total.unscored)},
    }


def _then_words(day: date, total: Predictability) -> dict[str, str]:
    """What each of the sums was on another day."""
    unscored = _("not scored yet")
    numbers = {
        "ratio": unscored if total.ratio is None else ratio(total.ratio),
        "committed": unscored if total.ratio_of_committed is None else ratio(total.ratio_of_committed),
        "planned": number(total.planned),
        "actual": number(total.actual) if total.scored else unscored,
    }
    return {
        code: _("%(value)s on %(day)s") % {"value": value, "day": format_day(day)} for code, value in numbers.items()
    }


def _create_url(unit: Unit, period: Period | None) -> str:
    url = reverse("metrics:pi_objective_create", args=[unit.code])
    return f"{url}?pi={period.pk}" if period else url


def _as_file(unit: Unit, groups: list[UnitObjectives]) -> HttpResponseBase:
    head = ["increment", "unit", "objective", "committed", "planned_value", "actual_value"]
    rows = (
        [
            one.period.name,
            group.unit.code,
            one.title,
            "yes" if one.is_committed else "no",
            one.planned_value,
            "" if one.actual_value is None else one.actual_value,
        ]
        for group in groups
        for one in group.objectives
    )
    return csv_response(name=f"{unit.code}-pi-objectives", head=head, rows=rows)


@access(Action.CREATE, PiObjective, by="code", within=Unit)
@require_http_methods(["GET", "POST"])
def pi_objective_create(request: HttpRequest, unit: Unit) -> HttpResponse:
    """A new objective of a unit for an increment."""
    today = local_day(timezone.now())
    increments = increments_of(unit, day=today)
    chosen = request.GET.get("pi") or getattr(increment_now(increments, day=today), "pk", "")
    form = PiObjectiveForm(request.POST or None, increments=increments, initial={"period": chosen})
    if request.method == "POST" and form.is_valid():
        with errors_into(form):
            made = services.pi_objective_create(
                actor=actor_of(request),
                unit=unit,
                period=form.cleaned_data["period"],
                values=form.values(services.EDITABLE),
                at=timezone.now(),
            )
        if form.is_valid():
            messages.success(request, _("“%(name)s” is added.") % {"name": made})
            return go_to(request, _page_of(made))
    back = reverse("metrics:pi_objectives", args=[unit.code])
    return _form_page(request, unit, form, _("New PI objective"), _("Add objective"), back)


@access(Action.EDIT, PiObjective, by="pk", select=SELECT)
@require_http_methods(["GET", "POST"])
def pi_objective_edit(request: HttpRequest, objective: PiObjective) -> HttpResponse:
    """Change an objective; two people's changes of different fields are both kept."""
    actor = actor_of(request)

    def save(form: PiObjectiveForm | PiScoreForm, seen_version: int | None) -> None:
        services.pi_objective_edit(
            actor=actor, objective=objective, values=form.values(), seen_version=seen_version, at=timezone.now()
        )

    return _change(request, objective, PiObjectiveForm, save, _("Edit PI objective"))


@access(Action.MANAGE, PiObjective, by="pk", select=SELECT)
@require_http_methods(["GET", "POST"])
def pi_objective_score(request: HttpRequest, objective: PiObjective) -> HttpResponse:
    """Say what an objective was worth."""
    actor = actor_of(request)

    def save(form: PiObjectiveForm | PiScoreForm, seen_version: int | None) -> None:
        services.pi_objective_score(
            actor=actor,
            objective=objective,
            actual_value=form.cleaned_data["actual_value"],
            seen_version=seen_version,
            at=timezone.now(),
        )

    return _change(request, objective, PiScoreForm, save, _("What “%(name)s” was worth") % {"name": objective.title})


def _change(
    request: HttpRequest,
    objective: PiObjective,
    form_of: type[PiObjectiveForm | PiScoreForm],
    save: Callable[[PiObjectiveForm | PiScoreForm, int | None], None],
    title: str,
) -> HttpResponse:
    """A form about an objective that is there; what two people change at once is told to the second."""
    form = form_of(request.POST or None, instance=objective, initial={"version": objective.version})
    if request.method == "POST" and form.is_valid():
        with errors_into(form), conflicts_into(form, seen="version", now=lambda: version_now(objective)):
            save(form, form.cleaned_data["version"])
        if form.is_valid():
            messages.success(request, _("Saved"))
            return go_to(request, _page_of(objective))
    return _form_page(request, objective.unit, form, title, _("Save"), _page_of(objective), objective=objective)


@access(Action.DELETE, PiObjective, by="pk", select=SELECT)
@require_POST
def pi_objective_remove(request: HttpRequest, objective: PiObjective) -> HttpResponse:
    """Take an objective out of the increment; with ``?back`` bring it back."""
    name = {"name": objective.title}
    return away_answer(
        request,
        lambda is_away: services.pi_objective_remove(
            actor=actor_of(request), objective=objective, is_removed=is_away, at=timezone.now()
        ),
        here=reverse("metrics:pi_objective_remove", args=[objective.pk]),
        away=_("“%(name)s” is removed.") % name,
        again=_("“%(name)s” is back.") % name,
        back=(_page_of(objective),),
    )


def _page_of(objective: PiObjective) -> str:
    return f"{reverse('metrics:pi_objectives', args=[objective.unit.code])}?pi={objective.period_id}"


def _form_page(
    request: HttpRequest,
    unit: Unit,
    form: PiObjectiveForm | PiScoreForm,
    title: str,
    submit: str,
    cancel_url: str,
    *,
    objective: PiObjective | None = None,
) -> HttpResponse:
    actor = actor_of(request)
    context: dict[str, Any] = {
        "title": title,
        "unit": unit,
        "form": form,
        "submit": submit,
        "cancel_url": cancel_url,
        "crumbs": [*unit_crumbs(actor, unit), (_("PI objectives"), cancel_url), (title, "")],
    }
    if objective is not None:
        context["entries"] = pi_objective_history(actor, objective)
    return render_page(request, "metrics/value_form.html", context, status=422 if form.is_bound else 200)
