"""Who acts: a person's grants, resolved once a request to sets of unit ids, in one statement."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from django.db import connection
from django.utils import timezone

from organization.grants import ROLE_GRANTS, Reach
from organization.models import Role
from pmo_portal.lib.prepared import prepared_cursor
from pmo_portal.lib.windows import local_day

if TYPE_CHECKING:
    from django.http import HttpRequest

    from organization.models import User


@dataclass(frozen=True, slots=True)
class PersonActor:
    """A signed-in person with what they may do today.

    ``grants`` maps a permission to the units it is held on; ``everywhere`` holds the permissions of roles
    that were given without a unit.
    """

    user_id: int | None
    person_id: int | None
    grants: Mapping[str, frozenset[int]] = field(default_factory=dict)
    everywhere: frozenset[str] = frozenset()
    roles: frozenset[Role] = frozenset()
    is_system: bool = False

    def units(self, permission: str) -> frozenset[int]:
        """The units on which ``permission`` is held."""
        return self.grants.get(permission, frozenset())

    def can(self, permission: str, unit_id: int | None) -> bool:
        """Whether ``permission`` is held on the unit; ``None`` asks for the whole organisation."""
        if unit_id is None:
            return permission in self.everywhere
        return unit_id in self.units(permission)


@dataclass(frozen=True, slots=True)
class SystemActor:
    """The portal itself: imports, workers, the demo. Holds every permission; is nobody in the history."""

    user_id: None = None
    person_id: None = None
    is_system: bool = True

    def units(self, permission: str) -> frozenset[int]:
        """Never asked: policies do not filter for the system."""
        raise TypeError("The system is not scoped to units.")

    def can(self, permission: str, unit_id: int | None) -> bool:
        """Always."""
        return True


SYSTEM = SystemActor()
NOBODY = PersonActor(user_id=None, person_id=None)

_GRANTED = """
    SELECT r.person_id, r.role, 'DOWN' AS reach, r.unit_id IS NULL AS everywhere,
           coalesce(array_agg(DISTINCT c.descendant_id) FILTER (WHERE c.descendant_id IS NOT NULL), '{{}}') AS unit_ids
      FROM organization_roleassignment r
      -- Left: who holds a role everywhere holds it before there is a first unit, too.
      LEFT JOIN organization_unitclosure c
        ON (c.ancestor_id = r.unit_id OR r.unit_id IS NULL) AND c.valid_from <= %(day)s AND c.valid_to > %(day)s
     WHERE r.person_id = {people} AND r.valid_from <= %(day)s AND r.valid_to > %(day)s
     GROUP BY 1, 2, 4
    UNION ALL
    SELECT r.person_id, r.role, 'UP', false, array_agg(DISTINCT c.ancestor_id)
      FROM organization_roleassignment r
      JOIN organization_unitclosure c
        ON c.descendant_id = r.unit_id AND c.valid_from <= %(day)s AND c.valid_to > %(day)s
     WHERE r.person_id = {people} AND r.valid_from <= %(day)s AND r.valid_to > %(day)s
     GROUP BY 1, 2
"""
_GRANTED_TO_PEOPLE: Final = _GRANTED.format(people="ANY(%(people)s)")

_USER: Final = """
    SELECT {columns},
           (SELECT jsonb_agg(jsonb_build_object('id', a.id, 'unit', a.unit_id, 'roles', a.roles,
                                                'severity', a.severity, 'title', a.title, 'text', a.text))
              FROM organization_announcement a
             WHERE a.starts_at <= %(now)s AND a.ends_at > %(now)s
               AND NOT EXISTS (SELECT 1 FROM organization_announcementdismissal d
                                WHERE d.announcement_id = a.id AND d.person_id = u.person_id)),
           granted.role, granted.reach, granted.everywhere, granted.unit_ids
      FROM organization_user u
      LEFT JOIN organization_person p ON p.id = u.person_id
      LEFT JOIN LATERAL ({granted}) AS granted ON true
     WHERE u.id = %(user)s
