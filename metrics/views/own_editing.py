"""Dashboards of one's own made, named, shared, copied, put away; their tiles chosen and put in order."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from metrics.dashboard_page import named_tiles, tiles_of
from metrics.dashboard_tiles import usual_codes
from metrics.forms.dashboards import DashboardForm, KpiTileForm, NewDashboardForm, NumberTileForm
from metrics.models import Dashboard, Rollup
from metrics.selectors.dashboards import units_to_show
from metrics.services import dashboards as services
from metrics.services.dashboards import MOST_TILES, Wish
from metrics.views.value_frames import away_answer
from pmo_portal.lib.access import Action, Actor, access, actor_of, listing
from pmo_portal.lib.errors import DomainError
from pmo_portal.lib.forms import conflicts_into, errors_into
from pmo_portal.lib.pages import go_to, render_page
from pmo_portal.lib.parameters import whole_number
from pmo_portal.lib.windows import local_day
from portfolio.selectors.lookups import version_now
from portfolio.views.details import refusal


@listing(Action.VIEW, Rollup)
@require_http_methods(["GET", "POST"])
def dashboard_create(request: HttpRequest) -> HttpResponse:
    """A name, whom it is for, and whether it begins with what a unit's own dashboard shows."""
    actor, now = actor_of(request), timezone.now()
    form = NewDashboardForm(
        request.POST or None, actor=actor, day=local_day(now), initial={"begin_with": _asked_unit(request, actor)}
    )
    if request.method == "POST" and form.is_valid():
        unit = form.cleaned_data["begin_with"]
        wishes = [Wish(kind, unit, code) for kind, code in usual_codes(unit)] if unit else []
        with errors_into(form):
            dashboard = services.dashboard_create(
                actor=actor, values=form.values(services.EDITABLE), wishes=wishes, at=now
            )
        if form.is_valid():
            messages.success(request, _("“%(name)s” is added.") % {"name": dashboard.name})
            return go_to(request, "metrics:dashboard_detail" if unit else "metrics:dashboard_edit", dashboard.pk)
    context = {
        "form": form,
        "cancel_url": reverse("metrics:dashboard_list"),
        "crumbs": [*_crumbs(), (_("New dashboard"), "")],
    }
    return render_page(request, "metrics/dashboard_new.html", context, status=422 if form.is_bound else 200)


@access(Action.EDIT, Dashboard, by="pk", select=("shared_with",))
@require_http_methods(["GET", "POST"])
def dashboard_edit(request: HttpRequest, dashboard: Dashboard) -> HttpResponse:
    """The tiles in their order, what can be added to them, and the name of it all."""
    actor, now = actor_of(request), timezone.now()
    form = _settings(dashboard, actor, request.POST or None)
    if request.method == "POST" and form.is_valid():
        with errors_into(form), conflicts_into(form, seen="version", now=lambda: version_now(dashboard)):
            services.dashboard_edit(
                actor=actor,
                dashboard=dashboard,
                values=form.values(),
                seen_version=form.cleaned_data["version"],
                at=now,
            )
        if form.is_valid():
            messages.success(request, _("Saved"))
            return go_to(request, "metrics:dashboard_edit", dashboard.pk)
    return _edit_page(request, dashboard, form=form)


@access(Action.EDIT, Dashboard, by="pk", select=("shared_with",))
@require_POST
def dashboard_tile_add(request: HttpRequest, dashboard: Dashboard) -> HttpResponse:
    """Put a number, a chart or a KPI at the end."""
    actor, now = actor_of(request), timezone.now()
    is_kpi = "kpi" in request.POST
    form = (KpiTileForm if is_kpi else NumberTileForm)(request.POST, actor=actor, day=local_day(now))
    if form.is_valid():
        with errors_into(form):
            services.tile_add(actor=actor, dashboard=dashboard, wish=form.wish(), seen_version=_seen(request), at=now)
        if form.is_valid():
            unit = form.cleaned_data.get("unit")
            more = f"?unit={unit.code}" if unit else ""
            return go_to(request, f"{reverse('metrics:dashboard_edit', args=[dashboard.pk])}{more}#tiles")
    return _edit_page(request, dashboard, **{"kpi_form" if is_kpi else "number_form": form})


