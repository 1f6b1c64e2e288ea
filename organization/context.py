"""What every page needs around its content; nothing is asked of the database unless the template asks."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from organization.access import announced_to_session, user_of
from organization.selectors.announcements import banners_for
from pmo_portal.lib import live, registry, tickets
from pmo_portal.lib.access import Actor


def shell(request: HttpRequest) -> dict[str, Any]:
    """Navigation, the Create menu and where streams are: the context of base.html."""
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None or not request.user.is_authenticated:
        return {"navigation": [], "create_actions": [], "actor": None}
    return {
        "actor": actor,
        "shown_at": timezone.now(),
        "navigation": SimpleLazyObject(lambda: _navigation(actor, request.path)),
        "create_actions": SimpleLazyObject(lambda: _create_actions(actor)),
        "announcements": SimpleLazyObject(lambda: banners_for(actor, announced_to_session(user_of(request)))),
    }


def live_context(request: HttpRequest, unit_ids: Collection[int]) -> dict[str, Any]:
    """What a view adds to its context to keep the page live for these units; the caller has checked that they may be
    seen. Without units the page is not live."""
    if not unit_ids:
        return {}
    return {
        "live_ticket": tickets.issue(user=user_of(request), unit_ids=unit_ids),
        "stream_url": live.stream_url(host=request.get_host()),
        "live_units": " ".join(map(str, sorted(unit_ids))),
    }


def _navigation(actor: Actor, path: str) -> list[dict[str, Any]]:
    shown = [entry for entry in registry.navigation if entry.is_shown(actor)]
    urls = [reverse(entry.url_name) for entry in shown]
    current = _current(path, [(url, *entry.prefixes) for url, entry in zip(urls, shown, strict=True)])
    return [
        {"label": entry.label, "url": url, "icon": entry.icon, "is_current": number == current}
        for number, (entry, url) in enumerate(zip(shown, urls, strict=True))
    ]


def _current(path: str, prefixes: list[tuple[str, ...]]) -> int | None:
    """Which entry the page belongs to: the one with the longest prefix of its path. Home only matches itself."""
    best: tuple[int, int] | None = None
    for number, group in enumerate(prefixes):
        for prefix in group:
            fits = path == prefix if prefix == "/" else path.startswith(prefix)
            if fits and (best is None or len(prefix) > best[0]):
                best = (len(prefix), number)
    return best[1] if best else None


def _create_actions(actor: Actor) -> list[dict[str, Any]]:
    return [
        {"label": action.label, "url": reverse(action.url_name), "icon": action.icon}
        for action in registry.create_actions
        if actor.units(action.permission) or actor.can(action.permission, None)
    ]
