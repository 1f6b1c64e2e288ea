"""The boards of epics and features: one set of answers for both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from organization.models import Unit
from pmo_portal.lib.access import Actor, actor_of
from pmo_portal.lib.errors import DomainError
from pmo_portal.lib.pages import go_to, render_page, toast, wants_fragment
from pmo_portal.lib.windows import local_day
from portfolio.forms.boards import AddForm, CardsForm, MoveForm
from portfolio.models import Tracked, Workflow
from portfolio.selectors.boards import BoardColumn, BoardKind, board_columns, fill, on_board
from portfolio.selectors.lookups import column_of
from portfolio.services.workflows import workflow_of


@dataclass(frozen=True, slots=True)
class BoardPages:
    """A kind of board with its addresses and services. ``page`` names the board's own address; ``things`` are those of
    a unit that the actor sees, ``fits`` those that the filter of the address leaves."""

    board: BoardKind
    noun: str
    page: str
    things: Callable[[Unit, Actor], QuerySet[Any]]
    fits: Callable[[HttpRequest, QuerySet[Any]], QuerySet[Any]]
    create: Callable[..., Tracked]
    move: Callable[..., Tracked]

    def url(self, page: str, *args: object) -> str:
        """An address of this kind: ``url("board_move", code)``."""
        return reverse(f"portfolio:{self.noun}_{page}", args=args)


def filled_columns(request: HttpRequest, pages: BoardPages, unit: Unit, things: QuerySet[Any]) -> list[BoardColumn]:
    """The columns of a unit's board with the cards that the filter leaves; two statements after the workflow's."""
    columns = board_columns(workflow_of(unit, pages.board.kind), pages.board.model)
    fill(columns, _cards(request, pages, things))
    return columns


def board_arguments(
    request: HttpRequest,
    pages: BoardPages,
    unit: Unit,
    columns: Sequence[BoardColumn],
    *,
    label: str,
    may: dict[str, bool],
    live_kind: str,
) -> dict[str, Any]:
    """What the board component is drawn with."""
    return {
        "id": "board",
        "label": label,
        "unit": unit.pk,
        "columns": columns,
        "move_url": pages.url("board_move", unit.code) if may["move"] else "",
        "cards_url": pages.url("board_cards", unit.code),
        "add_url": pages.url("board_add", unit.code) if may["create"] else "",
        "csrf_token": get_token(request),
        "kinds": live_kind,
    }


def board_page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """The board's page; for the text filter only its cards, for the chips' own refresh only the chips."""
    if request.htmx.target == "board-chips":  # type: ignore[attr-defined]
        return render(request, "portfolio/_board_chips.html", context)
    return render_page(request, template, context, fragment="results")


def cards_answer(request: HttpRequest, pages: BoardPages, unit: Unit) -> HttpResponse:
    """The cards asked for by id, or all, as they are now; what left the board under this filter is marked gone."""
    form = CardsForm(request.GET)
    if not form.is_valid():
        return HttpResponse(status=422)
    ids = None if form.cleaned_data["all"] else form.cleaned_data["ids"]
    return HttpResponse(_touched(request, pages, unit, ids))


def move_answer(request: HttpRequest, pages: BoardPages, unit: Unit) -> HttpResponse:
    """Move a card; answers with what changed on the board, or with the card as it is and the reason."""
    form = MoveForm(request.POST)
    if not form.is_valid():
        return toast(
            HttpResponse(status=422), _("The portal did not understand this move. Load the page."), kind="error"
        )
    wanted = form.cleaned_data
    actor = actor_of(request)
    workflow = workflow_of(unit, pages.board.kind)
    subject = pages.things(unit, actor).filter(pk=wanted["id"]).first()
    state = column_of(workflow.pk, wanted["to"])
    if subject is None or state is None:
        raise Http404
    at = timezone.now()
    try:
        moved = pages.move(
            **{"actor": actor, pages.noun: subject},
            to_state=state,
            after_id=wanted["after"],
            seen_version=wanted["version"],
            at=at,
        )
    except DomainError as error:
        answer = HttpResponse(_touched(request, pages, unit, [subject.pk], workflow=workflow), status=error.status)
        return toast(answer, error, kind="error")
    answer = HttpResponse(_touched(request, pages, unit, [moved.pk], workflow=workflow))
    text = _("%(key)s is in “%(state)s” now.") % {"key": moved.key, "state": state.name}
    # Dropped where it was: its last event is somebody's earlier change, which this toast must not offer to undo.
    has_moved = moved.updated_at == at
    return toast(answer, text, undo_url=pages.url("undo", moved.key, moved.version) if has_moved else "")


def add_answer(request: HttpRequest, pages: BoardPages, unit: Unit) -> HttpResponse:
    """Add a card, or one a line, to a column: all of them or none."""
    form = AddForm(request.POST)
    if not form.is_valid():
        return toast(HttpResponse(status=422), form.first_error(), kind="error")
    workflow = workflow_of(unit, pages.board.kind)
    state = column_of(workflow.pk, form.cleaned_data["column"])
    if state is None:
        raise Http404
    try:
        with transaction.atomic():
            made = [
                pages.create(actor=actor_of(request), unit=unit, title=title, state=state, at=timezone.now())
                for title in form.cleaned_data["titles"]
            ]
    except DomainError as error:
        return toast(HttpResponse(status=error.status), error, kind="error")
    except ValidationError as error:
        return toast(HttpResponse(status=422), " ".join(error.messages), kind="error")
    if not wants_fragment(request):
        return go_to(request, pages.page, unit.code)
    answer = HttpResponse(_touched(request, pages, unit, [thing.pk for thing in made], workflow=workflow))
    text = ngettext("%(key)s added.", "%(count)s cards added.", len(made))
    return toast(answer, text % {"key": made[0].key, "count": len(made)})


def _touched(
    request: HttpRequest,
    pages: BoardPages,
    unit: Unit,
    ids: list[int] | None,
    *,
    workflow: Workflow | None = None,
) -> str:
    """Cards and column heads as HTML. The heads say how many cards the filter leaves, so all cards are counted."""
    columns = board_columns(workflow or workflow_of(unit, pages.board.kind), pages.board.model)
    cards = _cards(request, pages, pages.fits(request, pages.things(unit, actor_of(request))))
    fill(columns, cards)
    shown = cards if ids is None else [card for card in cards if card["id"] in ids]
    gone = [] if ids is None else sorted(set(ids) - {card["id"] for card in shown})
    context = {"cards": shown, "gone": gone, "columns": columns}
    return render_to_string("portfolio/board_changes.jinja", context, using="jinja2")


def _cards(request: HttpRequest, pages: BoardPages, things: QuerySet[Any]) -> list[dict[str, Any]]:
    today = local_day(timezone.now())
    return pages.board.cards(on_board(things, today=today), today=today)
