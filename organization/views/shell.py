"""What the shell around every page asks for: the scope switcher, a fresh ticket, another language."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST
from django.views.i18n import set_language

from organization.access import user_of
from organization.models import Unit, UnitKind
from organization.selectors.units import Node, unit_forest, unit_pages_of
from pmo_portal.lib import registry, tickets
from pmo_portal.lib.access import actor_of, public, signed_in
from pmo_portal.lib.pages import render_page, wants_fragment
from pmo_portal.lib.windows import local_day

UNIT_ICONS = {
    UnitKind.PORTFOLIO: "briefcase",
    UnitKind.VALUE_STREAM: "git-merge",
    UnitKind.PROGRAM: "layers",
    UnitKind.TEAM: "users",
}


@signed_in("It shows only the units this person may see.")
@require_GET
def scope_tree(request: HttpRequest) -> HttpResponse:
    """The units one may see, each leading to the page one is on now, if that unit has it."""
    actor = actor_of(request)
    nodes = unit_forest(actor, day=local_day(timezone.now()))
    here, page_code = _where(request, nodes)
    query = urlsplit(request.headers.get("HX-Current-URL", "")).query
    context = {
        "nodes": [
            {
                "label": node.unit.name,
                "url": _scope_url(actor, node.unit, page_code, query),
                "icon": UNIT_ICONS[node.unit.get_kind()],
                "depth": node.depth,
                "is_current": here is not None and node.unit.pk == here.pk,
                "hint": node.unit.code,
            }
            for node in nodes
        ]
    }
    if wants_fragment(request):
        return render(request, "components/scope_tree.html", context)
    return render_page(request, "organization/scope_tree.html", context)


@signed_in("A ticket names only units this person may see at this moment.")
@require_POST
def live_ticket(request: HttpRequest) -> HttpResponse:
    """A fresh ticket for the units of the tickets a page holds; 403 when nothing of them may be seen any more."""
    actor = actor_of(request)
    try:
        ticket = tickets.renew(
            request.POST.getlist("ticket"), user=user_of(request), visible_unit_ids=actor.units("unit.view")
        )
    except tickets.TicketInvalid:
        return HttpResponse("", status=403, content_type="text/plain")
    return HttpResponse(ticket, content_type="text/plain")


@public("The language is chosen before signing in, too.")
@require_POST
def language_set(request: HttpRequest) -> HttpResponse:
    """Speak another language in this browser."""
    response: HttpResponse = set_language(request)
    return response


def _where(request: HttpRequest, nodes: list[Node]) -> tuple[Unit | None, str]:
    """The unit and the kind of page the browser shows now, as far as its address tells."""
    path = urlsplit(request.headers.get("HX-Current-URL", "")).path
    try:
        code = resolve(path).kwargs.get("code") if path else None
    except Resolver404:
        return None, ""
    unit = next((node.unit for node in nodes if node.unit.code == code), None)
    if unit is None:
        return None, ""
    urls = {page.code: page.url(unit) for page in registry.unit_pages if unit.kind in page.kinds}
    around = [code for code, url in urls.items() if path.startswith(url)]
    return unit, max(around, key=lambda code: len(urls[code]), default="")


def _scope_url(actor: Any, unit: Unit, page_code: str, query: str) -> str:
    pages = unit_pages_of(actor, unit)
    chosen = next((page for page in pages if page.code == page_code), pages[0])
    return f"{chosen.url(unit)}?{query}" if chosen.keeps_query and query else chosen.url(unit)
