"""The organisation's own words, what the viewer may do, and the tabs of a unit, for the templates of every app."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import template
from django.db import models
from django.template.context import RequestContext
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from organization import terms
from pmo_portal.lib import format as formatting
from pmo_portal.lib.access import Action, policy_for
from pmo_portal.lib.windows import BEGINNING, FOREVER

register = template.Library()

_AREA = (
    ("unit_list", gettext_lazy("Units"), "list-tree", "unit.view"),
    ("person_list", gettext_lazy("People"), "users-round", "person.view"),
    ("period_list", gettext_lazy("Periods"), "calendar", "period.view"),
    ("administration", gettext_lazy("Administration"), "settings", ""),
)
_FIRST = frozenset({"unit_list", "person_list", "period_list"})
"""Everything else of the area is reached through Administration."""


@register.simple_tag
def term(code: str, form: str = "singular") -> str:
    """What this organisation calls a concept: ``{% term "epic" %}``, ``{% term "epic" "plural" %}``."""
    return terms.word(code, plural=form == "plural")


@register.simple_tag
def term_title(code: str, form: str = "singular") -> str:
    """The same with a capital letter, for headings and labels."""
    return capfirst(terms.word(code, plural=form == "plural"))


@register.simple_tag
def say(message: str) -> str:
    """A short message around the organisation's own words: ``{% say _("New {epic}") %}``."""
    return terms.words(message)


@register.filter("say")
def say_filter(message: str) -> str:
    """The same where a value is wanted: ``label=_("New {epic}")|say``."""
    return terms.words(message)


@register.filter
def own_word(name: str) -> str:
    """A word that stands alone: ``{{ "Epics"|own_word }}``, ``{{ "item"|own_word }}``."""
    return terms.named(name)


@register.filter
def level(kind: str) -> str:
    """What the organisation calls the level of a unit: ``{{ unit.kind|level }}``."""
    return terms.named(kind.capitalize())


@register.simple_tag(takes_context=True)
def can(context: RequestContext, action: str, obj: models.Model) -> bool:
    """Whether the viewer may do ``action`` ("edit") to ``obj``: the same policy that guards the view."""
    actor = context["request"].actor
    return policy_for(type(obj)).allows(actor, Action(action.upper()), obj)


@register.simple_tag
def validity(valid_from: date, valid_to: date) -> str:
    """From when to when something holds, both days included, in words: "from 1 Jul 2026"."""
    first, last = formatting.day(valid_from), formatting.day(valid_to - timedelta(days=1))
    if valid_from == BEGINNING:
        return _("always") if valid_to == FOREVER else _("until %(day)s") % {"day": last}
    if valid_to == FOREVER:
        return _("from %(day)s") % {"day": first}
    return _("%(first)s to %(last)s") % {"first": first, "last": last}


@register.inclusion_tag("components/tabs.html", takes_context=True)
def organization_area(context: RequestContext, current: str) -> dict[str, Any]:
    """The pages of the organisation area that the viewer may open, as tabs."""
    actor = context["request"].actor
    return {
        "label": _("Organisation"),
        "tabs": [
            {
                "label": label,
                "url": reverse(f"organization:{name}"),
                "icon": icon,
                "is_current": name == (current if current in _FIRST else "administration"),
            }
            for name, label, icon, permission in _AREA
            if not permission or actor.units(permission) or actor.can(permission, None)
        ],
    }
