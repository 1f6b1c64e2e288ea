"""The saved views a person may see: their own, and those shared with the unit of the list or one above it."""

from __future__ import annotations

from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from collaboration.models import SavedView
from collaboration.saved_view_rights import may_share, views_seen
from organization.models import Unit, UnitClosure
from organization.querysets import valid_on
from pmo_portal.lib.access import Actor
from pmo_portal.lib.lists.saved import SavedQuery
from pmo_portal.lib.windows import local_day


def views_of(actor: Actor, *, list_code: str, unit_id: int | None) -> QuerySet[SavedView]:
    """The views of one list, in the order of its menu: one's own, then the shared ones."""
    here = Q(is_shared=False, unit=unit_id) if unit_id is not None else Q(is_shared=False, unit__isnull=True)
    if unit_id is not None:
        above = UnitClosure.objects.filter(
            valid_on(local_day(timezone.now())), descendant=unit_id, ancestor=OuterRef("unit")
        )
        here |= Q(Exists(above), is_shared=True)
    found = views_seen(actor).filter(here, list_code=list_code).select_related("unit", "owner")
    return found.order_by("is_shared", "position", "name", "pk")


def units_to_share_with(actor: Actor, unit_id: int | None) -> list[Unit]:
    """The unit of a list and those above it that the actor may share views with, the nearest first."""
    if unit_id is None:
        return []
    closure = UnitClosure.objects.filter(valid_on(local_day(timezone.now())), descendant=unit_id)
    return [
        row.ancestor
        for row in closure.select_related("ancestor").order_by("depth")
        if may_share(actor, row.ancestor_id)
    ]


class SavedViews:
    """Where lists find saved views (pmo_portal.lib.lists.saved)."""

    def find(self, *, actor: Actor, list_code: str, unit_id: int | None, pk: int) -> SavedQuery | None:
        """One view of a list by its id."""
        view = views_of(actor, list_code=list_code, unit_id=unit_id).filter(pk=pk).first()
        return _query(view)

    def standard(self, *, actor: Actor, list_code: str, unit_id: int | None) -> SavedQuery | None:
        """One's own choice, else that of the nearest unit."""
        found = list(views_of(actor, list_code=list_code, unit_id=unit_id).filter(is_standard=True))
        # One's own come first; of the shared ones that of the list's own unit.
        found.sort(key=lambda view: (view.is_shared, view.unit_id != unit_id))
        return _query(found[0] if found else None)

    def menu_url(self, *, list_code: str, unit_id: int | None) -> str:
        """The menu of views of a list."""
        query = {"list": list_code, **({"unit": unit_id} if unit_id is not None else {})}
        return f"{reverse('collaboration:view_menu')}?{urlencode(query)}"


def _query(view: SavedView | None) -> SavedQuery | None:
    return None if view is None else SavedQuery(view.pk, view.name, view.query)
