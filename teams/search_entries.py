"""What of this app is found: items, also by a key they had before they changed team."""

from __future__ import annotations

from django.urls import reverse

from organization.terms import named_lazy
from pmo_portal.lib.search import SearchKind, register_search_kind
from portfolio.models import StateCategory
from teams.models import ItemKeyAlias, WorkItem

OVER = (StateCategory.DONE, StateCategory.CANCELLED)

register_search_kind(
    SearchKind(
        "item",
        named_lazy("Items"),
        "square-check",
        WorkItem,
        url=lambda key, pk: reverse("teams:item_detail", args=[key]),
        closed=lambda: WorkItem.objects.filter(state__category__in=OVER),
        is_many=True,
        former=lambda key: ItemKeyAlias.objects.filter(key=key).values("item"),
    ),
    position=10,
)
