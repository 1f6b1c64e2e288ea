"""The lists of people and of units."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from organization.models import Person, Unit
from organization.selectors.lists import PEOPLE, UNITS, people_of, people_scope, units_of, units_scope
from organization.selectors.units import unit_forest
from organization.views.list_edits import PersonEditor, UnitEditor
from pmo_portal.lib.access import Action, Actor, actor_of, listing, policy_for
from pmo_portal.lib.lists.editing import cell_response
from pmo_portal.lib.lists.page import ListPage
from pmo_portal.lib.lists.parts import Doors, Empty
from pmo_portal.lib.lists.respond import list_page, list_response
from pmo_portal.lib.windows import local_day


@listing(Action.VIEW, Person)
@require_GET
def person_list(request: HttpRequest) -> HttpResponseBase:
    """The people one may see as a list; ``?format=`` gives exactly what it shows as a file."""
    page = _people(request)
    return list_response(
        request,
        page,
        template="organization/person_list.html",
        context=lambda: {"create_url": page.doors.empty.action_url, "crumbs": [(_("People"), "")]},
    )


@listing(Action.EDIT, Person)
@require_http_methods(["GET", "POST"])
def person_cell(request: HttpRequest) -> HttpResponse:
    """One cell of the list of people, edited in place."""
    return cell_response(request, _people(request), PersonEditor(actor_of(request)))


def _people(request: HttpRequest) -> ListPage:
    actor, today = actor_of(request), local_day(timezone.now())
    create_url = reverse("organization:person_create") if _may(actor, "person.create") else ""
    doors = Doors(
        name=f"people-{today:%Y-%m-%d}",
        title=_("People"),
        empty=Empty(
            title=_("Nobody found"),
            text=_("People who hold a role on a unit you look after appear here."),
            action_label=_("New person"),
            action_url=create_url,
            icon="users-round",
        ),
        cell_url=reverse("organization:person_cell") if _may(actor, "person.edit") else "",
        may_edit=lambda row: policy_for(Person).allows(actor, Action.EDIT, row),
    )
    return list_page(
        request.GET,
        PEOPLE,
        rows=people_of(actor, day=today),
        scope=people_scope(actor, day=today, roles=",".join(request.GET.getlist("role"))),
        path=reverse("organization:person_list"),
        doors=doors,
    )


@listing(Action.VIEW, Unit)
@require_GET
def unit_list(request: HttpRequest) -> HttpResponseBase:
    """The units one may see as they stand today: a tree, unless they are sorted or filtered."""
    page = _units(request)
    return list_response(
        request,
        page,
        template="organization/unit_list.html",
        context=lambda: {"create_url": page.doors.empty.action_url, "crumbs": [(_("Units"), "")]},
    )


@listing(Action.EDIT, Unit)
@require_http_methods(["GET", "POST"])
def unit_cell(request: HttpRequest) -> HttpResponse:
    """One cell of the list of units, edited in place."""
    return cell_response(request, _units(request), UnitEditor(actor_of(request)))


def _units(request: HttpRequest) -> ListPage:
    actor, today = actor_of(request), local_day(timezone.now())
    nodes = unit_forest(actor, day=today, with_closed=True)
    create_url = reverse("organization:unit_create") if _may(actor, "unit.create") else ""
    doors = Doors(
        name=f"units-{today:%Y-%m-%d}",
        title=_("Units"),
        empty=Empty(
            title=_("No units here"),
            text=_(
                "Portfolios, value streams, programs and teams form one tree. Roles, boards and numbers attach to its "
                "units."
            ),
            action_label=_("New unit"),
            action_url=create_url,
            icon="list-tree",
        ),
        cell_url=reverse("organization:unit_cell") if _may(actor, "unit.edit") else "",
        may_edit=lambda row: policy_for(Unit).allows(actor, Action.EDIT, row),
    )
    return list_page(
        request.GET,
        UNITS,
        rows=units_of(nodes),
        scope=units_scope(actor, nodes, day=today),
        path=reverse("organization:unit_list"),
        doors=doors,
    )


def _may(actor: Actor, permission: str) -> bool:
    return bool(actor.units(permission)) or actor.can(permission, None)
