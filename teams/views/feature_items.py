"""The items of a feature: from what a program promised down to what its teams do for it."""

from __future__ import annotations

from typing import Final

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_GET

from pmo_portal.lib.access import Action, access, actor_of
from portfolio.models import Feature
from portfolio.views.feature_boards import SELECT
from portfolio.views.features import feature_page
from teams.selectors import feature_items as selectors

PAGE_ROWS: Final = 200
"""A feature fits into one increment: more than this is rare, and then the rest is a page away."""


@access(Action.VIEW, Feature, by="key", select=SELECT)
@require_GET
def feature_items(request: HttpRequest, feature: Feature) -> HttpResponseBase:
    """A tab of the feature: how far its items are, and which they are. What is not for this person is only counted."""
    actor = actor_of(request)
    found = selectors.feature_items(feature, actor=actor)
    context = {
        "tab_template": "teams/_feature_items.html",
        "progress": selectors.feature_progress(feature, actor=actor),
        "page": Paginator(found, PAGE_ROWS).get_page(request.GET.get("page")),
        "can_create": bool(actor.units("item.create")),
    }
    return feature_page(request, feature, "items", context)
