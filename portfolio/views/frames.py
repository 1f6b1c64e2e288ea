"""What stands around the pages of a portfolio or program, and how refusals come back to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from organization.context import live_context
from organization.models import Unit
from organization.selectors.units import unit_crumbs, unit_tabs
from pmo_portal.lib.access import Action, actor_of, policy_for
from pmo_portal.lib.errors import Conflict


def of_kind(unit: Unit, *kinds: str) -> Unit:
    """``unit`` when it is of one of ``kinds``; a page of portfolios does not exist for a team."""
    if unit.kind not in kinds:
        raise Http404
    return unit


def unit_frame(request: HttpRequest, unit: Unit, current: str, *here: str) -> dict[str, Any]:
    """The frame of a page of a unit: tabs, the way here, the live ticket. One statement for the way."""
    actor = actor_of(request)
    return {
        "unit": unit,
        "tabs": unit_tabs(actor, unit, current),
        "crumbs": unit_crumbs(actor, unit, *here),
        **live_context(request, [unit.pk]),
    }


def rights(request: HttpRequest, obj: Any) -> dict[str, bool]:
    """What this person may do to ``obj``, by the name of the action in small letters."""
    actor, policy = actor_of(request), policy_for(type(obj))
    return {action.value.lower(): policy.allows(actor, action, obj) for action in Action}


def rights_within(request: HttpRequest, model: type[Any], unit: Unit) -> dict[str, bool]:
    """What this person may do to things of a kind inside a unit."""
    actor, policy = actor_of(request), policy_for(model)
    return {action.value.lower(): policy.allows_within(actor, action, unit.pk) for action in Action}


def chip(label: object, query: Mapping[str, str], *, count: int | None, is_on: bool, icon: str = "") -> dict[str, Any]:
    """A filter as components/chip.html reads it; ``query`` is the address it leads to."""
    return {"label": str(label), "url": f"?{urlencode(query)}", "count": count, "is_on": is_on, "icon": icon}


def menu(
    code: str, label: object, current: Any, name: str, choices: Iterable[tuple[object, object, int | None]]
) -> dict[str, Any]:
    """A filter of many values: (value, label, count) each, as a menu of links. ``current`` is the filter."""
    chosen = getattr(current, name)
    items = [
        {**chip(text, current.toggled(name, str(value)), count=count, is_on=chosen == str(value)), "value": value}
        for value, text, count in choices
    ]
    on = next((item["label"] for item in items if item["is_on"]), "")
    return {"code": code, "label": str(label), "items": items, "on": on}


@contextmanager
def conflicts_into(form: forms.BaseForm, *, seen: str, now: Callable[[], object]) -> Iterator[None]:
    """Say beside each field what somebody else has made of it meanwhile; what the person typed stays.

    The form's field ``seen`` then carries the version of ``now``, so that sending it again is the person's decision.
    """
    try:
        yield
    except Conflict as error:
        for conflict in error.conflicts:
            name = conflict.field if conflict.field in form.fields else None
            theirs = "–" if conflict.theirs in (None, "", [], {}) else _said(form, conflict.field, conflict.theirs)
            form.add_error(
                name,
                _("Somebody else changed this meanwhile. It is now: %(value)s. Save again to keep yours.")
                % {"value": theirs},
            )
        form.data = form.data.copy()  # type: ignore[attr-defined]
        form.data[seen] = str(now() or "")  # type: ignore[index]


def _said(form: forms.BaseForm, name: str, value: object) -> str:
    field = form.fields.get(name)
    choices = dict(getattr(field, "choices", ())) if isinstance(field, forms.ChoiceField) else {}
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return str(choices.get(value, value)) if isinstance(value, str) else str(value)
