"""The list of epics as a tree: the items a feature is made of, below it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from pmo_portal.lib.access import Action, access, actor_of, visible
from pmo_portal.lib.lists.tree import MOST_PARTS, part_rows
from portfolio.models import Feature
from portfolio.views.list_tree import tree_columns, tree_scope
from teams.models import WorkItem
from teams.selectors.lists import ITEMS

SAME = {"owner": "assignee"}
"""What items call the columns of epics."""


@access(Action.VIEW, Feature, by="key")
@require_GET
def feature_parts(request: HttpRequest, feature: Feature) -> HttpResponse:
    """The items of a feature that this person may see, as rows of the list of epics."""
    items = (
        visible(actor_of(request), WorkItem)
        .filter(feature=feature, deleted_at__isnull=True, parent__isnull=True)
        .select_related("state", "assignee", "sprint", "feature__epic", "reporter", "parent")
        .order_by("team__unit__name", "rank", "pk")[:MOST_PARTS]
    )
    rows = part_rows(items, ITEMS, tree_columns(request), tree_scope(request), depth=2, same=SAME)
    return render(request, "components/list/rows.html", {"rows": rows, "can_pick": "pick" in request.GET})
