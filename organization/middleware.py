"""Puts the actor on the request, and the person's language, zone and words around it."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.functional import SimpleLazyObject

from organization.access import NOBODY, PersonActor, actor_of_session, user_of
from organization.terms import words_remembered


class PrincipalMiddleware:
    """``request.actor`` is whoever acts, resolved at most once a request and only when somebody asks."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        def resolve() -> PersonActor:
            return actor_of_session(user_of(request)) if request.user.is_authenticated else NOBODY

        request.actor = SimpleLazyObject(resolve)  # type: ignore[attr-defined]
        if not request.user.is_authenticated:
            return self.get_response(request)
        zone = _zone(request.user.time_zone)
        language = request.user.language or translation.get_language() or "en"
        with timezone.override(zone), translation.override(language), words_remembered():
            return self.get_response(request)


def _zone(name: str) -> ZoneInfo | None:
    """The person's own zone, or None for the server's when it is unset or no longer exists."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        return None
