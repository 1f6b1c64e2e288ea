"""Asks for a sign-in; puts the actor on the request, and the person's language, zone and words around it; notes when a
browser was here."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.db import Error as DatabaseFailure
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from organization import arrivals
from organization.access import NOBODY, PersonActor, actor_of_session, user_of
from organization.services.sessions import SEEN_MINUTES, session_seen
from organization.terms import words_remembered
from pmo_portal.lib.pages import toast, wants_fragment
from pmo_portal.lib.tickets import SESSION_OF_USER

logger = logging.getLogger(__name__)


class SignInMiddleware(LoginRequiredMiddleware):
    """Whoever is not signed in is led to the sign-in page; a part of a page is not, it would be swapped in there."""

    def handle_no_permission(  # type: ignore[override]
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponseBase:
        """Refuse a part of a page (401) and say why: what is typed on the page around it stays."""
        if not wants_fragment(request):
            return super().handle_no_permission(request, view_func)
        told = _("You are signed out. Sign in in another tab and try again; what you typed here stays.")
        return toast(HttpResponse(status=401), told, kind="error")


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
        _note_session(request)
        zone = _zone(request.user.time_zone)
        language = request.user.language or translation.get_language() or "en"
        with timezone.override(zone), translation.override(language), words_remembered():
            return _second_step_first(request) or self.get_response(request)


SET_UP_ROOMS: Final = ("/account/", "/sign-in/", "/sign-out/", "/language/")
"""Where somebody may be whose role needs a second step that they have yet to make."""


def _second_step_first(request: HttpRequest) -> HttpResponse | None:
    """Lead somebody to making the second step that their role has come to need; None where nothing is asked of them.

    It is known with the session, so it costs no page a statement.
    """
    if not getattr(request.session, "must_set_up", False) or request.path.startswith(SET_UP_ROOMS):
        return None
    if not wants_fragment(request):
        return redirect("organization:security")
    # A part of a page is not the place for it, and what is typed around it stays.
    is_there = urlsplit(request.headers.get("HX-Current-URL", "")).path.startswith(SET_UP_ROOMS)
    refusal = HttpResponse(status=401)
    told = _("Your role needs a second step to sign in. Add an authenticator app or a passkey to go on.")
    return refusal if is_there else toast(refusal, told, kind="error")


def _note_session(request: HttpRequest) -> None:
    """Say which session this is to whoever makes a ticket for a stream of it, and now and then that it was here."""
    session = request.session
    now = timezone.now()
    try:
        if not getattr(session, "opened_id", 0):
            # It began before sessions were kept.
            arrivals.session_begun(None, request, user_of(request))
        elif session.seen_at and now - session.seen_at > timedelta(minutes=SEEN_MINUTES):  # type: ignore[attr-defined]
            session_seen(session_id=session.opened_id, at=now)  # type: ignore[attr-defined]
    except DatabaseFailure as error:
        # Where nothing can be written, pages are still read.
        logger.warning("Session not noted: %s", error)
    setattr(request.user, SESSION_OF_USER, getattr(session, "opened_id", 0))


def _zone(name: str) -> ZoneInfo | None:
    """The person's own zone, or None for the server's when it is unset or no longer exists."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        return None