@access(Action.EDIT, Dashboard, by="pk")
@require_POST
def dashboard_tile_change(request: HttpRequest, dashboard: Dashboard, tile_pk: int) -> HttpResponse:
    """Move a tile up or down (``do``), give it more or less room, or take it off."""
    here: dict[str, Any] = {
        "actor": actor_of(request),
        "dashboard": dashboard,
        "tile_id": tile_pk,
        "seen_version": _seen(request),
        "at": timezone.now(),
    }
    if all(tile.pk != tile_pk for tile in tiles_of(dashboard)):
        raise Http404
    try:
        match request.POST.get("do", ""):
            case "up":
                services.tile_move(steps=-1, **here)
            case "down":
                services.tile_move(steps=1, **here)
            case "wide" | "narrow" as width:
                services.tile_widen(is_wide=width == "wide", **here)
            case "remove":
                services.tile_remove(**here)
            case _:
                raise Http404
    except DomainError as error:
        return refusal(request, error, "metrics:dashboard_edit", dashboard.pk)
    return go_to(request, f"{reverse('metrics:dashboard_edit', args=[dashboard.pk])}#tiles")


@access(Action.VIEW, Dashboard, by="pk")
@require_POST
def dashboard_copy(request: HttpRequest, dashboard: Dashboard) -> HttpResponse:
    """A private copy, to change as one likes."""
    try:
        copy = services.dashboard_copy(actor=actor_of(request), dashboard=dashboard, at=timezone.now())
    except DomainError as error:
        return refusal(request, error, "metrics:dashboard_detail", dashboard.pk)
    messages.success(request, _("This copy is yours; only you see it."))
    return go_to(request, "metrics:dashboard_edit", copy.pk)


@access(Action.DELETE, Dashboard, by="pk")
@require_POST
def dashboard_archive(request: HttpRequest, dashboard: Dashboard) -> HttpResponse:
    """Put a dashboard away; with ``?back`` take it back."""
    name = {"name": dashboard.name}
    return away_answer(
        request,
        lambda is_away: services.dashboard_archive(
            actor=actor_of(request), dashboard=dashboard, is_archived=is_away, at=timezone.now()
        ),
        here=reverse("metrics:dashboard_archive", args=[dashboard.pk]),
        away=_("“%(name)s” is archived.") % name,
        again=_("“%(name)s” is back.") % name,
        back=("metrics:dashboard_list",),
    )


def _crumbs() -> list[tuple[str, str]]:
    return [
        (_("Metrics"), reverse("metrics:executive")),
        (_("My dashboards"), reverse("metrics:dashboard_list")),
    ]


def _settings(dashboard: Dashboard, actor: Actor, data: Any = None) -> DashboardForm:
    return DashboardForm(
        data,
        actor=actor,
        day=local_day(timezone.now()),
        instance=dashboard,
        initial={"version": dashboard.version},
    )


def _seen(request: HttpRequest) -> int | None:
    return whole_number(request.POST.get("version", ""))


def _asked_unit(request: HttpRequest, actor: Actor) -> int | None:
    """The unit that an address proposes (``?unit=``), if its numbers are seen."""
    code = request.GET.get("unit", "")
    units = units_to_show(actor, day=local_day(timezone.now())) if code else ()
    return next((unit.pk for unit in units if unit.code == code), None)


def _edit_page(
    request: HttpRequest,
    dashboard: Dashboard,
    *,
    form: Any = None,
    number_form: Any = None,
    kpi_form: Any = None,
) -> HttpResponse:
    actor, day = actor_of(request), local_day(timezone.now())
    is_refused = any(one is not None and one.is_bound for one in (form, number_form, kpi_form))
    shown = named_tiles(actor, tiles_of(dashboard), day=day)
    context = {
        "dashboard": dashboard,
        "form": form or _settings(dashboard, actor),
        "number_form": number_form
        or NumberTileForm(actor=actor, day=day, initial={"unit": _asked_unit(request, actor)}),
        "kpi_form": kpi_form or KpiTileForm(actor=actor, day=day),
        "tiles": shown,
        "version": version_now(dashboard),
        "most": MOST_TILES,
        "is_full": len(shown) >= MOST_TILES,
        "is_away": dashboard.archived_at is not None,
        "crumbs": [
            *_crumbs(),
            (dashboard.name, reverse("metrics:dashboard_detail", args=[dashboard.pk])),
            (_("Edit"), ""),
        ],
    }
    return render_page(request, "metrics/dashboard_edit.html", context, status=422 if is_refused else 200)
