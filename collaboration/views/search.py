"""The page of results: everything one sees that answers a question, by kind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from collaboration.selectors.favourites import recent_of
from collaboration.selectors.search import Answer, Found, Place, Scope, exact, search, units_under
from collaboration.selectors.search_rows import MOST
from organization.selectors.units import Node, unit_forest
from pmo_portal.lib import format as formatting
from pmo_portal.lib.access import actor_of, signed_in
from pmo_portal.lib.pages import render_page
from pmo_portal.lib.parameters import whole_number
from pmo_portal.lib.search import question, search_kinds
from pmo_portal.lib.windows import local_day

SPANS: Final = ((7, gettext_lazy("Last week")), (31, gettext_lazy("Last month")), (366, gettext_lazy("Last year")))
"""How far back one may look, in days."""
RECENT_SHOWN: Final = 8


@signed_in("Every text is found only by who may see the thing it is about.")
@require_GET
def search_page(request: HttpRequest) -> HttpResponse:
    """Results by kind, the likeliest first. ``go`` leads straight to the thing whose key was typed."""
    actor, now = actor_of(request), timezone.now()
    asked = question(request.GET.get("q", ""))
    if "go" in request.GET and (only := exact(actor, asked.text)) is not None:
        return redirect(only.url)
    nodes = unit_forest(actor, day=local_day(now))
    scope = _scope(request, nodes)
    found = search(actor, asked, scope=scope, after=Place.read(request.GET.get("after", "")))
    narrowed = {name: value for name in ("unit", "since") if (value := request.GET.get(name, ""))}
    context: dict[str, Any] = {
        "asked": asked,
        "found": found,
        "tabs": _tabs(found, scope, {"q": asked.text, **narrowed}) if asked else [],
        "total": _count(found.total),
        "most": formatting.number(MOST),
        "kind": scope.kind,
        "answers_html": _answers_html(found.answers),
        "similar_html": _answers_html(found.similar),
        "units_html": _drawn(
            "search_units",
            nodes=[(node.unit.code, "\u00a0" * 4 * node.depth + node.unit.name) for node in nodes],
            current=request.GET.get("unit", ""),
        ),
        "spans": [(str(days), label) for days, label in SPANS],
        "since": request.GET.get("since", ""),
        "wider_url": f"?{urlencode({'q': asked.text})}" if narrowed or scope.kind else "",
        "is_later": "after" in request.GET,
        "next_url": _address(asked.text, scope, narrowed, after=str(found.next_place)) if found.next_place else "",
        "first_url": _address(asked.text, scope, narrowed),
        "recent": recent_of(actor, most=RECENT_SHOWN) if not asked else [],
        "crumbs": [(_("Search"), "")],
    }
    return render_page(request, "collaboration/search_page.html", context, fragment="results")


def _answers_html(answers: Sequence[Answer]) -> str:
    if not answers:
        return ""
    return _drawn("search_hits", answers=answers, icons=static("vendor/lucide/icons.svg"))


def _drawn(name: str, **context: Any) -> str:
    """The HTML of a Jinja2 template, which escapes what it is given: a third of what a Django template takes."""
    html = render_to_string(f"collaboration/{name}.jinja", context, using="jinja2")
    return mark_safe(html)  # noqa: S308 - drawn by an escaping template


def _scope(request: HttpRequest, nodes: list[Node]) -> Scope:
    """Where to look, as the address says; what makes no sense there narrows nothing."""
    now = timezone.now()
    unit = next((node.unit for node in nodes if node.unit.code == request.GET.get("unit")), None)
    days = whole_number(request.GET.get("since", ""))
    kind = request.GET.get("kind", "")
    return Scope(
        unit_ids=units_under(unit, day=local_day(now)) if unit is not None else None,
        since=now - timedelta(days=days) if days in dict(SPANS) else None,
        kind=kind if any(kind == each.code for each in search_kinds()) else "",
    )


def _tabs(found: Found, scope: Scope, query: dict[str, str]) -> list[dict[str, Any]]:
    """All, and each kind that has results or is looked at."""
    every = sum(found.counts.values())
    tabs = [{"label": _("All"), "url": f"?{urlencode(query)}", "count": _count(every), "is_current": not scope.kind}]
    for kind in search_kinds():
        count = found.counts.get(kind.code, 0)
        if count or kind.code == scope.kind:
            url = f"?{urlencode({**query, 'kind': kind.code})}"
            tabs.append(
                {"label": kind.label, "url": url, "count": _count(count), "is_current": kind.code == scope.kind}
            )
    return tabs


def _address(text: str, scope: Scope, narrowed: dict[str, str], **more: str) -> str:
    kind = {"kind": scope.kind} if scope.kind else {}
    return f"{reverse('collaboration:search')}?{urlencode({'q': text, **kind, **narrowed, **more})}"


def _count(number: int) -> str:
    """How many, or that there are more than anybody reads."""
    return f"{formatting.number(MOST)}+" if number > MOST else formatting.number(number)
