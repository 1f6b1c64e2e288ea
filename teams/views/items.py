"""A work item's page, which is also the side panel of boards and lists, and everything done on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponsePermanentRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pmo_portal.lib.access import Action, access, actor_of, load, visible
from pmo_portal.lib.errors import Conflict, DomainError
from pmo_portal.lib.forms import errors_into
from pmo_portal.lib.pages import go_to, render_page, toast, wants_fragment
from pmo_portal.lib.parameters import whole_number
from pmo_portal.lib.subject_pages import register_frame, subject_tabs
from portfolio.models import StateCategory
from portfolio.selectors.history import history
from teams.forms import ItemBlockForm, ItemForm, ItemMoveForm, ItemTransferForm, SubItemForm, VersionForm
from teams.models import ItemType, Team, WorkItem
from teams.selectors.items import SELECT, sub_items, why_chain
from teams.selectors.within import event_of, item_behind, last_card
from teams.services import items
from teams.views.frames import crumbs_of, live_context, units_above
from teams.views.item_fields import field_response, inline_field, inline_fields
from teams.views.item_state import state_field

View = Callable[..., HttpResponseBase]


def old_keys(view: View) -> View:
    """An item's old key leads to its page; for whoever may not see the item it never existed."""

    @wraps(view)
    def led(request: HttpRequest, key: str) -> HttpResponseBase:
        try:
            return view(request, key=key)
        except Http404:
            item = item_behind(key, actor=actor_of(request))
            if item is None:
                raise
            return HttpResponsePermanentRedirect(reverse("teams:item_detail", args=[item.key]))

    return led


@require_GET
@old_keys
@access(Action.VIEW, WorkItem, by="key", select=SELECT)
def item_detail(request: HttpRequest, item: WorkItem) -> HttpResponseBase:
    """The item: as a page, or as the side panel of a board or list."""
    return item_page(request, item, tab="history" if request.GET.get("tab") == "history" else "")


def item_page(request: HttpRequest, item: WorkItem, *, tab: str = "", status: int = 200, **more: Any) -> HttpResponse:
    """The item's page or panel as it is now. A tab of another app brings its ``tab_template``."""
    actor = actor_of(request)
    url, is_history = reverse("teams:item_detail", args=[item.key]), tab == "history"
    may_edit = actor.can("item.edit", item.team_id) and item.deleted_at is None
    context: dict[str, Any] = {
        "item": item,
        "team": item.team,
        "is_history": is_history,
        "tabs": [
            {"label": _("Overview"), "url": url, "is_current": not tab},
            *subject_tabs(request, "item", item.pk, tab),
            {"label": _("History"), "url": f"{url}?tab=history", "is_current": is_history},
        ],
        "why": why_chain(item, actor),
        "may_edit": may_edit and not item.team.is_mirrored,
        "may_delete": actor.can("item.delete", item.team_id) and not item.team.is_mirrored,
        **more,
    }
    if not wants_fragment(request):
        board = (_("Board"), reverse("teams:board", args=[item.team.unit.code]))
        context["crumbs"] = crumbs_of(units_above(item.team, actor), board, (item.key, url))
        context |= live_context(request, [item.team_id])
    if is_history:
        before = whole_number(request.GET.get("before", ""))
        context["history"] = history(item, actor=actor, before=before)
    elif not tab:
        form = ItemForm(team=item.team, actor=actor, item=item)
        context |= {
            "fields": inline_fields(form, item, may_edit=may_edit),
            "state_field": state_field(item, may_move=_may_move(request, item)),
            "children": sub_items(item),
        }
    return render_page(request, "teams/item_detail.html", context, fragment="panel", status=status)


def _tab(request: HttpRequest, item: WorkItem, tab: str, context: Mapping[str, Any], status: int) -> HttpResponse:
    """A tab that every subject has, inside the item's page."""
    return item_page(request, _again(request, item), tab=tab, status=status, **context)


register_frame("item", _tab)


