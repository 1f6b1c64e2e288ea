"""Access, said once.

A *policy* per model answers two questions from one set of facts: "may this person do this to this
object?" (:meth:`Policy.allows`) and "which objects?" (:meth:`Policy.visible`). Views load objects only
through :func:`access`: what a person may not see does not exist for them (404), what they may see but
not do is forbidden (403). Services call :func:`require` again: a view is not the only way in.

Roles, and what a role grants, belong to the ``organization`` app; this module knows neither.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, ClassVar, Protocol, TypeVar

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db import models
from django.db.models.fields.related import ForeignObject
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

M = TypeVar("M", bound=models.Model)
View = Callable[..., HttpResponseBase]


class Action(models.TextChoices):
    """What a person can do to a thing. A permission is ``<noun>.<action>`` in lower case."""

    VIEW = "VIEW"
    CREATE = "CREATE"
    EDIT = "EDIT"
    MOVE = "MOVE"
    DELETE = "DELETE"
    CONFIGURE = "CONFIGURE"
    MANAGE = "MANAGE"


class Actor(Protocol):
    """Whoever acts: a signed-in person, or the system itself."""

    @property
    def user_id(self) -> int | None: ...
    @property
    def person_id(self) -> int | None: ...
    @property
    def is_system(self) -> bool: ...

    def units(self, permission: str) -> frozenset[int]:
        """The units on which this permission is held today."""

    def can(self, permission: str, unit_id: int | None) -> bool:
        """Whether the permission is held on this unit; ``None`` asks for the whole organisation."""


class Denied(PermissionDenied):
    """The thing is visible, but this may not be done to it by this person (403)."""

    def __init__(self, action: str, obj: object) -> None:
        super().__init__(f"{action} on {obj}")
        self.action = action


class AnyOf(models.Lookup[Any]):
    """``unit__any_of=ids``: one array parameter, so that the statement is the same for one unit and a thousand."""

    lookup_name = "any_of"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, params = self.process_lhs(compiler, connection)
        return f"{left} = ANY(%s)", (*params, list(self.rhs))


ForeignObject.register_lookup(AnyOf)
models.AutoField.register_lookup(AnyOf)
models.BigAutoField.register_lookup(AnyOf)
models.BigIntegerField.register_lookup(AnyOf)


class Policy:
    """The rules of one model.

    ``noun`` names its permissions; ``unit_lookup`` is the path from the model to the unit that owns a
    row; ``unit_of`` reads the same from an object in memory. ``field_groups`` maps a group such as MONEY
    to the fields that only holders of ``<group>.view`` on the object's unit see anywhere.
    """

    model: ClassVar[type[models.Model]]
    noun: ClassVar[str]
    unit_lookup: ClassVar[str] = "unit"
    field_groups: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    def permission(self, action: Action) -> str:
        """The permission code for an action on this model."""
        return f"{self.noun}.{action.value.lower()}"

    def unit_of(self, obj: Any) -> int | None:
        """The id of the unit that owns ``obj``."""
        value = obj
        parts = self.unit_lookup.split("__")
        for part in parts[:-1]:
            value = getattr(value, part)
        result: int | None = getattr(value, f"{parts[-1]}_id" if parts[-1] not in {"id", "pk"} else "pk")
        return result

    def visible(self, actor: Actor, queryset: models.QuerySet[M]) -> models.QuerySet[M]:
        """The rows of ``queryset`` that exist for ``actor``."""
        if actor.is_system:
            return queryset
        return queryset.filter(**{f"{self.unit_lookup}__any_of": actor.units(self.permission(Action.VIEW))})

    def allows(self, actor: Actor, action: Action, obj: Any) -> bool:
        """Whether ``actor`` may do ``action`` to ``obj``. Agrees with :meth:`visible` for VIEW."""
        return actor.is_system or actor.can(self.permission(action), self.unit_of(obj))

    def allows_within(self, actor: Actor, action: Action, unit_id: int | None) -> bool:
        """Whether ``actor`` may do ``action`` to things of this kind inside a unit, such as create one."""
        return actor.is_system or actor.can(self.permission(action), unit_id)

    def hidden_fields(self, actor: Actor, obj: Any) -> frozenset[str]:
        """The fields of ``obj`` that ``actor`` must not see in any list, page, history, search or export."""
        if actor.is_system:
            return frozenset()
        unit_id = self.unit_of(obj)
        return frozenset(
            name
            for group, names in self.field_groups.items()
            if not actor.can(f"{group.lower()}.view", unit_id)
            for name in names
        )


_policies: dict[type[models.Model], Policy] = {}


def register_policy(policy: type[Policy]) -> type[Policy]:
    """Class decorator: make ``policy`` the one policy of its model."""
    if policy.model in _policies:
        raise ValueError(f"{policy.model.__name__} already has a policy")
    _policies[policy.model] = policy()
    return policy


def policy_for(model: type[models.Model]) -> Policy:
    """The policy of ``model``; a model without one cannot be shown at all."""
    return _policies[model]


def all_policies() -> Mapping[type[models.Model], Policy]:
    """Every registered policy by model, for the tests that walk them."""
    return _policies


def visible(actor: Actor, model: type[M]) -> models.QuerySet[M]:
    """All rows of ``model`` that exist for ``actor``."""
    return policy_for(model).visible(actor, model._default_manager.all())


def require(actor: Actor, action: Action, obj: models.Model) -> None:
    """Raise :class:`Denied` unless ``actor`` may do ``action`` to ``obj``. The first line of every service."""
    if not policy_for(type(obj)).allows(actor, action, obj):
        raise Denied(action, obj)


def require_within(actor: Actor, action: Action, model: type[models.Model], unit_id: int | None) -> None:
    """Raise :class:`Denied` unless ``actor`` may do ``action`` to things of this kind inside the unit."""
    if not policy_for(model).allows_within(actor, action, unit_id):
        raise Denied(action, model.__name__)


@dataclass(frozen=True, slots=True)
class AccessRule:
    """What guards a view; stamped on it so that tests can walk the URL tree and build the role matrix."""

    kind: str
    action: str = ""
    model: type[models.Model] | None = None
    within: type[models.Model] | None = None
    by: str = ""
    field: str = ""
    reason: str = ""


def actor_of(request: HttpRequest) -> Actor:
    """Who acts in this request; resolved once, in one statement."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def load(actor: Actor, model: type[M], *, field: str, value: object, select: tuple[str, ...] = ()) -> M:
    """The one door to an object named by a request: 404 unless it exists for ``actor``."""
    queryset = visible(actor, model)
    if select:
        queryset = queryset.select_related(*select)
    try:
        return queryset.get(**{field: value})
    except (ObjectDoesNotExist, ValueError, ValidationError, OverflowError) as error:
        raise Http404 from error


