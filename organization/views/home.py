"""The home page: what waits for me, then how my units are."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from organization.context import live_context
from organization.models import Role, Unit
from organization.selectors.people import roles_held_by
from organization.selectors.units import OWN_PAGES, portfolios_seen, tiles_url, unit_pages_of
from pmo_portal.lib import registry
from pmo_portal.lib.access import Actor, actor_of, signed_in
from pmo_portal.lib.pages import render_page
from pmo_portal.lib.windows import local_day

TILE_UNITS = 2
"""Units whose numbers the home page fetches; the others are one click away."""
MOST_UNITS = 12


@signed_in("Everybody sees what waits for themselves and the units they hold a role on.")
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """My to-dos by role, then my units."""
    actor = actor_of(request)
    now = timezone.now()
    units = _my_units(actor, now)
    tiles = [one for one in units if one["tiles_url"]][:TILE_UNITS]
    context = {
        **live_context(request, [one["unit"].pk for one in tiles]),
        "cards": _cards(actor, now, later=False),
        "units": units,
        "tiles": tiles,
        "has_roles": bool(units) or actor.can("unit.create", None),
        "today": local_day(now),
        "crumbs": [(_("Home"), "")],
    }
    return render_page(request, "organization/home.html", context)


@signed_in("Everybody sees what waits for themselves.")
@require_GET
def home_later(request: HttpRequest) -> HttpResponse:
    """The blocks of the home page that it fetches once it stands; the same as a page of its own without scripts."""
    actor = actor_of(request)
    context = {
        "cards": _cards(actor, timezone.now(), later=True),
        "is_rest": "rest" in request.GET,
        "crumbs": [(_("Home"), "/"), (_("Waiting for you"), "")],
    }
    return render_page(request, "organization/home_later.html", context, fragment="cards")


def _cards(actor: Actor, now: datetime, *, later: bool) -> list[dict[str, Any]]:
    wanted = (card for card in registry.home_cards if card.is_later == later)
    cards = ((card.title, list(card.to_dos(actor, now))) for card in wanted)
    return [{"title": title, "to_dos": to_dos} for title, to_dos in cards if to_dos]


def _my_units(actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """The units on which this person holds a role, with that role; for a role held everywhere, the topmost units."""
    today = local_day(now)
    roles: dict[Unit, list[str]] = {}
    everywhere: list[str] = []
    for assignment in roles_held_by(actor.person_id, day=today):
        label = str(Role(assignment.role).label)
        if assignment.unit is None:
            everywhere.append(label)
        elif assignment.unit.closed_on is None or assignment.unit.closed_on > today:
            roles.setdefault(assignment.unit, []).append(label)
    if everywhere:
        for unit in portfolios_seen(actor, day=today):
            roles[unit] = [*everywhere, *roles.get(unit, [])]
    ordered = sorted(roles.items(), key=lambda pair: (-pair[0].get_kind().rank, pair[0].name))
    return [_unit(actor, unit, labels) for unit, labels in ordered[:MOST_UNITS]]


def _unit(actor: Actor, unit: Unit, labels: list[str]) -> dict[str, Any]:
    pages = unit_pages_of(actor, unit)
    return {
        "unit": unit,
        "roles": labels,
        "pages": [
            {"label": page.label, "icon": page.icon, "url": page.url(unit)}
            for page in pages
            if page.code not in OWN_PAGES
        ],
        "url": pages[0].url(unit) if pages else "",
        "tiles_url": tiles_url(actor, unit),
    }
