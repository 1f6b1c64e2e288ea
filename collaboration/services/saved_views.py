"""Saved views: kept, changed, shared, made what a list opens with, thrown away."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from collaboration.models import SavedView
from collaboration.saved_view_rights import check_sharing, require_edit
from organization.models import Unit
from pmo_portal.lib.access import Action, Actor, Denied
from pmo_portal.lib.errors import Refused, field_error
from pmo_portal.lib.merging import own_changes

MOST_VIEWS: Final = 100
"""One person keeps at most so many views of a list."""

MOST_QUERY: Final = 2000
NOT_KEPT: Final = frozenset({"page", "view", "format", "facet", "tool", "text", "csrfmiddlewaretoken"})


def view_create(
    *,
    actor: Actor,
    list_code: str,
    unit: Unit | None,
    name: str,
    query: str,
    at: datetime,
    is_shared: bool = False,
    is_standard: bool = False,
) -> SavedView:
    """Keep a question to a list. Sharing it with a unit needs work in that unit."""
    if actor.person_id is None:
        raise Denied(Action.CREATE, "SavedView")
    check_sharing(actor, unit.pk if unit else None, is_shared=is_shared, is_standard=is_standard)
    with transaction.atomic():
        own = SavedView.objects.filter(owner=actor.person_id, list_code=list_code)
        if own.count() >= MOST_VIEWS:
            raise Refused(_("You keep %(n)s views of this list already; delete one first.") % {"n": MOST_VIEWS})
        last = own.filter(unit=unit).aggregate(last=Max("position"))["last"]
        view = SavedView(
            list_code=list_code[:40],
            unit=unit,
            owner_id=actor.person_id,
            name=name.strip(),
            query=_kept(query),
            is_shared=is_shared,
            is_standard=is_standard,
            position=min((last or 0) + 1, 9999),
            created_at=at,
        )
        view.clean_fields()
        if is_standard:
            _make_room(view)
        view.save(force_insert=True)
    return view


def view_edit(
    *, actor: Actor, view: SavedView, values: Mapping[str, Any], at: datetime, seen: int | None = None
) -> SavedView:
    """Change a view's ``name``, ``query``, ``is_shared``, ``is_standard``, ``position``. ``seen`` is the last change
    its writer knew: what somebody else changed since is a conflict."""
    require_edit(actor, view)
    with transaction.atomic():
        view = SavedView.objects.select_for_update(of=("self",)).get(pk=view.pk)
        require_edit(actor, view)
        told = {**values, **({"query": _kept(values["query"])} if "query" in values else {})}
        for name, value in own_changes(view, told, seen=seen).items():
            setattr(view, name, value)
        check_sharing(actor, view.unit_id, is_shared=view.is_shared, is_standard=view.is_standard)
        view.clean_fields()
        if view.is_standard:
            _make_room(view)
        view.save()
    return view


def view_delete(*, actor: Actor, view: SavedView, at: datetime) -> None:
    """Throw a view away; its history stays."""
    require_edit(actor, view)
    with transaction.atomic():
        SavedView.objects.filter(pk=view.pk).delete()


def _make_room(view: SavedView) -> None:
    """A list opens with one view: the one that did so far no longer does."""
    others = SavedView.objects.filter(list_code=view.list_code, unit=view.unit_id, is_shared=view.is_shared)
    if not view.is_shared:
        others = others.filter(owner=view.owner_id)
    for other in others.filter(is_standard=True).exclude(pk=view.pk).select_for_update(of=("self",)):
        other.is_standard = False
        other.save(update_fields=["is_standard"])


def _kept(query: str) -> str:
    """The question without what belongs to one visit only."""
    pairs = [(name, value) for name, value in parse_qsl(query.replace("\x00", "")) if name not in NOT_KEPT]
    kept = urlencode(pairs, safe=",.:")
    if len(kept) > MOST_QUERY:
        raise field_error("name", _("This asks for too much to be kept; take some filters off."))
    return kept
