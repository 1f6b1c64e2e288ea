"""HTML over the wire: one URL gives the page or, when htmx asks, its named partial."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.cache import patch_vary_headers


def wants_fragment(request: HttpRequest) -> bool:
    """Whether to answer with a part of the page: an htmx request that is neither boosted nor a history restore."""
    htmx = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def render_page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    fragment: str = "",
    status: int = 200,
) -> HttpResponse:
    """Render ``template``, or only its partial ``fragment`` when htmx asks for a part."""
    name = f"{template}#{fragment}" if fragment and wants_fragment(request) else template
    response = render(request, name, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def go_to(request: HttpRequest, to: Any, *args: Any, **kwargs: Any) -> HttpResponse:
    """Send the browser to another page after a form: a redirect, or its htmx equivalent."""
    url = resolve_url(to, *args, **kwargs)
    if wants_fragment(request):
        response = HttpResponse(status=204)
        response["HX-Redirect"] = url
        return response
    response = HttpResponseRedirect(url)
    response.status_code = 303  # "see other": whatever was sent, the browser asks for the next page with GET
    return response


def toast(response: HttpResponse, text: object, *, undo_url: str = "", kind: str = "info") -> HttpResponse:
    """Let the page say ``text`` in a toast, with an undo button when ``undo_url`` is given."""
    events = json.loads(response.get("HX-Trigger", "{}"))
    events["toast"] = {"text": str(text), "kind": kind, **({"undo_url": undo_url} if undo_url else {})}
    response["HX-Trigger"] = json.dumps(events)
    return response
