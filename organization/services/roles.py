"""Giving and ending roles. Nobody gives, or takes away, more than they hold; one administrator always stays."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial

from django.db import transaction
from django.utils.translation import gettext as _

from organization.grants import ROLE_GRANTS, Reach
from organization.models import Person, Role, RoleAssignment, Unit, UnitClosure
from organization.querysets import valid_on
from organization.services.sessions import sessions_ask_second_step
from pmo_portal.lib import live, locks
from pmo_portal.lib.access import Action, Actor, Denied, require, require_within
from pmo_portal.lib.errors import Refused, field_error
from pmo_portal.lib.windows import BEGINNING, FOREVER, local_day


@transaction.atomic
def role_give(
    *,
    actor: Actor,
    person: Person,
    role: Role | str,
    unit: Unit | None,
    valid_from: date = BEGINNING,
    valid_to: date = FOREVER,
    at: datetime,
) -> RoleAssignment:
    """Let a person hold a role on a unit and all below it (without a unit: everywhere) for the days given.

    Raises Denied when the role grants something the actor does not hold there, ValidationError when the person
    already holds it on one of those days.
    """
    unit_id = unit.pk if unit else None
    require_within(actor, Action.CREATE, RoleAssignment, unit_id)
    require_rights_of(actor, Role(role), unit_id, at=at)
    lock_roles()
    if not Person.objects.filter(pk=person.pk, is_active=True).exists():
        raise field_error("person", _("%(person)s is not active.") % {"person": person})
    if unit is not None and unit.closed_on is not None and unit.closed_on <= valid_from:
        raise field_error("unit", _("%(unit)s is closed then.") % {"unit": unit})
    if valid_to <= valid_from:
        raise field_error("valid_to", _("The last day comes before the first."))
    overlapping = RoleAssignment.objects.filter(
        person=person, role=role, unit=unit, valid_from__lt=valid_to, valid_to__gt=valid_from
    )
    if overlapping.exists():
        raise field_error("role", _("%(person)s already holds this role there then.") % {"person": person})
    assignment = RoleAssignment.objects.create(
        person=person, unit=unit, role=Role(role), valid_from=valid_from, valid_to=valid_to
    )
    sessions_ask_second_step(at=at, person_id=person.pk)
    _tell(unit_id)
    return assignment


@transaction.atomic
def role_end(*, actor: Actor, assignment: RoleAssignment, on_day: date, at: datetime) -> None:
    """Let a role end: ``on_day`` is the first day it is no longer held. One that never began vanishes."""
    require(actor, Action.DELETE, assignment)
    require_rights_of(actor, Role(assignment.role), assignment.unit_id, at=at)
    lock_roles()
    assignment = RoleAssignment.objects.select_for_update().get(pk=assignment.pk)
    if on_day >= assignment.valid_to:
        raise field_error("on_day", _("It ends earlier than that already."))
    if is_administration(assignment) and not administrator_stays(without=[assignment.pk]):
        raise Refused(_("Give somebody else the role of administrator first: one always stays."))
    if on_day <= assignment.valid_from:
        assignment.delete()
    else:
        assignment.valid_to = on_day
        assignment.save(update_fields=["valid_to"])
    _tell(assignment.unit_id)


def require_rights_of(actor: Actor, role: Role, unit_id: int | None, *, at: datetime) -> None:
    """Raise Denied unless the actor holds everything the role grants, on every unit on which it grants it.

    SECURITY: without this, whoever may give roles could give themselves, through somebody else, any right.
    """
    if actor.is_system:
        return
    if unit_id is None:
        missing = not all(actor.can(grant.permission, None) for grant in ROLE_GRANTS[role])
    else:
        reached = _reached(unit_id, day=local_day(at))
        missing = not all(reached[grant.reach] <= actor.units(grant.permission) for grant in ROLE_GRANTS[role])
    if missing:
        raise Denied(Action.CREATE, _("the role of %(role)s, which grants more than you hold") % {"role": role.label})


def require_rights_of_person(actor: Actor, person: Person, *, at: datetime) -> None:
    """Raise Denied unless the actor holds everything this person holds or will hold: who changes somebody's sign-in
    could otherwise become that person."""
    held = RoleAssignment.objects.filter(person=person, valid_to__gt=local_day(at))
    for role, unit_id in held.values_list("role", "unit_id"):
        require_rights_of(actor, Role(role), unit_id, at=at)


def is_administration(assignment: RoleAssignment) -> bool:
    """Whether this is the role that can repair everything else: administrator of the whole organisation."""
    return assignment.role == Role.ADMINISTRATOR and assignment.unit_id is None


def administrator_stays(*, without: list[int]) -> bool:
    """Whether somebody who can sign in stays administrator of the whole organisation, without an end, if these
    assignments went."""
    return (
        RoleAssignment.objects.exclude(pk__in=without)
        .filter(
            role=Role.ADMINISTRATOR,
            unit__isnull=True,
            valid_to=FOREVER,
            person__is_active=True,
            person__user__is_active=True,
        )
        .exists()
    )


def _reached(unit_id: int, *, day: date) -> dict[Reach, frozenset[int]]:
    """The units a role on this unit reaches in each direction on a day."""
    closure = UnitClosure.objects.filter(valid_on(day))
    return {
        Reach.DOWN: frozenset(closure.filter(ancestor=unit_id).values_list("descendant_id", flat=True)),
        Reach.UP: frozenset(closure.filter(descendant=unit_id).values_list("ancestor_id", flat=True)),
    }


def lock_roles() -> None:
    """Until the transaction ends, nobody else changes roles: two last administrators must not end each other."""
    locks.lock("organization.roles")


def _tell(unit_id: int | None) -> None:
    if unit_id is not None:
        transaction.on_commit(partial(live.publish, unit_id=unit_id, kind=live.Kind.UNIT))
