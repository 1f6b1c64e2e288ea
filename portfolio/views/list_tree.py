"""The list of epics as a tree: the features an epic is made of, below it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from pmo_portal.lib.access import Action, access, actor_of
from pmo_portal.lib.lists.columns import Column
from pmo_portal.lib.lists.scope import Scope
from pmo_portal.lib.lists.state import ListState, default_columns
from pmo_portal.lib.lists.tree import MOST_PARTS, part_rows
from pmo_portal.lib.windows import local_day
from portfolio.models import Epic, Feature
from portfolio.selectors.features import features_of_epic
from portfolio.selectors.forecasts import with_forecast
from portfolio.selectors.lists import EPICS, FEATURES
from portfolio.selectors.progress import with_progress


def tree_columns(request: HttpRequest) -> list[Column]:
    """The columns of the list of epics that is on the page: those of its address."""
    offer = EPICS.offer(tree_scope(request))
    state = ListState.read(request.GET, offer)
    return [offer.columns[code] for code in state.columns or default_columns(offer)]


def tree_scope(request: HttpRequest) -> Scope:
    """Who looks at the tree. SECURITY: it crosses units, so groups of fields are shown to those who see them all."""
    return Scope(actor_of(request), local_day(timezone.now()))


@access(Action.VIEW, Epic, by="key")
@require_GET
def epic_parts(request: HttpRequest, epic: Epic) -> HttpResponse:
    """The features of an epic that this person may see, as rows of the list of epics."""
    actor = actor_of(request)
    features = with_forecast(
        with_progress(features_of_epic(epic, actor=actor), of="feature", actor=actor), actor=actor
    ).select_related("epic", "state", "owner", "period")
    rows = part_rows(
        features[:MOST_PARTS],
        FEATURES,
        tree_columns(request),
        tree_scope(request),
        depth=1,
        same={},
        expand_url=_items_url,
    )
    return render(request, "components/list/rows.html", {"rows": rows, "can_pick": "pick" in request.GET})


def _items_url(feature: Feature) -> str:
    """The items of a feature belong to a higher app and are fetched by address."""
    try:
        return reverse("teams:feature_parts", args=[feature.key])
    except NoReverseMatch:
        return ""
