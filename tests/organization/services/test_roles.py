"""Nobody gives more than they hold, and somebody can always repair everything."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.exceptions import ValidationError

from organization.access import SYSTEM, actor_for
from organization.models import Role, RoleAssignment
from organization.services import roles
from pmo_portal.lib.access import Denied
from pmo_portal.lib.errors import Refused
from pmo_portal.lib.windows import BEGINNING, FOREVER
from tests.factories.organization import NOW, person_make, role_make, unit_make, user_make
from tests.personas import World

pytestmark = pytest.mark.django_db

JULY = date(2026, 7, 1)


def test_role_give_opens_the_unit_and_what_is_below(world: World) -> None:
    person = person_make()
    user = user_make(person)
    staff = world.persona("pmo_staff").actor
    roles.role_give(actor=staff, person=person, role=Role.DEVELOPER, unit=world.coast, at=NOW)
    actor = actor_for(user)
    assert actor.can("item.edit", world.harbour.pk)
    assert not actor.can("item.edit", world.quarry.pk)
    assert actor.can("epic.view", world.north.pk)
    assert not actor.can("epic.edit", world.north.pk)


def test_role_give_of_more_than_one_holds_is_denied(world: World) -> None:
    staff = world.persona("pmo_staff")
    for unit in (world.north, world.coast):
        with pytest.raises(Denied):
            roles.role_give(actor=staff.actor, person=staff.person, role=Role.ADMINISTRATOR, unit=unit, at=NOW)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMINISTRATOR])
def test_role_give_lets_staff_appoint_everybody_else(world: World, role: Role) -> None:
    staff = world.persona("pmo_staff").actor
    for unit in (world.north, world.harbour):
        assert roles.role_give(actor=staff, person=person_make(), role=role, unit=unit, at=NOW).pk


@pytest.mark.parametrize("name", ["executive", "program_lead", "product_owner", "developer", "coach", "stakeholder"])
def test_role_give_needs_the_right_to_give(world: World, name: str) -> None:
    persona = world.persona(name)
    with pytest.raises(Denied):
        roles.role_give(actor=persona.actor, person=persona.person, role=Role.STAKEHOLDER, unit=persona.unit, at=NOW)


def test_role_give_elsewhere_is_denied(world: World) -> None:
    staff = world.persona("pmo_staff")
    for unit in (world.south, world.meadow, None):
        with pytest.raises(Denied):
            roles.role_give(actor=staff.actor, person=staff.person, role=Role.EXECUTIVE, unit=unit, at=NOW)


def test_role_give_twice_for_the_same_days_names_the_field(world: World) -> None:
    person = person_make()
    role_make(person, Role.COACH, world.coast, valid_to=JULY)
    role_make(person, Role.COACH, world.coast, valid_from=JULY)
    with pytest.raises(ValidationError) as refused:
        role_make(person, Role.COACH, world.coast, valid_from=date(2026, 6, 1), valid_to=date(2026, 6, 2))
    assert "role" in refused.value.message_dict


def test_role_end_stops_the_rights_on_that_day(world: World) -> None:
    developer = world.persona("developer")
    assignment = RoleAssignment.objects.get(person=developer.person)
    roles.role_end(actor=SYSTEM, assignment=assignment, on_day=JULY, at=NOW)
    assert actor_for(developer.user, day=date(2026, 6, 30)).can("item.edit", world.harbour.pk)
    assert not actor_for(developer.user, day=JULY).can("item.edit", world.harbour.pk)


def test_role_end_before_it_began_removes_it(world: World) -> None:
    assignment = role_make(person_make(), Role.COACH, world.coast, valid_from=JULY)
    roles.role_end(actor=SYSTEM, assignment=assignment, on_day=JULY, at=NOW)
    assert not RoleAssignment.objects.filter(pk=assignment.pk).exists()


def test_role_end_of_somebody_who_holds_more_is_denied(world: World) -> None:
    assignment = role_make(person_make(), Role.ADMINISTRATOR, world.north)
    with pytest.raises(Denied):
        roles.role_end(actor=world.persona("pmo_staff").actor, assignment=assignment, on_day=JULY, at=NOW)


def test_role_end_keeps_the_last_administrator(world: World) -> None:
    first = world.persona("administrator")
    assignment = RoleAssignment.objects.get(person=first.person)
    without_sign_in = role_make(person_make(), Role.ADMINISTRATOR, None)
    with pytest.raises(Refused):
        roles.role_end(actor=SYSTEM, assignment=assignment, on_day=JULY, at=NOW)
    second = person_make()
    user_make(second)
    role_make(second, Role.ADMINISTRATOR, None, valid_to=date(2027, 1, 1))
    with pytest.raises(Refused):
        roles.role_end(actor=SYSTEM, assignment=assignment, on_day=JULY, at=NOW)
    user_make(without_sign_in.person)
    roles.role_end(actor=SYSTEM, assignment=assignment, on_day=JULY, at=NOW)
    assert RoleAssignment.objects.get(pk=assignment.pk).valid_to == JULY


def test_role_rights_follow_a_team_that_moves(world: World) -> None:
    """Nothing below the giver's unit on the day of giving is beyond their reach, wherever it stood before."""
    team = unit_make(parent=world.valley)
    south = world.persona("south_staff").actor
    given = roles.role_give(actor=south, person=person_make(), role=Role.EXECUTIVE, unit=team, at=NOW)
    assert (given.valid_from, given.valid_to) == (BEGINNING, FOREVER)
