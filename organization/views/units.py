"""Pages of the unit tree: look at it, open, describe, move and close its units."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organization.context import live_context
from organization.forms.units import UnitCloseForm, UnitCreateForm, UnitEditForm, UnitMoveForm
from organization.models import Period, RoleAssignment, Unit, UnitKind
from organization.querysets import valid_on
from organization.selectors.history import unit_history_entries
from organization.selectors.units import (
    OWN_PAGES,
    parents_for,
    placements_of,
    shown_stays,
    tiles_url,
    unit_crumbs,
    unit_forest,
    unit_pages_of,
    unit_tabs,
    unit_why,
)
from organization.services import units as services
from pmo_portal.lib.access import Action, access, actor_of, listing, policy_for, visible
from pmo_portal.lib.errors import DomainError
from pmo_portal.lib.forms import conflicts_into, errors_into
from pmo_portal.lib.merging import last_change
from pmo_portal.lib.pages import go_to, render_page, wants_fragment
from pmo_portal.lib.subject_pages import tabs_around
from pmo_portal.lib.windows import local_day


def unit_context(request: HttpRequest, unit: Unit, current: str, *here: str) -> dict[str, Any]:
    """What the head of every page of a unit shows."""
    actor = actor_of(request)
    policy = policy_for(Unit)
    return {
        "unit": unit,
        "tabs": unit_tabs(actor, unit, current),
        "crumbs": unit_crumbs(actor, unit, *here),
        "may": {action.value.lower(): policy.allows(actor, action, unit) for action in Action},
    }


@access(Action.VIEW, Unit, by="code", select=("calendar",))
@require_GET
def unit_detail(request: HttpRequest, unit: Unit) -> HttpResponse:
    """What a unit is, what stands below it, who leads it, and where to go from here."""
    actor = actor_of(request)
    today = local_day(timezone.now())
    nodes = unit_forest(actor, day=today)
    context = {
        **unit_context(request, unit, "overview"),
        **live_context(request, [unit.pk]),
        "below": _below(nodes, unit),
        "pages": [
            {"label": page.label, "icon": page.icon, "url": page.url(unit)}
            for page in unit_pages_of(actor, unit)
            if page.code not in OWN_PAGES
        ],
        "leads": visible(actor, RoleAssignment)
        .filter(valid_on(today), unit=unit)
        .exclude(role="DEVELOPER")
        .select_related("person")
        .order_by("role", "person__name"),
        "periods": visible(actor, Period)
        .filter(unit__closure_down__descendant=unit, unit__closure_down__valid_from__lte=today)
        .filter(unit__closure_down__valid_to__gt=today, starts_on__lte=today, ends_on__gt=today)
        .select_related("unit")
        .distinct(),
        "placements": placements_of(actor_of(request), unit),
        "tiles_url": tiles_url(actor, unit),
        "today": today,
        "about_tabs": tabs_around(request, "unit", unit.pk, request.path),
        "why": unit_why(actor, unit)[:-1] if wants_fragment(request) else [],
    }
    return render_page(request, "organization/unit_detail.html", context, fragment="body")


@access(Action.VIEW, RoleAssignment, by="code", within=Unit)
@require_GET
def unit_people(request: HttpRequest, unit: Unit) -> HttpResponse:
    """Who holds which role here, and who brings one along from above."""
    today = local_day(timezone.now())
    roles = visible(actor_of(request), RoleAssignment).select_related("person", "unit").order_by("role", "person__name")
    context = {
        **unit_context(request, unit, "people", _("People")),
        "roles": roles.filter(unit=unit, valid_to__gt=today),
        "past_roles": roles.filter(unit=unit, valid_to__lte=today)[:50],
        "roles_above": roles.filter(
            valid_on(today),
            unit__closure_down__descendant=unit,
            unit__closure_down__depth__gt=0,
            unit__closure_down__valid_from__lte=today,
            unit__closure_down__valid_to__gt=today,
        ),
        "may_give": policy_for(RoleAssignment).allows_within(actor_of(request), Action.CREATE, unit.pk),
        "may_end": policy_for(RoleAssignment).allows_within(actor_of(request), Action.DELETE, unit.pk),
        "today": today,
    }
    return render_page(request, "organization/unit_people.html", context)


@access(Action.VIEW, Unit, by="code")
@require_GET
def unit_placements(request: HttpRequest, unit: Unit) -> HttpResponse:
    """Where a unit stood, stands and will stand."""
    context = {
        **unit_context(request, unit, "placements", _("Place")),
        "placements": placements_of(actor_of(request), unit),
        "today": local_day(timezone.now()),
    }
    return render_page(request, "organization/unit_placements.html", context)


@access(Action.VIEW, Unit, by="code")
@require_GET
def unit_history(request: HttpRequest, unit: Unit) -> HttpResponse:
    """Every change of a unit, its place and its roles."""
    context = {
        **unit_context(request, unit, "history", _("History")),
        "entries": unit_history_entries(actor_of(request), unit),
    }
    return render_page(request, "organization/unit_history.html", context)


@listing(Action.CREATE, Unit)
@require_http_methods(["GET", "POST"])
def unit_create(request: HttpRequest) -> HttpResponse:
    """Open a unit."""
    actor = actor_of(request)
    now = timezone.now()
    parents = parents_for(actor, None, "unit.create", day=local_day(now))
    initial = {"parent": request.GET.get("parent"), "kind": request.GET.get("kind", UnitKind.TEAM)}
    form = UnitCreateForm(request.POST or None, parents=parents, initial=initial)
    if form.is_valid():
        with errors_into(form):
            unit = services.unit_create(actor=actor, at=now, **form.cleaned_data)
        if form.is_valid():
            messages.success(request, _("%(unit)s is open.") % {"unit": unit})
            return go_to(request, "organization:unit_detail", unit.code)
    context = {"form": form, "crumbs": [(_("Units"), "/units/"), (_("New unit"), "")]}
    return render_page(request, "organization/unit_create.html", context, status=422 if form.is_bound else 200)


@access(Action.EDIT, Unit, by="code")
@require_http_methods(["GET", "POST"])
def unit_edit(request: HttpRequest, unit: Unit) -> HttpResponse:
    """Describe a unit anew."""
    form = UnitEditForm(request.POST or None, instance=unit, initial={"seen": last_change(unit)})
    if form.is_valid():
        with errors_into(form), conflicts_into(form, seen="seen", now=lambda: last_change(unit)):
            services.unit_edit(actor=actor_of(request), unit=unit, at=timezone.now(), **form.cleaned_data)
        if form.is_valid():
            messages.success(request, _("Saved"))
            return go_to(request, "organization:unit_detail", unit.code)
    context = {**unit_context(request, unit, "overview", _("Edit")), "form": form}
    return render_page(request, "organization/unit_edit.html", context, status=422 if form.is_bound else 200)


@access(Action.MOVE, Unit, by="code")
@require_http_methods(["GET", "POST"])
def unit_move(request: HttpRequest, unit: Unit) -> HttpResponse:
    """Move a unit under another one from a day on; first shown, then done."""
    actor = actor_of(request)
    now = timezone.now()
    parents = parents_for(actor, unit, "unit.move", day=local_day(now))
    form = UnitMoveForm(request.POST or None, parents=parents, initial={"from_day": local_day(now)})
    plan = None
    if form.is_valid():
        if "confirmed" in request.POST:
            with errors_into(form):
                services.unit_move(actor=actor, unit=unit, at=now, **form.cleaned_data)
            if form.is_valid():
                messages.success(request, _("%(unit)s moves to %(parent)s.") % {"unit": unit, **form.cleaned_data})
                return go_to(request, "organization:unit_placements", unit.code)
        else:
            plan = services.unit_move_plan(unit=unit, **form.cleaned_data)
    context = {
        **unit_context(request, unit, "placements", _("Move")),
        "form": form,
        "plan": plan,
        "before": shown_stays(actor, plan.before) if plan else [],
        "after": shown_stays(actor, plan.after) if plan else [],
        "is_past": bool(plan) and form.cleaned_data["from_day"] < local_day(now),
        "below_count": unit.closure_down.filter(valid_on(local_day(now)), depth__gt=0).count(),
        "today": local_day(now),
    }
    status = 422 if form.is_bound and not plan else 200
    return render_page(request, "organization/unit_move.html", context, status=status)


@access(Action.MANAGE, Unit, by="code")
@require_http_methods(["GET", "POST"])
def unit_close(request: HttpRequest, unit: Unit) -> HttpResponse:
    """Close a unit after its last day."""
    now = timezone.now()
    form = UnitCloseForm(request.POST or None, initial={"last_day": local_day(now)})
    if form.is_valid():
        with errors_into(form):
            services.unit_close(actor=actor_of(request), unit=unit, closed_on=form.closed_on, at=now)
        if form.is_valid():
            messages.success(request, _("%(unit)s is closed.") % {"unit": unit})
            return go_to(request, "organization:unit_detail", unit.code)
    context = {**unit_context(request, unit, "overview", _("Close")), "form": form}
    return render_page(request, "organization/unit_close.html", context, status=422 if form.is_bound else 200)


@access(Action.MANAGE, Unit, by="code")
@require_POST
def unit_reopen(request: HttpRequest, unit: Unit) -> HttpResponse:
    """Open a closed unit again."""
    try:
        services.unit_reopen(actor=actor_of(request), unit=unit, at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("%(unit)s is open again.") % {"unit": unit})
    return go_to(request, "organization:unit_detail", unit.code)


def _below(nodes: list[Any], unit: Unit) -> list[Any]:
    """The part of a forest that stands below a unit."""
    for number, node in enumerate(nodes):
        if node.unit.pk == unit.pk:
            below = []
            for following in nodes[number + 1 :]:
                if following.depth <= node.depth:
                    break
                below.append(following)
            return below
    return []
