"""What templates of every app may use: icons, sparklines, the formatter's filters, the words of the browser code."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django import template
from django.template.context import RequestContext
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import format_html, json_script, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from pmo_portal.lib import format as formatting
from pmo_portal.lib import sparklines

register = template.Library()

for _name in ("number", "points", "money", "ratio", "day", "day_range", "moment", "days"):
    register.filter(_name, getattr(formatting, _name))


@register.filter
def plain_text(value: object) -> str:
    """What ``value`` says, without its markup, for an attribute.

    SECURITY: HTML that is safe between tags is not safe inside an attribute, where a quotation mark ends it. The result
    is no longer marked as safe, so the template escapes it.
    """
    text = html.unescape(strip_tags(str(value)))
    # Adding plain text is what takes the mark of a SafeString away.
    return text + ""


@register.simple_tag
def icon(name: str, size: str = "", label: str = "") -> SafeString:
    """One icon of the sprite. Decoration unless ``label`` says what it means; sizes: "" (16 px), s, l, xl."""
    classes = f"icon icon-{size}" if size else "icon"
    href = f"{static('vendor/lucide/icons.svg')}#{name}"
    if label:
        return format_html('<svg class="{}" role="img" aria-label="{}"><use href="{}"/></svg>', classes, label, href)
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"/></svg>', classes, href)


@register.simple_tag
def sparkline(
    values: Sequence[float | None], kind: str = "line", guide: Sequence[float] | None = None, label: str = ""
) -> SafeString:
    """A small chart drawn by the server: ``line``, ``area`` or ``bars``; ``guide`` is a dashed second line.

    ``label`` is what a screen reader says instead; without it the chart is decoration beside its numbers.
    """
    return sparklines.svg(values, kind=kind, guide=guide, label=label)


@register.simple_tag(takes_context=True)
def sort_query(context: RequestContext, field: str) -> str:
    """The query that sorts the current list by ``field``: ascending, then descending; back to the first page."""
    request = context["request"]
    query = request.GET.copy()
    query["sort"] = f"-{field}" if query.get("sort") == field else field
    query.pop("page", None)
    return f"?{query.urlencode()}"


@register.simple_tag
def sort_state(sort: str, field: str) -> str:
    """What ``aria-sort`` says of a column: ascending, descending or nothing."""
    return {field: "ascending", f"-{field}": "descending"}.get(sort or "", "")


@register.simple_tag(takes_context=True)
def with_query(context: RequestContext, **changes: Any) -> str:
    """The current query with some parameters set, or removed when their value is empty; back to the first page."""
    query = context["request"].GET.copy()
    query.pop("page", None)
    for name, value in changes.items():
        if value in (None, ""):
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"?{query.urlencode()}"


@register.simple_tag
def page_query(query: Any, page: int) -> str:
    """The query of another page of the same list."""
    pairs = [pair for pair in (query.lists() if query else []) if pair[0] != "page"]
    return f"?{urlencode([*pairs, ('page', page)], doseq=True)}"


@register.simple_tag
def board(arguments: dict[str, Any]) -> SafeString:
    """A board, drawn by the Jinja2 component; ``arguments`` are those of its macro."""
    # What Jinja2 gives is escaped already.
    return mark_safe(render_to_string("components/board_page.jinja", {"board": arguments}, using="jinja2"))  # noqa: S308 - an escaping template


@register.filter
def percent(part: float | None, whole: float | None = 1) -> str:
    """``part`` of ``whole`` as a plain CSS percentage between 0 and 100; 0 when there is no whole."""
    if not whole or part is None:
        return "0"
    return f"{min(max(part / whole, 0), 1) * 100:.1f}"


@register.filter
def initials(name: object) -> str:
    """Two letters for an avatar, from the first and the last word of a name."""
    words = str(name or "").split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


@register.simple_tag
def words() -> SafeString:
    """The sentences the browser code says, in the reader's language, as data it reads once."""
    return json_script(
        {
            "undo": _("Undo"),
            "undo_hint": _("Undo is at the end of the page."),
            "dismiss": _("Dismiss"),
            "refused": _("You may not do this. Ask the owner of this unit for the role it needs."),
            "gone": _("This no longer exists, or you may no longer see it. Load the page again."),
            "failed": _("Something went wrong here. Load the page again to see what was saved, then try again."),
            "offline": _("The portal cannot be reached. What you typed is still here; try again in a moment."),
            "offline_move": _("{key} was not moved: the portal cannot be reached."),
            "moved": _("{key} moved to {column}, {position} of {total}"),
            "move_one": _("Move {key} to…"),
            "move_many": _("Move {count} items to…"),
            "move_title": _("Move to… (m)"),
            "is_here": _("is here"),
            "selected": _("{count} selected"),
            "added": _("{count} added"),
            "paste_many": _("You pasted {count} lines. Add each as an item of its own?"),
            "fold": _("Fold {column}"),
            "changes_waiting": _("Changes waiting: {count}. Show them"),
            "live_ended": _("This page is no longer updated by itself. Load it again to go on."),
            "results": _("{count} results"),
            "no_results": _("No results"),
        },
        "words",
    )
