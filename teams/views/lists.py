"""The items of a team as a list and as a file, its recycle bin, and the pages that create an item."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from organization.terms import words
from pmo_portal.lib.access import Action, access, actor_of, listing, visible
from pmo_portal.lib.csv_export import csv_response
from pmo_portal.lib.forms import errors_into
from pmo_portal.lib.pages import go_to, render_page
from pmo_portal.lib.parameters import whole_number
from pmo_portal.lib.windows import local_day
from portfolio.models import WorkflowState
from teams.forms import ItemForm
from teams.models import Team, TeamMode, WorkItem
from teams.selectors.filters import ItemFilter, toggled
from teams.selectors.lists import PAGE_ROWS, SCOPES, csv_head, csv_rows, items_found, sort_of
from teams.selectors.within import column_of, deleted_items
from teams.services.items import item_create
from teams.views.chips import Chip, query_url
from teams.views.frames import team_context
from teams.views.setting_up import or_set_up


@require_GET
@or_set_up
@access(Action.VIEW, WorkItem, within=Team, by="code", field="unit__code", select=("unit",))
def item_list(request: HttpRequest, team: Team) -> HttpResponseBase:
    """A team's items: filtered, sorted, fifty a page; ``?format=csv`` gives all of them as a file."""
    actor = actor_of(request)
    wanted = ItemFilter.from_query(request.GET)
    scope = request.GET.get("scope", "open")
    scope = scope if scope in SCOPES else "open"
    state_id = whole_number(request.GET.get("state", ""))
    sort = sort_of(request.GET.get("sort", ""))
    found = items_found(
        team, wanted=wanted, scope=scope, state_id=state_id, sort=sort, actor=actor, today=local_day(timezone.now())
    )
    if request.GET.get("format") == "csv":
        rows = csv_rows(found, feature_units=actor.units("feature.view"))
        return csv_response(name=f"{team.unit.code}-items", head=csv_head(), rows=rows)
    query = {name: str(value) for name, value in request.GET.items() if name not in {"page", "format", "q"}}
    page = Paginator(found, PAGE_ROWS).get_page(request.GET.get("page"))
    context = {
        **team_context(request, team, "items", (_("Items"), "")),
        "page": page,
        "sort": sort,
        "filter": wanted,
        "query": query,
        "chips": _list_chips(team, wanted, scope, query),
        "csv_url": query_url({**query, **({"q": wanted.text} if wanted.text else {}), "format": "csv"}),
        "epic_units": actor.units("epic.view"),
        "can_create": actor.can("item.create", team.pk) and not team.is_mirrored,
    }
    return render_page(request, "teams/item_list.html", context, fragment="results")


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


def _list_chips(team: Team, wanted: ItemFilter, scope: str, query: dict[str, str]) -> list[Chip]:
    names = {"open": _("Open"), "done": _("Finished"), "all": _("All")}
    base = {name: value for name, value in query.items() if name != "state"}
    if wanted.text:
        base["q"] = wanted.text
    chips = [Chip(names[each], query_url({**base, "scope": each}), is_on=each == scope) for each in SCOPES]
    toggles = (("who", "me", _("Mine")), ("blocked", "1", _("Blocked")), ("stale", "1", _("Stale")))
    return chips + [
        Chip(label, query_url(toggled(base, name, value)), is_on=base.get(name) == value)
        for name, value, label in toggles
    ]