@require_POST
@access(Action.EDIT, WorkItem, by="key", select=SELECT)
def item_field_edit(request: HttpRequest, item: WorkItem, field: str) -> HttpResponseBase:
    """Save one field in place. When somebody changed the same field meanwhile, both values are shown (409)."""
    actor = actor_of(request)
    try:
        form = ItemForm(request.POST, team=item.team, actor=actor, item=item, only=field)
    except KeyError as error:
        raise Http404 from error
    seen = VersionForm(request.POST)
    saved, conflict, status = False, None, 422
    if form.is_valid() and seen.is_valid():
        with errors_into(form):
            try:
                items.item_edit(
                    actor=actor,
                    item=item,
                    values=form.values(),
                    seen_version=seen.cleaned_data["version"],
                    at=timezone.now(),
                )
            except Conflict as error:
                conflict, status = error.conflicts[0], error.status
    item = _again(request, item)
    if form.is_valid() and conflict is None:
        saved, status = True, 200
        form = ItemForm(team=item.team, actor=actor, item=item, only=field)
    if not wants_fragment(request):
        return go_to(request, "teams:item_detail", item.key) if saved else item_page(request, item, status=status)
    shown = inline_field(form, field, item, may_edit=True, saved=saved, conflict=conflict)
    return field_response(request, shown, status=status)


@require_http_methods(["GET", "POST"])
@access(Action.EDIT, WorkItem, by="key", select=SELECT)
def item_edit(request: HttpRequest, item: WorkItem) -> HttpResponseBase:
    """All fields in one form; what somebody else changed meanwhile is refused field by field."""
    form = ItemForm(request.POST or None, team=item.team, actor=actor_of(request), item=item, with_version=True)
    if request.method == "POST" and form.is_valid():
        changed = {
            name: value for name, value in form.values().items() if name in form.changed_data or name == "custom"
        }
        with errors_into(form):
            item = items.item_edit(
                actor=actor_of(request),
                item=item,
                values=changed,
                seen_version=form.cleaned_data["version"],
                at=timezone.now(),
            )
        if form.is_valid():
            return go_to(request, "teams:item_detail", item.key)
    return _form_page(request, item, form, title=_("Edit %(key)s") % {"key": item.key}, submit=_("Save"))


@require_http_methods(["GET", "POST"])
@access(Action.MOVE, WorkItem, by="key", select=SELECT)
def item_move(request: HttpRequest, item: WorkItem) -> HttpResponseBase:
    """Another column for the item, without the board: its state field, or a page of its own."""
    form = ItemMoveForm(request.POST or None, item=item)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            with errors_into(form):
                item = items.item_move(
                    actor=actor_of(request),
                    item=item,
                    to_state=form.cleaned_data["state"],
                    after_id=_last_of(item, form.cleaned_data),
                    seen_version=form.cleaned_data["version"],
                    at=timezone.now(),
                )
        if form.is_valid():
            item, status = _again(request, item), 200
            if not wants_fragment(request):
                return go_to(request, "teams:item_detail", item.key)
    if wants_fragment(request) and request.method == "POST":
        field = state_field(_again(request, item), may_move=True, form=form, saved=status == 200)
        return field_response(request, field, status=status)
    return _form_page(request, item, form, title=_("Move %(key)s") % {"key": item.key}, submit=_("Move"))


@require_POST
@access(Action.EDIT, WorkItem, by="key", select=SELECT)
def item_block(request: HttpRequest, item: WorkItem) -> HttpResponseBase:
    """Flag an item as blocked, with the reason on its card."""
    form = ItemBlockForm(request.POST)
    if form.is_valid():
        with errors_into(form):
            items.item_block(actor=actor_of(request), item=item, reason=form.cleaned_data["reason"], at=timezone.now())
    return _after(request, item, form=form, block_form=form)


@require_POST
@access(Action.EDIT, WorkItem, by="key", select=SELECT)
def item_unblock(request: HttpRequest, item: WorkItem) -> HttpResponseBase:
    """Take the flag off."""
    try:
        items.item_unblock(actor=actor_of(request), item=item, at=timezone.now())
    except DomainError as error:
        return toast(item_page(request, item, status=error.status), error, kind="error")
    return _after(request, item)


@require_POST
@access(Action.EDIT, WorkItem, by="key", select=SELECT)
def item_sub_add(request: HttpRequest, item: WorkItem) -> HttpResponseBase:
    """Add a part to an item."""
    form = SubItemForm(request.POST)
    if form.is_valid():
        with errors_into(form):
            items.item_create(
                actor=actor_of(request),
                team=item.team,
                title=form.cleaned_data["title"],
                values={"parent": item, "type": ItemType.SUBTASK},
                at=timezone.now(),
            )
    return _after(request, item, form=form, sub_form=form)


@require_POST
@access(Action.DELETE, WorkItem, by="key", select=SELECT)
def item_delete(request: HttpRequest, item: WorkItem) -> HttpResponseBase:
    """Put an item into the recycle bin; the toast takes it out again."""
    try:
        items.item_delete(actor=actor_of(request), item=item, at=timezone.now())
    except DomainError as error:
        return toast(item_page(request, item, status=error.status), error, kind="error")
    if not wants_fragment(request):
        return go_to(request, "teams:board", item.team.unit.code)
    undo = reverse("teams:item_restore", args=[item.key])
    text = _("%(key)s is in the recycle bin.") % {"key": item.key}
    return toast(item_page(request, _again(request, item)), text, undo_url=undo)


