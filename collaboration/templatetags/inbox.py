"""The inbox in the top bar of every page."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import RequestContext

from collaboration.selectors.inbox import badge_remembered

register = template.Library()


@register.inclusion_tag("collaboration/inbox_badge.html", takes_context=True)
def inbox_badge(context: RequestContext) -> dict[str, Any]:
    """How much is new, as far as it is remembered: no page asks the database for it. What is not, the page fetches."""
    return {"count": badge_remembered(context["actor"])}
