"""The portfolio kanban, and forms for whole epics."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organization.models import Unit, UnitKind
from organization.selectors.units import unit_crumbs
from organization.terms import named, words
from pmo_portal.lib.access import Action, access, actor_of
from pmo_portal.lib.forms import conflicts_into, errors_into
from pmo_portal.lib.pages import go_to, render_page
from portfolio.forms.customs import split_customs
from portfolio.forms.things import EpicForm
from portfolio.models import Epic, EpicType, Workflow
from portfolio.selectors.boards import EPIC_BOARD
from portfolio.selectors.epics import epic_counts, epics_of, owners_of, themes_of
from portfolio.selectors.filters import ME, NONE, EpicFilter
from portfolio.selectors.lookups import version_now
from portfolio.services import epics as services
from portfolio.views.boards import (
    BoardPages,
    add_answer,
    board_arguments,
    board_page,
    cards_answer,
    filled_columns,
    move_answer,
)
from portfolio.views.frames import chip, menu, of_kind, rights_within, unit_frame

SELECT = ("unit", "state", "owner")

LIVE_KINDS = "epics features unit"
"""Changes that can change a card of this board."""

PAGES = BoardPages(
    board=EPIC_BOARD,
    noun="epic",
    page="portfolio:epic_board",
    things=lambda unit, actor: epics_of(unit, actor=actor),
    fits=lambda request, epics: epics.filter(EpicFilter.from_query(request.GET).condition(actor_of(request))),
    create=services.epic_create,
    move=services.epic_move,
)

# -- the portfolio kanban --------------------------------------------------------------------------------------------


def epic_filters(request: HttpRequest, unit: Unit, epics: Any) -> dict[str, Any]:
    """The filter of the address with what it offers: chips and menus, each with how many epics it would leave."""
    actor = actor_of(request)
    current = EpicFilter.from_query(request.GET)
    counts = epic_counts(epics, actor=actor)
    on = current.as_query()
    return {
        "filter": current,
        "filter_query": [(name, value) for name, value in on.items() if name != "q"],
        "total": counts.total,
        "chips": [
            chip(_("Mine"), current.toggled("owner", ME), count=counts.mine, is_on=current.owner == ME, icon="user"),
            *(
                chip(
                    label,
                    current.toggled("type", value),
                    count=getattr(counts, value.lower()),
                    is_on=current.type == value,
                )
                for value, label in EpicType.choices
            ),
            chip(
                _("Not fully aligned"),
                current.toggled("theme", NONE),
                count=counts.unaligned,
                is_on=current.theme == NONE,
            ),
            chip(_("Open"), current.toggled("life", "open"), count=counts.open, is_on=current.life == "open"),
        ],
        "menus": [
            menu(
                "theme",
                named("Theme"),
                current,
                "theme",
                ((theme.pk, theme.name, theme.epic_count) for theme in themes_of(unit, actor=actor)),  # type: ignore[attr-defined]
            ),
            menu("owner", _("Owner"), current, "owner", owners_of(epics)),
        ],
    }


@access(Action.VIEW, Epic, by="code", within=Unit)
@require_GET
def epic_board(request: HttpRequest, unit: Unit) -> HttpResponse:
    """The portfolio kanban."""
    of_kind(unit, UnitKind.PORTFOLIO)
    epics = epics_of(unit, actor=actor_of(request))
    filters = epic_filters(request, unit, epics)
    columns = filled_columns(request, PAGES, unit, epics.filter(filters["filter"].condition(actor_of(request))))
    may = rights_within(request, Epic, unit)
    label = words(_("%(unit)s: {portfolio} kanban") % {"unit": unit.name})
    context = {
        **unit_frame(request, unit, "epic_board", words(_("{Portfolio} kanban"))),
        **filters,
        "shown": sum(len(column.cards) for column in columns),
        "may": may,
        "may_configure": rights_within(request, Workflow, unit)["configure"],
        "live_kinds": LIVE_KINDS,
        "board": board_arguments(request, PAGES, unit, columns, label=label, may=may, live_kind=LIVE_KINDS),
    }
    return board_page(request, "portfolio/epic_board.html", context)


@access(Action.VIEW, Epic, by="code", within=Unit)
@require_GET
def epic_board_cards(request: HttpRequest, unit: Unit) -> HttpResponse:
    """The cards that changed, as they are now."""
    return cards_answer(request, PAGES, of_kind(unit, UnitKind.PORTFOLIO))


@access(Action.MOVE, Epic, by="code", within=Unit)
@require_POST
def epic_board_move(request: HttpRequest, unit: Unit) -> HttpResponse:
    """A card was dropped."""
    return move_answer(request, PAGES, of_kind(unit, UnitKind.PORTFOLIO))


@access(Action.CREATE, Epic, by="code", within=Unit)
@require_POST
def epic_board_add(request: HttpRequest, unit: Unit) -> HttpResponse:
    """New cards were typed into a column."""
    return add_answer(request, PAGES, of_kind(unit, UnitKind.PORTFOLIO))


# -- create and edit as a whole --------------------------------------------------------------------------------------


@access(Action.CREATE, Epic, by="code", within=Unit)
@require_http_methods(["GET", "POST"])
def epic_create(request: HttpRequest, unit: Unit) -> HttpResponse:
    """A form for a new epic of a portfolio."""
    of_kind(unit, UnitKind.PORTFOLIO)
    actor = actor_of(request)
    form = EpicForm(request.POST or None, actor=actor, unit=unit, initial={"owner": actor.person_id})
    if request.method == "POST" and form.is_valid():
        values = split_customs(form.values())
        with errors_into(form):
            epic = services.epic_create(
                actor=actor, unit=unit, title=values.pop("title"), values=values, at=timezone.now()
            )
        if form.is_valid():
            return go_to(request, "portfolio:epic_detail", epic.key)
    return _form_page(
        request,
        unit,
        form,
        words(_("New {epic}")),
        words(_("Create {epic}")),
        reverse("portfolio:epic_board", args=[unit.code]),
    )


@access(Action.EDIT, Epic, by="key", select=SELECT)
@require_http_methods(["GET", "POST"])
def epic_edit(request: HttpRequest, epic: Epic) -> HttpResponse:
    """All fields of an epic in one form."""
    actor = actor_of(request)
    form = EpicForm(request.POST or None, actor=actor, unit=epic.unit, instance=epic, initial={"version": epic.version})
    if request.method == "POST" and form.is_valid():
        with errors_into(form), conflicts_into(form, seen="version", now=lambda: version_now(epic)):
            services.epic_edit(
                actor=actor,
                epic=epic,
                values=split_customs(form.values()),
                seen_version=form.cleaned_data["version"],
                at=timezone.now(),
            )
        if form.is_valid():
            return go_to(request, "portfolio:epic_detail", epic.key)
    title = _("Edit %(key)s") % {"key": epic.key}
    return _form_page(request, epic.unit, form, title, _("Save"), reverse("portfolio:epic_detail", args=[epic.key]))


def _form_page(
    request: HttpRequest, unit: Unit, form: EpicForm, title: str, submit: str, cancel_url: str
) -> HttpResponse:
    context = {
        "title": title,
        "form": form,
        "submit": submit,
        "cancel_url": cancel_url,
        "crumbs": unit_crumbs(actor_of(request), unit, title),
    }
    return render_page(request, "portfolio/form.html", context, status=422 if form.is_bound else 200)
