"""The team board: the page, its cards, moves and quick adds."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from pmo_portal.lib.access import Action, access, actor_of
from pmo_portal.lib.errors import DomainError
from pmo_portal.lib.pages import render_page, toast, wants_fragment
from portfolio.models import StateCategory, WorkflowState
from teams.forms import BoardAddForm, BoardMoveForm, CardsForm
from teams.models import Team, WorkItem
from teams.selectors.board import (
    BoardScope,
    Column,
    board_columns,
    board_columns_of,
    board_etag,
    board_facet,
    board_fill,
    board_frame,
    board_touched,
    cards_html,
    today_of,
)
from teams.selectors.filters import ItemFilter
from teams.selectors.sprint_strip import sprint_strip
from teams.selectors.within import column_for_move, column_of, running_sprint
from teams.services.items import item_create, item_move
from teams.views import chips
from teams.views.drawing import draw
from teams.views.frames import crumbs_of, live_context, team_tabs
from teams.views.release import templates_digest
from teams.views.setting_up import or_set_up


def scope_of(request: HttpRequest, team: Team, current: ItemFilter | None = None) -> BoardScope:
    """The board this request asks for: its team, its reader, today, the filter of its address."""
    return BoardScope(
        team=team,
        actor=actor_of(request),
        today=today_of(timezone.now()),
        filter=ItemFilter.from_query(request.GET) if current is None else current,
    )


@require_GET
@or_set_up
@access(Action.VIEW, WorkItem, within=Team, by="code", field="unit__code", select=("unit",))
def board(request: HttpRequest, team: Team) -> HttpResponseBase:
    """The board. Answers "not modified" when nothing on it has changed since this browser last saw it."""
    scope = scope_of(request, team)
    frame = board_frame(scope)
    etag = f'W/"{board_etag(scope, frame, *_page_parts(request))}"'
    if not settings.DEBUG and "messages" not in request.COOKIES:
        unchanged = get_conditional_response(request, etag=etag)
        if unchanged is not None:
            return unchanged
    columns = board_columns_of(scope, frame)
    board_fill(scope, columns)
    actor = scope.actor
    can_move = actor.can("item.move", team.pk) and not team.is_mirrored
    can_create = actor.can("item.create", team.pk) and not team.is_mirrored
    context = {
        "team": team,
        "crumbs": crumbs_of(frame.path),
        "tabs": team_tabs(team, actor, "board"),
        "board": _board_html(request, scope, columns, can_move=can_move, can_create=can_create),
        "columns": columns,
        "filter": scope.filter,
        "text_query": {name: value for name, value in scope.filter.as_query().items() if name != "q"},
        "chips": chips.board_chips(scope.filter, columns),
        "menus": chips.board_menus(team, scope.filter),
        "shown": sum(column.fits for column in columns),
        "total": sum(column.count for column in columns),
        "sprint": frame.sprint,
        "strip": sprint_strip(frame, today=scope.today) if team.has_sprints else None,
        "can_move": can_move,
        "can_create": can_create,
        "can_manage_sprint": actor.can("sprint.manage", team.pk) and not team.is_mirrored,
        **live_context(request, [team.pk]),
    }
    response = render_page(request, "teams/board.html", context, fragment="results")
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ["Cookie"])
    return response


@require_GET
@access(Action.VIEW, WorkItem, within=Team, by="code", field="unit__code", select=("unit",))
def board_cards_fragment(request: HttpRequest, team: Team) -> HttpResponseBase:
    """The cards named by ``ids`` as they are now, or ``all``; what left the board under this filter is marked gone."""
    form = CardsForm(request.GET)
    if not form.is_valid():
        return HttpResponse(status=422)
    scope = scope_of(request, team)
    if form.cleaned_data["all"]:
        columns = board_columns(scope)
        board_fill(scope, columns)
        return HttpResponse("".join([*(column.html for column in columns), _heads_html(columns)]))
    return HttpResponse(_touched_html(scope, form.cleaned_data["ids"]))


@require_POST
@access(Action.MOVE, WorkItem, within=Team, by="code", field="unit__code", select=("unit",))
def board_move(request: HttpRequest, team: Team) -> HttpResponseBase:
    """Put a card into a column, behind another card or on top. Answers with what changed on the board, or with the
    card as it is and the reason."""
    form = BoardMoveForm(request.POST)
    if not form.is_valid():
        return toast(
            HttpResponse(status=422), _("The portal did not understand this move. Load the page."), kind="error"
        )
    wanted = form.cleaned_data
    state, left_id = _places(team, to=wanted["to"], item_id=wanted["id"])
    item = WorkItem(pk=wanted["id"], team=team)
    scope = scope_of(request, team)
    at = timezone.now()
    try:
        moved = item_move(
            actor=scope.actor,
            item=item,
            to_state=state,
            after_id=wanted["after"],
            seen_version=wanted["version"],
            at=at,
        )
    except DomainError as error:
        answer = HttpResponse(_touched_html(scope, [item.pk]), status=error.status)
        return toast(answer, error, kind="error")
    answer = HttpResponse(_touched_html(scope, [item.pk], states=[left_id, state.pk]))
    # Dropped where it was: its last event is somebody's earlier change, which this toast must not offer to undo.
    has_moved = moved.updated_at == at
    undo = reverse("teams:item_undo", args=[moved.key, moved.version]) if has_moved else ""
    return toast(answer, _("%(key)s is in “%(state)s” now.") % {"key": moved.key, "state": state.name}, undo_url=undo)


@require_POST
@access(Action.CREATE, WorkItem, within=Team, by="code", field="unit__code", select=("unit",))
def board_add(request: HttpRequest, team: Team) -> HttpResponseBase:
    """Add a card, or one a line, to a column; on a sprint's board they join the sprint."""
    form = BoardAddForm(request.POST)
    if not form.is_valid():
        return toast(HttpResponse(status=422), form.first_error(), kind="error")
    scope = scope_of(request, team, ItemFilter())
    state = _column(team, form.cleaned_data["column"])
    values = {"sprint": running_sprint(team)} if scope.by_sprint else {}
    try:
        with transaction.atomic():
            made = [
                item_create(actor=scope.actor, team=team, title=title, state=state, values=values, at=timezone.now())
                for title in form.cleaned_data["title"]
            ]
    except DomainError as error:
        return toast(HttpResponse(status=error.status), error, kind="error")
    except ValidationError as error:
        return toast(HttpResponse(status=422), " ".join(error.messages), kind="error")
    if not wants_fragment(request):
        return HttpResponse(status=303, headers={"Location": reverse("teams:board", args=[team.unit.code])})
    # The new cards show whatever the filter: somebody just wrote them.
    _columns, rows = board_touched(scope, [item.pk for item in made])
    heads = _heads_html(board_columns(scope_of(request, team)))
    answer = HttpResponse(cards_html(rows, scope=scope) + heads)
    text = ngettext("%(key)s added.", "%(count)s items added.", len(made))
    return toast(answer, text % {"key": made[0].key, "count": len(made)})


