"""What stands around the pages of value: the way here, filters by unit and verdict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from metrics.models import Verdict
from metrics.selectors.selection import Selection
from metrics.selectors.value import TONES
from metrics.selectors.value_scope import UnitFilter
from organization.models import Unit
from pmo_portal.lib.access import Actor
from pmo_portal.lib.errors import DomainError
from pmo_portal.lib.pages import go_to
from portfolio.views.details import refusal


def value_crumbs(*here: tuple[str, str] | str) -> list[tuple[str, str]]:
    """The way to a page of value; a plain word is the page itself."""
    steps = [(one, "") if isinstance(one, str) else one for one in here]
    return [(_("Value"), reverse("metrics:value")), *steps]


def list_url(name: str, selection: Selection, **filters: str) -> str:
    """The list of KPIs or objectives as of the same day, beside the same other day."""
    asked = {
        **filters,
        "as_of": "" if selection.is_now else selection.as_of.isoformat(),
        "since": selection.against_on.isoformat() if selection.against_on and name == "metrics:kpi_list" else "",
    }
    return f"{reverse(name)}?{urlencode({code: value for code, value in asked.items() if value})}"


def value_tabs(actor: Actor, current: str, selection: Selection | None = None) -> list[dict[str, Any]]:
    """The rooms of value that this person may open, for components/tabs.html; with a selection as of the same day."""
    as_of = "" if selection is None or selection.is_now else f"?as_of={selection.as_of.isoformat()}"
    rooms = (
        ("value", _("Overview"), "trophy", "metrics:value", "objective.view"),
        ("objectives", _("Objectives"), "target", "metrics:objective_list", "objective.view"),
        ("kpis", _("KPIs"), "gauge", "metrics:kpi_list", "kpi.view"),
        ("benefits", _("Benefits"), "coins", "metrics:benefit_list", "benefit.view"),
    )
    return [
        {
            "label": label,
            "url": reverse(name) + (as_of if code != "benefits" else ""),
            "icon": icon,
            "is_current": code == current,
        }
        for code, label, icon, name, permission in rooms
        if actor.is_system or actor.units(permission)
    ]


def away_answer(
    request: HttpRequest,
    put: Callable[[bool], object],
    *,
    here: str,
    away: str,
    again: str,
    back: tuple[str, *tuple[object, ...]],
) -> HttpResponse:
    """Put something away, or with ``?back`` take it back, and say so with the opposite as its undo.

    ``put`` is told whether to put away; ``here`` is this address, ``away`` and ``again`` are what is said, ``back`` is
    the page one comes from.
    """
    is_back = "back" in request.GET
    try:
        put(not is_back)
    except DomainError as error:
        return refusal(request, error, *back)
    if is_back:
        messages.success(request, again, extra_tags=here)
    else:
        messages.success(request, away, extra_tags=f"{here}?back=1")
    return go_to(request, *back)


def with_parameter(request: HttpRequest, name: str, value: str) -> str:
    """This page's address with one parameter more."""
    query = request.GET.copy()
    query.pop("page", None)
    query[name] = value
    return f"?{query.urlencode()}"


def flag_chip(request: HttpRequest, name: str, label: str, *, is_on: bool, value: str = "1", icon: str = "") -> Any:
    """A filter that is on or off, as components/chip.html reads it; the rest of the address stays."""
    query = request.GET.copy()
    query.pop("page", None)
    if is_on:
        query.pop(name, None)
    else:
        query[name] = value
    return {"label": label, "url": f"?{query.urlencode()}", "is_on": is_on, "count": None, "icon": icon}


def verdict_chips(request: HttpRequest, chosen: str) -> list[dict[str, Any]]:
    """A filter for each verdict."""
    icons = {verdict.value: icon for verdict, (_tone, icon) in TONES.items()}
    return [
        flag_chip(
            request,
            "verdict",
            str(verdict.label),
            is_on=chosen == verdict,
            value=verdict.value,
            icon=icons[verdict.value],
        )
        for verdict in Verdict
    ]


def unit_menu(request: HttpRequest, units: UnitFilter, *, all_label: str = "") -> dict[str, Any]:
    """The units a page can be narrowed to, as a menu of links."""

    def url(unit: Unit | None) -> str:
        query = request.GET.copy()
        query.pop("page", None)
        query.pop("unit", None)
        if unit is not None:
            query["unit"] = unit.code
        return f"?{query.urlencode()}"

    return {
        "label": units.chosen.name if units.chosen else all_label or _("All units"),
        "is_on": units.chosen is not None,
        "all_url": url(None),
        "all_label": all_label or _("All units"),
        "items": [{"unit": unit, "url": url(unit), "is_on": unit == units.chosen} for unit in units.units],
    }
