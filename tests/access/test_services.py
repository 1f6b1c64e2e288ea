"""A view is not the only way in: every service that takes an actor refuses one without rights, and writes nothing."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Final

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.db import models, transaction

from metrics.services.measurements import UploadedValue
from organization.models import ErasureWish, PeriodKind, Person, Role, User
from organization.services.periods import PlannedPeriod
from pmo_portal.lib.subjects import subject_named
from portfolio.models import EpicEvent, FeatureEvent, StateCategory, TrackedKind
from teams.services.imports.jira import ImportRequest
from tests.access.state import nothing_changes
from tests.access.subjects import MAKERS, Place
from tests.architecture.test_layers import APPS
from tests.factories.organization import NOW, person_make, user_make
from tests.stage import Stage

REASONS: Final = {
    "portfolio.services.moves.move": "the part of epic_move, feature_move and item_move that they share",
    "portfolio.services.undoing": "part of the engine: see tracking",
    "teams.services.teams.require_hosted": "asks about the team, not about the person",
    "portfolio.services.tracking": "the engine under the services; it is handed an actor to write down, not to ask",
    "portfolio.services.checks": "parts of services",
    "organization.services.roles.require_rights_of": "is itself a check",
    "organization.services.people_bulk.people_ensure": "",
    "collaboration.services.exports.page_allows": "is itself a check",
    "collaboration.services.exports.result_allows": "is itself a check",
    "collaboration.services.exports.export_start": "the job asks the page itself, as this person",
    "collaboration.services.bulk_jobs": "the job sends the view its form, as this person: tests/lists",
    "collaboration.services.saved_views": "a view is its maker's; sharing is proven in tests/lists/test_saved_views.py",
    "collaboration.services.reactions": "whoever sees may react: tests/collaboration/test_comments.py",
    "collaboration.services.inbox": "everybody with their own notifications: tests/collaboration/test_inbox.py",
    "collaboration.services.favourites.recent_note": "in the cache, for oneself; the view is guarded by the thing",
    "collaboration.services.notification_choices": "everybody for themselves: tests/collaboration/test_mails.py",
    "collaboration.services.notifications.notify": "is handed an actor to say who did it, not to ask",
    "collaboration.services.approval_news": "parts of approval_request and approval_vote",
    "portfolio.services.following": "part of the engine: see tracking",
    "collaboration.services.schedules": "everybody sends with their own rights: tests/collaboration/test_schedules.py",
    "collaboration.services.approval_rules.delegation_create": "everybody for themselves: test_approval_pages.py",
    "collaboration.services.approval_rules.delegation_end": "everybody for themselves: test_approval_pages.py",
    "organization.services.announcements.announcement_dismiss": "everybody for themselves: test_announcements.py",
    "portfolio.services.gates.check_gate": "part of epic_move",
    "organization.services.sessions.session_end": "everybody for themselves: views/test_second_steps.py",
    "metrics.services.dashboards.dashboard_create": "everybody for themselves: tests/metrics/test_dashboards.py",
    "metrics.services.dashboards.dashboard_copy": "whoever reads one may copy it: tests/metrics/test_dashboards.py",
    "metrics.services.formulas.formula_take": "a part of kpi_create and kpi_edit",
}
"""Functions that take an actor and ask nothing of it, and why that is right."""


def services() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every public function of the services that takes an actor by keyword."""
    for app in APPS:
        package = importlib.import_module(app)
        for found in pkgutil.walk_packages(package.__path__, f"{app}."):
            if ".services" not in found.name:
                continue
            module = importlib.import_module(found.name)
            for name, function in vars(module).items():
                if (
                    inspect.isfunction(function)
                    and not name.startswith("_")
                    and inspect.unwrap(function).__module__ == found.name
                    and "actor" in inspect.signature(function).parameters
                ):
                    full = f"{found.name}.{name}"
                    if not any(full.startswith(start) and reason for start, reason in REASONS.items()):
                        yield full, function


BY_NAME: Final[dict[str, Any]] = {
    "at": NOW,
    "is_on": True,
    "name": "Another",
    "title": "Another",
    "code": "epic",
    "email": "another@example.org",
    "password": None,
    "base_url": "https://portal.example.org/",
    "singular": "One",
    "plural": "Many",
    "reason": "Because",
    "kind": "TEAM",
    "role": Role.ADMINISTRATOR,
    "valid_from": date(2026, 6, 1),
    "valid_to": date(2026, 9, 1),
    "on_day": date(2026, 7, 1),
    "from_day": date(2026, 7, 1),
    "closed_on": date(2026, 7, 1),
    "starts_on": date(2026, 7, 1),
    "ends_on": date(2026, 8, 1),
    "starts_at": NOW,
    "ends_at": None,
    "day": date(2026, 7, 1),
    "is_working": False,
    "is_archived": True,
    "is_external": False,
    "label": "Another",
    "country": "DE",
    "subdivision": "",
    "workdays": (1, 2, 3, 4, 5),
    "seen_version": None,
    "seen_number": None,
    "after_id": None,
    "values": {},
    "shares": {},
    "planned": (PlannedPeriod(PeriodKind.PI, "PI 9", date(2027, 1, 1), date(2027, 3, 1)),),
    "from_at": None,
    "parameters": {},
    "request": ImportRequest(files=(), source="jira"),
    "people": (),
    "owner": TrackedKind.ITEM,
    "choices": (),
    "help_text": "",
    "type": "TEXT",
    "goal": "",
    "by": 1,
    "category": StateCategory.DONE,
    "wip_limit": 3,
    "is_hard_limit": False,
    "policy": "",
    "unit_id": None,
    "theme": "dark",
    "language": "",
    "time_zone": "",
    "carry_to": None,
    "decisions": {},
    "states": (),
    "description": "",
    "currency": "EUR",
    "method": "SCRUM",
    "verdict": "AT_RISK",
    "expires_on": date(2026, 7, 1),
    "is_removed": True,
    "months": 3,
    "about": None,
    "mode": "HOSTED",
    "source": "tracker",
    "file": ContentFile(b""),
    "files": (),
    "text": "Another",
    "mapping": {},
    "order": {},
    "above_amount": None,
    "quorum": 1,
    "relation": "BLOCKS",
    "link": None,
    "due_days": 10,
    "needs_approval": True,
    "actual_value": 5,
    "back_to": None,
    "comment": "",
    "secret": "",
    "credential": {},
    "passkey_id": 0,
    "is_needed": False,
    "keep_id": 0,
    "second_step_roles": [],
    "severity": "INFO",
    "typed": "Another",
    "base": "EUR",
    "quote": "USD",
    "value": Decimal(2),
    "tile_id": 0,
    "steps": 1,
    "is_wide": True,
    "inactive_months": 1,
    "sign_in_months": 1,
    "notification_months": 1,
}
"""What plain arguments are filled with."""

