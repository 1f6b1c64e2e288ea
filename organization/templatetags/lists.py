"""Lists, drawn by Jinja2: a page has hundreds of small parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django import template
from django.template.context import RequestContext
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.safestring import SafeString, mark_safe

from organization.templatetags.portal import initials
from pmo_portal.lib.lists.parts import ShownRow

register = template.Library()

TONES: Final = {"DONE": "good", "ACTIVE": "accent", "WAITING": "warn", "COMMITTED": "info"}
MARKS: Final = {
    "DONE": "circle-check",
    "ACTIVE": "circle-play",
    "WAITING": "hourglass",
    "COMMITTED": "circle-dot",
    "CANCELLED": "ban",
    "BACKLOG": "circle-dashed",
}


def _drawn(name: str, **context: Any) -> SafeString:
    terms = {"icons": static("vendor/lucide/icons.svg"), "tones": TONES, "marks": MARKS, "initials": initials}
    html = render_to_string(f"components/list/{name}.jinja", {**context, **terms}, using="jinja2")
    # What Jinja2 gives is escaped already.
    return mark_safe(html)  # noqa: S308 - an escaping template


@register.simple_tag
def list_part(rows: Sequence[ShownRow], can_pick: bool) -> SafeString:
    """Some rows on their own, inside a table of their own."""
    return _drawn("part", rows=rows, can_pick=can_pick)


@register.simple_tag(takes_context=True)
def list_tool(context: RequestContext) -> SafeString:
    """One of the tools of a list, opened."""
    return _drawn("tools", list=context["list"], tool=context["tool"], is_part=bool(context["request"].htmx))


@register.simple_tag(takes_context=True)
def list_table(context: RequestContext) -> SafeString:
    """The list of the page (``list``), with one tool or filter opened where scripts are off (``tool``, ``facet``)."""
    facet, opened = context.get("facet"), ""
    if facet:
        opened = render_to_string("components/list/facet.html", {"facet": facet})
    elif context.get("tool"):
        opened = list_tool(context)
    return _drawn("list", list=context["list"], opened=opened, is_part=bool(context["request"].htmx))
