"""Cells and many rows of the list of items, edited where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from pmo_portal.lib.access import Action, Actor, access, actor_of
from pmo_portal.lib.lists.bulk import bulk_response, bulk_undo_response
from pmo_portal.lib.lists.editing import cell_response
from portfolio.views.list_edits import TrackedEditor
from teams.forms import ItemForm
from teams.models import Team, WorkItem
from teams.services import items
from teams.views.lists import item_page_of


def item_editor(actor: Actor, team: Team) -> TrackedEditor:
    """Edits the items of a team."""

    def form_of(row: WorkItem, name: str, data: Mapping[str, Any] | None) -> ItemForm:
        return ItemForm(data, team=team, actor=actor, item=row, only=name)

    return TrackedEditor(
        WorkItem,
        form_of=form_of,
        edit=lambda row, values, seen: items.item_edit(
            actor=actor, item=row, values=values, seen_version=seen, at=timezone.now()
        ),
        move=lambda row, state, seen: items.item_move(
            actor=actor, item=row, to_state=state, after_id=None, seen_version=seen, at=timezone.now()
        ),
        undo=lambda row, event: items.item_undo(actor=actor, item=row, event=event, at=timezone.now()),
    )


@access(Action.EDIT, WorkItem, within=Team, by="code", field="unit__code", select=("unit",))
@require_http_methods(["GET", "POST"])
def item_cell(request: HttpRequest, team: Team) -> HttpResponse:
    """One cell of the list, edited in place."""
    return cell_response(request, item_page_of(request, team), item_editor(actor_of(request), team))


@access(Action.EDIT, WorkItem, within=Team, by="code", field="unit__code", select=("unit",))
@require_http_methods(["GET", "POST"])
def item_bulk(request: HttpRequest, team: Team) -> HttpResponse:
    """One field of many items."""
    page, editor = item_page_of(request, team), item_editor(actor_of(request), team)
    return bulk_response(request, page, editor, undo_name="teams:item_bulk_undo", code=team.unit.code)


@access(Action.EDIT, WorkItem, within=Team, by="code", field="unit__code", select=("unit",))
@require_POST
def item_bulk_undo(request: HttpRequest, team: Team, token: str) -> HttpResponse:
    """A bulk edit taken back."""
    page = item_page_of(request, team)
    return bulk_undo_response(request, item_editor(actor_of(request), team), token=token, back_url=page.path)