@require_GET
@access(Action.VIEW, WorkItem, within=Team, by="code", field="unit__code", select=("unit",))
def board_facet_list(request: HttpRequest, team: Team, facet: str) -> HttpResponseBase:
    """The values one filter can take on this board, with their counts: a menu, or a page without JavaScript."""
    if facet not in chips.FACETS:
        raise Http404
    scope = scope_of(request, team)
    context = {
        "team": team,
        "crumbs": crumbs_of([], (_("Board"), reverse("teams:board", args=[team.unit.code]))),
        "title": chips.facet_label(facet),
        "values": chips.facet_chips(team, scope.filter, facet, board_facet(scope, facet)),
    }
    return render_page(request, "teams/board_facet.html", context, fragment="menu")


@require_GET
@access(Action.VIEW, WorkItem, within=Team, by="code", field="unit__code", select=("unit",))
def board_strip(request: HttpRequest, team: Team) -> HttpResponseBase:
    """The strip of the running sprint, fetched again when its numbers may have changed."""
    scope = scope_of(request, team)
    frame = board_frame(scope)
    if not wants_fragment(request):
        return HttpResponse(status=303, headers={"Location": reverse("teams:board", args=[team.unit.code])})
    context = {"team": team, "sprint": frame.sprint, "strip": sprint_strip(frame, today=scope.today)}
    return render_page(request, "teams/_sprint_strip.html", context)


def _page_parts(request: HttpRequest) -> tuple[object, ...]:
    """What the page shows besides the board: its form, the reader's rights and looks, this release's templates."""
    return (
        wants_fragment(request),
        request.GET.urlencode(),
        sorted(actor_of(request).roles),  # type: ignore[attr-defined]
        request.COOKIES.get("theme"),
        request.COOKIES.get("nav"),
        request.COOKIES.get(settings.CSRF_COOKIE_NAME),
        templates_digest(),
    )


def _places(team: Team, *, to: int, item_id: int) -> tuple[WorkflowState, int]:
    """The column a card is to enter, and the id of the one it is in; one statement for both.

    SECURITY: a column or card of another team does not exist here.
    """
    places = column_for_move(team, to=to, item_id=item_id)
    if places is None:
        raise Http404
    return places


def _column(team: Team, state_id: int) -> WorkflowState:
    """SECURITY: a column of another team does not exist here."""
    state = column_of(team, state_id)
    if state is None:
        raise Http404
    return state


def _touched_html(scope: BoardScope, ids: list[int], *, states: list[int] | None = None) -> str:
    columns, rows = board_touched(scope, ids, states=states)
    gone = sorted(set(ids) - {row.id for row in rows})
    html: str = cards_html(rows, scope=scope, gone=gone)
    return html + _heads_html(columns)


def _heads_html(columns: list[Column]) -> str:
    return draw("teams/board_heads.jinja", {"columns": columns})


def _say_what_is_not_drawn(scope: BoardScope, columns: list[Column]) -> None:
    items_url = reverse("teams:item_list", args=[scope.team.unit.code])
    for column in columns:
        if column.hidden:
            text = ngettext("%(n)s more in the list", "%(n)s more in the list", column.hidden)
            column.more, column.more_url = text % {"n": column.hidden}, f"{items_url}?state={column.id}"
        elif column.category == StateCategory.DONE and not scope.by_sprint:
            column.more, column.more_url = _("All finished items"), f"{items_url}?scope=done"


def _board_html(
    request: HttpRequest, scope: BoardScope, columns: list[Column], *, can_move: bool, can_create: bool
) -> str:
    code = scope.team.unit.code
    _say_what_is_not_drawn(scope, columns)
    context: dict[str, Any] = {
        "team": scope.team,
        "columns": columns,
        "move_url": reverse("teams:board_move", args=[code]) if can_move else "",
        "cards_url": reverse("teams:board_cards", args=[code]),
        "add_url": reverse("teams:board_add", args=[code]) if can_create else "",
    }
    return draw("teams/board.jinja", context, request)
