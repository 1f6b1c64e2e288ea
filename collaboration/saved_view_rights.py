"""Who may do what to saved views: a view belongs to whoever made it, a shared one also to whoever arranges the unit."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from collaboration.models import SavedView
from pmo_portal.lib.access import Action, Actor, Denied
from pmo_portal.lib.errors import field_error

SHARE = ("item.edit", "feature.edit", "epic.edit", "unit.edit")
"""Whoever works in a unit may share a view with it: any of these, held there."""

STANDARD = ("team.configure", "feature.configure", "epic.configure", "unit.edit")
"""Whoever arranges a unit's work may say what its lists open with."""


def views_seen(actor: Actor) -> QuerySet[SavedView]:
    """All views that exist for the actor."""
    own = Q(owner=actor.person_id or 0)
    return SavedView.objects.filter(own | Q(is_shared=True, unit__any_of=actor.units("unit.view")))


def view_seen(actor: Actor, pk: int) -> SavedView | None:
    """One view by its id, if it exists for the actor."""
    return views_seen(actor).filter(pk=pk).select_related("unit", "owner").first()


def may_share(actor: Actor, unit_id: int | None) -> bool:
    """Whether the actor may share views with a unit."""
    return unit_id is not None and (actor.is_system or any(actor.can(each, unit_id) for each in SHARE))


def may_set_standard(actor: Actor, unit_id: int | None) -> bool:
    """Whether the actor may say what the lists of a unit open with."""
    return unit_id is not None and (actor.is_system or any(actor.can(each, unit_id) for each in STANDARD))


def may_edit_view(actor: Actor, view: SavedView) -> bool:
    """Whether the actor may change a view: its owner, and for a shared one whoever arranges the unit."""
    is_own = actor.person_id is not None and view.owner_id == actor.person_id
    return is_own or (view.is_shared and may_set_standard(actor, view.unit_id))


def require_edit(actor: Actor, view: SavedView) -> None:
    """Raise Denied unless the actor may change the view."""
    if not may_edit_view(actor, view):
        raise Denied(Action.EDIT, view)


def check_sharing(actor: Actor, unit_id: int | None, *, is_shared: bool, is_standard: bool) -> None:
    """Refuse what the actor may not share, or not make the unit's lists open with."""
    if is_shared and not may_share(actor, unit_id):
        raise field_error("share", _("You share views with units you work in."))
    if is_shared and is_standard and not may_set_standard(actor, unit_id):
        raise field_error("is_standard", _("What the lists of a unit open with is said by those who arrange its work."))
