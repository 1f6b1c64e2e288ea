"""The items of a team as a list and as a file, its recycle bin, and the pages that create an item."""

from __future__ import annotations

from typing import Any, Final

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from organization.terms import words
from pmo_portal.lib.access import Action, access, actor_of, listing, visible
from pmo_portal.lib.forms import errors_into
from pmo_portal.lib.lists.page import ListPage
from pmo_portal.lib.lists.parts import Doors, Empty
from pmo_portal.lib.lists.respond import list_page, list_response
from pmo_portal.lib.pages import go_to, render_page
from pmo_portal.lib.parameters import whole_number
from pmo_portal.lib.windows import local_day
from portfolio.models import WorkflowState
from portfolio.selectors.compare import compared_with
from teams.forms import ItemForm
from teams.models import Team, TeamMode, WorkItem
from teams.selectors.lists import bulk_fields, items_list, items_of, items_scope
from teams.selectors.within import column_of, deleted_items
from teams.services.items import item_create
from teams.views.frames import team_context
from teams.views.setting_up import or_set_up

PAGE_ROWS: Final = 50


@require_GET
@or_set_up
@access(Action.VIEW, WorkItem, within=Team, by="code", field="unit__code", select=("unit",))
def item_list(request: HttpRequest, team: Team) -> HttpResponseBase:
    """A team's items as a list; ``?format=`` gives exactly what it shows as a file."""
    page = item_page_of(request, team)
    return list_response(
        request,
        page,
        template="teams/item_list.html",
        context=lambda: {
            **team_context(request, team, "items", (_("Items"), "")),
            "create_url": page.doors.empty.action_url,
        },
    )


def item_page_of(request: HttpRequest, team: Team) -> ListPage:
    """The list of a team's items under the question of the address, with what this person may do in it."""
    actor, unit = actor_of(request), team.unit
    may_edit = actor.can("item.edit", team.pk) and not team.is_mirrored
    may_create = actor.can("item.create", team.pk) and not team.is_mirrored
    doors = Doors(
        name=f"{unit.code}-items",
        title=words(_("{Items} of %(team)s") % {"team": unit.name}),
        unit_name=unit.name,
        empty=Empty(
            title=words(_("No {items} yet")),
            text=_(
                "Items are the stories, bugs, tasks and spikes of the team. Add the first one here or on the board."
            ),
            action_label=words(_("New {item}")),
            action_url=reverse("teams:item_create_in", args=[unit.code]) if may_create else "",
        ),
        cell_url=reverse("teams:item_cell", args=[unit.code]) if may_edit else "",
        bulk_url=reverse("teams:item_bulk", args=[unit.code]) if may_edit else "",
        bulk_fields=bulk_fields(team) if may_edit else (),
        live_units=(team.pk,),
        compare=compared_with,
    )
    return list_page(
        request.GET,
        items_list(team, actor=actor),
        rows=items_of(team),
        scope=items_scope(team, actor=actor, today=local_day(timezone.now())),
        path=reverse("teams:item_list", args=[unit.code]),
        doors=doors,
    )


@require_GET
@access(Action.DELETE, WorkItem, within=Team, by="code", field="unit__code", select=("unit",))
def item_bin(request: HttpRequest, team: Team) -> HttpResponseBase:
    """What was deleted and can be taken out again."""
    deleted = deleted_items(team)
    context = {
        **team_context(request, team, "items", (_("Recycle bin"), "")),
        "page": Paginator(deleted, PAGE_ROWS).get_page(request.GET.get("page")),
    }
    return render_page(request, "teams/item_bin.html", context)


@require_http_methods(["GET", "POST"])
@access(Action.CREATE, WorkItem, within=Team, by="code", field="unit__code", select=("unit",))
def item_create_in(request: HttpRequest, team: Team) -> HttpResponseBase:
    """A new item of a team, with all its fields."""
    actor = actor_of(request)
    form = ItemForm(request.POST or None, team=team, actor=actor, initial={"sprint": request.GET.get("sprint")})
    if request.method == "POST" and form.is_valid():
        made = None
        with errors_into(form):
            made = item_create(
                actor=actor,
                team=team,
                title=form.cleaned_data["title"],
                state=_state(team, request.GET.get("column", "")),
                values={name: value for name, value in form.values().items() if name != "title"},
                at=timezone.now(),
            )
        if made is not None:
            return go_to(request, "teams:item_detail", made.key)
    title = words(_("New {item} of %(team)s") % {"team": team.unit.name})
    context = {
        **team_context(request, team, "board", (title, "")),
        "title": title,
        "form": form,
        "submit": _("Create"),
        "cancel_url": reverse("teams:board", args=[team.unit.code]),
    }
    return render_page(request, "teams/form_page.html", context, status=422 if form.errors else 200)


@require_GET
@listing(Action.CREATE, WorkItem)
def item_create_anywhere(request: HttpRequest) -> HttpResponseBase:
    """Choose the team of a new item; with one team there is nothing to choose."""
    teams = (
        visible(actor_of(request), Team)
        .filter(unit__any_of=actor_of(request).units("item.create"), mode=TeamMode.HOSTED)
        .select_related("unit")
        .order_by("unit__name")
    )
    found = list(teams)
    if len(found) == 1:
        return go_to(request, "teams:item_create_in", found[0].unit.code)
    context: dict[str, Any] = {"teams": found, "crumbs": [(_("New item"), "")]}
    return render_page(request, "teams/item_create_anywhere.html", context)


def _state(team: Team, state: str) -> WorkflowState | None:
    """The column a new item was asked for; the first one when it is none of this team's."""
    found = column_of(team, whole_number(state) or 0)
    return None if found is None or found.is_archived else found
