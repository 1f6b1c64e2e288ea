"""The rows of a list, drawn by Jinja2: a page has hundreds of cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django import template
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


def rows_html(rows: Sequence[ShownRow], *, can_pick: bool) -> SafeString:
    """Rows as they stand in the table of a list."""
    drawn = render_to_string(
        "components/list/rows.jinja",
        {
            "rows": rows,
            "can_pick": can_pick,
            "icons": static("vendor/lucide/icons.svg"),
            "tones": TONES,
            "marks": MARKS,
            "initials": initials,
        },
        using="jinja2",
    )
    # What Jinja2 gives is escaped already.
    return mark_safe(drawn)  # noqa: S308 - an escaping template


@register.simple_tag
def list_rows(page: Any) -> SafeString:
    """All rows of the page of a list."""
    return rows_html(page.rows, can_pick=page.can_pick)
