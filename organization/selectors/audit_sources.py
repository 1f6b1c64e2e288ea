"""Where the audit log is read from: the history of every tracked model, the events of items, features and epics, and
the records of the door. A new tracked model is in it by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.functional import lazy
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from organization.models import AuditRecord, Person, Unit, User
from pmo_portal.lib.access import all_policies
from pmo_portal.lib.registry import audited_events, private_histories

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from pmo_portal.lib.access import Actor

DOOR: Final = "door"
"""The code of the source that holds sign-ins and exports."""

NAMING: Final = ("key", "code", "name", "title", "label", "headline")
"""The fields that say what a row is called, the best first."""


@dataclass(frozen=True, slots=True)
class AuditSource:
    """One table of the log.

    ``rows`` is the model of its rows, ``model`` what they are about. ``at`` and ``key`` are the columns of when and
    which. ``unit_path`` leads from a row to the unit it belongs to; empty for things of the whole organisation.
    """

    code: str
    label: str | _StrPromise
    model: type[models.Model]
    rows: type[models.Model]
    at: str
    key: str
    unit_path: str = ""
    url: Callable[[str], str] | None = None
    describe: Callable[[Actor, Sequence[Any]], Sequence[tuple[str, str, str]]] | None = None

    @property
    def is_history(self) -> bool:
        """Whether its rows are whole versions of a tracked model."""
        return self.at == "pgh_created_at"

    @property
    def names(self) -> tuple[str, ...]:
        """The columns by which a row is found when somebody types a part of its name."""
        columns = {field.name for field in self.rows._meta.concrete_fields}
        return tuple(name for name in NAMING if name in columns)


@lru_cache(maxsize=1)
def audit_sources() -> tuple[AuditSource, ...]:
    """Every table of the log, always in the same order: a place in it is part of where a page begins."""
    door = _("Sign-ins, exports, approvals, work")
    found = [AuditSource(DOOR, door, AuditRecord, AuditRecord, "at", "id", "person__unit")]
    found += [
        AuditSource(
            one.model._meta.model_name or "",
            one.label,
            one.model,
            one.model,
            "recorded_at",
            "id",
            "unit_id",
            one.url,
            one.describe,
        )
        for one in audited_events
    ]
    private = set(private_histories)
    for model in apps.get_models():
        rows = None if model._meta.proxy else getattr(model, "pgh_event_model", None)
        if rows is None or model in private:
            continue
        label = _label(model)
        found.append(
            AuditSource(model._meta.label_lower, label, model, rows, "pgh_created_at", "pgh_id", unit_path_of(model))
        )
    return tuple(sorted(found, key=lambda source: source.code))


def unit_path_of(model: type[models.Model]) -> str:
    """How a row of this model is led back to the unit that answers for it: as its policy says, by its own unit, or by
    the first thing it belongs to that has a policy. Empty where none does: then it is the whole organisation's."""
    if model is Unit:
        return "id"
    if model is User:
        return "person__unit"
    policy = all_policies().get(model)
    if policy is not None:
        return policy.unit_lookup if _leads(model, policy.unit_lookup) else ""
    if _leads(model, "unit"):
        return "unit"
    for field in model._meta.concrete_fields:
        # A person is no owner: who is named in a row does not decide whose row it is.
        if not isinstance(field, models.ForeignKey) or field.related_model is Person:
            continue
        above = all_policies().get(field.related_model)
        path = f"{field.name}__{above.unit_lookup}" if above is not None else ""
        if path and _leads(model, path):
            return path
    return ""


def _label(model: type[models.Model]) -> str | _StrPromise:
    """What its rows are called; a row that only links two things has no name of its own."""
    if "verbose_name" in model._meta.original_attrs:
        return _capital(model._meta.verbose_name)
    owners = [field.related_model for field in model._meta.concrete_fields if isinstance(field, models.ForeignKey)]
    first = next((owner for owner in owners if isinstance(owner, type) and owner is not Person), model)
    return _part_of(first._meta.verbose_name)


_capital: Final = lazy(lambda word: capfirst(str(word)), str)
_part_of: Final = lazy(lambda word: gettext("Part of: %(thing)s") % {"thing": word}, str)


def _leads(model: type[models.Model], path: str) -> bool:
    """Whether a path goes from the model to a unit."""
    here: Any = model
    try:
        for part in path.split("__"):
            if part in {"pk", "id"}:
                return here is Unit
            part = part.removesuffix("_id")
            here = here._meta.get_field(part).related_model
    except (FieldDoesNotExist, AttributeError):
        return False
    # A team is its unit: the two share their id.
    key = here._meta.pk
    return here is Unit or (isinstance(key, models.OneToOneField) and key.related_model is Unit)
