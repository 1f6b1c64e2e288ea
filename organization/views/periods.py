"""Pages of fiscal years, quarters and program increments."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.db.models import ProtectedError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organization.forms.periods import PeriodEditForm, PeriodForm, PeriodSeriesForm
from organization.models import Period, Unit
from organization.services import periods as services
from organization.views.units import unit_context
from pmo_portal.lib.access import Action, access, actor_of, listing, policy_for, visible
from pmo_portal.lib.forms import conflicts_into, errors_into
from pmo_portal.lib.merging import last_change
from pmo_portal.lib.pages import go_to, render_page
from pmo_portal.lib.windows import local_day


@listing(Action.VIEW, Period)
@require_GET
def period_list(request: HttpRequest) -> HttpResponse:
    """The periods of all units one may see; those that run or come first."""
    actor = actor_of(request)
    today = local_day(timezone.now())
    periods = visible(actor, Period).select_related("unit").order_by("unit__name", "kind", "starts_on")
    with_past = "past" in request.GET
    context = {
        "periods": periods if with_past else periods.filter(ends_on__gt=today),
        "with_past": with_past,
        "today": today,
        "crumbs": [(_("Periods"), "")],
    }
    return render_page(request, "organization/period_list.html", context)


@access(Action.VIEW, Period, by="code", within=Unit)
@require_GET
def unit_periods(request: HttpRequest, unit: Unit) -> HttpResponse:
    """The periods a unit plans and reports by: its own and those from above."""
    actor = actor_of(request)
    today = local_day(timezone.now())
    policy = policy_for(Period)
    context = {
        **unit_context(request, unit, "periods", _("Periods")),
        "periods": visible(actor, Period)
        .filter(
            unit__closure_down__descendant=unit,
            unit__closure_down__valid_from__lte=today,
            unit__closure_down__valid_to__gt=today,
        )
        .select_related("unit")
        .order_by("kind", "-starts_on"),
        "may_create": policy.allows_within(actor, Action.CREATE, unit.pk),
        "may_edit_here": policy.allows_within(actor, Action.EDIT, unit.pk),
        "today": today,
    }
    return render_page(request, "organization/unit_periods.html", context)


@access(Action.CREATE, Period, by="code", within=Unit)
@require_http_methods(["GET", "POST"])
def period_create(request: HttpRequest, unit: Unit) -> HttpResponse:
    """Name a period."""
    form = PeriodForm(request.POST or None)
    if form.is_valid():
        with errors_into(form):
            services.period_create(
                actor=actor_of(request),
                unit=unit,
                at=timezone.now(),
                **form.values(),  # type: ignore[arg-type]
            )
        if form.is_valid():
            messages.success(request, _("%(period)s is added.") % {"period": form.cleaned_data["name"]})
            return go_to(request, "organization:unit_periods", unit.code)
    context = {**unit_context(request, unit, "periods", _("New period")), "form": form}
    return render_page(request, "organization/period_create.html", context, status=422 if form.is_bound else 200)


@access(Action.CREATE, Period, by="code", within=Unit)
@require_http_methods(["GET", "POST"])
def period_series(request: HttpRequest, unit: Unit) -> HttpResponse:
    """Make a fiscal year with its quarters, or several increments in a row."""
    initial = {"what": request.GET.get("what", PeriodSeriesForm.INCREMENTS), "name": "PI"}
    form = PeriodSeriesForm(request.POST or None, initial=initial)
    if form.is_valid():
        with errors_into(form):
            made = services.period_create_series(
                actor=actor_of(request), unit=unit, planned=form.planned(), at=timezone.now()
            )
        if form.is_valid():
            messages.success(request, _("%(count)s periods are added.") % {"count": len(made)})
            return go_to(request, "organization:unit_periods", unit.code)
    context = {**unit_context(request, unit, "periods", _("Periods in a row")), "form": form}
    return render_page(request, "organization/period_series.html", context, status=422 if form.is_bound else 200)


@access(Action.EDIT, Period, by="pk", select=("unit",))
@require_http_methods(["GET", "POST"])
def period_edit(request: HttpRequest, period: Period) -> HttpResponse:
    """Rename a period or move its days."""
    initial = {
        "name": period.name,
        "starts_on": period.starts_on,
        "last_day": period.ends_on - timedelta(days=1),
        "seen": last_change(period),
    }
    form = PeriodEditForm(request.POST or None, initial=initial)
    if form.is_valid():
        with errors_into(form), conflicts_into(form, seen="seen", now=lambda: last_change(period)):
            services.period_edit(
                actor=actor_of(request),
                period=period,
                at=timezone.now(),
                **form.values(),  # type: ignore[arg-type]
            )
        if form.is_valid():
            messages.success(request, _("Saved"))
            return go_to(request, "organization:unit_periods", period.unit.code)
    context = {
        **unit_context(request, period.unit, "periods", period.name),
        "form": form,
        "period": period,
        "may_delete": policy_for(Period).allows(actor_of(request), Action.DELETE, period),
    }
    return render_page(request, "organization/period_edit.html", context, status=422 if form.is_bound else 200)


@access(Action.DELETE, Period, by="pk", select=("unit",))
@require_POST
def period_delete(request: HttpRequest, period: Period) -> HttpResponse:
    """Remove a period that nothing was planned in."""
    try:
        services.period_delete(actor=actor_of(request), period=period, at=timezone.now())
    except ProtectedError:
        messages.error(request, _("Work is planned in %(period)s: it stays.") % {"period": period})
        return go_to(request, "organization:period_edit", period.pk)
    messages.success(request, _("%(period)s is removed.") % {"period": period})
    return go_to(request, "organization:unit_periods", period.unit.code)
