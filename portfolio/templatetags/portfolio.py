"""What templates of this app need beyond those of the portal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

from pmo_portal.lib.markdown import markdown
from pmo_portal.lib.windows import local_day

register = template.Library()


@register.filter
def at(values: Mapping[Any, Any], key: Any) -> Any:
    """The value of a mapping under a key that is itself a variable; nothing when it is not there."""
    return values.get(key)


@register.filter
def minus(number: int, less: int) -> int:
    """``number`` reduced by ``less``."""
    return number - less


register.filter("local_day", local_day)
register.filter("markdown", markdown)
