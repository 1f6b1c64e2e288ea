"""A team that was opened in the unit tree has its tabs at once, and its board only when somebody has set it up."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils import timezone

from pmo_portal.lib.access import actor_of
from pmo_portal.lib.pages import go_to
from pmo_portal.lib.windows import local_day
from teams.selectors.teams import units_without_board

View = Callable[..., HttpResponseBase]


def or_set_up(view: View) -> View:
    """A page of a team without a board leads whoever may set it up there; for everybody else there is no such page."""

    @wraps(view)
    def led(request: HttpRequest, code: str, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, code=code, **kwargs)
        except Http404:
            actor = actor_of(request)
            if (
                request.method != "GET"
                or not units_without_board(actor, today=local_day(timezone.now())).filter(code=code).exists()
            ):
                raise
            return go_to(request, "teams:team_create", code)

    return led
