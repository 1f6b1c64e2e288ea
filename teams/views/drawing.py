"""Parts of pages that repeat hundreds of times are drawn by Jinja2; this hands them to Django's templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.template import engines
from django.utils.safestring import SafeString, mark_safe


def draw(name: str, context: Mapping[str, Any], request: HttpRequest | None = None) -> SafeString:
    """The HTML of a Jinja2 template; its environment escapes what it is given."""
    html = engines["jinja2"].get_template(name).render(dict(context), request)
    return mark_safe(html)  # noqa: S308 - drawn by an escaping template
