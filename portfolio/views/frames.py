"""What stands around the pages of a portfolio or program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest

from organization.context import live_context
from organization.models import Unit
from organization.selectors.units import unit_crumbs, unit_tabs
from pmo_portal.lib.access import Action, actor_of, policy_for


def of_kind(unit: Unit, *kinds: str) -> Unit:
    """``unit`` when it is of one of ``kinds``; a page of portfolios does not exist for a team."""
    if unit.kind not in kinds:
        raise Http404
    return unit


def unit_frame(request: HttpRequest, unit: Unit, current: str, *here: str) -> dict[str, Any]:
    """The frame of a page of a unit: tabs, the way here, the live ticket. One statement for the way."""
    actor = actor_of(request)
    return {
        "unit": unit,
        "tabs": unit_tabs(actor, unit, current),
        "crumbs": unit_crumbs(actor, unit, *here),
        **live_context(request, [unit.pk]),
    }


def rights(request: HttpRequest, obj: Any) -> dict[str, bool]:
    """What this person may do to ``obj``, by the name of the action in small letters."""
    actor, policy = actor_of(request), policy_for(type(obj))
    return {action.value.lower(): policy.allows(actor, action, obj) for action in Action}


def rights_within(request: HttpRequest, model: type[Any], unit: Unit) -> dict[str, bool]:
    """What this person may do to things of a kind inside a unit."""
    actor, policy = actor_of(request), policy_for(model)
    return {action.value.lower(): policy.allows_within(actor, action, unit.pk) for action in Action}


def chip(label: object, query: Mapping[str, str], *, count: int | None, is_on: bool, icon: str = "") -> dict[str, Any]:
    """A filter as components/chip.html reads it; ``query`` is the address it leads to."""
    return {"label": str(label), "url": f"?{urlencode(query)}", "count": count, "is_on": is_on, "icon": icon}


def menu(
    code: str, label: object, current: Any, name: str, choices: Iterable[tuple[object, object, int | None]]
) -> dict[str, Any]:
    """A filter of many values: (value, label, count) each, as a menu of links. ``current`` is the filter."""
    chosen = getattr(current, name)
    items = [
        {**chip(text, current.toggled(name, str(value)), count=count, is_on=chosen == str(value)), "value": value}
        for value, text, count in choices
    ]
    on = next((item["label"] for item in items if item["is_on"]), "")
    return {"code": code, "label": str(label), "items": items, "on": on}
