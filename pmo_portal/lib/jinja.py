"""The Jinja2 environment, for fragments that repeat more than a hundred times on a page. It formats like the pages."""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from jinja2 import Environment

from pmo_portal.lib import format as formatting


def environment(**options: Any) -> Environment:
    """An autoescaping environment with gettext, ``url``, ``static`` and the portal's formatter as filters."""
    options = {**options, "extensions": [*options.get("extensions", ()), "jinja2.ext.i18n"]}
    options.update(trim_blocks=True, lstrip_blocks=True)
    options.pop("autoescape", None)
    env = Environment(autoescape=True, **options)
    env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=translation.gettext, ngettext=translation.ngettext, newstyle=True
    )
    env.globals.update(static=static, url=reverse)
    for name in ("number", "points", "money", "ratio", "day", "moment", "days"):
        env.filters[name] = getattr(formatting, name)
    return env
