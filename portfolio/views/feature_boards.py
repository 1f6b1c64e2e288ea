"""The program kanban, and forms for whole features."""

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
from portfolio.forms.things import FeatureForm
from portfolio.models import Feature, Workflow
from portfolio.selectors.boards import FEATURE_BOARD
from portfolio.selectors.features import epics_in, feature_counts, features_of, periods_in
from portfolio.selectors.filters import ME, NONE, FeatureFilter
from portfolio.selectors.lookups import version_now
from portfolio.selectors.progress import with_progress
from portfolio.services import features as services
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

SELECT = ("unit", "state", "owner", "epic", "period")

LIVE_KINDS = "features unit"
"""Changes that can change a card of this board."""

PAGES = BoardPages(
    board=FEATURE_BOARD,
    noun="feature",
    page="portfolio:program_board",
    things=lambda unit, actor: with_progress(features_of(unit, actor=actor), of="feature", actor=actor),
    fits=lambda request, features: features.filter(FeatureFilter.from_query(request.GET).condition(actor_of(request))),
    create=services.feature_create,
    move=services.feature_move,
)


def feature_filters(request: HttpRequest, features: Any) -> dict[str, Any]:
    """The filter of the address with what it offers: chips and menus, each with how many features it would leave."""
    actor = actor_of(request)
    current = FeatureFilter.from_query(request.GET)
    counts = feature_counts(features, actor=actor)
    return {
        "filter": current,
        "filter_query": [(name, value) for name, value in current.as_query().items() if name != "q"],
        "total": counts.total,
        "chips": [
            chip(_("Mine"), current.toggled("owner", ME), count=counts.mine, is_on=current.owner == ME, icon="user"),
            chip(_("MVP"), current.toggled("mvp", "1"), count=counts.mvp, is_on=current.mvp == "1"),
            chip(
                words(_("No {epic}")),
                current.toggled("epic", NONE),
                count=counts.without_epic,
                is_on=current.epic == NONE,
            ),
            chip(_("Open"), current.toggled("life", "open"), count=counts.open, is_on=current.life == "open"),
        ],
        "menus": [
            menu("epic", named("Epic"), current, "epic", epics_in(features)),
            menu("period", named("Program_increment"), current, "period", periods_in(features)),
        ],
    }


@access(Action.VIEW, Feature, by="code", within=Unit)
@require_GET
def program_board(request: HttpRequest, unit: Unit) -> HttpResponse:
    """The program kanban."""
    of_kind(unit, UnitKind.PROGRAM)
    actor = actor_of(request)
    features = with_progress(features_of(unit, actor=actor), of="feature", actor=actor)
    filters = feature_filters(request, features)
    columns = filled_columns(request, PAGES, unit, features.filter(filters["filter"].condition(actor)))
    may = rights_within(request, Feature, unit)
    label = words(_("%(unit)s: {program} kanban") % {"unit": unit.name})
    context = {
        **unit_frame(request, unit, "program_board", words(_("{Program} kanban"))),
        **filters,
        "shown": sum(len(column.cards) for column in columns),
        "may": may,
        "may_configure": rights_within(request, Workflow, unit)["configure"],
        "live_kinds": LIVE_KINDS,
        "board": board_arguments(request, PAGES, unit, columns, label=label, may=may, live_kind=LIVE_KINDS),
    }
    return board_page(request, "portfolio/program_board.html", context)


@access(Action.VIEW, Feature, by="code", within=Unit)
@require_GET
def feature_board_cards(request: HttpRequest, unit: Unit) -> HttpResponse:
    """The cards that changed, as they are now."""
    return cards_answer(request, PAGES, of_kind(unit, UnitKind.PROGRAM))


@access(Action.MOVE, Feature, by="code", within=Unit)
@require_POST
def feature_board_move(request: HttpRequest, unit: Unit) -> HttpResponse:
    """A card was dropped."""
    return move_answer(request, PAGES, of_kind(unit, UnitKind.PROGRAM))


@access(Action.CREATE, Feature, by="code", within=Unit)
@require_POST
def feature_board_add(request: HttpRequest, unit: Unit) -> HttpResponse:
    """New cards were typed into a column."""
    return add_answer(request, PAGES, of_kind(unit, UnitKind.PROGRAM))


@access(Action.CREATE, Feature, by="code", within=Unit)
@require_http_methods(["GET", "POST"])
def feature_create(request: HttpRequest, unit: Unit) -> HttpResponse:
    """A form for a new feature of a program; ``?epic=`` says of which epic."""
    of_kind(unit, UnitKind.PROGRAM)
    actor = actor_of(request)
    initial = {"owner": actor.person_id, "epic": request.GET.get("epic", "")}
    form = FeatureForm(request.POST or None, actor=actor, unit=unit, initial=initial)
    if request.method == "POST" and form.is_valid():
        values = split_customs(form.values())
        with errors_into(form):
            feature = services.feature_create(
                actor=actor, unit=unit, title=values.pop("title"), values=values, at=timezone.now()
            )
        if form.is_valid():
            return go_to(request, "portfolio:feature_detail", feature.key)
    back = reverse("portfolio:program_board", args=[unit.code])
    return _form_page(request, unit, form, words(_("New {feature}")), words(_("Create {feature}")), back)


@access(Action.EDIT, Feature, by="key", select=SELECT)
@require_http_methods(["GET", "POST"])
def feature_edit(request: HttpRequest, feature: Feature) -> HttpResponse:
    """All fields of a feature in one form."""
    actor = actor_of(request)
    form = FeatureForm(
        request.POST or None, actor=actor, unit=feature.unit, instance=feature, initial={"version": feature.version}
    )
    if request.method == "POST" and form.is_valid():
        with errors_into(form), conflicts_into(form, seen="version", now=lambda: version_now(feature)):
            services.feature_edit(
                actor=actor,
                feature=feature,
                values=split_customs(form.values()),
                seen_version=form.cleaned_data["version"],
                at=timezone.now(),
            )
        if form.is_valid():
            return go_to(request, "portfolio:feature_detail", feature.key)
    title = _("Edit %(key)s") % {"key": feature.key}
    back = reverse("portfolio:feature_detail", args=[feature.key])
    return _form_page(request, feature.unit, form, title, _("Save"), back)


def _form_page(
    request: HttpRequest, unit: Unit, form: FeatureForm, title: str, submit: str, cancel_url: str
) -> HttpResponse:
    context = {
        "title": title,
        "form": form,
        "submit": submit,
        "cancel_url": cancel_url,
        "crumbs": unit_crumbs(actor_of(request), unit, title),
    }
    return render_page(request, "portfolio/form.html", context, status=422 if form.is_bound else 200)
