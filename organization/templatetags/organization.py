"""The organisation's own words, what the viewer may do, and the tabs of a unit, for the templates of every app."""

from __future__ import annotations

from typing import Any

from django import template
from django.db import models
from django.template.context import RequestContext
from django.utils.text import capfirst

from organization import terms
from pmo_portal.lib.access import Action, policy_for

register = template.Library()

_WORDS = "_own_words"


@register.simple_tag(takes_context=True)
def term(context: RequestContext, code: str, form: str = "singular") -> str:
    """What this organisation calls a concept: ``{% term "epic" %}``, ``{% term "epic" "plural" %}``."""
    return _word(context, code, form)


@register.simple_tag(takes_context=True)
def term_title(context: RequestContext, code: str, form: str = "singular") -> str:
    """The same with a capital letter, for headings and labels."""
    return capfirst(_word(context, code, form))


@register.simple_tag(takes_context=True)
def can(context: RequestContext, action: str, obj: models.Model) -> bool:
    """Whether the viewer may do ``action`` ("edit") to ``obj``: the same policy that guards the view."""
    actor = context["request"].actor
    return policy_for(type(obj)).allows(actor, Action(action.upper()), obj)


def _word(context: RequestContext, code: str, form: str) -> str:
    request: Any = context.get("request")
    words = getattr(request, _WORDS, None)
    if words is None:
        words = terms.own_words()
        if request is not None:
            setattr(request, _WORDS, words)
    return terms.word(code, plural=form == "plural", words=words)