KINDS: Final[dict[str, str]] = {
    "item": "WorkItem",
    "items": "WorkItem",
    "special": "CalendarDay",
    "assignment": "RoleAssignment",
    "field": "CustomField",
    "parent": "Unit",
    "to_state": "WorkflowState",
    "epic": "Epic",
    "feature": "Feature",
    "theme": "StrategicTheme",
    "case": "BusinessCase",
    "state": "WorkflowState",
    "plan": "ImportPlan",
    "rule": "ApprovalRule",
    "rate": "ExchangeRate",
}
"""What arguments that are things are called, where it is not the name of their kind."""


def argument(place: Place, function: Callable[..., Any], parameter: inspect.Parameter) -> Any:
    """A value for a parameter: a thing of the place where its name says one, else a plain one."""
    name = parameter.name
    module = function.__module__
    if name == "event":
        model, owner = (EpicEvent, "Epic") if ".epics" in module else (FeatureEvent, "Feature")
        if ".items" in module:
            return place.the(_model("ItemEvent"))
        return model._default_manager.filter(subject=place.the(_model(owner))).order_by("seq")[0]
    if name == "user":
        person = place.the(Person)
        return User.objects.filter(person=person).first() or user_make(person)
    if name == "theme" and "themes" not in module:
        return "dark"
    if "approval" in module and name in {"kind", "request", "subject_id"}:
        known = {"kind": "business_case", "request": place.the(_model("ApprovalRequest"))}
        return known.get(name, place.the(_model("Epic")).pk)
    if name == "pairs":
        return [(place.the(_model("Feature")).pk, place.unit.pk)]
    if name == "parts":
        return {}
    if name == "rows":
        return [UploadedValue(place.the(_model("Kpi")).pk, date(2026, 5, 1), Decimal(3))]
    if name == "comment" and "approval" in module:
        return ""
    if name == "wish":
        return ErasureWish(person=place.the(_model("Person")))
    if name in {"thing", "other"}:
        return place.the(_model("WorkItem"))
    if name == "subject":
        return subject_named("item")
    if name == "items":
        return [place.the(_model("WorkItem"))]
    model_name = KINDS.get(name, name.title().replace("_", ""))
    found = next((model for model in MAKERS if model.__name__ == model_name), None)
    if found is not None and name not in {"people"}:
        return place.the(found)
    if name in BY_NAME:
        return BY_NAME[name]
    if parameter.default is not parameter.empty:
        return parameter.default
    raise LookupError(f"{function.__module__}.{function.__name__}: say what <{name}> is")


def _model(name: str) -> type[models.Model]:
    return next(model for model in MAKERS if model.__name__ == name)


@pytest.mark.parametrize(
    ("name", "service"), list(services()), ids=lambda value: value if isinstance(value, str) else ""
)
@pytest.mark.parametrize("persona", ["stranger", "south_developer", "stakeholder"])
def test_services_refuse_whoever_lacks_the_right(
    stage: Stage, name: str, service: Callable[..., Any], persona: str
) -> None:
    """Without rights at all, with rights elsewhere, with the right to look: nothing is changed by any of them."""
    if name in REASONS:
        pytest.skip(REASONS[name])
    place = stage.places["own"]
    arguments = {
        parameter.name: argument(place, service, parameter)
        for parameter in inspect.signature(service).parameters.values()
        if parameter.name != "actor"
        and parameter.default is parameter.empty
        and parameter.kind is not parameter.VAR_KEYWORD
    }
    with transaction.atomic():
        with nothing_changes(), pytest.raises(PermissionDenied):
            service(actor=stage.actors[persona], **arguments)
        transaction.set_rollback(True)


def test_a_row_more_is_a_change(stage: Stage) -> None:
    """The positive control of all of these."""
    with transaction.atomic():
        with pytest.raises(AssertionError), nothing_changes(), transaction.atomic():
            person_make()
        transaction.set_rollback(True)


def test_reasons_are_needed() -> None:
    """No stale lines: each names something that exists."""
    for start in REASONS:
        module, _, name = start.rpartition(".")
        try:
            importlib.import_module(start)
        except ModuleNotFoundError:
            assert hasattr(importlib.import_module(module), name), start