"""
_GRANTED_WITH_USER: Final = "_granted_with_user"
_ANNOUNCED_WITH_USER: Final = "_announced_with_user"


@dataclass(frozen=True, slots=True)
class _Granted:
    role: Role
    reach: Reach
    everywhere: bool
    unit_ids: frozenset[int]


def _granted(person_ids: Sequence[int], day: date) -> dict[int, list[_Granted]]:
    rows: dict[int, list[_Granted]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_GRANTED_TO_PEOPLE, {"people": list(person_ids), "day": day})
        for person_id, role, reach, everywhere, unit_ids in cursor.fetchall():
            granted = _Granted(Role(role), Reach(reach), everywhere, frozenset(unit_ids))
            rows.setdefault(person_id, []).append(granted)
    return rows


def _units_by_permission(granted: Iterable[_Granted]) -> dict[str, frozenset[int]]:
    units: dict[str, frozenset[int]] = {}
    for row in granted:
        for grant in ROLE_GRANTS[row.role]:
            if grant.reach == row.reach:
                held = units.get(grant.permission)
                units[grant.permission] = row.unit_ids if held is None else held | row.unit_ids
    return units


def user_of(request: HttpRequest) -> User:
    """The signed-in user of a request that the door has let in."""
    return cast("User", request.user)


def actor_for(user: User, *, day: date | None = None) -> PersonActor:
    """The actor behind a sign-in, with the grants that hold on ``day`` (today)."""
    if user.person_id is None or not user.is_active:
        return PersonActor(user_id=user.pk, person_id=None)
    on = day or local_day(timezone.now())
    return _actor(user, _granted([user.person_id], on).get(user.person_id, []))


def actors_for_people(person_ids: Sequence[int]) -> dict[int, PersonActor]:
    """The actors behind these people, in two statements; whoever cannot sign in is absent."""
    from organization.models import User  # noqa: PLC0415 - see live_rights

    users = User.objects.filter(person_id__in=person_ids, is_active=True, person__is_active=True)
    found = {user.person_id: user for user in users if user.person_id is not None}
    granted = _granted(list(found), local_day(timezone.now()))
    return {person_id: _actor(user, granted.get(person_id, [])) for person_id, user in found.items()}


def user_of_session(user_id: int) -> User | None:
    """The user behind a session with their person, what they are granted today, and what is announced now: every page
    begins with these, so they come in one statement. :func:`actor_of_session` makes the actor of it."""
    statement, models, width = _user_statement()
    now = timezone.now()
    day = local_day(now)
    with prepared_cursor() as cursor:
        cursor.execute(statement, {"user": user_id, "day": day, "now": now})
        rows = cursor.fetchall()
    if not rows:
        return None
    values = rows[0]
    user, person = (
        model.from_db("default", names, [values[at] if read is None else read(values[at]) for at, read in columns])
        for model, names, columns in models
    )
    if user.person_id is not None:
        user.person = person
    granted = [
        _Granted(Role(role), Reach(reach), everywhere, frozenset(unit_ids))
        for role, reach, everywhere, unit_ids in (row[width + 1 :] for row in rows)
        if role is not None
    ]
    setattr(user, _GRANTED_WITH_USER, (day, granted))
    announced = values[width]
    setattr(user, _ANNOUNCED_WITH_USER, json.loads(announced) if isinstance(announced, str) else announced or [])
    return cast("User", user)


def actor_of_session(user: User) -> PersonActor:
    """The actor behind a request's user. Only for the request that the user was read for: whoever asks later what
    somebody may do asks :func:`actor_for`."""
    read_on, granted = getattr(user, _GRANTED_WITH_USER, (None, []))
    if read_on != local_day(timezone.now()) or user.person_id is None:
        return actor_for(user)
    return _actor(user, granted)


def announced_to_session(user: User) -> list[dict[str, Any]]:
    """The announcements that stand now and that this user has not put away, to whomever they are meant."""
    announced: list[dict[str, Any]] = getattr(user, _ANNOUNCED_WITH_USER, [])
    return announced


@lru_cache(maxsize=1)
def _user_statement() -> tuple[str, list[tuple[Any, list[str], list[tuple[int, Any]]]], int]:
    """The statement, how its columns become a user and a person, and how many columns that are."""
    from organization.models import Person, User  # noqa: PLC0415 - see live_rights

    names: list[str] = []
    models: list[tuple[Any, list[str], list[tuple[int, Any]]]] = []
    for alias, model in (("u", User), ("p", Person)):
        fields = model._meta.concrete_fields
        columns = [(len(names) + number, _reader(field)) for number, field in enumerate(fields)]
        models.append((model, [field.attname for field in fields], columns))
        names += [f'{alias}."{field.column}"' for field in fields]
    granted = _GRANTED.format(people="u.person_id")
    return _USER.format(columns=", ".join(names), granted=granted), models, len(names)


def _reader(field: Any) -> Callable[[Any], Any] | None:
    """What Django makes of a field's stored value, where it is not the value itself."""
    if not hasattr(field, "from_db_value"):
        return None
    return lambda value: field.from_db_value(value, None, connection)


def _actor(user: User, granted: Sequence[_Granted]) -> PersonActor:
    return PersonActor(
        user_id=user.pk,
        person_id=user.person_id,
        grants=_units_by_permission(granted),
        everywhere=frozenset(grant.permission for row in granted if row.everywhere for grant in ROLE_GRANTS[row.role]),
        roles=frozenset(row.role for row in granted),
    )


def live_rights(user_ids: Sequence[int]) -> dict[int, frozenset[int]]:
    """For each active user, the units whose changes they may follow live. Two statements for all of them.

    A user who is inactive, or unknown, is absent: their streams end.
    """
    from organization.models import User  # noqa: PLC0415 - the stream process imports this before the apps are ready

    people = dict(
        User.objects.filter(pk__in=user_ids, is_active=True, person__isnull=False).values_list("pk", "person_id")
    )
    granted = _granted([person for person in people.values() if person], local_day(timezone.now()))
    return {
        user_id: _units_by_permission(granted.get(person_id or 0, [])).get("unit.view", frozenset())
        for user_id, person_id in people.items()
    }