@require_POST
@access(Action.DELETE, WorkItem, by="key", select=SELECT)
def item_restore(request: HttpRequest, item: WorkItem) -> HttpResponseBase:
    """Take an item out of the recycle bin."""
    try:
        items.item_restore(actor=actor_of(request), item=item, at=timezone.now())
    except DomainError as error:
        return toast(HttpResponse(status=error.status), error, kind="error")
    if not wants_fragment(request):
        return go_to(request, "teams:item_detail", item.key)
    text = _("%(key)s is back.") % {"key": item.key}
    # From the toast of a delete there is nothing to draw: live pages bring the card back by themselves.
    if request.htmx.target == "item":  # type: ignore[attr-defined]
        return toast(item_page(request, _again(request, item)), text)
    return toast(HttpResponse(status=204), text)


@require_POST
@access(Action.EDIT, WorkItem, by="key", select=SELECT)
def item_undo(request: HttpRequest, item: WorkItem, seq: int) -> HttpResponseBase:
    """Take one step of the item's history back; both rows stay in it."""
    event = event_of(item, seq)
    if event is None:
        raise Http404
    try:
        items.item_undo(actor=actor_of(request), item=item, event=event, at=timezone.now())
    except DomainError as error:
        return toast(HttpResponse(status=error.status), error, kind="error")
    text = _("Undone: %(key)s is as it was.") % {"key": item.key}
    if not wants_fragment(request):
        return go_to(request, f"{reverse('teams:item_detail', args=[item.key])}?tab=history")
    if request.htmx.target == "item":  # type: ignore[attr-defined]
        return toast(item_page(request, _again(request, item), tab="history"), text)
    return toast(HttpResponse(status=204), text)


@require_http_methods(["GET", "POST"])
@access(Action.EDIT, WorkItem, by="key", select=SELECT)
def item_transfer(request: HttpRequest, item: WorkItem) -> HttpResponseBase:
    """Hand an item to another team; it keeps its key and its history."""
    actor = actor_of(request)
    teams = visible(actor, Team).select_related("unit").exclude(pk=item.team_id).order_by("unit__name")
    form = ItemTransferForm(
        request.POST or None, teams=teams.filter(unit__any_of=actor.units("item.create"), mode="HOSTED")
    )
    if request.method == "POST" and form.is_valid():
        with errors_into(form):
            items.item_transfer(actor=actor, item=item, team=form.cleaned_data["team"], state=None, at=timezone.now())
        if form.is_valid():
            return go_to(request, "teams:item_detail", item.key)
    return _form_page(
        request, item, form, title=_("Hand %(key)s to another team") % {"key": item.key}, submit=_("Hand over")
    )


def _after(request: HttpRequest, item: WorkItem, *, form: Any = None, **more: Any) -> HttpResponse:
    """The page or panel after a form on it: with its errors, or as the item is now."""
    if form is None or form.is_valid():
        if not wants_fragment(request):
            return go_to(request, "teams:item_detail", item.key)
        return item_page(request, _again(request, item))
    return item_page(request, item, status=422, **more)


def _form_page(request: HttpRequest, item: WorkItem, form: Any, *, title: str, submit: str) -> HttpResponse:
    url = reverse("teams:item_detail", args=[item.key])
    context = {
        "title": title,
        "form": form,
        "submit": submit,
        "cancel_url": url,
        "crumbs": crumbs_of(units_above(item.team, actor_of(request)), (item.key, url), (title, "")),
    }
    return render_page(request, "teams/form_page.html", context, status=422 if form.errors else 200)


def _again(request: HttpRequest, item: WorkItem) -> WorkItem:
    return load(actor_of(request), WorkItem, field="pk", value=item.pk, select=SELECT)


def _may_move(request: HttpRequest, item: WorkItem) -> bool:
    return actor_of(request).can("item.move", item.team_id) and not item.team.is_mirrored and item.deleted_at is None


def _last_of(item: WorkItem, wanted: dict[str, Any]) -> int | None:
    """The card to stand behind for a place at the bottom of a column; None for the top."""
    if wanted["where"] != "bottom" or wanted["state"].category == StateCategory.DONE:
        return None
    return last_card(item.team, wanted["state"], without=item)
