"""The menu of saved views of a list, and what is done to them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from collaboration.forms.saved_views import ViewCreateForm, ViewEditForm
from collaboration.models import SavedView
from collaboration.saved_view_rights import may_edit_view, require_edit, view_seen
from collaboration.selectors.saved_views import units_to_share_with, views_of
from collaboration.services import saved_views as services
from organization.models import Unit
from pmo_portal.lib.access import Action, actor_of, policy_for, signed_in, visible
from pmo_portal.lib.forms import conflicts_into, errors_into
from pmo_portal.lib.merging import last_change
from pmo_portal.lib.pages import go_to, render_page
from pmo_portal.lib.parameters import whole_number

REASON = "a saved view is shown to its owner and to those it is shared with, and only they can name it"


@signed_in(REASON)
@require_GET
def view_menu(request: HttpRequest) -> HttpResponse:
    """The views of one list: to open, to keep what is shown now, to change."""
    return _menu(request, request.GET)


def _menu(
    request: HttpRequest, query: QueryDict, *, form: ViewCreateForm | None = None, status: int = 200
) -> HttpResponse:
    actor, unit = actor_of(request), _unit(request, query)
    code, asked = query.get("list", "")[:40], query.get("query", "")[:4000]
    views = list(views_of(actor, list_code=code, unit_id=unit.pk if unit else None))
    units = units_to_share_with(actor, unit.pk if unit else None)
    current = whole_number(query.get("view", ""))
    context: dict[str, Any] = {
        "list_code": code,
        "unit": unit,
        "path": _path(query),
        "asked": asked,
        "own": [view for view in views if not view.is_shared],
        "shared": [view for view in views if view.is_shared],
        "editable": [view.pk for view in views if may_edit_view(actor, view)],
        "current": next((view for view in views if view.pk == current), None),
        "form": form or ViewCreateForm(units=units, initial={"query": asked}),
        "crumbs": [(_("Views"), "")],
    }
    return render_page(request, "collaboration/view_menu.html", context, fragment="menu", status=status)


@signed_in("a saved view belongs to whoever makes it; sharing it asks for the right to work in the unit")
@require_POST
def view_create(request: HttpRequest) -> HttpResponse:
    """Keep what a list shows under a name."""
    actor, unit = actor_of(request), _unit(request, request.POST)
    units = units_to_share_with(actor, unit.pk if unit else None)
    form = ViewCreateForm(request.POST, units=units)
    if form.is_valid():
        share = form.cleaned_data.get("share")
        with errors_into(form):
            view = services.view_create(
                actor=actor,
                list_code=request.POST.get("list", "")[:40],
                unit=share or unit,
                name=form.cleaned_data["name"],
                query=form.cleaned_data["query"],
                is_shared=share is not None,
                is_standard=form.cleaned_data["is_standard"],
                at=timezone.now(),
            )
        if form.is_valid():
            return _opened(request, view, _path(request.POST))
    return _menu(request, request.POST, form=form, status=422)


@signed_in(REASON)
@require_http_methods(["GET", "POST"])
def view_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Describe a view anew; ``query`` alone keeps what is shown now under its name."""
    view = _view(request, pk)
    actor = actor_of(request)
    require_edit(actor, view)
    if request.method == "POST" and "query" in request.POST:
        services.view_edit(actor=actor, view=view, values={"query": request.POST["query"][:4000]}, at=timezone.now())
        return _opened(request, view, _path(request.POST))
    initial = {
        "name": view.name,
        "is_shared": view.is_shared,
        "is_standard": view.is_standard,
        "position": view.position,
        "seen": last_change(view),
    }
    form = ViewEditForm(request.POST or None, view=view, initial=initial)
    if form.is_valid():
        values = {name: value for name, value in form.cleaned_data.items() if name != "seen"}
        with errors_into(form), conflicts_into(form, seen="seen", now=lambda: last_change(view)):
            services.view_edit(actor=actor, view=view, values=values, seen=form.cleaned_data["seen"], at=timezone.now())
        if form.is_valid():
            return _opened(request, view, _path(request.GET))
    context = {"view": view, "form": form, "path": _path(request.GET), "crumbs": [(_("Views"), ""), (view.name, "")]}
    return render_page(request, "collaboration/view_edit.html", context, status=422 if form.is_bound else 200)


@signed_in(REASON)
@require_POST
def view_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw a view away."""
    view = _view(request, pk)
    services.view_delete(actor=actor_of(request), view=view, at=timezone.now())
    messages.success(request, _("The view “%(view)s” is gone.") % {"view": view.name})
    return go_to(request, f"{_path(request.POST)}?view=0")


def _opened(request: HttpRequest, view: SavedView, path: str) -> HttpResponse:
    return go_to(request, f"{path}?view={view.pk}")


def _view(request: HttpRequest, pk: int) -> SavedView:
    view = view_seen(actor_of(request), pk)
    if view is None:
        raise Http404
    return view


def _unit(request: HttpRequest, query: QueryDict) -> Unit | None:
    """The unit of the list; SECURITY: none that this person may not see."""
    pk = whole_number(query.get("unit", ""))
    if pk is None:
        return None
    unit = visible(actor_of(request), Unit).filter(pk=pk).first()
    if unit is None or not policy_for(Unit).allows(actor_of(request), Action.VIEW, unit):
        raise Http404
    return unit


def _path(query: QueryDict) -> str:
    """Where the list is. SECURITY: an address of ours without a question, or home."""
    path = query.get("path", "/")
    if (
        not path.startswith("/")
        or not url_has_allowed_host_and_scheme(path, allowed_hosts=None)
        or set("?#\\") & set(path)
    ):
        return "/"
    try:
        resolve(path)
    except Resolver404:
        return "/"
    return path