def access(
    action: Action,
    model: type[models.Model],
    *,
    by: str,
    field: str = "",
    within: type[models.Model] | None = None,
    select: tuple[str, ...] = (),
) -> Callable[[View], View]:
    """Guard a view whose URL names an object by the keyword ``by``.

    The view receives the object in place of the keyword. With ``within`` the URL names the *container*
    (a team, a unit): the view receives the container, and ``action`` is checked for things of kind
    ``model`` inside it.
    """
    loaded = within or model

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
            actor = actor_of(request)
            obj = load(actor, loaded, field=field or by, value=kwargs.pop(by), select=select)
            if within is None:
                require(actor, action, obj)
            else:
                require_within(actor, action, model, policy_for(within).unit_of(obj))
            return view(request, obj, **kwargs)

        guarded.access_rule = AccessRule("object", action, model, within, by, field or by)  # type: ignore[attr-defined]
        return guarded

    return decorate


def listing(action: Action, model: type[models.Model]) -> Callable[[View], View]:
    """Guard a view over many objects. It reads them through :func:`visible`; a person who holds the permission
    nowhere gets 403."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
            actor = actor_of(request)
            permission = policy_for(model).permission(action)
            if not (actor.is_system or actor.units(permission) or actor.can(permission, None)):
                raise Denied(action, model.__name__)
            return view(request, **kwargs)

        guarded.access_rule = AccessRule("listing", action, model)  # type: ignore[attr-defined]
        return guarded

    return decorate


def signed_in(reason: str) -> Callable[[View], View]:
    """Mark a view that any signed-in person may use because it shows only their own; ``reason`` says so."""

    def decorate(view: View) -> View:
        view.access_rule = AccessRule("signed_in", reason=reason)  # type: ignore[attr-defined]
        return view

    return decorate


def public(reason: str) -> Callable[[View], View]:
    """Mark a view that needs no sign-in; ``reason`` says why."""

    def decorate(view: View) -> View:
        view.access_rule = AccessRule("public", reason=reason)  # type: ignore[attr-defined]
        view.login_required = False  # type: ignore[attr-defined]
        return view

    return decorate
