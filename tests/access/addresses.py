"""The addresses of the portal with the rules that guard them, read from the URL tree, and how to fill them in."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db import models
from django.urls import URLPattern, reverse

from organization.models import CalendarDay, Unit
from pmo_portal.lib.access import AccessRule
from pmo_portal.lib.subjects import all_subjects
from portfolio.models import WorkflowState
from tests.access.subjects import Place
from tests.architecture.test_view_access import patterns, rule_of

SWAPPABLE: Final[dict[tuple[str, str], Callable[[Place], Any]]] = {
    ("organization:calendar_day_remove", "day_pk"): lambda place: place.the(CalendarDay).pk,
    ("teams:state_", "pk"): lambda place: place.the(WorkflowState).pk,
    ("teams:sprint_", "code"): lambda place: place.unit.code,
    ("metrics:sprint_", "code"): lambda place: place.unit.code,
    ("portfolio:state_", "pk"): lambda place: place.kanban_state.pk,
}
"""Further parameters that name a thing: (start of the address's name, parameter) to what it is in a place."""

PLAIN: Final[dict[tuple[str, str], object]] = {
    ("organization:term_edit", "code"): "epic",
    ("organization:announcement_dismiss", "number"): 1,
    ("organization:passkey_remove", "pk"): 1,
    ("organization:session_end", "pk"): 1,
    ("portfolio:epic_edit_field", "name"): "title",
    ("portfolio:feature_edit_field", "name"): "title",
    ("portfolio:epic_undo", "seq"): 1,
    ("portfolio:feature_undo", "seq"): 1,
    ("teams:board_facet", "facet"): "who",
    ("teams:item_field_edit", "field"): "title",
    ("teams:item_undo", "seq"): 1,
    ("collaboration:job_file", "file_pk"): 1,
    ("collaboration:view_", "pk"): 1,
    ("collaboration:schedule_", "pk"): 1,
    ("collaboration:inbox_open", "pk"): 1,
    ("collaboration:unsubscribe", "token"): "none",
    ("teams:item_bulk_undo", "token"): "none",
    ("portfolio:epic_bulk_undo", "token"): "none",
    ("portfolio:feature_bulk_undo", "token"): "none",
    ("metrics:kpi_bulk_undo", "token"): "none",
    ("metrics:objective_bulk_undo", "token"): "none",
    ("metrics:", "metric"): "wip",
    ("metrics:benefit_review", "months"): 3,
    # Nobody but its owner gets so far: tests/metrics/test_dashboards.py.
    ("metrics:dashboard_", "tile_pk"): 1,
}
"""Further parameters that name no thing of their own."""

UNITS: Final[dict[str, Callable[[Place], Unit]]] = {
    "portfolio:state_": lambda place: place.portfolio,
    "metrics:unit_progress": lambda place: place.program,
    "metrics:unit_lead_times": lambda place: place.program,
    "metrics:epic_status_create": lambda place: place.portfolio,
}
"""Addresses of units, by the start of their name, that belong to another kind of unit than what they are about."""

IN_VIEW: Final[dict[str, tuple[str, ...]]] = {
    "portfolio:epic_case": ("business_case.view",),
    "portfolio:case_compare": ("business_case.view",),
    "portfolio:case_edit": ("business_case.create", "business_case.edit"),
    "collaboration:approval_withdraw": ("approval.create",),
    "collaboration:comment_create": ("comment.create",),
    "collaboration:attachment_create": ("comment.create",),
    "portfolio:epic_undo": ("epic.edit",),
    # Nobody holds this: a result is its requester's alone, and the jobs of the tests have none.
    "collaboration:job_file": ("job.own",),
    "collaboration:bulk_undo": ("job.own",),
    "portfolio:feature_undo": ("feature.edit",),
    # The one KPI and key result of each place are amounts: only who sees them enters them.
    "metrics:kpi_measure": ("money.view",),
    "metrics:measurement_edit": ("money.view",),
    "metrics:measurement_remove": ("money.view",),
    "metrics:key_result_check_in": ("money.view",),
    "metrics:check_in_edit": ("money.view",),
    "metrics:check_in_remove": ("money.view",),
    "metrics:benefit_review": ("money.view",),
}
"""Addresses that ask for more once the object is there: seen without these permissions, it is forbidden (403)."""


ABOUT_EVERY_KIND: Final = ("collaboration:comment_list", "collaboration:link_create")
"""One address that looks and one that edits, walked about every kind of thing; all others about an item."""


@dataclass(frozen=True, slots=True)
class Address:
    """One address of the portal with the rule that guards it; ``kind`` is what an address about anything is about."""

    name: str
    pattern: URLPattern
    rule: AccessRule
    kind: str = ""

    @property
    def view(self) -> Callable[..., Any]:
        """What answers it, with all its decorators."""
        return self.pattern.callback

    @property
    def parameters(self) -> list[str]:
        """Its keyword arguments."""
        return list(self.pattern.pattern.converters)

    @property
    def loaded(self) -> type[models.Model]:
        """The kind of thing its rule loads."""
        found = self.rule.within or self.rule.model
        assert found is not None
        return found

    @property
    def further(self) -> list[str]:
        """The parameters other than the one the rule loads by."""
        taken = {self.rule.by, "kind"} if self.kind else {self.rule.by}
        return [parameter for parameter in self.parameters if parameter not in taken]

    def subject(self, place: Place) -> Any:
        """The thing this address names in a place: of the kind of unit that has such a page."""
        return self.unit(place) if self.loaded is Unit else place.the(self.loaded)

    def unit(self, place: Place) -> Unit:
        """The unit in which this address acts."""
        assert self.rule.model is not None
        other = next((unit for start, unit in UNITS.items() if self.name.startswith(start)), None)
        return other(place) if other else place.unit_at(self.rule.model)

    def arguments(self, place: Place) -> dict[str, Any]:
        """All keyword arguments, taken from one place."""
        values = {parameter: self.other(parameter, place) for parameter in self.further}
        if self.rule.by:
            values[self.rule.by] = value_at(self.subject(place), self.rule.field or self.rule.by)
        return {**values, "kind": self.kind} if self.kind else values

    def url(self, place: Place) -> str:
        """The address, every parameter taken from one place."""
        return reverse(self.name, kwargs=self.arguments(place))

    def swappable(self, parameter: str) -> Callable[[Place], Any] | None:
        """What a further parameter names in a place; None when it names no thing."""
        found: Callable[[Place], Any] | None = _said(SWAPPABLE, self.name, parameter)
        return found

    def other(self, parameter: str, place: Place) -> Any:
        """What a further parameter is filled with."""
        swappable = self.swappable(parameter)
        if swappable is not None:
            return swappable(place)
        plain = _said(PLAIN, self.name, parameter)
        if plain is None:
            raise LookupError(f"{self.name}: say in SWAPPABLE or PLAIN what <{parameter}> is")
        return plain


def _said(table: dict[tuple[str, str], Any], name: str, parameter: str) -> Any:
    return next(
        (what for (start, wanted), what in table.items() if name.startswith(start) and wanted == parameter), None
    )


def value_at(obj: Any, path: str) -> Any:
    """The value behind a path such as ``unit__code``."""
    for part in path.split("__"):
        obj = getattr(obj, part)
    return obj


def addresses(*kinds: str) -> list[Address]:
    """Every address whose rule is of one of these kinds. One that is about anything ("subject") comes as an address
    about an item, some about everything (ABOUT_EVERY_KIND)."""
    found = []
    for name, pattern in patterns():
        rule = rule_of(pattern.callback)
        if rule is None or rule.kind not in kinds:
            continue
        if rule.kind != "subject":
            found.append(Address(name, pattern, rule))
            continue
        found += [
            Address(name, pattern, replace(rule, model=subject.model), subject.code)
            for subject in all_subjects()
            if subject.code == "item" or name in ABOUT_EVERY_KIND
        ]
    return found


def named(value: object) -> str:
    """How an address is called in the names of tests."""
    if not isinstance(value, Address):
        return str(value)
    return f"{value.name}[{value.kind}]" if value.kind else value.name


_NEW_EACH_TIME = re.compile(
    rb'(csrf-token" content="|csrfmiddlewaretoken" value="|ticket="|nonce="|request_id|value=")[^"]+'
)


def stable(body: bytes, path: str) -> bytes:
    """A page without what is new in every answer (tokens) and without its own address."""
    return _NEW_EACH_TIME.sub(rb"\1", body.replace(path.encode(), b""))
