"""What stands around every page of a team: the way here, its tabs, the live ticket."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from pmo_portal.lib import live, registry, tickets
from pmo_portal.lib.access import Actor, actor_of
from pmo_portal.lib.windows import local_day
from teams.models import Team
from teams.selectors.board import UnitLink
from teams.selectors.within import units_over


@dataclass(frozen=True, slots=True)
class Tab:
    """One page of the team (components/tabs.html)."""

    label: str
    url: str
    icon: str
    is_current: bool


def unit_url(code: str) -> str:
    """The page of a unit."""
    try:
        return reverse("organization:unit_detail", kwargs={"code": code})
    except NoReverseMatch:
        return ""


def units_above(team: Team, actor: Actor) -> list[UnitLink]:
    """The units over a team, widest first, the team itself last, as far as this person may see them."""
    units = units_over(team, day=local_day(timezone.now()))
    if not actor.is_system:
        units = units.filter(pk__any_of=actor.units("unit.view"))
    links = [UnitLink(unit.pk, unit.kind, unit.code, unit.name) for unit in units]
    order = {kind: rank for rank, kind in enumerate(("PORTFOLIO", "VALUE_STREAM", "PROGRAM", "TEAM"))}
    return sorted(links, key=lambda link: order[link.kind])


def crumbs_of(path: Iterable[UnitLink], *more: tuple[str, str]) -> list[tuple[str, str]]:
    """The way here: the units above, then this page's own steps."""
    return [(unit.name, unit_url(unit.code)) for unit in path] + list(more)


def team_tabs(team: Team, actor: Actor, current: str) -> list[Tab]:
    """The pages of a team this person may open: the same tabs in the same places wherever one is."""
    return [
        Tab(str(page.label), page.url(team.unit), page.icon, is_current=page.code == current)
        for page in registry.unit_pages
        if team.unit.kind in page.kinds and actor.can(page.permission, team.pk)
    ]


def live_context(request: HttpRequest, unit_ids: Iterable[int]) -> dict[str, Any]:
    """What a page needs to hear of changes to these units; the caller has checked that the person sees them."""
    return {
        "stream_url": live.stream_url(host=request.get_host()),
        "live_ticket": tickets.issue(user=request.user, unit_ids=list(unit_ids)),  # type: ignore[arg-type]
    }


def team_context(request: HttpRequest, team: Team, current: str, *more: tuple[str, str]) -> dict[str, Any]:
    """The frame of a team's page; one statement for the units above."""
    actor = actor_of(request)
    return {
        "team": team,
        "crumbs": crumbs_of(units_above(team, actor), *more),
        "tabs": team_tabs(team, actor, current),
        **live_context(request, [team.pk]),
    }
